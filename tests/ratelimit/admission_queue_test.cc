// Who is next, who has to go, and what of it is promised whatever happens.
#include "ratelimit/admission_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Entry = AdmissionQueue::Entry;
using Refusal = AdmissionQueue::Refusal;

constexpr Priority kBest = Priority::kCritical;
constexpr Priority kHigh = Priority::kHigh;
constexpr Priority kNormal = Priority::kNormal;
constexpr Priority kLow = Priority::kLow;

struct Guest : Entry {
  std::string name;
  bool refused = false;
  Refusal why{};
};

// A queue with guests that have names.
class AdmissionQueueTest : public testing::Test {
 protected:
  struct Comes {
    Priority priority = kNormal;
    uint64_t client = 0;  // 0: one of its own
    bool again = false;
    bool holder = false;
    uint64_t bytes = 0;
    Duration patience = 1h;
  };

  Guest* Come(const std::string& name, const Comes& comes) {
    Guest& guest = guests_.emplace_back();
    guest.name = name;
    guest.priority = comes.priority;
    guest.client = comes.client != 0 ? comes.client : 1'000'000 + guests_.size();
    guest.again = comes.again;
    guest.holder = comes.holder;
    guest.bytes = comes.bytes;
    guest.deadline = now_ + comes.patience;
    const bool joined =
        queue_.Join(guest, bounds_, now_, [](Entry& entry) { Refuse(entry, Refusal::kPushedOut); });
    if (joined) return &guest;
    Refuse(guest, Refusal::kFull);
    return nullptr;
  }
  Guest* Come(const std::string& name) { return Come(name, {}); }
  // The name of who is served now; empty: nobody.
  std::string Serve() {
    return Serve([](const Entry&) { return true; });
  }
  template <typename Takes>
  std::string Serve(Takes takes) {
    Entry* const next = queue_.Next(now_, takes);
    if (next == nullptr) return "";
    queue_.Serve(*next, now_);
    return static_cast<Guest*>(next)->name;
  }
  std::vector<std::string> ServeAll() {
    std::vector<std::string> names;
    while (queue_.size() > 0) names.push_back(Serve());
    return names;
  }
  // Those that have to go, in that order.
  std::vector<std::string> Expire() {
    std::vector<std::string> names;
    queue_.Expire(now_, [&](Entry& entry, Refusal why) {
      Refuse(entry, why);
      names.push_back(static_cast<Guest&>(entry).name);
    });
    return names;
  }
  static void Refuse(Entry& entry, Refusal why) {
    auto& guest = static_cast<Guest&>(entry);
    EXPECT_FALSE(guest.waits);
    guest.refused = true;
    guest.why = why;
  }
  // Two come where one is served, at a pace of a thousand a second.
  void LetItStand() {
    for (int i = 0; i < 1200; ++i) {
      Come("crowd");
      Come("crowd");
      now_ += 1ms;
      Serve();
      Expire();
    }
  }

  std::deque<Guest> guests_;
  AdmissionQueue queue_;
  AdmissionQueue::Bounds bounds_;
  TimePoint now_{1h};
};

TEST_F(AdmissionQueueTest, WithOneRequestEachItIsFirstComeFirstServed) {
  for (const char* name : {"a", "b", "c", "d"}) Come(name);
  EXPECT_EQ(queue_.size(), 4u);
  EXPECT_THAT(ServeAll(), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(Serve(), "");
}

TEST_F(AdmissionQueueTest, BetterClassesGoFirst) {
  Come("low", {.priority = kLow});
  Come("normal", {.priority = kNormal});
  Come("critical", {.priority = kBest});
  Come("high", {.priority = kHigh});
  EXPECT_EQ(queue_.size(kHigh), 1u);
  EXPECT_THAT(ServeAll(), ElementsAre("critical", "high", "normal", "low"));
}

TEST_F(AdmissionQueueTest, InAClassRetriesGoBeforeHoldersAndThoseBeforeVisitors) {
  Come("visitor");
  Come("holder", {.holder = true});
  Come("second holder", {.holder = true});
  Come("retry", {.again = true});
  Come("better visitor", {.priority = kHigh});
  EXPECT_THAT(ServeAll(),
              ElementsAre("better visitor", "retry", "holder", "second holder", "visitor"));
}

TEST_F(AdmissionQueueTest, OnePlaceInTwentyGoesToALowerClassInTurn) {
  std::map<std::string, int> served;
  const auto fill = [this] {
    for (const Priority priority : {kBest, kNormal, kLow}) {
      while (queue_.size(priority) < 3) {
        Come(std::string(kPriorityNames[static_cast<size_t>(priority)]), {.priority = priority});
      }
    }
  };
  for (int i = 0; i < 400; ++i) {
    fill();
    const std::string name = Serve();
    ++served[name];
    EXPECT_EQ(name == "critical", i % 20 != 19);
  }
  EXPECT_EQ(served["critical"], 380);
  EXPECT_EQ(served["normal"], 10);
  EXPECT_EQ(served["low"], 10);
}

TEST_F(AdmissionQueueTest, PlacesThatNoLowerClassWaitedForAreNotOwedToIt) {
  for (int i = 0; i < 100; ++i) {
    Come("critical", {.priority = kBest});
    EXPECT_EQ(Serve(), "critical");
  }
  Come("critical", {.priority = kBest});
  Come("low", {.priority = kLow});
  EXPECT_THAT(ServeAll(), ElementsAre("critical", "low"));
}

TEST_F(AdmissionQueueTest, ClientsTakeTurns) {
  for (const char* name : {"a1", "a2", "a3"}) Come(name, {.client = 1});
  for (const char* name : {"b1", "b2"}) Come(name, {.client = 2});
  Come("c1", {.client = 3});
  EXPECT_THAT(ServeAll(), ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
}

TEST_F(AdmissionQueueTest, AClientKeepsItsTurnWhenOneOfItsRequestsLeaves) {
  Guest* const leaves = Come("a1", {.client = 1});
  Come("b1", {.client = 2});
  Come("a2", {.client = 1});
  queue_.Leave(*leaves, now_);
  EXPECT_THAT(ServeAll(), ElementsAre("a2", "b1"));
}

// A closed loop: each request that was served is answered after a while, and followed by another.
TEST_F(AdmissionQueueTest, AClientWithAHundredRequestsGetsNoMoreThanOneOfAHundredClients) {
  constexpr uint64_t kHeavy = 1;
  constexpr int kGrants = 20'000;
  std::mt19937_64 rng(4);
  std::map<uint64_t, int> served;
  std::multimap<TimePoint, Served> answers;
  for (uint64_t client = 2; client <= 100; ++client) Come("", {.client = client});
  for (int i = 0; i < 100; ++i) Come("", {.client = kHeavy});
  for (int grants = 0; grants < kGrants;) {
    now_ += 500us;
    while (!answers.empty() && answers.begin()->first <= now_) {
      queue_.Done(answers.begin()->second, now_);
      Come("", {.client = answers.begin()->second.client});
      answers.erase(answers.begin());
    }
    for (const std::string& name : Expire()) EXPECT_EQ(name, "never dropped here");
    Entry* const next = queue_.Next(now_, [](const Entry&) { return true; });
    if (next == nullptr) continue;
    ++grants;
    ++served[next->client];
    // A third of the time that passes from one turn to the next.
    answers.emplace(now_ + std::chrono::microseconds(10'000 + rng() % 10'000),
                    queue_.Serve(*next, now_));
  }
  EXPECT_LE(served[kHeavy], kGrants * 1.05 / 100);
  for (const auto& [client, times] : served) EXPECT_GE(times, kGrants * 0.95 / 100) << client;
}

TEST_F(AdmissionQueueTest, WhoseAnswerIsOutGoesBehindThoseWhoHaveNone) {
  for (const char* name : {"a1", "a2", "a3"}) Come(name, {.client = 1});
  EXPECT_EQ(Serve(), "a1");
  for (const char* name : {"b1", "b2"}) Come(name, {.client = 2});
  EXPECT_EQ(Serve(), "b1");
  Entry* const next = queue_.Next(now_, [](const Entry&) { return true; });
  EXPECT_EQ(static_cast<Guest*>(next)->name, "a2") << "both are, and it was served first";
  queue_.Done(queue_.Serve(*next, now_), now_);
  Come("c1", {.client = 3});
  EXPECT_THAT(ServeAll(), ElementsAre("a3", "c1", "b2"));
}

TEST_F(AdmissionQueueTest, AnAnswerThatCameEndsNoLaterTurn) {
  for (const char* name : {"a1", "a2", "a3"}) Come(name, {.client = 1});
  Entry* const first = queue_.Next(now_, [](const Entry&) { return true; });
  const Served answer = queue_.Serve(*first, now_);
  EXPECT_EQ(Serve(), "a2");
  queue_.Done(answer, now_);
  Come("b1", {.client = 2});
  EXPECT_EQ(Serve(), "b1");
  EXPECT_EQ(Serve(), "a3");
}

TEST_F(AdmissionQueueTest, WhoIsAwayKeepsNobodyAwayWhoWentLater) {
  std::vector<Guest*> crowd;
  for (const char* name : {"a1", "a2"}) Come(name, {.client = 1});
  for (int i = 0; i < 1000; ++i) crowd.push_back(Come("crowd"));
  EXPECT_EQ(Serve(), "a1");
  for (Guest* guest : crowd) queue_.Leave(*guest, now_);
  for (const char* name : {"b1", "b2"}) Come(name, {.client = 2});
  EXPECT_EQ(Serve(), "b1");
  std::vector<std::string> served;
  for (int i = 0; i < 12; ++i) {
    Come("other");
    served.push_back(Serve());
  }
  EXPECT_THAT(served, testing::IsSupersetOf({"a2", "b2"}));
}

TEST_F(AdmissionQueueTest, AnAnswerThatTakesLongKeepsItsClientAwayForSomeRoundsAndNoLonger) {
  for (const char* name : {"a1", "a2"}) Come(name, {.client = 1});
  EXPECT_EQ(Serve(), "a1");
  Come("other");
  size_t others = 0;
  for (std::string name = Serve(); name == "other"; name = Serve()) {
    ++others;
    ASSERT_LT(others, 100u);
    Come("other");
  }
  EXPECT_EQ(others, Turns::kRounds);
}

// At a tenth of that pace the queue stands, and who is served is dropped or served newest first.
TEST_F(AdmissionQueueTest, NorDoesItWhileAQueueStands) {
  constexpr uint64_t kHeavy = 1;
  constexpr int kGrants = 5000;
  std::mt19937_64 rng(5);
  std::map<uint64_t, int> served;
  std::multimap<TimePoint, uint64_t> back;
  for (uint64_t client = 2; client <= 100; ++client) back.emplace(now_, client);
  for (int i = 0; i < 100; ++i) back.emplace(now_, kHeavy);
  int stood = 0;
  const auto comes_back = [&](const Entry& entry) {
    back.emplace(now_ + std::chrono::milliseconds(200 + rng() % 800), entry.client);
  };
  for (int grants = 0; grants < kGrants; ++grants) {
    now_ += 10ms;
    while (!back.empty() && back.begin()->first <= now_) {
      Come("", {.client = back.begin()->second});
      back.erase(back.begin());
    }
    queue_.Expire(now_, [&](Entry& entry, Refusal) { comes_back(entry); });
    stood += queue_.Stands(kNormal, now_) ? 1 : 0;
    Entry* const next = queue_.Next(now_, [](const Entry&) { return true; });
    if (next == nullptr) continue;
    queue_.Serve(*next, now_);
    ++served[next->client];
    comes_back(*next);
  }
  EXPECT_GT(stood, kGrants * 9 / 10);
  EXPECT_LE(served[kHeavy], kGrants * 1.1 / 100);
}

TEST_F(AdmissionQueueTest, HoldersTakeTurnsTooAndTheOldestComesFirst) {
  for (const char* name : {"a1", "a2"}) Come(name, {.client = 1, .holder = true});
  Come("b1", {.client = 2, .holder = true});
  LetItStand();
  Come("c1", {.client = 3, .holder = true});
  EXPECT_EQ(Serve(), "c1") << "the others were served before the crowd";
}

TEST_F(AdmissionQueueTest, WhoCannotUseAPlaceIsPassedOverAndKeepsItsOwn) {
  Come("a");
  Come("b");
  Come("c", {.priority = kLow});
  const auto but = [](const std::string& out) {
    return [out](const Entry& entry) { return static_cast<const Guest&>(entry).name > out; };
  };
  EXPECT_EQ(Serve(but("a")), "b");
  EXPECT_EQ(Serve(but("b")), "c");
  EXPECT_EQ(Serve(but("z")), "");
  EXPECT_EQ(Serve(), "a");
}

TEST_F(AdmissionQueueTest, SoManyAreAskedAndNoMore) {
  for (uint32_t i = 0; i < 2 * Turns::kLooks; ++i) Come("no");
  Come("yes");
  Come("low", {.priority = kLow});
  uint32_t asked = 0;
  const auto takes = [&asked](const Entry& entry) {
    ++asked;
    return static_cast<const Guest&>(entry).name != "no";
  };
  EXPECT_EQ(Serve(takes), "low");
  EXPECT_EQ(asked, Turns::kLooks + 1) << "of each class";
}

// A queue that stands.

TEST_F(AdmissionQueueTest, WhileAQueueStandsTheNewestVisitorIsServedFirst) {
  LetItStand();
  Come("older");
  Come("newer");
  EXPECT_EQ(Serve(), "newer");
  EXPECT_EQ(Serve(), "older");
}

TEST_F(AdmissionQueueTest, ABurstIsNoStandingQueue) {
  for (int i = 0; i < 400; ++i) Come("burst");
  for (int i = 0; i < 400; ++i) {
    now_ += 1ms;
    Come("newer");
    EXPECT_EQ(Serve(), "burst");
    EXPECT_THAT(Expire(), IsEmpty());
  }
}

TEST_F(AdmissionQueueTest, WhenTheQueueIsDrainedItIsFirstComeFirstServedAgain) {
  LetItStand();
  ServeAll();
  Come("a");
  Come("b");
  EXPECT_EQ(Serve(), "a");
}

TEST_F(AdmissionQueueTest, AWaitThatStaysBelowTheTargetIsNoStandingQueueHoweverLongItLasts) {
  // 90 always wait, and a thousand a second are served.
  for (int i = 0; i < 90; ++i) Come("old");
  for (int i = 0; i < 5000; ++i) {
    Come(std::to_string(i));
    now_ += 1ms;
    const std::string name = Serve();
    EXPECT_EQ(name, i < 90 ? "old" : std::to_string(i - 90));
  }
}

TEST_F(AdmissionQueueTest, RetriesAndHoldersAreServedInOrderWhileAQueueStands) {
  LetItStand();
  Come("a", {.holder = true});
  Come("b", {.holder = true});
  Come("c", {.again = true});
  Come("d", {.again = true});
  EXPECT_EQ(Serve(), "c");
  EXPECT_EQ(Serve(), "d");
  EXPECT_EQ(Serve(), "a");
  EXPECT_EQ(Serve(), "b");
}

TEST_F(AdmissionQueueTest, ClientsTakeTurnsWhileAQueueStands) {
  LetItStand();
  for (const char* name : {"a1", "a2", "a3"}) Come(name, {.client = 1});
  for (const char* name : {"b1", "b2"}) Come(name, {.client = 2});
  EXPECT_EQ(Serve(), "b2");
  EXPECT_EQ(Serve(), "a3");
  // Everybody else who waits, until so many turns were others'.
  std::vector<std::string> rest = ServeAll();
  ASSERT_GE(rest.size(), 10u);
  EXPECT_THAT(std::vector(rest.begin(), rest.begin() + 4), testing::Each("crowd"));
  std::erase(rest, "crowd");
  EXPECT_THAT(rest, ElementsAre("a2", "b1", "a1"));
}

TEST_F(AdmissionQueueTest, VisitorsThatWaitedTooLongAreDroppedOldestFirst) {
  for (int i = 0; i < 2000; ++i) {  // a pace to measure by
    Come("quick");
    now_ += 1ms;
    Serve();
  }
  Come("holder", {.holder = true});
  Come("retry", {.again = true});
  Come("a");
  now_ += 10ms;
  Come("b");
  now_ += 985ms;
  EXPECT_THAT(Expire(), IsEmpty());
  now_ += 10ms;
  EXPECT_THAT(Expire(), ElementsAre("a"));
  EXPECT_EQ(guests_.back().name, "b");
  now_ += 1s;
  EXPECT_THAT(Expire(), ElementsAre("b"));
  EXPECT_EQ(guests_.back().why, Refusal::kTooLong);
  now_ += 1min;
  EXPECT_THAT(Expire(), IsEmpty());
  EXPECT_EQ(queue_.size(), 2u) << "a holder and a retry are not dropped for it";
}

TEST_F(AdmissionQueueTest, InASlowPoolTheSecondInLineIsNoCrowd) {
  // A page takes two seconds, and there is one worker.
  for (int i = 0; i < 100; ++i) {
    Come(std::to_string(i));
    Come(std::to_string(i) + "b");
    for (int tick = 0; tick < 20; ++tick) {
      now_ += 100ms;
      EXPECT_THAT(Expire(), IsEmpty());
    }
    EXPECT_EQ(Serve(), std::to_string(i));
    for (int tick = 0; tick < 20; ++tick) {
      now_ += 100ms;
      EXPECT_THAT(Expire(), IsEmpty());
    }
    EXPECT_EQ(Serve(), std::to_string(i) + "b");
  }
}

TEST_F(AdmissionQueueTest, WhereNobodyIsServedThereIsAnEndAllTheSame) {
  LetItStand();
  ServeAll();
  Come("a");
  now_ += 1min;
  EXPECT_THAT(Expire(), ElementsAre("a"));
}

TEST_F(AdmissionQueueTest, WhoIsBeyondItsDeadlineIsNeitherLetInNorServedNorKept) {
  EXPECT_EQ(Come("late", {.patience = 0ms}), nullptr);
  Come("holder", {.holder = true, .patience = 50ms});
  Come("patient");
  now_ += 50ms;
  EXPECT_EQ(Serve(), "patient");
  EXPECT_THAT(Expire(), ElementsAre("holder"));
  EXPECT_EQ(guests_[1].why, Refusal::kDeadline);
  EXPECT_EQ(queue_.size(), 0u);
}

// Bounds.

TEST_F(AdmissionQueueTest, WhenItIsFullANewcomerOfTheSameLineIsRefused) {
  bounds_.entries = 3;
  for (const char* name : {"a", "b", "c"}) EXPECT_NE(Come(name), nullptr);
  EXPECT_EQ(Come("d"), nullptr);
  EXPECT_EQ(Come("low", {.priority = kLow}), nullptr);
  EXPECT_THAT(ServeAll(), ElementsAre("a", "b", "c"));
}

TEST_F(AdmissionQueueTest, ABetterOnePushesOutWhoWouldBeServedLast) {
  bounds_.entries = 6;
  Come("low holder", {.priority = kLow, .holder = true});
  Come("low", {.priority = kLow});
  Come("low too", {.priority = kLow});
  Come("normal");
  Come("holder", {.holder = true});
  Come("high", {.priority = kHigh});
  const auto pushed_out = [this] {
    std::vector<std::string> names;
    for (Guest& guest : guests_) {
      if (guest.refused) names.push_back(guest.name);
    }
    return names;
  };
  EXPECT_NE(Come("A", {.priority = kBest}), nullptr);
  EXPECT_NE(Come("B", {.priority = kBest}), nullptr);
  EXPECT_NE(Come("C", {.priority = kBest}), nullptr);
  EXPECT_THAT(pushed_out(), ElementsAre("low holder", "low", "low too"));
  EXPECT_NE(Come("retry", {.again = true}), nullptr);
  EXPECT_THAT(pushed_out(), ElementsAre("low holder", "low", "low too", "normal"));
  EXPECT_EQ(Come("D"), nullptr) << "nobody is worse";
  EXPECT_NE(Come("E", {.priority = kHigh}), nullptr);
  EXPECT_THAT(ServeAll(), ElementsAre("A", "B", "C", "high", "E", "retry"));
}

TEST_F(AdmissionQueueTest, OneClientCannotFillTheQueueForOthers) {
  bounds_.entries = 100;
  for (int i = 0; i < 200; ++i) Come("heavy", {.client = 1});
  EXPECT_EQ(queue_.size(), 100u);
  for (uint64_t client = 2; client <= 11; ++client) {
    EXPECT_NE(Come("one", {.client = client}), nullptr);
  }
  for (int i = 0; i < 100; ++i) Come("two", {.client = 12});
  std::map<std::string, int> served;
  for (const std::string& name : ServeAll()) ++served[name];
  EXPECT_EQ(served["one"], 10);
  EXPECT_EQ(served["heavy"], 45);
  EXPECT_EQ(served["two"], 45);
}

TEST_F(AdmissionQueueTest, TheLowClassHasHalfOfTheQueueAtMost) {
  bounds_.entries = 10;
  for (int i = 0; i < 10; ++i) Come("low", {.priority = kLow});
  EXPECT_EQ(queue_.size(), 5u);
  for (int i = 0; i < 10; ++i) Come("normal");
  EXPECT_EQ(queue_.size(kNormal), 10u);
  EXPECT_EQ(queue_.size(kLow), 0u);
}

TEST_F(AdmissionQueueTest, WhatItHoldsIsBounded) {
  bounds_.bytes = 1000;
  EXPECT_NE(Come("a", {.bytes = 600}), nullptr);
  EXPECT_EQ(Come("b", {.bytes = 401}), nullptr);
  EXPECT_NE(Come("c", {.bytes = 400}), nullptr);
  EXPECT_NE(Come("d"), nullptr) << "holds nothing";
  EXPECT_EQ(Come("e", {.priority = kBest, .bytes = 1001}), nullptr) << "would never fit";
  EXPECT_NE(Come("f", {.priority = kBest, .bytes = 500}), nullptr);
  EXPECT_EQ(queue_.bytes(), 900u);
  EXPECT_TRUE(guests_[0].refused) << "the one that makes room enough";
  EXPECT_THAT(ServeAll(), ElementsAre("f", "c", "d"));
  EXPECT_EQ(queue_.bytes(), 0u);
}

TEST_F(AdmissionQueueTest, BoundsThatShrinkThrowNobodyOut) {
  for (const char* name : {"a", "b", "c"}) Come(name, {.bytes = 100});
  bounds_ = {.entries = 1, .bytes = 50};
  EXPECT_EQ(Come("d"), nullptr);
  EXPECT_NE(Come("e", {.priority = kBest}), nullptr);
  EXPECT_EQ(queue_.size(), 3u);
  EXPECT_TRUE(guests_[2].refused);
}

// What is told.

TEST_F(AdmissionQueueTest, APositionIsHowManyAreServedBefore) {
  EXPECT_EQ(queue_.Ahead(*Come("a"), now_), 0u);
  EXPECT_EQ(queue_.Ahead(*Come("b"), now_), 1u);
  EXPECT_EQ(queue_.Ahead(*Come("c", {.priority = kBest}), now_), 0u);
  EXPECT_EQ(queue_.Ahead(*Come("d", {.priority = kLow}), now_), 3u);
  LetItStand();
  EXPECT_EQ(queue_.Ahead(*Come("e"), now_), 0u) << "the newest is next";
}

TEST_F(AdmissionQueueTest, WhenToComeBackIsHowLongTheQueueTakes) {
  for (int i = 0; i < 1000; ++i) {  // a hundred a second, while 500 wait
    while (queue_.size() < 501) Come("", {.holder = true});
    now_ += 10ms;
    Serve();
  }
  EXPECT_NEAR(std::chrono::duration<double>(queue_.DrainTime(now_)).count(), 5.0, 0.3);
  ServeAll();
  now_ += 1h;  // while nobody waits, nothing is learnt
  Come("a");
  EXPECT_LT(queue_.DrainTime(now_), 50ms);
  now_ += 10s;  // nobody was served
  EXPECT_GT(queue_.DrainTime(now_), 30ms);
}

TEST(RetryAfterTest, IsBetweenASecondAndAMinuteAndSpreadOverTwiceTheTime) {
  EXPECT_EQ(RetryAfter(0ms, 0), 1s);
  EXPECT_EQ(RetryAfter(0ms, 0.99), 2s);
  EXPECT_EQ(RetryAfter(5s, 0), 5s);
  EXPECT_EQ(RetryAfter(5s, 0.5), 8s);
  EXPECT_EQ(RetryAfter(1h, 0), 30s);
  EXPECT_EQ(RetryAfter(1h, 0.9999), 60s);
}

TEST_F(AdmissionQueueTest, AClockThatStepsBackBreaksNothing) {
  LetItStand();
  const TimePoint before = now_;
  now_ -= 30min;
  Come("a", {.patience = 2h});
  EXPECT_EQ(Serve(), "a");
  Come("b", {.patience = 2h});
  EXPECT_THAT(Expire(), IsEmpty());
  now_ = before + 10s;
  EXPECT_THAT(Expire(), testing::Contains("b"));
  EXPECT_EQ(queue_.size(), 0u);
  Come("c");
  EXPECT_EQ(Serve(), "c");
}

}  // namespace
}  // namespace sluice::ratelimit
