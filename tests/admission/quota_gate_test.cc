#include "proxy/admission/quota_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace sluice::admission {
namespace {

using namespace std::chrono_literals;
using ratelimit::KeyedSpec;
using ratelimit::TimePoint;

constexpr KeyedSpec kTwenty = {.limit = {.rate = {.count = 20, .per = 1s}, .burst = 40},
                               .keys = 1000};

class QuotaGateTest : public testing::Test {
 protected:
  static bool Charge(QuotaGate& gate, KeyHash key, TimePoint now, uint64_t cost = 1) {
    return gate.Charge(key, now, cost).allowed;
  }
  static uint64_t ChargeAll(QuotaGate& gate, KeyHash key, TimePoint now) {
    uint64_t passed = 0;
    while (passed < 100'000 && Charge(gate, key, now)) ++passed;
    return passed;
  }
  std::vector<QuotaGate::Word> Collect(QuotaGate& gate, size_t most = 1000) {
    std::vector<QuotaGate::Word> words;
    gate.Collect(now_, most, words);
    return words;
  }
  // Keys of the same bucket of a table of one.
  static KeyedSpec OneBucket() {
    KeyedSpec spec = kTwenty;
    spec.keys = 1;
    return spec;
  }

  TimePoint now_{1h};
};

TEST_F(QuotaGateTest, BeforeTheStoresFirstWordItGoesByWhatIsSaidOfSilence) {
  QuotaGate share("a", kTwenty, WhenSilent::kShare);
  QuotaGate open("a", kTwenty, WhenSilent::kOpen);
  QuotaGate closed("a", kTwenty, WhenSilent::kClosed);
  EXPECT_EQ(ChargeAll(share, 7, now_), 40u);
  EXPECT_EQ(ChargeAll(open, 7, now_), 100'000u);
  EXPECT_EQ(ChargeAll(closed, 7, now_), 0u);
  EXPECT_EQ(closed.Charge(7, now_, 1).retry_after, QuotaGate::kClosedRetry);
  EXPECT_EQ(share.stats().silent_decisions, 41u);
}

TEST_F(QuotaGateTest, OnceTheStoreSpeaksAllThreeAreTheSame) {
  for (const WhenSilent when : {WhenSilent::kShare, WhenSilent::kOpen, WhenSilent::kClosed}) {
    QuotaGate gate("a", kTwenty, when);
    gate.SetStanding(4);
    EXPECT_EQ(ChargeAll(gate, 7, now_), 10u);
    EXPECT_EQ(gate.stats().silent_decisions, 0u);
  }
}

TEST_F(QuotaGateTest, WhatPassedIsToldOnceAndTheAnswerIsFollowed) {
  QuotaGate gate("a", kTwenty, WhenSilent::kShare);
  gate.SetStanding(4);
  ChargeAll(gate, 7, now_);
  const std::vector<QuotaGate::Word> words = Collect(gate);
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].key, 7u);
  EXPECT_EQ(words[0].ask.owed, 10u);
  EXPECT_EQ(words[0].ask.want, 11u);
  EXPECT_TRUE(Collect(gate).empty());
  gate.Settle(words[0], {.granted = 11, .left = 0}, now_);
  EXPECT_EQ(ChargeAll(gate, 7, now_), 11u);
  EXPECT_EQ(gate.stats().granted, 11u);
  EXPECT_EQ(gate.stats().owed, 10u);
}

TEST_F(QuotaGateTest, AWordThatIsLostIsToldAgain) {
  QuotaGate gate("a", kTwenty, WhenSilent::kShare);
  gate.SetStanding(4);
  ChargeAll(gate, 7, now_);
  gate.Lose(Collect(gate)[0]);
  const std::vector<QuotaGate::Word> words = Collect(gate);
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].ask.owed, 10u);
}

TEST_F(QuotaGateTest, TheMostActiveKeysAreToldFirstAndTheOthersNext) {
  QuotaGate gate("a", kTwenty, WhenSilent::kShare);
  gate.SetStanding(1);
  for (KeyHash key = 1; key <= 100; ++key) {
    for (KeyHash n = 0; n < 1 + key % 10; ++n) Charge(gate, key * 0x9E37'79B9'7F4A'7C15, now_);
  }
  std::vector<QuotaGate::Word> words = Collect(gate, 20);
  ASSERT_EQ(words.size(), 20u);
  for (const QuotaGate::Word& word : words) EXPECT_GE(word.ask.owed, 9u);
  size_t told = words.size();
  for (int i = 0; i < 4; ++i) told += Collect(gate, 20).size();
  EXPECT_EQ(told, 100u);
}

TEST_F(QuotaGateTest, AFullBucketForgetsWhoOwesLeastAndNeverAHeavyOne) {
  QuotaGate gate("a", OneBucket(), WhenSilent::kShare);
  gate.SetStanding(1);
  EXPECT_EQ(ChargeAll(gate, 1000, now_), 40u);
  for (KeyHash key = 1; key <= 500; ++key) Charge(gate, key, now_);
  EXPECT_EQ(ChargeAll(gate, 1000, now_), 0u);
  EXPECT_GT(gate.stats().evicted, 400u);
  EXPECT_EQ(gate.stats().unplaced, 0u);
}

TEST_F(QuotaGateTest, WhereAllOweMuchTheOthersShareOneKeysShare) {
  QuotaGate gate("a", OneBucket(), WhenSilent::kShare);
  gate.SetStanding(2);
  for (KeyHash key = 1; key <= 7; ++key) EXPECT_EQ(ChargeAll(gate, key, now_), 20u);
  uint64_t passed = 0;
  for (KeyHash key = 100; key < 200; ++key) passed += Charge(gate, key, now_) ? 1 : 0;
  EXPECT_EQ(passed, 20u);
  EXPECT_EQ(gate.stats().unplaced, 100u);
  for (const QuotaGate::Word& word : Collect(gate)) EXPECT_LE(word.key, 7u);
}

TEST_F(QuotaGateTest, AKeyTheStoreIsBeingToldOfKeepsItsSlot) {
  QuotaGate gate("a", OneBucket(), WhenSilent::kShare);
  gate.SetStanding(1);
  Charge(gate, 1000, now_);
  const std::vector<QuotaGate::Word> words = Collect(gate);
  now_ += 1h;
  for (KeyHash key = 1; key <= 100; ++key) Charge(gate, key, now_);
  ASSERT_EQ(words.size(), 1u);
  gate.Settle(words[0], {.granted = 0, .left = 0}, now_);
  EXPECT_FALSE(Charge(gate, 1000, now_));
}

TEST_F(QuotaGateTest, WithAnotherSecretEveryKeyBeginsAnewAndLateAnswersAreNobodys) {
  QuotaGate gate("a", kTwenty, WhenSilent::kShare);
  gate.SetStanding(4);
  ChargeAll(gate, 7, now_);
  const std::vector<QuotaGate::Word> words = Collect(gate);
  gate.Forget();
  gate.Settle(words[0], {.granted = 11, .left = 0}, now_);
  EXPECT_EQ(ChargeAll(gate, 7, now_), 10u);
  EXPECT_EQ(Collect(gate).size(), 1u);
}

TEST_F(QuotaGateTest, ARefundIsSpentAgain) {
  for (const bool silent : {false, true}) {
    QuotaGate gate("a", kTwenty, WhenSilent::kShare);
    gate.SetStanding(1);
    if (silent) gate.SetSilent();
    ChargeAll(gate, 7, now_);
    gate.Refund(7, 3);
    EXPECT_EQ(ChargeAll(gate, 7, now_), 3u);
  }
}

TEST_F(QuotaGateTest, PeekSaysWhatChargeWouldAndChargesNothing) {
  QuotaGate gate("a", kTwenty, WhenSilent::kShare);
  gate.SetStanding(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gate.Peek(7, now_, 1).remaining, 39u);
  EXPECT_EQ(gate.Charge(7, now_, 1).remaining, 39u);
  ChargeAll(gate, 7, now_);
  EXPECT_FALSE(gate.Peek(7, now_, 1).allowed);
  EXPECT_EQ(gate.Peek(7, now_, 1).retry_after, 50ms);
}

TEST_F(QuotaGateTest, ThreadsOverdrawNothingWhileTheMainLoopTellsTheStore) {
  QuotaGate gate("a", {.limit = {.rate = {.count = 1, .per = 1h}, .burst = 1000}, .keys = 4},
                 WhenSilent::kShare);
  gate.SetStanding(1);
  constexpr KeyHash kKeys = 4;
  std::atomic<uint64_t> passed{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (KeyHash i = 0; i < 20'000; ++i) {
        const KeyHash key = (1 + i % kKeys) << 40;
        if (!gate.Charge(key, now_, 1).allowed) continue;
        if (i % 8 == 0) {
          gate.Refund(key, 1);
        } else {
          ++passed;
        }
      }
    });
  }
  // A store that grants nothing and knows what it was told.
  std::thread store([&] {
    std::vector<uint64_t> owed(kKeys + 1);
    std::vector<QuotaGate::Word> words;
    while (!stop) {
      words.clear();
      gate.Collect(now_, 100, words);
      for (const QuotaGate::Word& word : words) {
        uint64_t& debt = owed[word.key >> 40];
        debt += word.ask.owed;
        debt -= std::min<uint64_t>(debt, word.ask.back);
        gate.Settle(word, {.granted = 0, .left = 1000 - static_cast<int64_t>(debt)}, now_);
      }
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  store.join();
  EXPECT_EQ(passed.load(), kKeys * 1000);
}

TEST_F(QuotaGateTest, AFloodOfRandomKeysTakesNoMemoryAndLimitsTheHeavyOnes) {
  QuotaGate gate("a", kTwenty, WhenSilent::kShare);
  gate.SetStanding(1);
  const size_t before = gate.bytes();
  uint64_t draw = 1;
  uint64_t heavy = 0;
  uint64_t light = 0;
  uint64_t light_passed = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    now_ += 1ms;
    heavy += Charge(gate, 0x1234'5678'9abc'def0, now_) ? 1 : 0;
    // 4 times as many keys as it is for, each once in 4 s.
    for (int i = 0; i < 1; ++i) {
      draw = draw * 6364136223846793005u + 1442695040888963407u;
      ++light;
      light_passed += Charge(gate, (draw >> 33) % 4000 * 0x9E37'79B9'7F4A'7C15, now_) ? 1 : 0;
    }
  }
  EXPECT_EQ(gate.bytes(), before);
  EXPECT_NEAR(static_cast<double>(heavy), 240, 24);
  EXPECT_EQ(light_passed, light);
}

}  // namespace
}  // namespace sluice::admission
