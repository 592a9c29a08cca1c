#include "proxy/server/servers_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/str_join.h"

namespace sluice::server {
namespace {

class ServersFileTest : public testing::Test {
 protected:
  ServersFileTest() { Write("a:1\n"); }
  ~ServersFileTest() override { std::remove(path_.c_str()); }

  // In place, as a shell does.
  void Write(std::string_view content) { std::ofstream(path_) << content; }
  // By a rename, as who knows better does.
  void Replace(std::string_view content) {
    std::ofstream(path_ + ".new") << content;
    ASSERT_EQ(std::rename((path_ + ".new").c_str(), path_.c_str()), 0);
  }
  // Whether one of the next two looks takes something over.
  bool Changes() {
    const bool first = file_.Look();
    return file_.Look() || first;
  }
  std::string Servers() const {
    return absl::StrJoin(file_.servers(), " ", [](std::string* out, const conf::Server& server) {
      *out += server.address;
    });
  }

  const std::string path_ =
      testing::TempDir() + "sluice_servers_" + std::to_string(::getpid()) + ".txt";
  ServersFile file_{"web", {path_, "a:1\n"}};
};

TEST_F(ServersFileTest, AFileAsItWasLoadedIsNoChange) {
  EXPECT_EQ(Servers(), "a:1");
  EXPECT_FALSE(Changes());
  EXPECT_FALSE(Changes());
}

TEST_F(ServersFileTest, AChangeIsTakenOverWhenItHasBeenLeftAloneForALook) {
  Changes();
  Write("a:1\nb:1\n");
  EXPECT_FALSE(file_.Look()) << "it may still be written to";
  EXPECT_TRUE(file_.Look());
  EXPECT_EQ(Servers(), "a:1 b:1");
  EXPECT_FALSE(Changes());
  Replace("c:1\n");
  EXPECT_TRUE(Changes());
  EXPECT_EQ(Servers(), "c:1");
}

TEST_F(ServersFileTest, AFileThatGrowsIsReadWhenItIsWhole) {
  Changes();
  Write("b:1\n");
  EXPECT_FALSE(file_.Look());
  Write("b:1\nc:1\n");
  EXPECT_FALSE(file_.Look());
  EXPECT_TRUE(file_.Look());
  EXPECT_EQ(Servers(), "b:1 c:1");
}

TEST_F(ServersFileTest, WhatIsGoneEmptyOrWrongKeepsTheLastServers) {
  Changes();
  for (const char* bad : {"", "a:1\nnonsense\n", "a:1 weight=0\n"}) {
    Write(bad);
    EXPECT_FALSE(Changes()) << bad;
    EXPECT_EQ(Servers(), "a:1");
  }
  std::remove(path_.c_str());
  EXPECT_FALSE(Changes());
  EXPECT_EQ(Servers(), "a:1");
  Write("b:1\n");
  EXPECT_TRUE(Changes());
  EXPECT_EQ(Servers(), "b:1");
}

TEST_F(ServersFileTest, AFileThatIsGoodAgainAsBeforeIsNoChange) {
  Changes();
  Write("");
  Changes();
  Write("a:1\n");
  EXPECT_FALSE(Changes());
}

TEST_F(ServersFileTest, AReloadTakesWhatItHasRead) {
  file_.Take("b:1\n");
  EXPECT_EQ(Servers(), "b:1");
  EXPECT_TRUE(Changes()) << "the file says otherwise";
  EXPECT_EQ(Servers(), "a:1");
}

class ServersFilesTest : public ServersFileTest {
 protected:
  std::shared_ptr<conf::Config> Config(const std::string& content) {
    auto config = std::make_shared<conf::Config>();
    config->pools.resize(2);
    config->pools[0].name = "plain";
    config->pools[0].servers = {{.address = "p:1"}};
    config->pools[1].name = "web";
    config->pools[1].servers = {{.address = "w:1"}, {.address = content, .listed = true}};
    config->pools[1].servers_file = {path_, content + "\n"};
    return config;
  }
  static std::string ServersOf(const conf::Config& config) {
    std::string all;
    for (const conf::Server& server : config.pools[1].servers) all += server.address + " ";
    return all;
  }
  ServersFiles files_;
};

TEST_F(ServersFilesTest, AConfigurationStaysTheSameUntilAFileChanges) {
  const std::shared_ptr<const conf::Config> config = Config("a:1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(files_.Look(config), config);
  Replace("b:1\nw:1 weight=7\n");
  EXPECT_EQ(files_.Look(config), config);
  const std::shared_ptr<const conf::Config> changed = files_.Look(config);
  ASSERT_NE(changed, config);
  EXPECT_EQ(ServersOf(*changed), "w:1 b:1 ");
  EXPECT_EQ(changed->pools[1].servers[0].weight, 1u) << "what is written counts";
  EXPECT_EQ(ServersOf(*config), "w:1 a:1 ");
  EXPECT_EQ(changed->pools[0].servers.size(), 1u);
  EXPECT_EQ(files_.Look(changed), changed);
  EXPECT_EQ(files_.Look(changed), changed);
}

TEST_F(ServersFilesTest, AReloadThatReadTheSameIsNoChangeOfTheFile) {
  files_.Look(Config("a:1"));
  files_.Look(Config("a:1"));
  const std::shared_ptr<const conf::Config> again = Config("a:1");
  EXPECT_EQ(files_.Look(again), again);
}

}  // namespace
}  // namespace sluice::server
