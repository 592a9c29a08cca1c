#include "proxy/server/access_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace sluice::server {
namespace {

class AccessFilesTest : public testing::Test {
 protected:
  AccessFilesTest() { Take("203.0.113.0/24\n"); }
  ~AccessFilesTest() override { std::remove(path_.c_str()); }

  void Write(std::string_view content) { std::ofstream(path_) << content; }
  // As a start or a reload does, of a file with that content.
  void Take(const std::string& content) {
    Write(content);
    conf::Access access;
    access.allow = {"203.0.113.9"};
    access.deny_file = {path_, content};
    files_.Take(access, std::make_shared<const admission::AccessList>(
                            *admission::AccessList::Build(access)));
  }
  // Whether one of the next two looks changes the list.
  bool Changes() {
    const bool first = files_.Look();
    return files_.Look() || first;
  }
  bool Allows(std::string_view ip) const {
    admission::ClientIdentity client;
    client.ip = *Ip::Parse(ip);
    return files_.list()->Allows(client);
  }

  const std::string path_ = testing::TempDir() + "sluice_access_" + std::to_string(::getpid());
  AccessFiles files_;
};

TEST_F(AccessFilesTest, AFileAsItWasLoadedIsNoChange) {
  EXPECT_FALSE(Changes());
  EXPECT_FALSE(Allows("203.0.113.7"));
  EXPECT_TRUE(Allows("203.0.113.9"));
}

TEST_F(AccessFilesTest, AChangeIsInForceAfterTwoLooksBesideWhatIsWritten) {
  Changes();
  Write("198.51.100.0/24\n203.0.113.0/28\n");
  EXPECT_FALSE(files_.Look()) << "it may still be written to";
  EXPECT_TRUE(files_.Look());
  EXPECT_FALSE(Allows("198.51.100.1"));
  EXPECT_FALSE(Allows("203.0.113.7"));
  EXPECT_TRUE(Allows("203.0.113.77"));
  EXPECT_TRUE(Allows("203.0.113.9")) << "what the configuration says";
  EXPECT_FALSE(Changes());
}

TEST_F(AccessFilesTest, AnEmptyFileIsAList) {
  Changes();
  Write("# nobody any more\n");
  EXPECT_TRUE(Changes());
  EXPECT_TRUE(Allows("203.0.113.7"));
  EXPECT_TRUE(files_.good());
}

TEST_F(AccessFilesTest, WhatIsGoneOrWrongLeavesWhatWasInForce) {
  Changes();
  for (const char* bad : {"203.0.113.1/24\n", "nonsense\n", "203.0.113.9\n"}) {
    Write(bad);
    EXPECT_FALSE(Changes()) << bad;
    EXPECT_FALSE(files_.good()) << bad;
    EXPECT_FALSE(Allows("203.0.113.7"));
  }
  std::remove(path_.c_str());
  EXPECT_FALSE(Changes());
  EXPECT_FALSE(files_.good());
  EXPECT_FALSE(Allows("203.0.113.7"));
  Write("198.51.100.0/24\n");
  EXPECT_TRUE(Changes());
  EXPECT_TRUE(files_.good());
  EXPECT_TRUE(Allows("203.0.113.7"));
}

TEST_F(AccessFilesTest, AReloadTakesWhatItHasRead) {
  Changes();
  Take("198.51.100.0/24\n");
  EXPECT_TRUE(Allows("203.0.113.7"));
  EXPECT_FALSE(Changes());
  files_.Take({}, std::make_shared<const admission::AccessList>());
  Write("10.0.0.0/8\n");
  EXPECT_FALSE(Changes()) << "nobody names it any more";
}

}  // namespace
}  // namespace sluice::server
