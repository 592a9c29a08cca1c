#include "balancer/outcome.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace sluice::balancer {
namespace {

using namespace std::chrono_literals;

class OutcomeTest : public testing::Test {
 protected:
  void Settle(Result result, Duration latency, int times = 1) {
    for (int i = 0; i < times; ++i) {
      Record(host_, {.result = result, .latency = latency}, now_ += gap_);
    }
  }
  double ServiceMs() const { return host_.service_us / 1e3; }

  HostStats host_;
  TimePoint now_{1h};
  Duration gap_ = 10ms;
};

TEST(ActiveRequest, IsCountedFromItsMakingToItsEnd) {
  HostStats host;
  HostStats other;
  const TimePoint now{1h};
  {
    ActiveRequest request(host, now);
    ActiveRequest moved = std::move(request);
    EXPECT_EQ(host.active, 1u);
    ActiveRequest second(other, now);
    moved = std::move(second);
    EXPECT_EQ(host.active + other.active, 2u);
    EXPECT_EQ(host.waiting + other.waiting, 2u);
  }
  EXPECT_EQ(host.active + other.active, 0u);
  EXPECT_EQ(host.waiting + other.waiting, 0u);
  EXPECT_EQ(host.settled, 0u) << "what was given up says nothing about the server";
}

TEST(ActiveRequest, IsRefusedBeyondTheLimitAndMadeAgainWhenOneEnds) {
  HostStats host;
  const TimePoint now(1h);
  std::optional<ActiveRequest> first = ActiveRequest::TryBegin(host, 2, now);
  std::optional<ActiveRequest> second = ActiveRequest::TryBegin(host, 2, now);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(ActiveRequest::TryBegin(host, 2, now));
  EXPECT_EQ(host.active, 2u);
  EXPECT_EQ(host.waiting, 2u);
  second.reset();
  EXPECT_TRUE(ActiveRequest::TryBegin(host, 2, now));
  EXPECT_TRUE(ActiveRequest::TryBegin(host, 0, now)) << "no limit";
}

TEST(ActiveRequest, IsNeverOneTooManyOverThreads) {
  HostStats host;
  std::atomic<uint32_t> inside{0};
  std::atomic<uint32_t> most{0};
  const auto enter = [&] {
    for (int i = 0; i < 20000; ++i) {
      const auto request = ActiveRequest::TryBegin(host, 3, TimePoint(1h));
      if (!request) continue;
      const uint32_t now_inside = ++inside;
      uint32_t before = most;
      while (before < now_inside && !most.compare_exchange_weak(before, now_inside)) {
      }
      --inside;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(enter);
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3u);
  EXPECT_EQ(host.active, 0u);
}

TEST(ActiveRequest, WaitsUntilItsFirstOutcomeAndStaysActive) {
  HostStats host;
  ActiveRequest request(host, TimePoint(1h));
  request.Settle({.latency = 5ms}, TimePoint(1h + 5ms));
  EXPECT_EQ(host.waiting, 0u);
  EXPECT_EQ(host.active, 1u);
  request.Settle({.result = Result::kFailed}, TimePoint(1h + 6ms));
  EXPECT_EQ(host.settled, 1u);
  EXPECT_EQ(host.errors, 0u) << "a body that breaks off is not a second outcome";
}

TEST(ActiveRequest, NotesWhenAnIdleServerBecameBusy) {
  HostStats host;
  ActiveRequest first(host, TimePoint(1h));
  ActiveRequest second(host, TimePoint(2h));
  EXPECT_EQ(host.busy_since_ns, Nanos(TimePoint(1h)));
}

TEST(ResultOf, TellsRefusalsFromFailures) {
  EXPECT_EQ(ResultOf(200, false), Result::kAnswered);
  EXPECT_EQ(ResultOf(404, false), Result::kAnswered);
  EXPECT_EQ(ResultOf(429, false), Result::kOverloaded);
  EXPECT_EQ(ResultOf(500, true), Result::kFailed);
  EXPECT_EQ(ResultOf(501, false), Result::kAnswered) << "the request's fault";
  EXPECT_EQ(ResultOf(503, false), Result::kFailed);
  EXPECT_EQ(ResultOf(503, true), Result::kOverloaded);
}

TEST_F(OutcomeTest, TheFirstAnswersSetTheServiceTime) {
  Settle(Result::kAnswered, 10ms);
  EXPECT_NEAR(ServiceMs(), 10, 0.01);
  Settle(Result::kAnswered, 20ms);
  EXPECT_NEAR(ServiceMs(), 15, 0.01);
}

TEST_F(OutcomeTest, TheServiceTimeIsTheMeanOfWhatIsAnswered) {
  std::mt19937_64 rng(1);
  std::exponential_distribution<double> work(1 / 10e6);
  double sum = 0;
  for (int i = 0; i < 20'000; ++i) {
    Settle(Result::kAnswered, Duration(static_cast<int64_t>(work(rng))));
    sum += ServiceMs() / 20'000;
  }
  EXPECT_NEAR(sum, 9.5, 0.7) << "a little under 10: the longest twentieth counts in part";
}

TEST_F(OutcomeTest, APauseThatHeldTenAnswersBackHardlyMovesIt) {
  Settle(Result::kAnswered, 10ms, 200);
  Settle(Result::kAnswered, 2s, 10);
  EXPECT_LT(ServiceMs(), 14);
}

TEST_F(OutcomeTest, AServerThatStaysTenTimesSlowerIsFoundOutInAHundredAnswers) {
  Settle(Result::kAnswered, 10ms, 200);
  Settle(Result::kAnswered, 100ms, 100);
  EXPECT_GT(ServiceMs(), 60);
}

TEST_F(OutcomeTest, WhereAnswersAreRareTheLastOnesCountMore) {
  Settle(Result::kAnswered, 30ms, 200);
  gap_ = 3s;
  Settle(Result::kAnswered, 10ms, 8);
  EXPECT_LT(ServiceMs(), 15);
}

TEST_F(OutcomeTest, AQuickFailureIsNotAQuickAnswer) {
  Settle(Result::kAnswered, 10ms, 100);
  Settle(Result::kFailed, 1ms, 100);
  EXPECT_NEAR(ServiceMs(), 10, 0.01);
  Settle(Result::kOverloaded, 1ms, 100);
  EXPECT_NEAR(ServiceMs(), 10, 0.01);
}

TEST_F(OutcomeTest, ATimeoutIsASlowAnswer) {
  Settle(Result::kAnswered, 10ms, 100);
  Settle(Result::kTimedOut, 30s, 10);
  EXPECT_GT(ServiceMs(), 12);
  EXPECT_EQ(host_.timeouts, 10u);
  EXPECT_EQ(host_.errors, 10u);
}

TEST_F(OutcomeTest, TheShareOfFailuresFollowsTheLastDozensAndGoesBackToNothing) {
  for (int i = 0; i < 400; ++i) Settle(i % 10 < 3 ? Result::kFailed : Result::kAnswered, 1ms);
  EXPECT_NEAR(static_cast<double>(host_.failing) / kWhole, 0.3, 0.12);
  Settle(Result::kAnswered, 1ms, 600);
  EXPECT_EQ(host_.failing, 0u);
}

TEST_F(OutcomeTest, ThePeakJumpsAndSinksSlowly) {
  Settle(Result::kAnswered, 10ms, 10);
  Settle(Result::kAnswered, 100ms);
  EXPECT_EQ(host_.peak_us, 100'000u);
  Settle(Result::kAnswered, 10ms, 100);  // one second
  EXPECT_NEAR(host_.peak_us / 1e3, 91, 2);
  Settle(Result::kAnswered, 10ms, 3000);
  EXPECT_LT(host_.peak_us / 1e3, 16);
}

TEST_F(OutcomeTest, AClockThatStepsBackDoesNoHarm) {
  Settle(Result::kAnswered, 10ms, 100);
  gap_ = -1h;
  Settle(Result::kAnswered, 10ms);
  EXPECT_NEAR(ServiceMs(), 10, 0.01);
  EXPECT_EQ(host_.peak_us, 10'000u);
}

}  // namespace
}  // namespace sluice::balancer
