// concurrency = "auto": limits that are found, and what holds no place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

// The limit of the first server, as /status says it.
int LimitOf(TestProxy& proxy) {
  const std::string status = proxy.AskAdmin("/status").body;
  const size_t at = status.find("\"limit\":", status.find("\"servers\":"));
  return at == std::string::npos ? -1 : std::atoi(status.c_str() + at + 8);
}

std::vector<std::thread> Askers(TestProxy& proxy, int count, std::atomic<bool>& stop,
                                std::atomic<int>& good, std::atomic<int>& bad) {
  std::vector<std::thread> askers;
  askers.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    askers.emplace_back([&] {
      Wire client = proxy.Connect();
      while (!stop) (client.Get("/").status() == 200 ? good : bad) += 1;
    });
  }
  return askers;
}

TEST(AdaptiveFlowTest, AServerOfWhichNothingIsKnownGetsMoreAsLongAsItIsQuick) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      wire.Send(Ok("page"));
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  EXPECT_EQ(LimitOf(proxy), 1);
  std::atomic<bool> stop = false;
  std::atomic<int> good = 0, bad = 0;
  std::vector<std::thread> askers = Askers(proxy, 16, stop, good, bad);
  EXPECT_TRUE(TestProxy::Eventually([&] { return LimitOf(proxy) >= 16; }));
  stop = true;
  for (std::thread& asker : askers) asker.join();
  EXPECT_GT(good, 0);
  EXPECT_EQ(bad, 0);  // to find out costs nobody an answer
}

TEST(AdaptiveFlowTest, ANumberIsKeptAndZeroIsNoLimit) {
  Origin origin(Ok("page"));
  TestProxy exact(Site{.servers = {origin.address()}, .pool = "concurrency = 7"});
  EXPECT_EQ(LimitOf(exact), 7);
  TestProxy any(Site{.servers = {origin.address()}, .pool = "concurrency = 0"});
  EXPECT_EQ(LimitOf(any), 0);
}

TEST(AdaptiveFlowTest, AReloadForgetsNothingOfWhatWasFound) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      wire.Send(Ok("page"));
    }
  });
  const Site site{.servers = {origin.address()}};
  TestProxy proxy(site);
  std::atomic<bool> stop = false;
  std::atomic<int> good = 0, bad = 0;
  std::vector<std::thread> askers = Askers(proxy, 8, stop, good, bad);
  EXPECT_TRUE(TestProxy::Eventually([&] { return LimitOf(proxy) >= 8; }));
  stop = true;
  for (std::thread& asker : askers) asker.join();
  Site other = site;
  other.pool = "queue = 100";
  EXPECT_TRUE(proxy.Reload(other.Text()));
  EXPECT_GE(LimitOf(proxy), 8);
  other.pool = "concurrency = 3";
  EXPECT_TRUE(proxy.Reload(other.Text()));
  EXPECT_EQ(LimitOf(proxy), 3);
}

// The first request of a cold server takes its only place.
class StreamTest : public testing::Test {
 protected:
  // Answers /stream with `head` and then nothing until told, all else at once.
  explicit StreamTest(std::string head)
      : origin_([this, head = std::move(head)](Wire& wire, Origin& self, uint32_t) {
          while (self.Take(wire)) {
            if (self.requests().back().target() != "/stream") {
              wire.Send(Ok("page"));
              continue;
            }
            wire.Send(head);
            EXPECT_TRUE(TestProxy::Eventually([&] { return over_.load(); }));
            wire.Send("0\r\n\r\n");
          }
        }) {}
  StreamTest()
      : StreamTest(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Transfer-Encoding: chunked\r\n\r\n") {}
  ~StreamTest() override { over_ = true; }

  std::atomic<bool> over_ = false;
  Origin origin_;
};

TEST_F(StreamTest, AnEventStreamHoldsNoPlace) {
  TestProxy proxy(Site{.servers = {origin_.address()}});
  Wire listens = proxy.Connect();
  listens.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(listens.ReadUntil("\r\n\r\n"), HasSubstr("200 OK"));
  EXPECT_EQ(proxy.Get("/").body, "page");
  EXPECT_EQ(proxy.PoolCounts().AllClasses().queued, 0u);
  over_ = true;
}

// What left its place before its answer must not be counted twice as waiting: a server that owes
// answers for ever is passed over for ever.
TEST(AdaptiveFlowTest, AServerThatTookASlowUploadIsNotPassedOverAfterwards) {
  Origin one(Ok("page")), two(Ok("page"));
  TestProxy proxy(
      Site{.servers = {one.address(), two.address()}, .pool = "stream_after = \"100ms\""});
  Wire slow = proxy.Connect();
  slow.Send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" +
            std::string(100'000, 'u'));
  EXPECT_TRUE(TestProxy::Eventually([&] { return one.accepted() + two.accepted() > 0; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  slow.Send(std::string(100'000, 'u'));
  EXPECT_EQ(slow.ReadResponse().status(), 200);
  const size_t before[] = {one.requests().size(), two.requests().size()};
  EXPECT_TRUE(TestProxy::Eventually([&] {
    EXPECT_EQ(proxy.Get("/").body, "page");
    return one.requests().size() > before[0] && two.requests().size() > before[1];
  }));
}

TEST(AdaptiveFlowTest, WithoutAQueueItFindsTheLimitByThoseItRefuses) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      wire.Send(Ok("page"));
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "queue = 0"});
  std::atomic<bool> stop = false;
  std::atomic<int> good = 0, bad = 0;
  std::vector<std::thread> askers = Askers(proxy, 4, stop, good, bad);
  EXPECT_TRUE(TestProxy::Eventually([&] { return LimitOf(proxy) >= 4; }));
  stop = true;
  for (std::thread& asker : askers) asker.join();
}

TEST(AdaptiveFlowTest, MaxConnectionsSaysWhatTheServersTake) {
  Origin origin(Ok("page"));
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "max_connections = 9"});
  EXPECT_EQ(LimitOf(proxy), 9);
}

class DownloadTest : public StreamTest {
 protected:
  DownloadTest() : StreamTest("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") {}
};

TEST_F(DownloadTest, WhatTakesLongerThanStreamAfterGivesItsPlaceBack) {
  TestProxy proxy(Site{.servers = {origin_.address()}, .pool = "stream_after = \"100ms\""});
  Wire loads = proxy.Connect();
  loads.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(loads.ReadUntil("\r\n\r\n"), HasSubstr("200 OK"));
  EXPECT_EQ(proxy.Get("/").body, "page");  // it waits until then, or until the limit has grown
  over_ = true;
}

TEST_F(DownloadTest, UnderANumberItKeepsItsPlace) {
  TestProxy proxy(Site{.servers = {origin_.address()},
                       .pool = "concurrency = 1\nstream_after = \"100ms\"\nqueue_timeout = "
                               "\"500ms\""});
  Wire loads = proxy.Connect();
  loads.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(loads.ReadUntil("\r\n\r\n"), HasSubstr("200 OK"));
  EXPECT_EQ(proxy.Get("/").status(), 503);
  over_ = true;
}

}  // namespace
}  // namespace sluice::test
