// RunSteady against servers that do what their script says. The arithmetic of turns and latencies
// is in line_test.cc; here it is what becomes of connections.
#include "bench/load/steady/steady.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/support/flow/origin.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using test::Ok;
using test::Origin;
using test::Wire;

// 20 turns within 20 ms, and as long for the answers as a busy machine may need.
SteadyPlan Plan(const Origin& origin, uint32_t connections) {
  return {.port = origin.port(),
          .path = "/x?y=1",
          .rate = 1000,
          .connections = connections,
          .seconds = 0.02,
          .drain = test::kPatience};
}

Line::Tally Load(const SteadyPlan& plan) {
  absl::StatusOr<Line::Tally> tally = RunSteady(plan);
  EXPECT_TRUE(tally.ok()) << tally.status();
  return tally.ok() ? *std::move(tally) : Line::Tally();
}

TEST(Steady, AsksOnAllItsConnectionsAndKeepsThem) {
  Origin origin(Ok("hello"));
  const Line::Tally tally = Load(Plan(origin, 4));
  EXPECT_EQ(tally.completed, 20u);
  EXPECT_EQ(tally.errors, 0u);
  EXPECT_EQ(tally.latencies.size(), 20u);
  EXPECT_EQ(origin.accepted(), 4u);
  EXPECT_EQ(origin.requests().size(), 20u);
  EXPECT_EQ(origin.last().start, "GET /x?y=1 HTTP/1.1");
  EXPECT_TRUE(origin.last().Has("Host"));
}

TEST(Steady, ReadsAnswersThatComeInPieces) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire) && wire.SendByteByByte(Ok("hello"))) {
    }
  });
  EXPECT_EQ(Load(Plan(origin, 2)).completed, 20u);
}

TEST(Steady, ReadsAnswersLargerThanAnyBuffer) {
  Origin origin(Ok(std::string(3 << 20, 'x')));
  EXPECT_EQ(Load(Plan(origin, 2)).completed, 20u);
}

TEST(Steady, SendsTheWarmUpToo) {
  Origin origin(Ok("hello"));
  SteadyPlan plan = Plan(origin, 1);
  plan.warmup = 0.01;
  EXPECT_EQ(Load(plan).completed, 20u);
  EXPECT_EQ(origin.requests().size(), 30u);
}

TEST(Steady, AnAnswerOtherThan200IsAnError) {
  Origin origin("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  const Line::Tally tally = Load(Plan(origin, 2));
  EXPECT_EQ(tally.errors, 20u);
  EXPECT_EQ(tally.completed, 0u);
  EXPECT_EQ(origin.accepted(), 2u);
}

TEST(Steady, ALostConnectionIsOneErrorAndOpenedAgain) {
  Origin origin([](Wire& wire, Origin& self, uint32_t index) {
    while (self.Take(wire) && index > 0) wire.Send(Ok("hello"));
  });
  const Line::Tally tally = Load(Plan(origin, 1));
  EXPECT_EQ(tally.errors, 1u);
  EXPECT_EQ(tally.completed, 19u);
  EXPECT_EQ(origin.accepted(), 2u);
}

TEST(Steady, ABrokenAnswerIsAnErrorAndEndsItsConnection) {
  Origin origin([](Wire& wire, Origin& self, uint32_t index) {
    while (self.Take(wire))
      wire.Send(index == 0 ? "HTTP/1.1 200 OK\r\n\r\nwhere does it end" : Ok("x"));
  });
  const Line::Tally tally = Load(Plan(origin, 1));
  EXPECT_EQ(tally.errors, 1u);
  EXPECT_EQ(tally.completed, 19u);
}

TEST(Steady, AServerMayCloseAfterEachAnswerWhenItSaysSo) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.Send(Ok("hello", "Connection: close\r\n"));
  });
  const Line::Tally tally = Load(Plan(origin, 2));
  EXPECT_EQ(tally.completed, 20u);
  EXPECT_EQ(tally.errors, 0u);
}

TEST(Steady, WhatIsNeverAnsweredEndsWithTheDrainAndHasWaitedThatLong) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.ReadSome();
  });
  SteadyPlan plan = Plan(origin, 2);
  plan.drain = 50ms;
  const Line::Tally tally = Load(plan);
  EXPECT_EQ(tally.errors, 20u);
  EXPECT_EQ(tally.completed, 0u);
  EXPECT_EQ(origin.requests().size(), 2u);
  ASSERT_EQ(tally.latencies.size(), 20u);
  EXPECT_GE(*std::min_element(tally.latencies.begin(), tally.latencies.end()), 50ms);
}

TEST(Steady, DoesNotEvenBeginWithoutAServer) {
  auto origin = std::make_unique<Origin>(Ok("hello"));
  const SteadyPlan plan = Plan(*origin, 1);
  origin.reset();
  EXPECT_THAT(RunSteady(plan).status().message(), testing::HasSubstr("Connection refused"));
}

}  // namespace
}  // namespace sluice::load
