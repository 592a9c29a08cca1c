// Operators and waiting rooms through a running proxy: what a reload and orders change, and what is
// told of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/admin/ctl.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using Deed = server::RoomOrder::Deed;

// Somebody who keeps his ticket.
class Visitor {
 public:
  explicit Visitor(TestProxy& proxy) : proxy_(proxy) {}

  Message Visit() {
    const std::string cookie = ticket_.empty() ? "" : "Cookie: " + ticket_ + "\r\n";
    Message answer = proxy_.Connect().Ask(
        absl::StrFormat("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", cookie));
    const std::string set = answer.Value("set-cookie");
    if (!set.empty()) ticket_ = set.substr(0, set.find(';'));
    return answer;
  }
  bool IsIn() { return Visit().body == "shop"; }
  bool ComesIn() {
    return TestProxy::Eventually([this] { return IsIn(); });
  }

 private:
  TestProxy& proxy_;
  std::string ticket_;
};

class RoomOrdersTest : public testing::Test {
 protected:
  Site With(std::string_view room) const {
    return {.servers = {origin_.address()},
            .routes = absl::StrFormat("[state]\ndir = \"off\"\n"
                                      "[[waiting_room]]\nname = \"sale\"\nroutes = [\"*\"]\n%s\n",
                                      room)};
  }

  static void Order(TestProxy& proxy, server::RoomOrder order) {
    ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
    order.room = "sale";
    proxy.OnSupervisor([&](server::Supervisor& it) {
      const absl::Status status = it.Obey(order, {.who = "test", .from = "test"});
      EXPECT_TRUE(status.ok()) << status;
    });
  }
  static json Room(TestProxy& proxy) {
    return json::parse(proxy.AskAdmin("/rooms").body)["rooms"][0];
  }

  Origin origin_{AnswerEach([](const Message&) { return Ok("shop"); })};
};

TEST_F(RoomOrdersTest, AReloadThatChangesARoomTakesEffectAtOnceAndKeepsWhoWaits) {
  TestProxy proxy(With("max_active = 1"));
  Visitor first(proxy), second(proxy);
  EXPECT_TRUE(first.IsIn());
  EXPECT_FALSE(second.IsIn());
  ASSERT_TRUE(proxy.Reload(With("max_active = 2\nmessage = \"soon\"").Text()));
  EXPECT_TRUE(second.ComesIn());
  Visitor third(proxy);
  EXPECT_THAT(third.Visit().body, HasSubstr("soon"));
}

TEST_F(RoomOrdersTest, NobodyComesIntoARoomThatPausesUntilItResumes) {
  TestProxy proxy(With("when = \"off\""));
  Visitor first(proxy), second(proxy);
  EXPECT_TRUE(first.IsIn());
  Order(proxy, {.deed = Deed::kPause});
  EXPECT_TRUE(TestProxy::Eventually([&] { return !Visitor(proxy).IsIn(); }));
  EXPECT_FALSE(second.IsIn());
  EXPECT_EQ(Room(proxy)["state"], "paused");
  EXPECT_EQ(Room(proxy)["closed"], true);
  EXPECT_THAT(proxy.AskAdmin("/metrics").body,
              HasSubstr("sluice_waiting_room_closed{room=\"sale\"} 1"));
  Order(proxy, {.deed = Deed::kResume});
  EXPECT_TRUE(second.ComesIn());
  EXPECT_EQ(Room(proxy)["state"], "off");
}

TEST_F(RoomOrdersTest, ThoseReleasedComeInWhileItPausesAndNoMoreThanWait) {
  TestProxy proxy(With(""));
  Order(proxy, {.deed = Deed::kPause});
  Visitor first(proxy), second(proxy);
  EXPECT_TRUE(TestProxy::Eventually([&] { return !first.IsIn(); }));
  // Who has shown his ticket is known to wait, and not guessed.
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(first.IsIn());
    EXPECT_FALSE(second.IsIn());
  }
  Order(proxy, {.deed = Deed::kRelease, .visitors = 1'000'000});
  EXPECT_LT(Room(proxy)["released"], 10);
  EXPECT_TRUE(first.ComesIn());
  EXPECT_TRUE(second.ComesIn());
}

TEST_F(RoomOrdersTest, AHoldHasEverybodyWaitForHisTurnAndTheMessageIsRead) {
  TestProxy proxy(With(""));
  Visitor first(proxy), second(proxy);
  EXPECT_TRUE(first.IsIn());
  Order(proxy, {.deed = Deed::kMessage, .message = "Two of each at most"});
  Order(proxy, {.deed = Deed::kHold});
  Message page;
  EXPECT_TRUE(TestProxy::Eventually([&] {
    page = Visitor(proxy).Visit();
    return page.body != "shop";
  }));
  EXPECT_THAT(page.body, HasSubstr("Two of each at most"));
  EXPECT_FALSE(second.IsIn());
  EXPECT_TRUE(second.ComesIn()) << "the line moves";
  EXPECT_TRUE(first.IsIn());
  EXPECT_EQ(Room(proxy)["state"], "all wait");
}

TEST_F(RoomOrdersTest, OrdersHoldThroughReloadsAndEndByTime) {
  TestProxy proxy(With("max_active = 100"));
  Order(proxy, {.deed = Deed::kMaxActive, .max_active = 1, .reason = "slow API"});
  Order(proxy, {.deed = Deed::kMaxActive, .max_active = 2, .lasts = 1s});
  EXPECT_EQ(Room(proxy)["max_active"], 2);
  ASSERT_TRUE(proxy.Reload(With("max_active = 200").Text()));
  EXPECT_TRUE(TestProxy::Eventually([&] { return Room(proxy)["max_active"] == 1; }));
  const json changes = json::parse(proxy.AskAdmin("/changes").body)["changes"];
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0]["room"], "sale");
  EXPECT_EQ(changes[0]["change"], "max_active 1");
  EXPECT_EQ(changes[0]["reason"], "slow API");
  Visitor first(proxy), second(proxy);
  EXPECT_TRUE(first.IsIn());
  EXPECT_FALSE(second.IsIn());
  Order(proxy, {.deed = Deed::kUndo});
  EXPECT_TRUE(second.ComesIn());
  EXPECT_EQ(Room(proxy)["max_active"], 200);
  ASSERT_TRUE(proxy.Reload(Site{.servers = {origin_.address()}}.Text()));
  EXPECT_EQ(json::parse(proxy.AskAdmin("/rooms").body)["rooms"], json::array());
}

TEST_F(RoomOrdersTest, WhatMakesNoSenseIsRefusedAndSaid) {
  TestProxy proxy(With(""));
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
  const auto refused = [&](server::RoomOrder order) {
    std::string why;
    proxy.OnSupervisor([&](server::Supervisor& it) {
      why = std::string(it.Obey(order, {.who = "test", .from = "test"}).message());
    });
    return why;
  };
  EXPECT_THAT(refused({.deed = Deed::kPause, .room = "sela"}), HasSubstr("did you mean 'sale'?"));
  EXPECT_THAT(refused({.deed = Deed::kRelease, .room = "sale", .visitors = 1}),
              HasSubstr("nobody waits"));
  EXPECT_THAT(refused({.deed = Deed::kResume, .room = "sale"}), HasSubstr("neither"));
}

TEST_F(RoomOrdersTest, TheAccessLogTellsTheRoomAndThePlaceInLine) {
  const std::string log = testing::TempDir() + "/rooms_" + std::to_string(getpid()) + ".log";
  {
    Site site = With("max_active = 1");
    site.workers = 1;  // which writes its lines in order
    site.access_log =
        "output = \"" + log + "\"\nformat = \"{room} {queue_position} {server_status} {end}\"\n";
    TestProxy proxy(site);
    EXPECT_TRUE(Visitor(proxy).IsIn());
    EXPECT_FALSE(Visitor(proxy).IsIn());
  }
  std::ifstream file(log);
  const std::string lines{std::istreambuf_iterator<char>(file), {}};
  std::remove(log.c_str());
  EXPECT_EQ(lines, "sale 0 200 ok\nsale 1 0 waiting_room\n");
}

TEST_F(RoomOrdersTest, CtlTellsPeopleAndTakesTheirOrders) {
  const std::string socket = testing::TempDir() + "/rooms_" + std::to_string(getpid()) + ".sock";
  Site site = With("");
  site.admin = "socket = \"" + socket + "\"";
  TestProxy proxy(site);
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
  std::string said;
  const auto ctl = [&](std::vector<std::string> words, std::string lasts = "") {
    char* text = nullptr;
    size_t size = 0;
    std::FILE* const out = open_memstream(&text, &size);
    const int code = admin::Ctl({.words = std::move(words),
                                 .admin = "unix:" + socket,
                                 .reason = "a test",
                                 .lasts = std::move(lasts),
                                 .out = out,
                                 .err = out});
    std::fclose(out);
    said.assign(text, size);
    std::free(text);
    return code;
  };
  EXPECT_EQ(ctl({"rooms"}), 0) << said;
  EXPECT_THAT(said, AllOf(HasSubstr("waiting"), HasSubstr("sale"), HasSubstr("open")));
  EXPECT_EQ(ctl({"room", "sale", "pace", "600/min"}, "30min"), 0) << said;
  EXPECT_THAT(said, AllOf(HasSubstr("pace 600/min"), HasSubstr("a test")));
  EXPECT_EQ(ctl({"room", "sale", "max_active", "40"}), 0) << said;
  EXPECT_EQ(ctl({"room", "sale", "release", "40"}), 1);
  EXPECT_THAT(said, HasSubstr("nobody waits"));
  EXPECT_EQ(ctl({"room", "sale", "message", "Size 38 is sold out"}), 0) << said;
  EXPECT_EQ(ctl({"room", "sale", "pause"}), 0) << said;
  EXPECT_THAT(said, HasSubstr("paused"));
  EXPECT_EQ(ctl({"room", "sale", "hold"}), 0) << said;
  EXPECT_EQ(ctl({"room", "sale", "resume"}), 0) << said;
  EXPECT_EQ(ctl({"changes"}), 0);
  EXPECT_THAT(said, AllOf(HasSubstr("max_active 40"), HasSubstr("Size 38 is sold out")));
  EXPECT_EQ(ctl({"room", "sale", "undo"}), 0) << said;
  EXPECT_EQ(ctl({"changes"}), 0);
  EXPECT_THAT(said, HasSubstr("as the file says"));
  EXPECT_EQ(ctl({"room", "sale", "puase"}), 1);
  EXPECT_THAT(said, HasSubstr("did you mean 'pause'?"));
  EXPECT_EQ(ctl({"room", "sale"}), 2);
  EXPECT_THAT(proxy.AskAdmin("/metrics").body,
              AllOf(HasSubstr("sluice_admin_changes_total{of=\"room\",do=\"pause\"} 1"),
                    HasSubstr("sluice_waiting_room_waiting{room=\"sale\"} 0"),
                    HasSubstr("sluice_waiting_room_ticket_faults_total{room=\"sale\","
                              "fault=\"signature\"} 0"),
                    HasSubstr("sluice_state_on_disk 0")));
  EXPECT_THAT(proxy.AskAdmin("/status").body, HasSubstr("\"waiting_rooms\""));
}

}  // namespace
}  // namespace sluice::test
