// The parts of the storefront that need no socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "proxy/demo/alarm.h"
#include "proxy/demo/catalogue.h"
#include "proxy/demo/database.h"
#include "proxy/demo/form.h"
#include "proxy/demo/random.h"
#include "proxy/demo/slots.h"
#include "tests/support/loop_fixture.h"

namespace sluice::demo {

using namespace std::chrono_literals;

TEST(Database, KeepsItsTimeUpToTheKneeAndSlowsDownBeyond) {
  Database database({.query_time = 2ms, .knee = 4, .contention = 1.5, .stock = 1}, 1);
  std::vector<Database::Visit> visits;
  for (int i = 0; i < 4; ++i) visits.push_back(database.Enter());
  EXPECT_EQ(database.TimeFor(3), 6ms);
  for (int i = 0; i < 4; ++i) visits.push_back(database.Enter());
  EXPECT_EQ(database.TimeFor(1), 5ms) << "twice the knee: 1 + 1.5 times as long";
  visits.clear();
  EXPECT_EQ(database.TimeFor(1), 2ms);
}

TEST(Database, ServesFewerAsMorePressIn) {
  Database database({.query_time = 2ms, .knee = 4, .contention = 1.5, .stock = 1}, 1);
  std::vector<Database::Visit> visits;
  const auto throughput = [&] {
    return static_cast<double>(visits.size()) / static_cast<double>(database.TimeFor(1).count());
  };
  while (visits.size() < 4) visits.push_back(database.Enter());
  const double at_knee = throughput();
  while (visits.size() < 40) visits.push_back(database.Enter());
  EXPECT_LT(throughput(), at_knee);
}

TEST(Database, GivesAllOrNothingOfTheStock) {
  Database database({.query_time = 2ms, .knee = 4, .contention = 1, .stock = 3}, 2);
  EXPECT_FALSE(database.Take(0, 4));
  EXPECT_TRUE(database.Take(0, 3));
  EXPECT_FALSE(database.Take(0, 1));
  EXPECT_EQ(database.stock(1), 3);
}

namespace {

struct Waiting final : Slots::Waiter {
  void OnWorker(Slots::Worker worker) override { mine = std::move(worker); }
  Slots::Worker mine;
};

}  // namespace

TEST(Slots, AWorkerThatIsDoneGoesToWhoWaitedLongest) {
  Slots slots(1, 2);
  Waiting first, second, third;
  Slots::Worker busy = slots.Take();
  EXPECT_TRUE(busy.held());
  EXPECT_FALSE(slots.Take().held());
  EXPECT_TRUE(slots.Wait(first));
  EXPECT_TRUE(slots.Wait(second));
  EXPECT_FALSE(slots.Wait(third)) << "the queue is full";
  busy.Release();
  EXPECT_TRUE(first.mine.held());
  EXPECT_FALSE(second.mine.held());
  EXPECT_EQ(slots.working(), 1u);
  first.mine.Release();
  EXPECT_TRUE(second.mine.held());
  EXPECT_EQ(slots.most_working(), 1u);
}

TEST(Slots, WhoLeavesTheQueueGetsNothing) {
  Slots slots(1, 2);
  Waiting first, second;
  Slots::Worker busy = slots.Take();
  EXPECT_TRUE(slots.Wait(first));
  EXPECT_TRUE(slots.Wait(second));
  slots.Forget(first);
  busy.Release();
  EXPECT_FALSE(first.mine.held());
  EXPECT_TRUE(second.mine.held());
  second.mine.Release();
  EXPECT_EQ(slots.working(), 0u);
}

TEST(Random, DrawsTheSameFromTheSameSeed) {
  Random a(7), b(7), c(8);
  EXPECT_EQ(a.Next(), b.Next());
  EXPECT_NE(a.Next(), c.Next());
}

TEST(Random, ServiceFactorsHaveMedianOneAndATail) {
  Random random(1);
  std::vector<double> factors(10'001);
  std::generate(factors.begin(), factors.end(), [&] { return random.ServiceFactor(); });
  std::sort(factors.begin(), factors.end());
  EXPECT_NEAR(factors[5000], 1.0, 0.05);
  EXPECT_NEAR(factors[9900], 3.2, 0.5);
  EXPECT_GT(factors.front(), 0.05);
}

TEST(Form, FindsAndDecodesValues) {
  EXPECT_EQ(FormValue("a=1&b=two+words%21&b=3", "b"), "two words!");
  EXPECT_EQ(FormValue("a=1", "b"), std::nullopt);
  EXPECT_EQ(FormValue("flag&x=", "flag"), "");
  EXPECT_EQ(FormValue("q=100%", "q"), "100%") << "an escape that is none stays";
  EXPECT_EQ(FormNumber("n=12", "n"), 12u);
  EXPECT_EQ(FormNumber("n=-12", "n"), std::nullopt);
}

TEST(Form, FindsACookieAmongOthers) {
  EXPECT_EQ(CookieValue("a=1; cart=3.1-7.2; b=2", "cart"), "3.1-7.2");
  EXPECT_EQ(CookieValue("a=1, cart=9.9", "cart"), "9.9");
  EXPECT_EQ(CookieValue("xcart=1", "cart"), "");
}

TEST(Cart, SurvivesItsCookieAndDropsNonsense) {
  Cart cart;
  Add(cart, 7, 2);
  Add(cart, 3, 1);
  EXPECT_EQ(CartText(cart), "3.1-7.2");
  EXPECT_EQ(ParseCart("3.1-7.2"), cart);
  EXPECT_EQ(ParseCart("0.1-999.1-x.y-3.1--7.2-.-4.0"), cart);
  Add(cart, 7, 1'000'000'000'000);
  EXPECT_EQ(cart[7], 99u);
}

TEST(Catalogue, HasNoProductZeroAndNoneBehindTheLast) {
  EXPECT_EQ(FindProduct(0), nullptr);
  EXPECT_NE(FindProduct(1), nullptr);
  EXPECT_NE(FindProduct(Catalogue().size()), nullptr);
  EXPECT_EQ(FindProduct(Catalogue().size() + 1), nullptr);
  EXPECT_EQ(Price(1205), "12.05");
}

namespace {

struct Bell final : Alarm {
  explicit Bell(std::vector<int>& its_rung, int its_id) : rung(its_rung), id(its_id) {}
  void OnAlarm() override { rung.push_back(id); }
  std::vector<int>& rung;
  const int id;
};

}  // namespace

class AlarmsTest : public net::LoopTest {};

TEST_F(AlarmsTest, RingInTheOrderOfTheirTimesHoweverTheyWereArmed) {
  Alarms alarms(loop_);
  std::vector<int> rung;
  Bell late(rung, 3), soon(rung, 1), middle(rung, 2), never(rung, 4);
  alarms.Arm(late, 23ms);
  alarms.Arm(never, 15ms);
  alarms.Arm(soon, 1ms);
  alarms.Arm(middle, 9ms);
  never.Cancel();
  const TimePoint began = loop_.now();
  RunUntil([&] { return rung.size() == 3; });
  EXPECT_THAT(rung, testing::ElementsAre(1, 2, 3));
  EXPECT_GE(loop_.now() - began, 23ms) << "never early";
}

TEST_F(AlarmsTest, AnAlarmThatIsMovedRingsOnce) {
  Alarms alarms(loop_);
  std::vector<int> rung;
  Bell moved(rung, 1), last(rung, 2);
  alarms.Arm(moved, 1ms);
  alarms.Arm(moved, 5ms);
  alarms.Arm(last, 9ms);
  RunUntil([&] { return !last.armed(); });
  EXPECT_THAT(rung, testing::ElementsAre(1, 2));
}

}  // namespace sluice::demo
