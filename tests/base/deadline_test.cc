#include "proxy/base/deadline.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/base/failure.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

struct DeadlineTest : testing::Test {
  class Note : public Deadline {
   public:
    Note(DeadlineTest* test, char name) : test_(test), name_(name) {}

   protected:
    void OnDeadline() override { test_->log_ += name_; }
    DeadlineTest* const test_;
    const char name_;
  };

  std::string log_;
  TimePoint now_{1h};
  DeadlineQueue queue_{10ms};
};

TEST_F(DeadlineTest, RunsToTheNanosecondWhenDueAndOnce) {
  Note a(this, 'a');
  queue_.Arm(a, now_);
  EXPECT_TRUE(a.armed());
  queue_.Run(now_ + 10ms - 1ns);
  EXPECT_EQ(log_, "");
  queue_.Run(now_ + 10ms);
  queue_.Run(now_ + 1h);
  EXPECT_EQ(log_, "a");
  EXPECT_FALSE(a.armed());
}

TEST_F(DeadlineTest, RunsInTheOrderArmedAndOnlyWhatIsDue) {
  Note a(this, 'a'), b(this, 'b'), c(this, 'c');
  queue_.Arm(b, now_);
  queue_.Arm(a, now_ + 1ms);
  queue_.Arm(c, now_ + 2ms);
  queue_.Run(now_ + 11ms);
  EXPECT_EQ(log_, "ba");
  EXPECT_EQ(queue_.earliest(), now_ + 12ms);
}

TEST_F(DeadlineTest, ArmingAgainPutsItOffToTheEnd) {
  Note a(this, 'a'), b(this, 'b');
  queue_.Arm(a, now_);
  queue_.Arm(b, now_ + 1ms);
  queue_.Arm(a, now_ + 2ms);
  queue_.Run(now_ + 11ms);
  EXPECT_EQ(log_, "b");
  queue_.Run(now_ + 12ms);
  EXPECT_EQ(log_, "ba");
}

TEST_F(DeadlineTest, CancelledOrDestroyedItNeverRuns) {
  Note a(this, 'a');
  auto b = std::make_unique<Note>(this, 'b');
  queue_.Arm(a, now_);
  queue_.Arm(*b, now_);
  a.Cancel();
  a.Cancel();
  b.reset();
  EXPECT_EQ(queue_.earliest(), std::nullopt);
  queue_.Run(now_ + 1h);
  EXPECT_EQ(log_, "");
}

TEST_F(DeadlineTest, ADeadlineMayDestroyTheNextOneAndItself) {
  auto victim = std::make_unique<Note>(this, 'v');
  struct Killer final : Note {
    Killer(DeadlineTest* test, std::unique_ptr<Note>* target) : Note(test, 'k'), victim(target) {}
    void OnDeadline() override {
      victim->reset();
      test_->log_ += 'k';
      delete this;
    }
    std::unique_ptr<Note>* const victim;
  };
  auto* const killer = new Killer(this, &victim);
  Note after(this, 'z');
  queue_.Arm(*killer, now_);
  queue_.Arm(*victim, now_);
  queue_.Arm(after, now_);
  queue_.Run(now_ + 10ms);
  EXPECT_EQ(log_, "kz");
}

TEST_F(DeadlineTest, ArmedAgainFromItsOwnCallItWaitsForTheNextRunEvenWithoutLength) {
  DeadlineQueue at_once{0ns};
  struct Again final : Note {
    Again(DeadlineTest* test, DeadlineQueue* on) : Note(test, 'a'), queue(on) {}
    void OnDeadline() override {
      Note::OnDeadline();
      queue->Arm(*this, test_->now_);
    }
    DeadlineQueue* const queue;
  } again(this, &at_once);
  at_once.Arm(again, now_);
  at_once.Run(now_);
  EXPECT_EQ(log_, "a");
  EXPECT_TRUE(again.armed());
  at_once.Run(now_);
  EXPECT_EQ(log_, "aa");
}

TEST_F(DeadlineTest, AQueueThatGoesLeavesItsDeadlinesDisarmed) {
  Note a(this, 'a');
  {
    DeadlineQueue brief{1ms};
    brief.Arm(a, now_);
  }
  EXPECT_FALSE(a.armed());
}

TEST_F(DeadlineTest, ABoundDeadlineCallsItsOwnersMethod) {
  struct Owner {
    void OnIdle() { ++calls; }
    int calls = 0;
    BoundDeadline<Owner, &Owner::OnIdle> idle{this};
  } owner;
  queue_.Arm(owner.idle, now_);
  queue_.Run(now_ + 10ms);
  EXPECT_EQ(owner.calls, 1);
}

TEST(Failure, EveryCauseHasANameOfItsOwn) {
  EXPECT_EQ(CauseName(Cause::kNone), "ok");
  std::string seen = " ok ";
  for (int i = 1; i <= static_cast<int>(Cause::kShutdown); ++i) {
    const std::string name(CauseName(static_cast<Cause>(i)));
    EXPECT_EQ(seen.find(" " + name + " "), std::string::npos) << name;
    seen += name + " ";
  }
}

}  // namespace
}  // namespace sluice
