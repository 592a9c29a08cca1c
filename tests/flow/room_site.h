// A shop behind a waiting room, and its visitors, for flow tests. Threads: the test's; the shop has
// its own.
#ifndef SLUICE_TESTS_FLOW_ROOM_SITE_H_
#define SLUICE_TESTS_FLOW_ROOM_SITE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "proxy/base/text.h"
#include "proxy/crypto/key_ring.h"
#include "ratelimit/ticket.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {

inline constexpr std::string_view kStatus = "/.sluice/waiting-room/sale";
inline constexpr std::string_view kCookie = "__sluice_sale=";
inline constexpr std::string_view kOneInside = "max_active = 1\n";
inline constexpr std::string_view kKey = "a key of the shop's, thirty-two bytes and more";

// What an answer sets the cookie of that room to, with its attributes; empty: nothing.
inline std::string SetTo(const Message& answer, std::string_view cookie = kCookie) {
  for (const auto& [name, value] : answer.fields) {
    if (EqualsIgnoreCase(name, "set-cookie") && value.starts_with(cookie)) {
      return value.substr(cookie.size());
    }
  }
  return "";
}

// A shopper whose browser keeps the cookie of the room.
class Visitor {
 public:
  explicit Visitor(TestProxy& proxy) : proxy_(&proxy) {}

  Message Ask(std::string_view path = "/", std::string_view fields = "",
              std::string_view method = "GET") {
    std::string cookie;
    if (!ticket.empty()) cookie = absl::StrFormat("Cookie: a=b; %s%s\r\n", kCookie, ticket);
    const Message answer = proxy_->Connect().Ask(
        absl::StrFormat("%s %s HTTP/1.1\r\nHost: a\r\n%s%s\r\n", method, path, cookie, fields),
        method);
    const std::string set = SetTo(answer);
    if (!set.empty()) ticket = set.substr(0, set.find(';'));
    return answer;
  }
  bool IsIn() { return Ask().body == "shop"; }
  [[nodiscard]] bool ComesIn() {
    return TestProxy::Eventually([this] { return IsIn(); });
  }
  // In line; 0: not there.
  int Position() {
    const std::string body = Ask(kStatus).body;
    constexpr std::string_view kBefore = "\"position\":";
    const size_t at = body.find(kBefore);
    return at == body.npos ? 0 : std::atoi(body.c_str() + at + kBefore.size());
  }
  // Goes on at another proxy.
  void MoveTo(TestProxy& proxy) { proxy_ = &proxy; }

  std::string ticket;

 private:
  TestProxy* proxy_;
};

// A shop behind a waiting room.
class RoomFlowTest : public testing::Test {
 protected:
  RoomFlowTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("sluice-room-" + std::to_string(::getpid()))),
        shop_([](Wire& wire, Origin& self, uint32_t) {
          while (self.Take(wire)) wire.Send(AnswerTo(self.last().target()));
        }) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    WriteKeys(std::string(kKey));
  }
  ~RoomFlowTest() override { std::filesystem::remove_all(folder_); }

  static std::string AnswerTo(std::string_view target) {
    std::string_view fields;
    if (target == "/done") fields = "Sluice-Waiting-Room: done\r\n";
    if (target == "/public") fields = "Cache-Control: max-age=9, Public\r\n";
    if (target == "/shared") {
      fields = "Cache-Control: no-transform\r\nCache-Control: s-maxage=9\r\n";
    }
    if (target == "/cookies") {
      fields = "Set-Cookie: __sluice_sale=mine\r\nSet-Cookie: theme=dark\r\n";
    }
    return Ok("shop", fields);
  }
  std::string File(std::string_view name) const { return (folder_ / name).string(); }
  void WriteKeys(const std::string& lines) const { std::ofstream(File("key")) << lines << "\n"; }

  // A shop behind a room with these keys; `rest` of the configuration is before.
  std::string Text(std::string_view keys, std::string_view rest = "") const {
    return TextOf(absl::StrFormat("[[waiting_room]]\nname = \"sale\"\nkey_file = \"%s\"\n%s",
                                  File("key"), keys),
                  rest);
  }
  std::string TextOf(std::string_view rooms, std::string_view rest = "",
                     std::string_view state = "off") const {
    Site site{.servers = {shop_.address()}};
    site.routes = absl::StrFormat(
        "[state]\ndir = \"%s\"\n%s\n%s\n"
        "[[route]]\nmatch = { path = \"/buy\" }\npool = \"web\"\nwaiting_room = \"sale\"\n"
        "ends_session = true\n%s",
        state, rooms, rest, RouteAll("waiting_room = \"sale\""));
    return site.Text();
  }
  // The same without any room.
  std::string Bare() const { return Site{.servers = {shop_.address()}}.Text(); }
  std::string Kept(std::string_view folder) const {
    return TextOf("[[waiting_room]]\nname = \"sale\"\nmax_active = 1\n", "", File(folder));
  }

  // A ticket as the room would have written it `age` ago.
  static std::string Written(ratelimit::Ticket::Kind kind, std::chrono::seconds age,
                             std::string_view key = kKey, std::string_view room = "sale") {
    const auto now = std::chrono::system_clock::now().time_since_epoch() - age;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    const ratelimit::Ticket ticket{.kind = kind,
                                   .room = ratelimit::RoomHash(room),
                                   .id = 4711,
                                   .order = static_cast<uint64_t>(us),
                                   .issued_s = static_cast<uint32_t>(us / 1'000'000),
                                   .due_s = 10};
    const auto text = WriteTicket(ticket, *crypto::KeyRing::Of(key));
    return std::string(text.data(), text.size());
  }
  // They come one after the other: a place in line is a tenth of a second.
  static void ExpectToWait(std::vector<Visitor>& line) {
    for (Visitor& visitor : line) {
      EXPECT_FALSE(visitor.IsIn());
      std::this_thread::sleep_for(std::chrono::milliseconds(150));
    }
  }
  // Those who were there before the start of `proxy`, in their order, and somebody new.
  static void ExpectTheSameOrder(TestProxy& proxy, Visitor& inside, std::vector<Visitor>& line) {
    inside.MoveTo(proxy);
    Visitor late(proxy);
    EXPECT_FALSE(late.IsIn()) << "the one place is taken";
    for (Visitor& visitor : line) visitor.MoveTo(proxy);
    // The last first: who shows himself first is not before those who were.
    for (size_t i = line.size(); i-- > 0;) EXPECT_EQ(line[i].Position(), static_cast<int>(i) + 1);
    EXPECT_TRUE(inside.IsIn());
    EXPECT_EQ(late.Position(), static_cast<int>(line.size()) + 1);
    ASSERT_EQ(inside.Ask("/buy", "Content-Length: 0\r\n", "POST").body, "shop");
    for (Visitor& visitor : line) {
      EXPECT_TRUE(visitor.ComesIn());
      ASSERT_EQ(visitor.Ask("/buy", "Content-Length: 0\r\n", "POST").body, "shop");
    }
    EXPECT_TRUE(late.ComesIn()) << "nobody is waited for who has been";
  }
  static uint64_t Faults(TestProxy& proxy, ratelimit::TicketFault fault) {
    uint64_t faults = 0;
    proxy.OnSupervisor([&](server::Supervisor& it) {
      faults = it.view()->entrances.at(0)->keeper->room().faults(fault);
    });
    return faults;
  }
  static admission::Room::Rule::Counts Counts(TestProxy& proxy) {
    admission::Room::Rule::Counts counts;
    proxy.OnSupervisor([&](server::Supervisor& it) {
      counts = it.view()->entrances.at(0)->keeper->room().counts();
    });
    return counts;
  }
  // An event from so long from now on.
  static std::string Event(std::chrono::seconds in, std::string_view keys) {
    const absl::Time start = absl::Now() + absl::FromChrono(in);
    const auto text = [](absl::Time time) {
      return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
    };
    return absl::StrFormat(
        "[[event]]\nname = \"friday\"\nwaiting_room = \"sale\"\nstart = %s\nend = %s\n%s\n",
        text(start), text(start + absl::Hours(1)), keys);
  }

  const std::filesystem::path folder_;
  Origin shop_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_FLOW_ROOM_SITE_H_
