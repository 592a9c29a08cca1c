#include "proxy/server/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "conf/config.h"
#include "proxy/net/fd.h"
#include "proxy/server/preflight.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

std::string Scratch(const char* name) {
  return testing::TempDir() + "sluice_" + std::to_string(::getpid()) + "_" + name;
}

TEST(ProcessTest, TheFileLimitIsRaisedToItsHardLimit) {
  const uint64_t raised = RaiseFileLimit();
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  EXPECT_EQ(raised, limit.rlim_cur);
}

TEST(ProcessTest, ThereIsAProcessorToUse) {
  EXPECT_GE(UsableProcessors(), 1u);
  EXPECT_LE(UsableProcessors(), static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_CONF)));
}

TEST(ProcessTest, ThePidFileHoldsThisProcessAndGoesWithIt) {
  const std::string path = Scratch("pid");
  {
    const auto file = PidFile::Write(path);
    ASSERT_TRUE(file.ok()) << file.status();
    long pid = 0;
    std::ifstream(path) >> pid;
    EXPECT_EQ(pid, getpid());
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  EXPECT_FALSE(PidFile::Write("/nowhere/at/all/sluice.pid").ok());
}

TEST(ProcessTest, APidFileThatIsAnothersByNowStays) {
  const std::string path = Scratch("pid");
  {
    const auto file = PidFile::Write(path);
    ASSERT_TRUE(file.ok()) << file.status();
    std::ofstream(path) << getppid() << '\n';
  }
  EXPECT_EQ(std::remove(path.c_str()), 0);
}

TEST(ProcessTest, AUserThatDoesNotExistIsAnErrorWithItsName) {
  const absl::Status status = DropPrivileges("no-such-user-here", "");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("no-such-user-here"), std::string::npos);
  EXPECT_FALSE(DropPrivileges("", "no-such-group-here").ok());
  EXPECT_TRUE(DropPrivileges("", "").ok());
}

TEST(ProcessTest, TheServiceManagerHearsWhatItIsTold) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = Scratch("notify");
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const net::Fd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::setenv("NOTIFY_SOCKET", path.c_str(), 1), 0);
  NotifyManager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  NotifyManager("READY=0");  // nobody to tell
  char text[64];
  const ssize_t size = ::recv(manager.get(), text, sizeof text, MSG_DONTWAIT);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(text, static_cast<size_t>(size)), "READY=1");
  EXPECT_LT(::recv(manager.get(), text, sizeof text, MSG_DONTWAIT), 0);
  ::unlink(path.c_str());
}

TEST(PreflightTest, AnAccessLogFormatThatCannotBeWrittenIsAnError) {
  conf::Config config;
  EXPECT_TRUE(Preflight(config, nullptr).ok());
  config.access_log.format = "{no_such_field}";
  const absl::Status status = Preflight(config, nullptr).status();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("no_such_field"), std::string::npos);
}

TEST(PreflightTest, EachWaitingRoomHasItsPage) {
  conf::Config config;
  config.waiting_rooms = {{.name = "sale"}, {.name = "tickets"}};
  const auto prepared = Preflight(config, nullptr);
  ASSERT_TRUE(prepared.ok());
  ASSERT_EQ(prepared->waiting_pages.size(), 2u);
  Arena arena;
  EXPECT_THAT(std::string(prepared->waiting_pages[1]->Html({}, "en", arena)),
              testing::HasSubstr("/.sluice/waiting-room/tickets"));
}

TEST(PreflightTest, APageThatCannotBeFilledInIsAnError) {
  conf::Config config;
  config.waiting_rooms = {{.name = "sale", .page_file = {"own.html", "{{postion}}"}}};
  EXPECT_EQ(std::string(Preflight(config, nullptr).status().message()),
            "waiting_room sale: own.html:1: there is no {{postion}}; did you mean 'position'?");
}

TEST(PreflightTest, RoutesToOnePoolThatAreAllOfOnePriorityAreWarnedOf) {
  conf::Config config;
  config.pools.emplace_back().name = "web";
  config.routes.resize(2);
  for (conf::Route& route : config.routes) route.pool = "web";
  const auto warnings = [&config] {
    return Warnings(config, *Preflight(config, nullptr), WallTime{});
  };
  EXPECT_THAT(warnings(), testing::IsEmpty());
  config.routes[1].priority = "critical";
  EXPECT_THAT(warnings(), testing::IsEmpty());
  config.routes[0].priority = "critical";
  EXPECT_THAT(warnings(), testing::ElementsAre(testing::HasSubstr(
                              "pool web: every route to it has priority = \"critical\"")));
}

TEST(PreflightTest, AnEventThatIsOverIsWarnedOf) {
  conf::Config config;
  config.events.push_back({.name = "friday", .start = conf::Time(10s), .end = conf::Time(20s)});
  const auto warnings = [&config](WallTime now) {
    return Warnings(config, *Preflight(config, nullptr), now);
  };
  EXPECT_THAT(warnings(WallTime(19'999ms)), testing::IsEmpty());
  EXPECT_THAT(warnings(WallTime(20s)),
              testing::ElementsAre("the event \"friday\" is over since 1970-01-01T00:00:20Z"));
}

TEST(PreflightTest, WhatOnlyAStartReadsIsNamed) {
  conf::Config before, after;
  EXPECT_TRUE(NeedsRestart(before, after).empty());
  after.process.workers = 3;
  after.admin.address = "off";
  after.state.dir = "off";
  after.process.buffer_budget = 1;  // takes effect at once
  EXPECT_EQ(NeedsRestart(before, after),
            (std::vector<std::string_view>{"process.workers", "admin.address", "state.dir"}));
}

}  // namespace
}  // namespace sluice::server
