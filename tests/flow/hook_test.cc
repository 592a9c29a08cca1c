// The programs of events through a running proxy: when they run, what they are told, and what is
// told of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "tests/flow/room_site.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class HookFlowTest : public RoomFlowTest {
 protected:
  // Its hook is due now, whenever it begins.
  static std::string EventWith(std::string_view name, std::chrono::seconds in,
                               std::string_view hook, std::string_view keys = "") {
    const absl::Time start = absl::Now() + absl::FromChrono(in);
    return absl::StrFormat(
        "[[event]]\nname = \"%s\"\nwaiting_room = \"sale\"\nstart = %s\nend = %s\n"
        "hook_before = \"24h\"\nhook = [%s]\n%s\n",
        name, Rfc3339(start), Rfc3339(start + absl::Hours(1)), hook, keys);
  }
  static std::string Rfc3339(absl::Time time) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
  }
  static std::string Shell(std::string_view script) {
    return absl::StrFormat("\"/bin/sh\", \"-c\", '%s'", script);
  }
  std::string With(std::string_view events) const {
    return TextOf("[[waiting_room]]\nname = \"sale\"\n", events, File("state"));
  }
  std::string Content(std::string_view name) const {
    std::ifstream file(File(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static json Events(TestProxy& proxy) {
    return json::parse(proxy.AskAdmin("/rooms").body)["events"];
  }
  // Of the event of that place in the file: what its hook has come to, once that is `state`.
  static json HookOnceIt(TestProxy& proxy, size_t place, std::string_view state) {
    json hook;
    EXPECT_TRUE(TestProxy::Eventually([&] {
      hook = Events(proxy).at(place)["hook"];
      return hook["state"] == state;
    })) << hook;
    return hook;
  }
};

TEST_F(HookFlowTest, AHookRunsOnceAndKnowsItsEvent) {
  const std::string friday =
      EventWith("friday", 60s, Shell("env > " + File("fresh") + "; echo x >> " + File("runs")));
  {
    TestProxy proxy(With(friday));
    const json hook = HookOnceIt(proxy, 0, "ok");
    const json event = Events(proxy)[0];
    EXPECT_EQ(event["phase"], "ahead");
    EXPECT_THAT(Content("fresh"),
                AllOf(HasSubstr("SLUICE_EVENT=friday\n"),
                      HasSubstr("SLUICE_EVENT_START=" + event["start"].get<std::string>() + "\n"),
                      HasSubstr("SLUICE_EVENT_END=" + event["end"].get<std::string>() + "\n"),
                      HasSubstr("SLUICE_WAITING_ROOM=sale\n")));
    EXPECT_THAT(proxy.AskAdmin("/metrics").body,
                HasSubstr("sluice_event_hooks_total{outcome=\"ok\"} 1\n"));
    ASSERT_TRUE(proxy.Reload(With(friday + EventWith("saturday", 2h, "\"/bin/true\""))));
    HookOnceIt(proxy, 1, "ok");
  }
  // All that is due is run in one go.
  TestProxy again(With(friday + EventWith("sunday", 4h, "\"/bin/true\"")));
  HookOnceIt(again, 1, "ok");
  EXPECT_EQ(HookOnceIt(again, 0, "ok")["how"], "");
  EXPECT_EQ(Content("runs"), "x\n");
}

TEST_F(HookFlowTest, WhatBecomesOfAHookIsTold) {
  TestProxy proxy(With(EventWith("over", -2h, "\"/bin/true\"") +
                       EventWith("bad", 1h, Shell("echo no servers left; exit 3")) +
                       EventWith("slow", 3h, "\"/bin/sleep\", \"100\"", "hook_timeout = \"1s\"") +
                       EventWith("gone", 5h, "\"/nowhere/at/all\"")));
  EXPECT_EQ(HookOnceIt(proxy, 1, "failed")["how"], "exit status 3");
  EXPECT_EQ(HookOnceIt(proxy, 2, "timeout")["how"], "signal 15 (Terminated)");
  EXPECT_EQ(HookOnceIt(proxy, 3, "not_started")["how"], "no such file or directory");
  const json missed = HookOnceIt(proxy, 0, "missed");
  EXPECT_TRUE(missed["ran"].is_null());
  EXPECT_THAT(proxy.AskAdmin("/metrics").body,
              AllOf(HasSubstr("sluice_event_hooks_total{outcome=\"failed\"} 1\n"),
                    HasSubstr("sluice_event_hooks_total{outcome=\"timeout\"} 1\n"),
                    HasSubstr("sluice_event_hooks_total{outcome=\"not_started\"} 1\n")));
}

TEST_F(HookFlowTest, AHookThatTheEndOfSluiceCutsShortRunsAgain) {
  const std::string text = With(
      EventWith("friday", 60s, Shell("echo $$ >> " + File("runs") + "; sleep 100; echo done")));
  {
    TestProxy proxy(text);
    ASSERT_TRUE(TestProxy::Eventually([&] { return Content("runs").ends_with('\n'); }));
  }
  const std::string first = Content("runs");
  TestProxy proxy(text);
  EXPECT_TRUE(TestProxy::Eventually([&] { return Content("runs").size() > first.size(); }));
}

}  // namespace
}  // namespace sluice::test
