#include "proxy/net/loop.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "proxy/net/timer.h"
#include "tests/support/loop_fixture.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

class Note final : public Deadline {
 public:
  Note(std::string& log, char name) : log_(log), name_(name) {}

 private:
  void OnDeadline() override { log_ += name_; }
  std::string& log_;
  const char name_;
};

TEST_F(LoopTest, TasksFromSeveralThreadsAllRunAndEachThreadsOnesInOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<int> next(kThreads, 0);
  int run = 0;
  bool ordered = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop_.Post([&, t, i] {
          ordered = ordered && next[static_cast<size_t>(t)]++ == i;
          ++run;
        });
      }
    });
  }
  RunUntil([&] { return run == kThreads * kEach; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(ordered);
}

TEST_F(LoopTest, AWaitSeesADeadlineThatWasDueBeforeTheTurnBegan) {
  loop_.now();  // is kept until the next poll
  std::this_thread::sleep_for(20ms);
  const auto began = std::chrono::steady_clock::now();
  RunFor(1ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST(LoopRun, StopLetsTasksPostedBeforeItRun) {
  Loop loop;
  int run = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.Post([&] { ++run; });
    loop.Stop();
  });
  loop.Run();
  other.join();
  EXPECT_EQ(run, 100);
}

TEST(LoopRun, ATaskPostedAfterTheEndIsDestroyedUnrun) {
  auto token = std::make_shared<int>(0);
  Loop loop;
  loop.Stop();
  loop.Run();
  loop.Post([token] { *token = 1; });
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(*token, 0);
}

TEST(LoopRun, ALoopThatNeverRanClosesCleanAndDropsItsMail) {
  auto token = std::make_shared<int>(0);
  {
    Loop loop;
    loop.Post([token] { *token = 1; });
    loop.Retire(std::make_unique<std::shared_ptr<int>>(token));
  }
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(*token, 0);
}

TEST(LoopRun, TheGraveyardIsEmptiedAtTheEnd) {
  auto token = std::make_shared<int>(0);
  Loop loop;
  loop.Post([&] {
    loop.Retire(std::make_unique<std::shared_ptr<int>>(token));
    loop.Stop();
  });
  loop.Run();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(LoopTest, DeadlinesOfOneLengthRunInTheOrderArmedAndTheCancelledNever) {
  std::string log;
  Note a(log, 'a'), b(log, 'b'), c(log, 'c'), never(log, 'x');
  loop_.Arm(c, 5ms);
  loop_.Arm(a, 5ms);
  loop_.Arm(never, 5ms);
  loop_.Arm(b, 5ms);
  loop_.Arm(c, 5ms);  // again: now the last
  never.Cancel();
  RunUntil([&] { return log.size() == 3; });
  EXPECT_EQ(log, "abc");
}

TEST_F(LoopTest, ADeadlineIsNeverEarly) {
  struct Timed final : Deadline {
    void OnDeadline() override { at = std::chrono::steady_clock::now(); }
    TimePoint at{};
  } timed;
  for (int i = 0; i < 5; ++i) {
    timed.at = {};
    const TimePoint from = std::chrono::steady_clock::now();
    Turn();  // a fresh now()
    loop_.Arm(timed, 3ms);
    RunUntil([&] { return timed.at != TimePoint{}; });
    EXPECT_GE(timed.at - from, 3ms);
  }
}

TEST_F(LoopTest, AnEarlierDeadlineMovesTheTimer) {
  std::string log;
  Note late(log, 'l'), early(log, 'e');
  loop_.Arm(late, 9s);
  loop_.Arm(early, 1ms);
  RunUntil([&] { return !log.empty(); });
  EXPECT_EQ(log, "e");
}

TEST_F(LoopTest, ADeadlineOfNoLengthThatArmsItselfLeavesRoomForOthers) {
  struct Again final : Deadline {
    explicit Again(Loop& on) : loop(on) {}
    void OnDeadline() override {
      ++runs;
      loop.Arm(*this, Duration{});
    }
    Loop& loop;
    int runs = 0;
  } again(loop_);
  loop_.Arm(again, Duration{});
  std::string log;
  Note other(log, 'b');
  loop_.Arm(other, 1ms);
  RunUntil([&] { return again.runs >= 2 && !log.empty(); });
}

TEST_F(LoopTest, TheClockStandsStillDuringATurnAndMovesBetweenTwo) {
  TimePoint first{}, second{}, next_turn{};
  loop_.Post([&] {
    first = loop_.now();
    while (std::chrono::steady_clock::now() - first < 1ms) {
    }
    second = loop_.now();
    loop_.Post([&] { next_turn = loop_.now(); });
  });
  RunUntil([&] { return next_turn != TimePoint{}; });
  EXPECT_EQ(first, second);
  EXPECT_GE(next_turn - first, 1ms);
}

TEST_F(LoopTest, LagTellsHowLongATurnHeldTheTimerUp) {
  std::string log;
  Note note(log, 'a');
  loop_.Arm(note, 1ms);
  loop_.Post([] {
    const auto from = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - from < 40ms) {
    }
  });
  RunUntil([&] { return !log.empty(); });
  EXPECT_GE(loop_.lag(), 30ms);
}

struct Mortal {
  Mortal(std::string& to, char as) : log(to), name(as) {}
  virtual ~Mortal() { log += name; }
  std::string& log;
  const char name;
};

TEST_F(LoopTest, TheRetiredDieInOrderAfterTheCallbackAndWhatTheyRetireAfterThem) {
  struct Parent final : Mortal {
    Parent(Loop& on, std::string& to) : Mortal(to, 'p'), loop(on) {}
    ~Parent() override { loop.Retire(std::make_unique<Mortal>(log, 'c')); }
    Loop& loop;
  };
  std::string log;
  std::string during;
  loop_.Post([&] {
    loop_.Retire(std::make_unique<Mortal>(log, '1'));
    loop_.Retire(std::make_unique<Parent>(loop_, log));
    loop_.Retire(std::make_unique<Mortal>(log, '2'));
    during = log;
  });
  RunUntil([&] { return log.size() == 4; });
  EXPECT_EQ(during, "");
  EXPECT_EQ(log, "1p2c");
}

TEST_F(LoopTest, WhatADeadlineRetiresDoesNotWaitForTheNextEvent) {
  bool heard = false;
  struct Dying {
    ~Dying() {
      loop.Post([this_heard = heard] { *this_heard = true; });
    }
    Loop& loop;
    bool* heard;
  };
  struct Killer final : Deadline {
    Killer(Loop& on, bool* to) : loop(on), heard(to) {}
    void OnDeadline() override { loop.Retire(std::unique_ptr<Dying>(new Dying{loop, heard})); }
    Loop& loop;
    bool* heard;
  } killer(loop_, &heard);
  loop_.Arm(killer, 1ms);
  // The next event is the guard's, ten seconds away: a graveyard that slept would fail this.
  RunUntil([&] { return heard; });
  EXPECT_TRUE(heard);
}

class Later final : public Deferred {
 public:
  explicit Later(absl::AnyInvocable<void()> work) : work_(std::move(work)) {}

 private:
  void OnDeferred() override { work_(); }
  absl::AnyInvocable<void()> work_;
};

TEST_F(LoopTest, DeferredWorkRunsOnceAtTheEndOfTheCallbackFirstComeFirst) {
  std::string log;
  Later a([&] { log += 'a'; }), b([&] { log += 'b'; }), c([&] { log += 'c'; });
  loop_.Post([&] {
    loop_.Defer(b);
    loop_.Defer(a);
    loop_.Defer(b);
    loop_.Defer(c);
    c.CancelDeferred();
    log += '.';
  });
  RunUntil([&] { return log.size() >= 3; });
  EXPECT_EQ(log, ".ba");
}

TEST_F(LoopTest, WorkForTheEndOfTheTurnComesBehindAllItsCallbacks) {
  std::string log;
  Later callback([&] { log += 'c'; }), turn([&] { log += 't'; }), cancelled([&] { log += 'x'; });
  loop_.Post([&] {
    loop_.DeferToTurnEnd(turn);
    loop_.DeferToTurnEnd(cancelled);
    loop_.Defer(callback);
    loop_.Post([&] { log += '2'; });
    cancelled.CancelDeferred();
    log += '1';
  });
  RunUntil([&] { return log.size() >= 4; });
  EXPECT_EQ(log, "1ct2");
}

TEST_F(LoopTest, WhatATimerPutsOffToTheEndOfTheTurnDoesNotWaitForAnEvent) {
  bool ran = false;
  Later first([&] { ran = true; });
  Later* const last = &first;
  Later again([&] { loop_.DeferToTurnEnd(*last); });
  struct Timer final : Deadline {
    Timer(Loop& loop, Deferred& then) : loop_(loop), then_(then) {}
    void OnDeadline() override { loop_.DeferToTurnEnd(then_); }
    Loop& loop_;
    Deferred& then_;
  } timer(loop_, again);
  loop_.Arm(timer, 1ms);
  // The next event is the guard's, ten seconds away.
  RunUntil([&] { return ran; });
  EXPECT_TRUE(ran);
}

TEST_F(LoopTest, WorkThatPutsItselfOffForEverLeavesRoomForOthers) {
  int runs = 0;
  Later* self = nullptr;
  Later again([&] {
    ++runs;
    loop_.DeferToTurnEnd(*self);
  });
  self = &again;
  loop_.DeferToTurnEnd(again);
  RunFor(3ms);
  EXPECT_GT(runs, 4);
  again.CancelDeferred();
}

TEST_F(LoopTest, WorkThatDefersItselfForEverLeavesRoomForOthers) {
  int runs = 0;
  Later* self = nullptr;
  Later again([&] {
    ++runs;
    loop_.Defer(*self);
  });
  self = &again;
  loop_.Defer(again);
  RunFor(3ms);
  EXPECT_GT(runs, 4);
  again.CancelDeferred();
}

TEST_F(LoopTest, DeferredWorkMayCancelAndDestroyOtherWork) {
  std::string log;
  auto victim = std::make_unique<Later>([&] { log += 'v'; });
  Later after([&] { log += 'z'; });
  Later killer([&] { victim.reset(); });
  loop_.Defer(killer);
  loop_.Defer(*victim);
  loop_.Defer(after);
  Turn();
  EXPECT_EQ(log, "z");
}

TEST_F(LoopTest, ATickerTicksUntilItIsDestroyed) {
  int ticks = 0;
  auto ticker = std::make_unique<Ticker>(loop_, 1ms, [&] { ++ticks; });
  RunUntil([&] { return ticks == 3; });
  ticker.reset();
  RunFor(5ms);
  EXPECT_EQ(ticks, 3);
}

}  // namespace
}  // namespace sluice::net
