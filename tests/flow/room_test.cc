// Waiting rooms as visitors meet them: who comes in, and what the others are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/flow/room_site.h"
#include "tests/support/flow/h2_wire.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using ratelimit::Ticket;
using ratelimit::TicketFault;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// In.

TEST_F(RoomFlowTest, WhoComesWhileThereIsRoomIsInAtOnceAndGetsATicket) {
  TestProxy proxy(Text("session = \"8min\"\n"));
  Visitor shopper(proxy);
  const Message answer = shopper.Ask();
  EXPECT_EQ(answer.body, "shop");
  EXPECT_EQ(shopper.ticket.size(), ratelimit::kTicketChars);
  EXPECT_THAT(SetTo(answer), HasSubstr("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"));
  EXPECT_THAT(SetTo(answer), Not(HasSubstr("Secure"))) << "the connection was not";
  EXPECT_EQ(SetTo(shopper.Ask()), "") << "it is good for a while";
}

TEST_F(RoomFlowTest, ServersThatAreFullCloseTheDoorAndOpenItAgain) {
  Moment open;
  Origin slow([&](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      EXPECT_TRUE(open.Await());
      wire.Send(Ok("shop"));
    }
  });
  TestProxy proxy(Site{.servers = {slow.address()},
                       .pool = "concurrency = 1",
                       .routes = "[state]\ndir = \"off\"\n[[waiting_room]]\nname = \"sale\"\n"
                                 "routes = [\"*\"]\n" +
                                 RouteAll("")}
                      .Text());
  std::vector<Wire> first;
  for (uint32_t i = 0; i < 5; ++i) {
    first.push_back(proxy.Connect());
    first.back().Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(slow.AwaitAccepted(1));
    ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == i; }));
  }
  Visitor late(proxy);
  EXPECT_FALSE(late.IsIn());
  EXPECT_EQ(late.Position(), 1);
  open.Happen();
  for (Wire& wire : first) EXPECT_EQ(wire.ReadResponse().body, "shop");
  EXPECT_TRUE(late.ComesIn());
}

TEST_F(RoomFlowTest, WhoIsInsideGoesOnWhileOthersWait) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy), waits(proxy);
  ASSERT_TRUE(inside.IsIn());
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(waits.IsIn());
    EXPECT_TRUE(inside.IsIn());
  }
  EXPECT_EQ(Counts(proxy).active, 1u);
}

TEST_F(RoomFlowTest, AnErrorOfOursDoesNotCostThePlaceThatWasGiven) {
  TestProxy proxy(Text(kOneInside));
  shop_.Leave();
  Visitor unlucky(proxy), next(proxy);
  EXPECT_GE(unlucky.Ask().status(), 500);
  EXPECT_FALSE(unlucky.ticket.empty());
  EXPECT_GE(unlucky.Ask().status(), 500) << "still inside";
  EXPECT_EQ(next.Ask().status(), 200) << "of the waiting page";
}

TEST_F(RoomFlowTest, OneTicketIsOneVisitorHoweverManyShowIt) {
  TestProxy proxy(Text("visitor_rate = \"2/s\"\n"));
  Visitor crowd(proxy);
  ASSERT_TRUE(crowd.IsIn());
  int passed = 0, refused = 0;
  for (int i = 0; i < 60; ++i) {
    const Message answer = crowd.Ask();
    passed += answer.status() == 200;
    refused += answer.status() == 429;
    EXPECT_EQ(answer.Has("Retry-After"), answer.status() == 429);
  }
  EXPECT_GE(passed, 10);
  EXPECT_GE(refused, 10);
  EXPECT_EQ(Counts(proxy).active, 1u);
}

TEST_F(RoomFlowTest, AWebSocketIsOpenedFromInsideAndRefusedOutside) {
  TestProxy proxy(Text(kOneInside));
  constexpr std::string_view kUpgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  Visitor inside(proxy), waits(proxy);
  ASSERT_TRUE(inside.IsIn());
  EXPECT_EQ(inside.Ask("/", kUpgrade).body, "shop");
  EXPECT_EQ(waits.Ask("/", kUpgrade).status(), 429) << "no page is a tunnel";
}

// Out.

TEST_F(RoomFlowTest, ThePageIsOfNobodyElseAndSaysWhenToComeBack) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy), waits(proxy);
  ASSERT_TRUE(inside.IsIn());
  const Message page = waits.Ask("/", "Range: bytes=0-9\r\n");
  EXPECT_EQ(page.status(), 200);
  EXPECT_EQ(page.Value("Cache-Control"), "no-store");
  EXPECT_THAT(page.Value("Content-Type"), StartsWith("text/html"));
  EXPECT_EQ(page.Value("Content-Language"), "en");
  EXPECT_GE(std::atoi(page.Value("Retry-After").c_str()), 1);
  EXPECT_THAT(page.body, HasSubstr("<html lang=\"en\""));
  EXPECT_EQ(waits.ticket.size(), ratelimit::kTicketChars);
  EXPECT_THAT(waits.Ask("/", "Accept-Language: fr, de-AT;q=0.9\r\n").body,
              HasSubstr("<html lang=\"de\""));
}

TEST_F(RoomFlowTest, AHeadOfThePageHasNoBody) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy), waits(proxy);
  ASSERT_TRUE(inside.IsIn());
  const Message head = waits.Ask("/", "", "HEAD");
  EXPECT_EQ(head.status(), 200);
  EXPECT_TRUE(head.complete);
  EXPECT_GT(std::atoi(head.Value("Content-Length").c_str()), 1000);
  EXPECT_FALSE(waits.ticket.empty());
}

TEST_F(RoomFlowTest, ProgramsAndFormsAreRefusedInJson) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy);
  ASSERT_TRUE(inside.IsIn());
  for (const std::string_view fields :
       {"Accept: application/json\r\n", "Sec-Fetch-Dest: empty\r\n", "Sec-Fetch-Dest: image\r\n"}) {
    const Message answer = Visitor(proxy).Ask("/", fields);
    EXPECT_EQ(answer.status(), 429) << fields;
    EXPECT_EQ(answer.Value("Content-Type"), "application/json") << fields;
    EXPECT_THAT(answer.body, HasSubstr("\"state\":\"waiting\"")) << fields;
    EXPECT_TRUE(answer.Has("Retry-After")) << fields;
  }
  EXPECT_EQ(Visitor(proxy).Ask("/", "Sec-Fetch-Dest: document\r\n").status(), 200);
  EXPECT_EQ(Visitor(proxy).Ask("/", "Content-Length: 0\r\n", "POST").status(), 429);
}

TEST_F(RoomFlowTest, ABodyThatMustWaitIsNoRequestOfItsOwn) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy);
  ASSERT_TRUE(inside.IsIn());
  Wire wire = proxy.Connect();
  const Message whole =
      wire.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nGET /x HTTP/1.1\r\n\r\n!");
  EXPECT_EQ(whole.status(), 429);
  EXPECT_EQ(wire.Get("/").status(), 200) << "the connection goes on";

  const Message asked =
      wire.Ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(asked.status(), 429);
  EXPECT_TRUE(asked.interims.empty()) << "what is refused is not asked for";
  if (asked.Value("Connection") != "close") {
    wire.Send("hello");
    EXPECT_EQ(wire.Get("/").status(), 200);
  }
  EXPECT_EQ(shop_.requests().size(), 1u);
}

TEST_F(RoomFlowTest, AFullLineGivesNoPlaceAndSaysSo) {
  TestProxy proxy(Text("max_active = 1\nmax_waiting = 1\n"));
  Visitor inside(proxy), waits(proxy), beyond(proxy);
  ASSERT_TRUE(inside.IsIn());
  ASSERT_FALSE(waits.IsIn());
  const Message page = beyond.Ask();
  EXPECT_EQ(page.status(), 200);
  EXPECT_TRUE(page.Has("Retry-After"));
  const Message json = beyond.Ask("/", "Accept: application/json\r\n");
  EXPECT_EQ(json.status(), 503);
  EXPECT_THAT(json.body, HasSubstr("\"state\":\"full\""));
  EXPECT_TRUE(beyond.ticket.empty());
  EXPECT_EQ(waits.Position(), 1);
}

TEST_F(RoomFlowTest, TheStatusAddressTellsThePlaceAndLetsIn) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy), waits(proxy);
  ASSERT_TRUE(inside.IsIn());
  ASSERT_FALSE(waits.IsIn());
  const Message status = waits.Ask(kStatus);
  EXPECT_EQ(status.status(), 200);
  EXPECT_EQ(status.Value("Cache-Control"), "no-store");
  EXPECT_EQ(status.Value("Content-Type"), "application/json");
  EXPECT_THAT(status.body, HasSubstr("\"state\":\"waiting\""));
  EXPECT_EQ(waits.Position(), 1);
  ASSERT_EQ(inside.Ask("/buy", "Content-Length: 0\r\n", "POST").status(), 200);
  EXPECT_TRUE(TestProxy::Eventually(
      [&] { return waits.Ask(kStatus).body.find("\"state\":\"enter\"") != std::string::npos; }));
  EXPECT_TRUE(waits.IsIn());
  const size_t seen = shop_.requests().size();
  EXPECT_EQ(Visitor(proxy).Ask("/.sluice/waiting-room/other").status(), 200)
      << "no room of ours: a page of the shop's, for which one waits";
  EXPECT_EQ(shop_.requests().size(), seen);
}

// Past it.

TEST_F(RoomFlowTest, WhatBypassesTheRoomNeedsNoTicketAndGetsNone) {
  TestProxy proxy(
      Text("max_active = 1\nbypass = [{ path_prefix = \"/static\" }, { header = \"X-Health\" }, "
           "{ path = \"/done\" }, { address = \"10.0.0.0/8\" }]\n",
           "[client_ip]\ntrusted_proxies = [\"127.0.0.0/8\"]\n"));
  Visitor inside(proxy), other(proxy);
  ASSERT_TRUE(inside.IsIn());
  EXPECT_EQ(other.Ask("/static/a.css").body, "shop");
  EXPECT_EQ(other.Ask("/", "X-Health: 1\r\n").body, "shop");
  EXPECT_EQ(other.Ask("/", "X-Forwarded-For: 10.1.2.3\r\n").body, "shop");
  EXPECT_FALSE(other.Ask("/done").Has("Sluice-Waiting-Room")) << "a word to us alone";
  EXPECT_TRUE(other.ticket.empty());
  EXPECT_NE(other.Ask("/staticky").body, "shop");
}

TEST_F(RoomFlowTest, ARoomThatIsOffIsNotThere) {
  TestProxy proxy(Text("when = \"off\"\nmax_active = 1\n"));
  for (int i = 0; i < 3; ++i) {
    Visitor anybody(proxy);
    EXPECT_TRUE(anybody.IsIn());
    EXPECT_TRUE(anybody.ticket.empty());
  }
}

// Tickets.

TEST_F(RoomFlowTest, TicketsThatAreNotGoodCountAsNoneEachByWhy) {
  TestProxy proxy(Text("max_active = 1\nsession = \"1min\"\ngrace = \"1min\"\n"));
  Visitor inside(proxy);
  ASSERT_TRUE(inside.IsIn());
  const std::string good = Written(Ticket::Kind::kActive, 0s);
  std::string forged = good;
  forged[40] = forged[40] == 'A' ? 'B' : 'A';
  struct {
    std::string ticket;
    TicketFault fault;
  } const kinds[] = {
      {"", TicketFault::kAbsent},
      {"nonsense", TicketFault::kMalformed},
      {good.substr(0, 59), TicketFault::kMalformed},
      {good + "A", TicketFault::kMalformed},
      {std::string(5000, 'A'), TicketFault::kMalformed},
      {forged, TicketFault::kSignature},
      {Written(Ticket::Kind::kActive, 0s, kKey, "other"), TicketFault::kRoom},
      {Written(Ticket::Kind::kActive, 2min), TicketFault::kExpired},
      {Written(Ticket::Kind::kWaiting, 2min), TicketFault::kExpired},
      {Written(Ticket::Kind::kActive, -48h), TicketFault::kFuture},
      {Written(Ticket::Kind::kActive, 0s, "a key of somebody else's, as long as ours"),
       TicketFault::kKey},
  };
  for (const auto& [ticket, fault] : kinds) {
    const uint64_t before = Faults(proxy, fault);
    Visitor visitor(proxy);
    visitor.ticket = ticket;
    EXPECT_FALSE(visitor.IsIn()) << TicketFaultName(fault);
    EXPECT_EQ(Faults(proxy, fault), before + 1) << TicketFaultName(fault);
    EXPECT_NE(visitor.ticket, ticket) << "a place of his own, at the end";
  }
  EXPECT_EQ(shop_.requests().size(), 1u);
}

TEST_F(RoomFlowTest, KeysAreExchangedInTheMiddleOfASale) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy), waits(proxy);
  ASSERT_TRUE(inside.IsIn());
  ASSERT_FALSE(waits.IsIn());
  constexpr std::string_view kNew = "the next key of the shop's, of thirty-two bytes";
  WriteKeys(absl::StrFormat("%s\n%s", kNew, kKey));
  ASSERT_TRUE(proxy.Reload(Text(kOneInside)));
  EXPECT_TRUE(inside.IsIn()) << "its key is a good one still";
  const std::string old = waits.ticket;
  EXPECT_EQ(waits.Position(), 1);
  EXPECT_NE(waits.ticket, old);
  WriteKeys(std::string(kNew));
  ASSERT_TRUE(proxy.Reload(Text(kOneInside)));
  EXPECT_EQ(waits.Position(), 1) << "his ticket had been written anew";
  const uint64_t unknown = Faults(proxy, TicketFault::kKey);
  EXPECT_FALSE(inside.IsIn()) << "his had not";
  EXPECT_EQ(Faults(proxy, TicketFault::kKey), unknown + 1);
}

TEST_F(RoomFlowTest, TicketsOfSeveralRoomsAreKeptApart) {
  TestProxy proxy(
      TextOf("[[waiting_room]]\nname = \"sale\"\nmax_active = 1\n"
             "[[waiting_room]]\nname = \"sale2\"\nmax_active = 1\n",
             "[[route]]\nmatch = { path = \"/2\" }\npool = \"web\"\nwaiting_room = \"sale2\"\n"));
  const auto ask = [&](std::string_view path, const std::string& cookies) {
    return proxy.Connect().Ask(
        absl::StrFormat("GET %s HTTP/1.1\r\nHost: a\r\nCookie: %s\r\n\r\n", path, cookies));
  };
  const auto pair = [](const Message& answer, std::string_view cookie) {
    const std::string set = SetTo(answer, cookie);
    return absl::StrFormat("%s%s", cookie, set.substr(0, set.find(';')));
  };
  const std::string one = pair(ask("/", "a=b"), kCookie);
  EXPECT_NE(ask("/2", "a=b").body, "") << "the other room is empty";
  const std::string waits = pair(ask("/", "a=b"), kCookie);
  const std::string two = pair(ask("/2", waits), "__sluice_sale2=");
  EXPECT_EQ(ask("/", two + "; " + one).body, "shop");
  EXPECT_NE(ask("/2", one).body, "shop");
  EXPECT_NE(ask("/", waits).body, "shop");
}

TEST_F(RoomFlowTest, WhatTheShopSaysOfTheTicketIsNotForTheClient) {
  TestProxy proxy(Text(kOneInside));
  Visitor shopper(proxy);
  const Message first = shopper.Ask("/cookies");
  EXPECT_NE(shopper.ticket, "mine");
  EXPECT_THAT(first.Value("set-cookie"), HasSubstr("theme=dark"));
  const Message again = shopper.Ask("/cookies");
  EXPECT_EQ(SetTo(again), "");
  EXPECT_THAT(again.Value("set-cookie"), HasSubstr("theme=dark"));
}

TEST_F(RoomFlowTest, WhatOthersMayKeepHasNoTicketInIt) {
  TestProxy proxy(Text(""));
  for (const char* path : {"/public", "/shared"}) {
    const Message answer = Visitor(proxy).Ask(path);
    EXPECT_EQ(answer.body, "shop");
    EXPECT_FALSE(answer.Has("Set-Cookie")) << path;
  }
  EXPECT_EQ(Visitor(proxy).Ask("/").Value("Cache-Control"), "private") << "who may not keep it";
}

// Done.

TEST_F(RoomFlowTest, WhoHasBoughtLeavesHisPlaceToTheNext) {
  TestProxy proxy(Text(kOneInside));
  Visitor buyer(proxy), next(proxy);
  ASSERT_TRUE(buyer.IsIn());
  ASSERT_FALSE(next.IsIn());
  EXPECT_EQ(SetTo(buyer.Ask("/buy")), "") << "looking is not buying";
  const std::string used = buyer.ticket;
  const Message bought = buyer.Ask("/buy", "Content-Length: 0\r\n", "POST");
  EXPECT_EQ(bought.body, "shop");
  EXPECT_THAT(SetTo(bought), StartsWith("; Path=/; Max-Age=0;"));
  EXPECT_TRUE(next.ComesIn());
  buyer.ticket = used;
  EXPECT_FALSE(buyer.IsIn()) << "shown again it is worth nothing";
}

TEST_F(RoomFlowTest, TheShopMaySayItselfThatSomebodyIsDone) {
  TestProxy proxy(Text(kOneInside));
  Visitor buyer(proxy), next(proxy);
  ASSERT_TRUE(buyer.IsIn());
  ASSERT_FALSE(next.IsIn());
  const Message answer = buyer.Ask("/done");
  EXPECT_FALSE(answer.Has("Sluice-Waiting-Room"));
  EXPECT_THAT(SetTo(answer), StartsWith("; Path=/; Max-Age=0;"));
  EXPECT_TRUE(next.ComesIn());
}

TEST_F(RoomFlowTest, APlaceThatIsFreeIsOfThoseWhoWait) {
  TestProxy proxy(Text(kOneInside));
  Visitor buyer(proxy), waits(proxy), late(proxy);
  ASSERT_TRUE(buyer.IsIn());
  ASSERT_FALSE(waits.IsIn());
  std::this_thread::sleep_for(300ms);  // he is called ahead
  ASSERT_EQ(buyer.Ask("/buy", "Content-Length: 0\r\n", "POST").status(), 200);
  EXPECT_FALSE(late.IsIn()) << "somebody was here before";
  EXPECT_TRUE(waits.ComesIn());
}

// HTTP/2.

TEST_F(RoomFlowTest, TheRoomIsTheSameOverHttp2) {
  TestProxy proxy(Text(kOneInside));
  H2Wire inside(proxy.Connect()), waits(proxy.Connect());
  const h2::Answer first = inside.Ask(h2::Get(1), 1);
  EXPECT_EQ(first.body, "shop");
  EXPECT_THAT(first.Value("set-cookie"), StartsWith(std::string(kCookie)));
  const h2::Answer page = waits.Ask(h2::Get(1), 1);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("<html lang=\"en\""));
  EXPECT_EQ(page.Value("cache-control"), "no-store");
  const h2::Answer form = waits.Ask(h2::Post(3) + h2::Data(3, "hello", true), 3);
  EXPECT_EQ(form.status, 429);
  EXPECT_THAT(form.body, HasSubstr("\"state\""));
}

}  // namespace
}  // namespace sluice::test
