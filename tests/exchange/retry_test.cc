// When a try is repeated and where: the rule by itself, and an exchange that follows it.
#include "proxy/exchange/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_fixture.h"

namespace sluice::exchange {
namespace {

constexpr FailedTry kReset{.cause = Cause::kReset, .tries_left = 2};

TEST(RetryRuleTest, AGetThatMayHaveArrivedGoesToAnotherServer) {
  EXPECT_EQ(TryAgain(kReset), Again::kOtherServer);
}

TEST(RetryRuleTest, APostThatMayHaveArrivedIsNeverRepeated) {
  for (const http::Method method :
       {http::Method::kPost, http::Method::kPatch, http::Method::kConnect, http::Method::kOther}) {
    FailedTry failed = kReset;
    failed.method = method;
    EXPECT_EQ(TryAgain(failed), Again::kNo);
    failed.reused_connection = true;
    EXPECT_EQ(TryAgain(failed), Again::kNo);
  }
}

TEST(RetryRuleTest, WhatDidNotReachAServerGoesToAnotherWhateverTheMethod) {
  FailedTry failed = kReset;
  failed.cause = Cause::kConnectRefused;
  failed.method = http::Method::kPost;
  failed.nothing_sent = true;
  EXPECT_EQ(TryAgain(failed), Again::kOtherServer);
}

TEST(RetryRuleTest, AKeptConnectionThatWasClosedCostsNoTry) {
  FailedTry failed = kReset;
  failed.reused_connection = true;
  failed.tries_left = 0;
  EXPECT_EQ(TryAgain(failed), Again::kSameServer);
  failed.answer_begun = true;
  EXPECT_EQ(TryAgain(failed), Again::kNo) << "the server had been at work on it";
}

TEST(RetryRuleTest, WithoutTheWholeBodyNothingIsRepeated) {
  FailedTry failed = kReset;
  failed.body_in_hand = false;
  failed.nothing_sent = true;
  EXPECT_EQ(TryAgain(failed), Again::kNo);
}

TEST(RetryAfterTest, IsANumberOfSecondsOrNothing) {
  EXPECT_EQ(RetryAfter("120"), std::chrono::seconds(120));
  for (const char* other :
       {"", "-1", "1.5", "2 ", "99999999999", "Fri, 31 Dec 1999 23:59:59 GMT"}) {
    EXPECT_EQ(RetryAfter(other), Duration::zero()) << other;
  }
}

TEST(RetryRuleTest, ABadAnswerWasAnAnswer) {
  FailedTry failed = kReset;
  failed.cause = Cause::kMalformed;
  EXPECT_EQ(TryAgain(failed), Again::kNo);
  failed.cause = Cause::kTooLarge;
  EXPECT_EQ(TryAgain(failed), Again::kNo);
}

TEST(RetryRuleTest, TriesEnd) {
  FailedTry failed = kReset;
  failed.tries_left = 0;
  EXPECT_EQ(TryAgain(failed), Again::kNo);
}

class RetryTest : public ExchangeTest {};

TEST_F(RetryTest, ARefusedConnectionGoesToTheOtherServer) {
  Get();
  const std::string first = servers_.waiting_for();
  servers_.Refuses();
  ASSERT_TRUE(servers_.waiting());
  EXPECT_NE(servers_.waiting_for(), first);
  test::MemoryServer& second = Accept();
  second.Answers(200, Length(0));
  second.EndsAnswer();
  const Said& said = Settle();
  EXPECT_EQ(said.record.status, 200);
  EXPECT_EQ(said.record.tries, 2u);
  EXPECT_EQ(said.record.end, Cause::kNone);
  EXPECT_EQ(said.server, second.address);
}

TEST_F(RetryTest, WhenEveryServerRefusesTheAnswerIs502) {
  Get();
  servers_.Refuses();
  servers_.Refuses();
  EXPECT_FALSE(servers_.waiting());
  EXPECT_EQ(client_.status, 502);
  EXPECT_EQ(Settle().record.end, Cause::kConnectRefused);
}

TEST_F(RetryTest, WhenTheLastServerIsTooLateToConnectTheAnswerIs504) {
  Get();
  servers_.Refuses();
  servers_.Refuses(Cause::kConnectTimeout);
  EXPECT_EQ(client_.status, 504);
}

TEST_F(RetryTest, AHeldPostGoesToTheOtherServerWhenTheFirstRefuses) {
  Post(4);
  client_.SendsBody("cart");
  client_.EndsRequest();
  servers_.Refuses();
  test::MemoryServer& second = Accept();
  EXPECT_EQ(second.start, "POST /cart");
  EXPECT_EQ(second.body, "cart");
  EXPECT_TRUE(second.ended);
}

TEST_F(RetryTest, APostThatWasSentIsNotRepeated) {
  Post(4);
  client_.SendsBody("cart");
  client_.EndsRequest();
  Accept().Fails(Cause::kReset);
  EXPECT_FALSE(servers_.waiting());
  EXPECT_EQ(client_.status, 502);
  EXPECT_EQ(Settle().record.tries, 1u);
}

TEST_F(RetryTest, APutThatWasSentIsRepeatedWithItsWholeBody) {
  Request("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  client_.SendsBody("body");
  client_.EndsRequest();
  const std::string first = servers_.waiting_for();
  Accept().Fails(Cause::kReset);
  ASSERT_TRUE(servers_.waiting());
  EXPECT_NE(servers_.waiting_for(), first);
  EXPECT_EQ(Accept().body, "body");
}

TEST_F(RetryTest, AStreamedBodyIsNotRepeatedEvenForPut) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "request_buffer = \"2B\"\n");
  Request("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  client_.SendsBody("body");
  Accept().Fails(Cause::kReset, /*nothing_sent=*/true);
  EXPECT_FALSE(servers_.waiting());
  EXPECT_EQ(client_.status, 502);
}

TEST_F(RetryTest, AGetOnAKeptConnectionThatDiedGoesToAFreshOneOfTheSameServer) {
  servers_.Keeps(std::chrono::minutes(1));
  Get();
  ASSERT_EQ(servers_.tries.size(), 1u);
  servers_.last().Fails(Cause::kReset);
  ASSERT_TRUE(servers_.waiting());
  EXPECT_EQ(servers_.waiting_for(), servers_.last().address);
  test::MemoryServer& fresh = Accept();
  fresh.Answers(200, Length(0));
  fresh.EndsAnswer();
  const Said& said = Settle();
  EXPECT_EQ(said.record.tries, 1u) << "the server had not been asked yet";
  EXPECT_EQ(StatsOf(0).failures.value(Cause::kReset), 0u) << "and has not failed";
}

TEST_F(RetryTest, AServerThatDiedInItsAnswerHadBeenAsked) {
  servers_.Keeps(std::chrono::minutes(1));
  Get();
  const std::string first = servers_.last().address;
  servers_.last().Fails(Cause::kReset, /*nothing_sent=*/false, /*answer_begun=*/true);
  ASSERT_TRUE(servers_.waiting());
  EXPECT_NE(servers_.waiting_for(), first);
}

TEST_F(RetryTest, APostTakesAKeptConnectionOnlyWhenItWasUsedAMomentAgo) {
  servers_.Keeps(std::chrono::seconds(2));
  Post(0);
  EXPECT_TRUE(servers_.waiting()) << "a fresh one";
}

TEST_F(RetryTest, APostTakesAKeptConnectionThatWasUsedAMomentAgo) {
  servers_.Keeps(std::chrono::milliseconds(100));
  Post(0);
  EXPECT_EQ(servers_.tries.size(), 1u);
}

TEST_F(RetryTest, AnAnswerThatHasBegunToPassIsCutNotRepeated) {
  Get();
  test::MemoryServer& server = Accept();
  server.Answers(200, Length(10));
  server.SendsBody("half");
  server.Fails(Cause::kReset);
  EXPECT_TRUE(client_.reset);
  EXPECT_FALSE(servers_.waiting());
  const Said& said = Settle();
  EXPECT_EQ(said.record.status, 200);
  EXPECT_EQ(said.record.end, Cause::kReset);
  EXPECT_EQ(said.record.side, Side::kUpstream);
}

TEST_F(RetryTest, AMalformedAnswerIs502AtOnce) {
  Get();
  Accept().Fails(Cause::kMalformed);
  EXPECT_FALSE(servers_.waiting());
  EXPECT_EQ(client_.status, 502);
}

TEST_F(RetryTest, TriesOneMeansOne) {
  Configure("tries = 1\n");
  Get();
  servers_.Refuses();
  EXPECT_FALSE(servers_.waiting());
  EXPECT_EQ(client_.status, 502);
}

TEST_F(RetryTest, AServerThatKeepsFailingRests) {
  Configure();
  const auto& cluster = *context_.view()->clusters[0].shared;
  for (int i = 0; i < 3; ++i) {
    exchange_.reset();
    client_ = test::MemoryClient();
    head_ = http::RequestHead(arena_);
    said_.clear();
    Get();
    while (servers_.waiting()) servers_.Refuses();
    Settle();
  }
  const bool first = cluster.hosts.Away(0, loop_.now());
  const bool second = cluster.hosts.Away(1, loop_.now());
  EXPECT_NE(first, second) << "half of the pool, and no more";
  EXPECT_EQ(StatsOf(first ? 0 : 1).rests.value(), 1u);
}

}  // namespace
}  // namespace sluice::exchange
