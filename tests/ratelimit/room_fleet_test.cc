// One waiting room over several machines: what each makes of what the others say, and whole sales
// before three of them, in simulated time.
#include "ratelimit/room_fleet.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/ratelimit/room_fixture.h"
#include "tests/ratelimit/simulated_fleet.h"

namespace sluice::ratelimit {
namespace {

using What = RoomNews::What;

constexpr RoomTime kNow = RoomTime{1'700'000'000} * kSecond;

// 80 wait, ten in each second from `first` on; `called` is where the line has got to.
RoomWord Line80(RoomTime first, RoomTime called) {
  RoomWord word{.beat = 1, .keeps_order = true, .called = called, .waiting = 80};
  for (size_t i = 0; i < word.line.size(); ++i) word.line[i] = first + i * kSecond;
  return word;
}

class RoomFleetTest : public testing::Test {
 protected:
  // Machine `name` says the same as before, a beat later.
  void Say(const std::string& name, RoomWord word) {
    word.beat = ++beat_;
    fleet.Hear(name, word, now);
  }
  // A look, of all that was said since the last, and our own.
  RoomOthers Look() {
    fleet.Hear("m", RoomWord{}, now);
    return fleet.Look(now);
  }

  RoomFleet fleet{"m", 3};
  RoomTime now = kNow;

 private:
  uint64_t beat_ = 0;
};

TEST_F(RoomFleetTest, WhoSaysSomethingIsOneOfTheMachines) {
  Say("a", {.active = 3, .drain = 1});
  Say("z", {.active = 4, .drain = 2});
  const RoomOthers others = Look();
  EXPECT_TRUE(others.known);
  EXPECT_EQ(others.instances, 3u);
  EXPECT_EQ(others.active, 7u);
  EXPECT_EQ(others.drain, 3);
  EXPECT_FALSE(others.leads);
  EXPECT_EQ(others.until, RoomOthers::kNever);
}

TEST_F(RoomFleetTest, UntilSomebodyIsHeardThereAreAsManyAsExpected) {
  EXPECT_EQ(fleet.Silent().instances, 3u);
  EXPECT_FALSE(fleet.Silent().known);
  Look();
  EXPECT_EQ(fleet.Silent().instances, 1u);
}

TEST_F(RoomFleetTest, NobodyIsCalledMoreThanTenSecondsBeforeThoseOfTheSlowest) {
  Say("a", Line80(now - 60 * kSecond, now - 50 * kSecond));
  Say("b", Line80(now - 60 * kSecond, now - 40 * kSecond));
  EXPECT_EQ(Look().until, now - 40 * kSecond);
}

TEST_F(RoomFleetTest, AMachineThatIsHeldOrWhereNobodyWaitsHoldsNobody) {
  RoomWord held = Line80(now, now - 60 * kSecond);
  held.keeps_order = false;
  Say("a", held);
  Say("b", {.keeps_order = true, .called = now - 60 * kSecond});
  EXPECT_EQ(Look().until, RoomOthers::kNever);
}

TEST_F(RoomFleetTest, AMachineThatLetsNobodyInForHalfAMinuteIsNotWaitedFor) {
  RoomWord word = Line80(now, now - 60 * kSecond);
  for (int s = 0; s <= 30; ++s, now += kSecond) {
    Say("a", word);
    EXPECT_NE(Look().until, RoomOthers::kNever) << s;
  }
  Say("a", word);
  EXPECT_EQ(Look().until, RoomOthers::kNever);
  word.entered = 1;
  Say("a", word);
  EXPECT_NE(Look().until, RoomOthers::kNever);
}

TEST_F(RoomFleetTest, ThoseInsideAtAMachineThatIsGoneCountHereOnce) {
  Say("a", {.active = 1});
  Say("b", {.active = 7});
  Look();
  uint64_t inherited = 0;
  for (int s = 0; s < 9; ++s) {
    now += kSecond;
    Say("a", {.active = 1});
    fleet.Hear("b", {.beat = 99, .active = 7}, now);
    const RoomOthers others = Look();
    inherited += others.inherited;
    EXPECT_EQ(others.instances, s <= 5 ? 3u : 2u) << s;
  }
  EXPECT_EQ(inherited, 4u) << "half of seven, and nobody is forgotten";
  EXPECT_TRUE(fleet.Forgotten(now).empty());
  EXPECT_EQ(fleet.Forgotten(now + 2 * RoomFleet::kGone + 1).size(), 2u);
}

TEST_F(RoomFleetTest, WhoTakesLeaveLeavesNothing) {
  Say("a", {.active = 7});
  Look();
  now += kSecond;
  Say("a", {.active = 7});
  Look();
  now += kSecond;
  const RoomOthers others = Look();
  EXPECT_EQ(others.instances, 1u);
  EXPECT_EQ(others.inherited, 0u);
}

TEST_F(RoomFleetTest, AWordLeftByAMachineThatNeverSpokeSinceIsNobodys) {
  uint64_t inherited = 0;
  for (int s = 0; s < 9; ++s, now += kSecond) {
    fleet.Hear("b", {.beat = 99, .active = 7}, now);
    inherited += Look().inherited;
  }
  EXPECT_EQ(inherited, 0u);
}

TEST_F(RoomFleetTest, AStoreThatLostAllIsNotTakenForALeave) {
  Say("a", {.active = 7});
  Look();
  now += kSecond;
  RoomOthers others = fleet.Look(now);  // not even our own word is there
  EXPECT_EQ(others.instances, 2u);
  EXPECT_EQ(others.active, 7u);
  for (int s = 0; s < 5; ++s) {
    now += kSecond;
    others = Look();
  }
  EXPECT_EQ(others.instances, 1u) << "who does not come back then has left";
}

TEST_F(RoomFleetTest, ASilenceOfTheStoreIsNobodysEnd) {
  const auto say = [&](uint64_t beat) { fleet.Hear("a", {.beat = beat, .active = 7}, now); };
  say(1);
  Look();
  now += kSecond;
  say(2);
  Look();
  now += 60 * kSecond;
  say(2);
  const RoomOthers others = Look();
  EXPECT_EQ(others.instances, 2u);
  EXPECT_EQ(others.inherited, 0u);
}

TEST_F(RoomFleetTest, NewsAreHandedOnOnce) {
  const RoomWord word{.beat = 1, .news = {{.id = 7, .what = What::kEnded}}};
  fleet.Hear("a", word, now);
  EXPECT_EQ(Look().news.size(), 1u);
  fleet.Hear("a", word, now);
  EXPECT_TRUE(Look().news.empty());
}

TEST_F(RoomFleetTest, OfMoreMachinesThanItKnowsFurtherOnesAreNotHeard) {
  for (int i = 0; i < 100; ++i) Say("a" + std::to_string(i), {});
  EXPECT_EQ(Look().instances, RoomFleet::kMost + 1);
}

TEST(RoomOthersTest, ThoseWhoAreBeforeOneElsewhereAreCountedByTheirTimes) {
  RoomOthers others;
  others.parts = {{.waiting = 80, .line = Line80(kNow, kNow).line},
                  {.waiting = 8, .line = Line80(kNow + 4 * kSecond, kNow).line}};
  EXPECT_EQ(others.Ahead(kNow - kSecond), 0);
  EXPECT_DOUBLE_EQ(others.Ahead(kNow + kSecond / 2), 5);
  EXPECT_DOUBLE_EQ(others.Ahead(kNow + 4 * kSecond), 40);
  EXPECT_DOUBLE_EQ(others.Ahead(kNow + 8 * kSecond), 84);
  EXPECT_DOUBLE_EQ(others.Ahead(kNow + 60 * kSecond), 88);
}

TEST(RoomOthersTest, EachTakesItsPartOfThePlacesThatAreLeftAndWhoWaitsFirstTheLast) {
  const RoomOthers three{.known = true, .instances = 3, .most = 40, .first = kNow, .leads = false};
  EXPECT_EQ(three.MostHere(100, 30, kNow), 40u);
  EXPECT_EQ(three.MostHere(100, 60, kNow), 60u);
  EXPECT_EQ(three.MostHere(100, 70, kNow), 70u) << "nobody is put out";
  EXPECT_EQ(three.MostHere(72, 30, kNow - 1), 31u);
  EXPECT_EQ(three.MostHere(72, 30, kNow), 30u);
  RoomOthers idle = three;
  idle.first = RoomOthers::kNever;
  EXPECT_EQ(idle.MostHere(72, 30, RoomOthers::kNever), 30u);
  idle.leads = true;
  EXPECT_EQ(idle.MostHere(72, 30, RoomOthers::kNever), 31u);
}

TEST(RoomOthersTest, WhileTheOthersAreSilentEachHasItsShareAndAtLeastOne) {
  const RoomOthers three{.instances = 3};
  EXPECT_EQ(three.MostHere(100, 70, kNow), 33u);
  EXPECT_EQ(three.MostHere(1, 0, kNow), 1u);
  EXPECT_DOUBLE_EQ(three.ShareHere(100), 1 / 3.0);
}

TEST(RoomOthersTest, APaceIsParted) {
  const RoomOthers three{.known = true, .instances = 3};
  EXPECT_DOUBLE_EQ(three.ShareHere(0), 1 / 3.0);
  const RoomOthers busy{.known = true, .instances = 2, .waiting = 299};
  EXPECT_DOUBLE_EQ(busy.ShareHere(99), 0.25) << "by how many wait";
}

TEST(RoomTidingsTest, EachIsToldForThreeSecondsAndWaitsForItsTurn) {
  RoomTidings tidings;
  for (uint64_t i = 0; i < RoomTidings::kMostTold; ++i) tidings.Add({.id = i});
  RoomTime now = kNow;
  EXPECT_EQ(tidings.Tell(2, now).size(), RoomTidings::kMostTold / 2);
  now += RoomTidings::kTold;
  EXPECT_EQ(tidings.Tell(2, now).front().id, 0u);
  now += 1;
  EXPECT_EQ(tidings.Tell(2, now).front().id, RoomTidings::kMostTold / 2);
  now += RoomTidings::kTold + 1;
  EXPECT_TRUE(tidings.Tell(2, now).empty());
}

TEST(RoomTidingsTest, WhatNobodyHearsIsBounded) {
  RoomTidings tidings;
  for (uint64_t i = 0; i <= RoomTidings::kMost; ++i) tidings.Add({.id = i});
  EXPECT_EQ(tidings.Tell(1, kNow).front().id, 1u);
}

// A machine of a fleet, and what the test says for the others.
class FleetRoomTest : public RoomFixture {
 protected:
  void Hear(const RoomWord& word) {
    RoomWord said = word;
    said.beat = ++beat_;
    fleet_.Hear("a", said, now);
    fleet_.Hear("m", {}, now);
    room.Share(fleet_.Look(now), now);
  }
  uint16_t TagOfA() const { return fleet_.Silent().tags.at(0); }

 private:
  RoomFleet fleet_{"m", 2};
  uint64_t beat_ = 0;
};

TEST_F(FleetRoomTest, WhereNobodyWaitsANewcomerIsNotBeforeThoseWhoWaitElsewhere) {
  Hear({});
  Pass(1);
  EXPECT_EQ(Come().outcome, Outcome::kEnters);
  Hear(Line80(now - 60 * kSecond, now - 50 * kSecond));
  const Ticket late = Join();
  Pass(0.1);
  EXPECT_EQ(Come(late).outcome, Outcome::kWaits);
  const Ticket early{.id = 5, .order = now - 55 * kSecond, .issued_s = Now_s() - 5, .due_s = 5};
  EXPECT_EQ(Come(early).outcome, Outcome::kEnters);
  Hear({});
  Pass(0.1);
  EXPECT_EQ(Come(late).outcome, Outcome::kEnters);
}

TEST_F(FleetRoomTest, PositionAndWaitAreOfAllMachines) {
  open = false;
  const std::vector<Ticket> line = Line(10);
  RoomWord word = Line80(now - 60 * kSecond, now);
  word.drain = 40;
  Hear(word);
  const Answer answer = Come(line.back());
  EXPECT_NEAR(static_cast<double>(answer.ahead), 89, 1.5);
  EXPECT_LT(*answer.wait_s, 89 / 40.0);
}

TEST_F(FleetRoomTest, WhoCameInElsewhereIsInHereAndCountsThere) {
  Use({.most_active = 10});
  Hear({.most = 10});
  const Ticket waiting = Stay(Join());
  EXPECT_EQ(room.counts().waiting, 1u);
  Hear({.most = 10, .news = {{.id = waiting.id, .what = What::kEntered}}});
  Pass(0.1);
  EXPECT_EQ(room.counts().waiting, 0u);
  Ticket active = waiting;
  active.kind = Ticket::Kind::kActive;
  active.due_s = TagOfA();
  EXPECT_EQ(Come(active).outcome, Outcome::kInside);
  const Ticket unheard{
      .kind = Ticket::Kind::kActive, .id = 8, .order = now, .issued_s = Now_s(), .due_s = TagOfA()};
  EXPECT_EQ(Come(unheard).outcome, Outcome::kInside);
  EXPECT_EQ(room.counts().active, 0u);
}

TEST_F(FleetRoomTest, AnActiveTicketIsGoodBeforeTheNewsOfIt) {
  Use({.most_active = 10});
  Hear({.most = 10});
  Ticket ticket = Stay(Join());
  ticket.kind = Ticket::Kind::kActive;
  ticket.due_s = TagOfA();
  EXPECT_EQ(Come(ticket).outcome, Outcome::kInside);
  Pass(0.1);
  EXPECT_EQ(room.counts().waiting, 0u);
}

TEST_F(FleetRoomTest, WhoIsDoneElsewhereIsDoneHere) {
  Use({.most_active = 2});
  Hear({});
  const Ticket inside = Inside();
  EXPECT_EQ(room.counts().active, 1u);
  Hear({.news = {{.id = inside.id, .what = What::kEnded}}});
  EXPECT_EQ(room.counts().active, 0u);
  open = false;
  EXPECT_EQ(Come(inside).outcome, Outcome::kWaits) << "his ticket is worth nothing any more";
  EXPECT_EQ(room.counts().ended, 0u) << "that is counted where he was";
}

TEST_F(FleetRoomTest, WhoCountedAtAMachineThatIsGoneCountsWhereHeIsSeenNext) {
  Use({.most_active = 10});
  Hear({.active = 1});
  now += kSecond;
  Hear({.active = 1});
  const Ticket active{
      .kind = Ticket::Kind::kActive, .id = 8, .order = now, .issued_s = Now_s(), .due_s = TagOfA()};
  EXPECT_EQ(Come(active).outcome, Outcome::kInside);
  EXPECT_EQ(room.counts().active, 0u);
  room.Share(RoomOthers{.known = true, .tag = 9, .inherited = 1}, now);
  EXPECT_EQ(room.counts().active, 1u) << "whoever it is";
  const Answer seen = Come(active);
  EXPECT_EQ(seen.outcome, Outcome::kInside);
  ASSERT_TRUE(seen.ticket.has_value());
  EXPECT_EQ(seen.ticket->due_s, 9);
  EXPECT_EQ(room.counts().active, 1u);
}

// Whole sales: 100 purchases a second are possible. One machine alone lets nobody wait for more
// than 25 s behind somebody who came later; three for one slack longer at most.
constexpr double kMostPerSecond = 100;
constexpr double kOvertaken_s = 35;

struct Crowd {
  std::string name;
  double hops = 0;
  std::vector<double> share = {1, 1, 1};
};
void PrintTo(const Crowd& crowd, std::ostream* os) { *os << crowd.name; }

class FleetSaleTest : public testing::TestWithParam<Crowd> {
 protected:
  void Use(const RoomSpec& spec, double think_s = 0.3) {
    sale.emplace(spec);
    sale->hops = GetParam().hops;
    sale->share = GetParam().share;
    sale->think_s = think_s;
  }
  // Calm, a spike, and some time for it to be known.
  void Crowd(double after_s = 2) {
    sale->Run(30);
    sale->arrivals_per_s = 450;
    sale->Run(20);
    sale->arrivals_per_s = 20;
    sale->Run(after_s);
  }
  std::optional<SimulatedFleet> sale;
};

TEST_P(FleetSaleTest, ThreeMachinesServeACrowdAsOneWould) {
  Use({});
  Crowd();
  const SimulatedFleet::Seen seen = sale->Run(40);
  EXPECT_GT(seen.bought_per_s(), 0.95 * kMostPerSecond);
  EXPECT_LT(seen.worst_inversion, kOvertaken_s);
  EXPECT_LT(seen.estimate_off, 0.25);
  sale->Run(120);
  EXPECT_EQ(sale->Run(60).waited, 0u) << "all were served";
  EXPECT_EQ(sale->turned_away, 0u) << "who was inside stayed inside";
}

TEST_P(FleetSaleTest, AStatedNumberInsideIsOneForAll) {
  Use({.most_active = 600}, 5);
  Crowd(20);
  const SimulatedFleet::Seen seen = sale->Run(60);
  EXPECT_LE(seen.most_inside, 600u);
  EXPECT_GT(seen.bought_per_s(), 33) << "39 are possible; who hops is free a beat or two later";
  EXPECT_LT(seen.worst_inversion, 60);
  EXPECT_EQ(sale->turned_away, 0u);
}

TEST_P(FleetSaleTest, AStatedPaceIsOneForAll) {
  Use({.pace = 50});
  Crowd(20);
  const SimulatedFleet::Seen seen = sale->Run(60);
  EXPECT_GT(seen.bought_per_s(), 46);
  EXPECT_LT(seen.bought_per_s(), 52);
  EXPECT_LT(seen.worst_inversion, kOvertaken_s);
}

TEST_P(FleetSaleTest, WhoWaitedAtAMachineThatDiesKeepsHisPlaceAtAnother) {
  Use({});
  Crowd(10);
  sale->Kill(0);
  const SimulatedFleet::Seen seen = sale->Run(30);
  EXPECT_GT(seen.bought_per_s(), 0.93 * kMostPerSecond);
  EXPECT_LT(seen.worst_inversion, kOvertaken_s);
  sale->Run(120);
  EXPECT_EQ(sale->Run(60).waited, 0u);
  EXPECT_EQ(sale->turned_away, 0u);
}

TEST_P(FleetSaleTest, ADeadMachinesVisitorsStillCountOfAStatedNumber) {
  Use({.most_active = 600}, 5);
  Crowd(20);
  sale->Kill(0);
  const SimulatedFleet::Seen seen = sale->Run(60);
  EXPECT_LE(seen.most_inside, 610u);
  EXPECT_GT(seen.bought_per_s(), 28);
  EXPECT_EQ(sale->turned_away, 0u);
}

TEST_P(FleetSaleTest, WithoutTheStoreEachGoesOnAndComesBackTogether) {
  for (const bool stated : {false, true}) {
    Use(stated ? RoomSpec{.most_active = 600} : RoomSpec{}, stated ? 5 : 0.3);
    Crowd(10);
    sale->LoseStore();
    sale->Run(10);
    const SimulatedFleet::Seen alone = sale->Run(15);
    EXPECT_GT(alone.bought_per_s(), stated ? 25 : 0.88 * kMostPerSecond);
    EXPECT_LE(alone.most_inside, stated ? 620u : 10000u);
    sale->FindStore(true);
    sale->Run(5);
    const SimulatedFleet::Seen again = sale->Run(20);
    EXPECT_GT(again.bought_per_s(), stated ? 28 : 0.9 * kMostPerSecond);
    EXPECT_LE(again.most_inside, stated ? 620u : 10000u);
    EXPECT_EQ(sale->turned_away, 0u);
  }
}

TEST_P(FleetSaleTest, AMachineThatLosesItsServersHoldsTheOthersForHalfAMinuteAtMost) {
  Use({});
  Crowd(10);
  sale->machines[0]->sick = true;
  const auto entered = [this] { return sale->machines[1]->room.counts().entered; };
  sale->Run(25);
  const uint64_t held = entered();
  sale->Run(15);
  EXPECT_GT(entered(), held + 50);
}

INSTANTIATE_TEST_SUITE_P(Visitors, FleetSaleTest,
                         testing::Values(Crowd{.name = "Stay"}, Crowd{.name = "Hop", .hops = 1},
                                         Crowd{.name = "SomeHop", .hops = 0.2},
                                         Crowd{.name = "AreMostlyAtOne", .share = {8, 1, 1}}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace sluice::ratelimit
