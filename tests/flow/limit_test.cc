// Limits through a running proxy: what clients get, what servers see, and what operators change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class LimitFlowTest : public testing::Test {
 protected:
  Site With(const std::string& limit, const std::string& pool = "") const {
    return {.servers = {origin_.address()},
            .pool = pool,
            .routes = "[[limit]]\nname = \"per-client\"\n" + limit +
                      "\n[[route]]\nname = \"shop\"\npool = \"web\"\nlimits = [\"per-client\"]\n",
            .workers = 2};
  }
  static void Order(TestProxy& proxy, const server::LimitOrder& order, bool obeyed = true) {
    proxy.OnSupervisor([&](server::Supervisor& it) {
      const absl::Status status = it.Obey(order, {.who = "test", .from = "test"});
      EXPECT_EQ(status.ok(), obeyed) << status;
    });
  }
  static json LimitsOf(TestProxy& proxy) {
    return json::parse(proxy.AskAdmin("/limits").body)["limits"];
  }

  Origin origin_{Ok("shop")};
};

TEST_F(LimitFlowTest, BeyondTheBurstIs429WithAllThatAClientNeedsToKnow) {
  TestProxy proxy(With("rate = \"1/min\"\nburst = 2"));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  EXPECT_EQ(proxy.Get("/").status(), 200);
  const Message refused = proxy.Get("/");
  EXPECT_EQ(refused.status(), 429);
  EXPECT_EQ(refused.Value("ratelimit-policy"), "\"per-client\";q=2;w=120");
  EXPECT_THAT(refused.Value("ratelimit"), StartsWith("\"per-client\";r=0;t="));
  const int wait = std::stoi(refused.Value("retry-after"));
  EXPECT_GE(wait, 59);
  EXPECT_LE(wait, 60 + 16) << "jitter is a quarter and two at most";
  EXPECT_THAT(refused.body, HasSubstr("<h1>Too Many Requests</h1>"));
}

TEST_F(LimitFlowTest, ProgramsAreRefusedInJson) {
  TestProxy proxy(With("rate = \"1/min\""));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  const Message refused =
      proxy.Connect().Ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
  EXPECT_EQ(refused.status(), 429);
  EXPECT_EQ(json::parse(refused.body)["status"], 429);
}

TEST_F(LimitFlowTest, AKeptConnectionGoesOnAfterARefusal) {
  TestProxy proxy(With("rate = \"1/min\""));
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 200);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(
        client.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", "POST").status(),
        429);
  }
}

TEST_F(LimitFlowTest, PassingAnswersTellTheLimitWhereThatIsWanted) {
  TestProxy proxy(With("rate = \"60/min\"\nburst = 5\nheaders = \"always\""));
  EXPECT_EQ(proxy.Get("/").Value("ratelimit"), "\"per-client\";r=4;t=1");
}

TEST_F(LimitFlowTest, WhoIsHeldBackIsAnsweredInTurn) {
  TestProxy proxy(With("rate = \"10/s\"\nburst = 1\naction = \"delay\"\nmax_delay = \"1s\""));
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Wire> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(proxy.Connect());
    ASSERT_TRUE(clients.back().Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  }
  for (Wire& client : clients) EXPECT_EQ(client.ReadResponse().status(), 200);
  // Three had to wait for 100 ms each.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 290ms);
  EXPECT_THAT(proxy.AskAdmin("/metrics").body,
              HasSubstr("sluice_limit_requests_total{limit=\"per-client\",end=\"delayed\"} 3"));
}

TEST_F(LimitFlowTest, WhoLeavesWhileHeldBackDisturbsNobody) {
  TestProxy proxy(With("rate = \"4/s\"\nburst = 1\naction = \"delay\"\nmax_delay = \"10s\""));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  {
    Wire leaver = proxy.Connect();
    ASSERT_TRUE(leaver.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo"));
  }
  EXPECT_EQ(proxy.Get("/").status(), 200);
  EXPECT_TRUE(TestProxy::Eventually([&] { return LimitsOf(proxy)[0]["ends"]["delayed"] == 2; }));
}

TEST_F(LimitFlowTest, ABodyIsStillWholeAfterTheWait) {
  TestProxy proxy(With("rate = \"10/s\"\nburst = 1\naction = \"delay\""));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  const std::string body(200000, 'b');
  const Message answer = proxy.Connect().Ask(
      absl::StrFormat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", body.size(),
                      body),
      "POST");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(origin_.last().body.size(), body.size());
}

TEST_F(LimitFlowTest, CloseSaysNothingAtAll) {
  TestProxy proxy(With("rate = \"1/min\"\naction = \"close\""));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(LimitFlowTest, TheServerHearsWhoIsTagged) {
  TestProxy proxy(With("rate = \"1/min\"\naction = \"tag\""));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  EXPECT_FALSE(origin_.last().Has("x-sluice-limited"));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  EXPECT_EQ(origin_.last().Value("x-sluice-limited"), "per-client");
}

TEST_F(LimitFlowTest, AtOnceEndsWithTheAnswer) {
  Moment asked, go;
  Origin slow([&](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      asked.Happen();
      EXPECT_TRUE(go.Await());
      wire.Send(Ok("late"));
    }
  });
  Site site = With("concurrency = 1");
  site.servers = {slow.address()};
  TestProxy proxy(site);
  Wire first = proxy.Connect();
  ASSERT_TRUE(first.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(asked.Await());
  EXPECT_EQ(proxy.Get("/").status(), 429);
  go.Happen();
  EXPECT_EQ(first.ReadResponse().status(), 200);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").status() == 200; }));
}

TEST_F(LimitFlowTest, ALimitForAllCountsWhatNoRouteMatches) {
  Site site = With("rate = \"1/min\"\nroutes = [\"*\"]");
  site.routes += "match = { path_prefix = \"/shop\" }\n";
  TestProxy proxy(site);
  EXPECT_EQ(proxy.Get("/none").status(), 404);
  EXPECT_EQ(proxy.Get("/none").status(), 429);
  EXPECT_EQ(proxy.Get("/shop").status(), 429);
}

TEST_F(LimitFlowTest, ForgedAddressesAreNotBelieved) {
  TestProxy proxy(With("rate = \"1/min\""));
  const auto from = [&](int i) {
    return proxy.Connect()
        .Ask(absl::StrFormat("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.%d\r\n\r\n", i))
        .status();
  };
  EXPECT_EQ(from(1), 200);
  for (int i = 2; i < 10; ++i) EXPECT_EQ(from(i), 429);
}

TEST_F(LimitFlowTest, AReloadForgetsNothingAndAnotherRateBeginsAnew) {
  Site site = With("rate = \"1/h\"");
  TestProxy proxy(site);
  EXPECT_EQ(proxy.Get("/").status(), 200);
  site.pool = "tries = 2\n";
  ASSERT_TRUE(proxy.Reload(site.Text()));
  EXPECT_EQ(proxy.Get("/").status(), 429);
  Site other = With("rate = \"2/h\"");
  ASSERT_TRUE(proxy.Reload(other.Text()));
  EXPECT_EQ(proxy.Get("/").status(), 200);
}

TEST_F(LimitFlowTest, ABrakePulledForAWhileLetsGoByItself) {
  TestProxy proxy(With("rate = \"1000/s\""));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  Order(proxy, {.limit = "per-client",
                .toml = "[[limit]]\nname = \"per-client\"\nrate = \"1/h\"\n",
                .lasts = 2s,
                .reason = "the API drowns"});
  EXPECT_EQ(proxy.Get("/").status(), 200);
  EXPECT_EQ(proxy.Get("/").status(), 429);
  EXPECT_EQ(LimitsOf(proxy)[0]["from"], "run time");
  EXPECT_THAT(proxy.AskAdmin("/changes").body, HasSubstr("the API drowns"));
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").status() == 200; }));
  EXPECT_EQ(LimitsOf(proxy)[0]["from"], "file");
}

TEST_F(LimitFlowTest, WhatLastsHoldsAgainAfterWhatWasForATime) {
  TestProxy proxy(With("rate = \"1000/s\""));
  const auto set = [](const std::string& keys) {
    return "[[limit]]\nname = \"brake\"\nroutes = [\"*\"]\n" + keys;
  };
  Order(proxy, {.limit = "brake", .toml = set("rate = \"500/s\"\n")});
  Order(proxy, {.limit = "brake", .toml = set("rate = \"1/h\"\n"), .lasts = 2s});
  // What would last is not to be built on what ends.
  Order(proxy, {.limit = "brake", .toml = set("headers = \"always\"\n")}, false);
  EXPECT_EQ(proxy.Get("/").status(), 200);
  EXPECT_EQ(proxy.Get("/").status(), 429);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").status() == 200; }));
  ASSERT_EQ(LimitsOf(proxy).size(), 2u);
  EXPECT_THAT(LimitsOf(proxy)[1]["what"].get<std::string>(), StartsWith("500/s"));
  Order(proxy, {.deed = server::LimitOrder::Deed::kRemove, .limit = "brake", .lasts = 1s});
  EXPECT_EQ(LimitsOf(proxy).size(), 1u);
  EXPECT_TRUE(TestProxy::Eventually([&] { return LimitsOf(proxy).size() == 2; }));
}

TEST_F(LimitFlowTest, WhatCouldNeverWorkIsRefusedAtRunTimeToo) {
  TestProxy proxy(With("rate = \"1000/s\""));
  const auto refused = [&](const std::string& keys) {
    Order(proxy, {.limit = "x", .toml = "[[limit]]\nname = \"x\"\nroutes = [\"*\"]\n" + keys},
          false);
  };
  refused("rate = \"1/s\"\nkey = [\"jwt:sub\"]\n");
  refused("rate = \"1/s\"\nscope = \"fleet\"\n");
  refused("rate = \"1/s\"\nkey = []\nban = {}\n");
}

TEST_F(LimitFlowTest, AnExemptionInTheMiddleGivesNobodyElseAFreshBurst) {
  TestProxy proxy(With("rate = \"1/h\""));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  Order(proxy, {.limit = "per-client",
                .toml = "[[limit]]\nname = \"per-client\"\nexempt = [\"203.0.113.7\"]\n"});
  EXPECT_EQ(proxy.Get("/").status(), 429);
}

TEST_F(LimitFlowTest, ABodyTooLargeIsRefusedAfterTheWaitToo) {
  Site site = With("rate = \"10/s\"\nburst = 1\naction = \"delay\"");
  site.routes += "max_body = \"1KiB\"\n";
  TestProxy proxy(site);
  EXPECT_EQ(proxy.Get("/").status(), 200);
  const std::string body(4096, 'b');
  EXPECT_EQ(
      proxy.Connect()
          .Ask(absl::StrFormat("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "%x\r\n%s\r\n0\r\n\r\n",
                               body.size(), body),
               "POST")
          .status(),
      413);
}

TEST_F(LimitFlowTest, LimitsAreMadeRemovedAndUndoneAtRunTime) {
  TestProxy proxy(With("rate = \"1/h\""));
  Order(proxy, {.deed = server::LimitOrder::Deed::kRemove, .limit = "per-client"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.Get("/").status(), 200);
  EXPECT_EQ(LimitsOf(proxy).size(), 0u);
  Order(proxy,
        {.limit = "brake",
         .toml = "[[limit]]\nname = \"brake\"\nkey = []\nconcurrency = 1\nroutes = [\"*\"]\n"});
  EXPECT_EQ(LimitsOf(proxy)[0]["what"], "1 at once in all, reject");
  Order(proxy, {.deed = server::LimitOrder::Deed::kUndo, .limit = "per-client"});
  EXPECT_EQ(LimitsOf(proxy).size(), 2u);
  // What makes no sense changes nothing.
  Order(proxy, {.limit = "x", .toml = "[[limit]]\nname = \"x\"\nrate = \"much\"\n"}, false);
  Order(proxy, {.limit = "x", .toml = "[[limit]]\nname = \"x\"\nrate = \"1/s\"\n"}, false);
  Order(proxy,
        {.limit = "x", .toml = "[[limit]]\nname = \"x\"\nrate = \"1/s\"\nroutes = [\"shpo\"]\n"},
        false);
  Order(proxy, {.deed = server::LimitOrder::Deed::kUndo, .limit = "none"}, false);
  EXPECT_EQ(LimitsOf(proxy).size(), 2u);
}

TEST_F(LimitFlowTest, OneKeysStateCanBeLookedUp) {
  TestProxy proxy(With("rate = \"1/min\"\nburst = 3"));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  const json state = json::parse(proxy.AskAdmin("/limits/per-client?key=127.0.0.1").body);
  EXPECT_EQ(state["passes"], true);
  EXPECT_EQ(state["remaining"], 2);
  EXPECT_EQ(proxy.AskAdmin("/limits/none?key=127.0.0.1").status(), 404);
  EXPECT_EQ(proxy.AskAdmin("/limits/per-client?key=nonsense").status(), 400);
}

TEST_F(LimitFlowTest, WhoGoesOnIsBannedAndLifted) {
  TestProxy proxy(With("rate = \"1/h\"\nban = { after = \"5/min\", time = \"1h\" }"));
  EXPECT_EQ(proxy.Get("/").status(), 200);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(proxy.Get("/").status(), 429) << i;
  EXPECT_EQ(proxy.Get("/").status(), 403);
  const json bans = json::parse(proxy.AskAdmin("/bans").body);
  ASSERT_EQ(bans["bans"].size(), 1u);
  EXPECT_THAT(bans["bans"][0]["who"].get<std::string>(), HasSubstr("127.0.0.1"));
  EXPECT_EQ(bans["bans"][0]["limit"], "per-client");
}

TEST_F(LimitFlowTest, AnAnswerPassesNoFasterThanItsRate) {
  const std::string body(400000, 'b');
  Origin origin{Ok(body)};
  TestProxy proxy(
      Site{.servers = {origin.address()},
           .routes = RouteAll("response_rate = \"500KB/s\"\nresponse_rate_after = \"100KB\"\n")});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(proxy.Get("/").body.size(), body.size());
  // The last block of up to 64 KiB (256 KiB of a busy loop) does not wait for its time.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 70ms);
}

}  // namespace
}  // namespace sluice::test
