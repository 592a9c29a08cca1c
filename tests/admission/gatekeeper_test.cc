#include "proxy/admission/gatekeeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/admission/asking.h"

namespace sluice::admission {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class GatekeeperTest : public testing::Test {
 protected:
  std::shared_ptr<Limit> Make(conf::Limit spec) {
    if (spec.name.empty()) spec.name = "per-client";
    auto limit = Limit::Make(spec, secret_, /*shards=*/1, nullptr);
    EXPECT_TRUE(limit.ok()) << limit.status();
    return *limit;
  }
  static conf::Limit PerSecond(uint64_t count, uint32_t burst) {
    return {.rate = ratelimit::Rate{.count = count, .per = 1s}, .burst = burst};
  }
  Ruling Admit(const std::vector<RouteLimit>& limits, Pass& pass) {
    const Asker asker = asking_.asker();
    return Gatekeeper(asker, bans_, now_, 0).Admit(limits, pass);
  }
  // Holds nothing afterwards.
  Ruling Admit(const std::vector<RouteLimit>& limits) {
    Pass pass;
    return Admit(limits, pass);
  }
  static uint64_t Count(const Limit& limit, LimitEnd end) { return Sum(limit.stats).of(end); }

  Asking asking_;
  Bans bans_;
  const SipKey secret_{1, 2, 3};
  TimePoint now_{1h};
};

using Kind = Ruling::Kind;

TEST_F(GatekeeperTest, WithoutLimitsEverybodyPasses) { EXPECT_EQ(Admit({}).kind, Kind::kPass); }

TEST_F(GatekeeperTest, EachClientHasItsOwnBurstAndIsToldWhenToComeBack) {
  const auto limit = Make(PerSecond(10, 2));
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  const Ruling refused = Admit({{limit}});
  EXPECT_EQ(refused.kind, Kind::kReject);
  EXPECT_EQ(refused.by, limit.get());
  EXPECT_EQ(refused.verdict.retry_after, 100ms);
  asking_.From("203.0.113.8");
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  EXPECT_EQ(Count(*limit, LimitEnd::kPassed), 3u);
  EXPECT_EQ(Count(*limit, LimitEnd::kRejected), 1u);
}

TEST_F(GatekeeperTest, WhatOneLimitRefusesCostsNothingOfTheOthers) {
  const auto wide = Make(PerSecond(1, 5));
  const auto narrow = Make(PerSecond(1, 1));
  const auto at_once = Make({.concurrency = 3});
  const std::vector<RouteLimit> all = {{at_once}, {wide}, {narrow}};
  EXPECT_EQ(Admit(all).kind, Kind::kPass);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Admit(all).by, narrow.get());
  EXPECT_EQ(Count(*wide, LimitEnd::kPassed), 1u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Admit({{wide}}).kind, Kind::kPass);
  EXPECT_EQ(Admit({{wide}}).kind, Kind::kReject);
}

TEST_F(GatekeeperTest, ARouteMayCountForMore) {
  const auto limit = Make(PerSecond(1, 10));
  EXPECT_EQ(Admit({{limit, 7}}).kind, Kind::kPass);
  EXPECT_EQ(Admit({{limit, 7}}).kind, Kind::kReject);
  EXPECT_EQ(Admit({{limit, 3}}).kind, Kind::kPass);
}

TEST_F(GatekeeperTest, AtOnceMeansUntilThePassIsGivenBack) {
  const auto limit = Make({.concurrency = 2});
  Pass first;
  Pass second;
  Pass third;
  EXPECT_EQ(Admit({{limit}}, first).kind, Kind::kPass);
  EXPECT_EQ(Admit({{limit}}, second).kind, Kind::kPass);
  EXPECT_EQ(Admit({{limit}}, third).kind, Kind::kReject);
  first.Clear();
  EXPECT_EQ(Admit({{limit}}, third).kind, Kind::kPass);
}

TEST_F(GatekeeperTest, WhatFitsWithinMaxDelayIsHeldBackExactlySoLong) {
  conf::Limit spec = PerSecond(10, 2);
  spec.action = "delay";
  spec.max_delay = 300ms;
  const auto limit = Make(spec);
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  for (const Duration wait : {100ms, 200ms, 300ms}) {
    const Ruling held = Admit({{limit}});
    EXPECT_EQ(held.kind, Kind::kDelay);
    EXPECT_EQ(held.delay, wait);
  }
  const Ruling refused = Admit({{limit}});
  EXPECT_EQ(refused.kind, Kind::kReject);
  EXPECT_EQ(refused.verdict.retry_after, 100ms);
  EXPECT_EQ(Count(*limit, LimitEnd::kDelayed), 3u);
}

TEST_F(GatekeeperTest, ATagKeepsNobodyOutAndCostsOnlyWhoPasses) {
  conf::Limit spec = PerSecond(1, 1);
  spec.action = "tag";
  spec.name = "greedy";
  const auto tags = Make(spec);
  const auto refuses = Make(PerSecond(1, 2));
  EXPECT_EQ(Admit({{tags}, {refuses}}).tagged, nullptr);
  const Ruling tagged = Admit({{tags}, {refuses}});
  EXPECT_EQ(tagged.kind, Kind::kPass);
  EXPECT_EQ(tagged.tagged, tags.get());
  EXPECT_EQ(Admit({{tags}, {refuses}}).kind, Kind::kReject);
  EXPECT_EQ(Count(*tags, LimitEnd::kTagged), 1u);
}

TEST_F(GatekeeperTest, ADryRunCountsWhatItWouldHaveRefused) {
  for (conf::Limit spec : {PerSecond(1, 1), conf::Limit{.concurrency = 1}}) {
    spec.dry_run = true;
    const auto limit = Make(spec);
    std::vector<Pass> passes(3);
    for (Pass& pass : passes) EXPECT_EQ(Admit({{limit}}, pass).kind, Kind::kPass);
    EXPECT_EQ(Count(*limit, LimitEnd::kWouldRefuse), 2u);
    EXPECT_THAT(limit->Report(), HasSubstr("would have refused 2"));
  }
}

TEST_F(GatekeeperTest, WhoIsExemptIsNotCounted) {
  conf::Limit spec = PerSecond(1, 1);
  spec.exempt = {"203.0.113.0/24"};
  const auto limit = Make(spec);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  EXPECT_EQ(Count(*limit, LimitEnd::kExempt), 5u);
}

TEST_F(GatekeeperTest, AMissingPartOfTheKeyPassesIsSharedOrRefused) {
  conf::Limit spec = PerSecond(1, 1);
  spec.key = {"cookie:session"};
  const auto passes = Make(spec);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Admit({{passes}}).kind, Kind::kPass);
  EXPECT_EQ(Count(*passes, LimitEnd::kMissing), 3u);

  spec.missing = "share";
  const auto shares = Make(spec);
  EXPECT_EQ(Admit({{shares}}).kind, Kind::kPass);
  asking_.From("203.0.113.99");
  EXPECT_EQ(Admit({{shares}}).kind, Kind::kReject) << "all without a session are one";

  spec.missing = "reject";
  const auto refuses = Make(spec);
  const Ruling refused = Admit({{refuses}});
  EXPECT_EQ(refused.kind, Kind::kForbid);
  ASSERT_NE(refused.missing, nullptr);
  EXPECT_EQ(refused.missing->ToString(), "cookie:session");
}

TEST_F(GatekeeperTest, ServerTimeIsChargedWhenItIsKnown) {
  conf::Limit spec = PerSecond(500, 1000);
  spec.charge = "server_time";
  const auto limit = Make(spec);
  for (int i = 0; i < 4; ++i) {
    Pass pass;
    ASSERT_EQ(Admit({{limit}}, pass).kind, Kind::kPass) << i;
    pass.Charge(300ms, now_);
  }
  // 1,200 ms of 1,000 are spent; the next may come when there is room for a millisecond again.
  const Ruling refused = Admit({{limit}});
  EXPECT_EQ(refused.kind, Kind::kReject);
  EXPECT_EQ(refused.verdict.retry_after, 2ms);
  now_ += 1s;
  Pass pass;
  EXPECT_EQ(Admit({{limit}}, pass).kind, Kind::kPass);
}

TEST_F(GatekeeperTest, WhoGoesOnAfterRefusalsIsBannedAndComesBack) {
  conf::Limit spec = PerSecond(1, 1);
  spec.ban.emplace();
  spec.ban->after = ratelimit::Rate{.count = 5, .per = 1min};
  spec.ban->time = 10s;
  const auto limit = Make(spec);
  int rejected = 0;
  Ruling ruling = Admit({{limit}});
  for (int i = 0; i < 20 && ruling.kind != Kind::kForbid; ++i) {
    ruling = Admit({{limit}});
    if (ruling.kind == Kind::kReject) ++rejected;
  }
  EXPECT_EQ(ruling.kind, Kind::kForbid);
  EXPECT_EQ(rejected, 6) << "five refusals are forgiven";
  EXPECT_EQ(bans_.size(), 1u);
  asking_.From("203.0.113.8");
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  asking_.From("203.0.113.7");
  now_ += 10s + 1ms;
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
}

TEST_F(GatekeeperTest, ThoseWhoLackAPartOfTheKeyAreNeverBannedTogether) {
  conf::Limit spec = PerSecond(1, 1);
  spec.key = {"cookie:session"};
  spec.missing = "share";
  spec.ban.emplace();
  spec.ban->after = ratelimit::Rate{.count = 2, .per = 1min};
  const auto limit = Make(spec);
  for (int i = 0; i < 50; ++i) EXPECT_NE(Admit({{limit}}).kind, Kind::kForbid);
  EXPECT_EQ(bans_.size(), 0u);
}

TEST_F(GatekeeperTest, AClockThatStepsBackIsOnlyStricter) {
  const auto limit = Make(PerSecond(10, 2));
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
  now_ -= 30s;
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kReject);
  now_ += 31s;
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
}

TEST_F(GatekeeperTest, AMillionCookiesOfOneAddressDoNotLockOutAnybody) {
  conf::Limit by_cookie = PerSecond(1, 1);
  by_cookie.key = {"cookie:session"};
  by_cookie.keys = 1000;
  const auto limit = Make(by_cookie);
  int refused = 0;
  for (int i = 0; i < 100000; ++i) {
    Asking flood;
    flood.Says("Cookie", "session=" + std::to_string(i));
    const Asker asker = flood.asker();
    Pass pass;
    if (Gatekeeper(asker, bans_, now_, 0).Admit({{limit}}, pass).kind != Kind::kPass) ++refused;
  }
  EXPECT_EQ(refused, 0);
  asking_.Says("Cookie", "session=shopper");
  EXPECT_EQ(Admit({{limit}}).kind, Kind::kPass);
}

TEST_F(GatekeeperTest, TheReportNamesWhoWasRefusedMost) {
  const auto limit = Make(PerSecond(1, 1));
  for (int i = 0; i < 40; ++i) Admit({{limit}});
  EXPECT_THAT(limit->Report(),
              testing::AllOf(HasSubstr("refused 39 requests"), HasSubstr("203.0.113.7")));
  EXPECT_EQ(limit->Report(), "") << "nothing since";
}

TEST_F(GatekeeperTest, ThePolicyIsWhatTheDraftSays) {
  EXPECT_EQ(Make(PerSecond(20, 40))->policy(), "\"per-client\";q=40;w=2");
  EXPECT_EQ(Make({.concurrency = 3})->policy(), "\"per-client\";q=3;qu=\"concurrent-requests\"");
}

}  // namespace
}  // namespace sluice::admission
