// The life of a running proxy: reload, drain, shutdown, signals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

std::string Fixed(const std::string& body) {
  return std::string("[[route]]\nmatch = { path_prefix = \"/\" }\nrespond = { body = \"") + body +
         "\" }\n";
}

TEST(ReloadFlowTest, NewRoutesServeAndConnectionsStay) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}, .routes = Fixed("before")});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").body, "before");
  const Address address = proxy.address();
  ASSERT_TRUE(proxy.Reload(Site{.servers = {origin.address()}, .routes = Fixed("after")}.Text()));
  EXPECT_TRUE(TestProxy::Eventually([&] { return client.Get("/").body == "after"; }));
  EXPECT_EQ(proxy.address(), address);
}

TEST(ReloadFlowTest, ABadFileChangesNothing) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}, .routes = Fixed("before")});
  for (const char* const bad :
       {"", "[[listener]]\naddres = \"127.0.0.1:0\"\n", "not toml at all ["}) {
    EXPECT_FALSE(proxy.Reload(bad)) << bad;
  }
  EXPECT_EQ(proxy.Get("/").body, "before");
  uint64_t failed = 0;
  proxy.OnSupervisor([&](server::Supervisor& it) { failed = it.failed_reloads(); });
  EXPECT_EQ(failed, 3u);
}

TEST(ReloadFlowTest, APortInUseChangesNothing) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}, .routes = Fixed("before")});
  const std::string taken =
      "[[listener]]\naddress = \"" + origin.address() + "\"\n" + Fixed("after");
  EXPECT_FALSE(proxy.Reload(Site{.servers = {origin.address()}, .routes = taken}.Text()));
  EXPECT_EQ(proxy.Get("/").body, "before");
}

TEST(ReloadFlowTest, AnExchangeInFlightEndsAsItBegan) {
  Moment answer, asked;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    asked.Happen();
    EXPECT_TRUE(answer.Await());
    wire.Send(Ok("the old server"));
  });
  Origin other(Ok("the new server"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(asked.Await());
  ASSERT_TRUE(proxy.Reload(Site{.servers = {other.address()}}.Text()));
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "the new server"; }));
  answer.Happen();
  EXPECT_EQ(client.ReadResponse().body, "the old server");
  EXPECT_EQ(client.Get("/").body, "the new server");
}

TEST(ReloadFlowTest, ConnectionsToServersThatAreGoneAreClosed) {
  Origin origin(Ok("old"));
  Origin other(Ok("new"));
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
  EXPECT_EQ(proxy.Get("/").body, "old");
  ASSERT_TRUE(proxy.Reload(Site{.servers = {other.address()}, .workers = 1}.Text()));
  EXPECT_TRUE(origin.AwaitEnded(1));
}

TEST(ReloadFlowTest, HealthOfServersThatStayIsKept) {
  Origin bad([](Wire& wire, Origin& self, uint32_t) { self.Take(wire); });
  Origin good(Ok("good"));
  Site site{.servers = {bad.address(), good.address()},
            .pool =
                "strategy = \"round_robin\"\n"
                "outlier = { failures = 1, rest = \"1h\", rest_max = \"1h\" }",
            .workers = 1};
  TestProxy proxy(site);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy.Get("/").body, "good");
  site.routes = RouteAll("max_body = \"1KiB\"");
  ASSERT_TRUE(proxy.Reload(site.Text()));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy.Get("/").body, "good");
  EXPECT_EQ(bad.requests().size(), 1u);
}

TEST(ReloadFlowTest, ListenersComeAndGoAndWhoIsConnectedStays) {
  Origin origin(Ok("x"));
  Site site{.servers = {origin.address()}};
  const std::string one = site.Text();
  site.routes = "[[listener]]\nname = \"second\"\naddress = \"127.0.0.2:0\"\n";
  TestProxy proxy(one);
  ASSERT_TRUE(proxy.Reload(site.Text()));
  Wire client = proxy.Connect(1);
  EXPECT_EQ(client.Get("/").status(), 200);
  const Address second = proxy.address(1);
  ASSERT_TRUE(proxy.Reload(one));
  EXPECT_TRUE(TestProxy::Eventually([&] { return Wire::To(second).end() != Wire::End::kOpen; }));
  EXPECT_EQ(client.Get("/").status(), 200);
}

TEST(ReloadFlowTest, ManyReloadsUnderLoadLoseNothing) {
  Origin origin(Ok("x"));
  Site site{.servers = {origin.address()}, .workers = 2};
  TestProxy proxy(site);
  const Address address = proxy.address();
  std::atomic<bool> stop = false;
  std::atomic<int> good = 0, bad = 0;
  std::thread shopper([&] {
    Wire kept = Wire::To(address);
    while (!stop) {
      (kept.Get("/").status() == 200 ? good : bad)++;
      (Wire::To(address).Get("/").status() == 200 ? good : bad)++;
    }
  });
  for (int i = 0; i < 30; ++i) {
    site.routes = RouteAll("max_body = \"" + std::to_string(i + 1) + "KiB\"");
    EXPECT_TRUE(proxy.Reload(site.Text()));
    const int seen = good;
    EXPECT_TRUE(TestProxy::Eventually([&] { return good > seen || bad > 0; }));
  }
  stop = true;
  shopper.join();
  EXPECT_EQ(bad, 0);
  EXPECT_GE(good, 30);
}

TEST(ShutdownFlowTest, WhatRunsIsFinishedAndToldToClose) {
  Moment asked, answer;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    asked.Happen();
    EXPECT_TRUE(answer.Await());
    wire.Send(Ok("finished"));
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(asked.Await());
  proxy.Shutdown();
  ASSERT_TRUE(proxy.AwaitRefusing());
  answer.Happen();
  const Message last = client.ReadResponse();
  EXPECT_EQ(last.body, "finished");
  EXPECT_EQ(last.Value("connection"), "close");
  EXPECT_TRUE(client.EndsHere());
  EXPECT_TRUE(proxy.Join());
}

TEST(ShutdownFlowTest, ARequestOnAnIdleConnectionIsStillAnsweredAndThenClosed) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  EXPECT_FALSE(client.Get("/").Has("connection"));
  proxy.Shutdown();
  ASSERT_TRUE(proxy.AwaitRefusing());
  const Message last = client.Get("/");
  EXPECT_EQ(last.status(), 200);
  EXPECT_EQ(last.Value("connection"), "close");
  EXPECT_TRUE(client.EndsHere());
  EXPECT_TRUE(proxy.Join());
}

TEST(ShutdownFlowTest, WhatQueuesInTheKernelIsServed) {
  Moment asked, answer;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      asked.Happen();
      EXPECT_TRUE(answer.Await());
      wire.Send(Ok("served"));
    }
  });
  TestProxy proxy(
      Site{.servers = {origin.address()}, .listener = "max_connections = 1", .workers = 1});
  Wire first = proxy.Connect();
  ASSERT_TRUE(first.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(asked.Await());
  std::vector<Wire> queued;
  for (int i = 0; i < 3; ++i) {
    queued.push_back(proxy.Connect());
    ASSERT_TRUE(queued.back().Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  }
  proxy.Shutdown();
  ASSERT_TRUE(proxy.AwaitRefusing());
  answer.Happen();
  EXPECT_EQ(first.ReadResponse().body, "served");
  for (Wire& wire : queued) {
    const Message late = wire.ReadResponse();
    EXPECT_EQ(late.body, "served");
    EXPECT_EQ(late.Value("connection"), "close");
  }
  EXPECT_TRUE(proxy.Join());
}

TEST(ShutdownFlowTest, AtTheEndOfShutdownTimeoutWhatIsLeftGets503OrIsCut) {
  Moment asked, half;
  Origin origin([&](Wire& wire, Origin& self, uint32_t index) {
    if (!self.Take(wire)) return;
    if (index == 0) {
      asked.Happen();
    } else {
      wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      half.Happen();
    }
    wire.EndsHere();
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .process = "shutdown_timeout = \"100ms\""});
  Wire silent = proxy.Connect();
  ASSERT_TRUE(silent.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(asked.Await());
  Wire begun = proxy.Connect();
  ASSERT_TRUE(begun.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(half.Await());
  EXPECT_EQ(begun.ReadUntil("half").substr(0, 12), "HTTP/1.1 200");
  proxy.Shutdown();
  EXPECT_TRUE(proxy.Join());
  EXPECT_EQ(silent.ReadResponse().status(), 503);
  EXPECT_EQ(begun.ReadAll(), "");
}

TEST(ShutdownFlowTest, AnAnswerThatIsCutIsNotTakenForWhole) {
  // Without a length only the way the connection ends tells.
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send("HTTP/1.1 200 OK\r\n\r\n" + std::string(16 << 20, 'd'));
  });
  TestProxy proxy(Site{.servers = {origin.address()},
                       .routes = RouteAll("response_buffer = \"32MiB\""),
                       .process = "shutdown_timeout = \"100ms\""});
  Wire client = proxy.Connect(0, 16 * 1024);
  ASSERT_TRUE(client.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(origin.AwaitEnded(1));  // the proxy holds the rest of the answer
  proxy.Shutdown();
  EXPECT_TRUE(proxy.Join());
  client.ReadAll();
  EXPECT_EQ(client.end(), Wire::End::kReset);
}

TEST(ShutdownFlowTest, ReadinessFailsWhileListenersStayOpenForTheDelay) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()},
                       .process = "shutdown_delay = \"300ms\"\nshutdown_timeout = \"5s\""});
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
  proxy.Shutdown();
  EXPECT_EQ(proxy.AskAdmin("/readyz").status(), 503);
  EXPECT_EQ(proxy.AskAdmin("/healthz").status(), 200);
  EXPECT_EQ(proxy.Get("/").status(), 200);
  EXPECT_TRUE(proxy.Join());
}

TEST(SignalsFlowTest, HangupReloadsAndTerminateDrains) {
  Origin origin(Ok("x"));
  Site site{.servers = {origin.address()}, .routes = Fixed("before")};
  TestProxy proxy(site);
  proxy.OnSupervisor([](server::Supervisor& it) { it.TakeSignals(); });
  EXPECT_EQ(proxy.Get("/").body, "before");
  site.routes = Fixed("after");
  proxy.NextReload(site.Text());
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "after"; }));
  ::kill(::getpid(), SIGTERM);
  EXPECT_TRUE(proxy.Join());
}

}  // namespace
}  // namespace sluice::test
