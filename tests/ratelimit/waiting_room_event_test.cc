// What operators and events do to a waiting room: gathering and drawing lots, closing and letting
// in, and restarts in the middle of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "ratelimit/waiting_room.h"
#include "tests/ratelimit/room_fixture.h"

namespace sluice::ratelimit {
namespace {

uint64_t Mixed(uint64_t id) {
  id = (id ^ (id >> 31)) * 0x9e3779b97f4a7c15;
  return id ^ (id >> 29);
}

class WaitingRoomEventTest : public RoomFixture {
 protected:
  // So many come evenly until the start, a minute later, and most show their tickets.
  void GatherMany(size_t visitors) {
    since = now;
    start = now + 60 * kSecond;
    room.Gather(start);
    for (size_t i = 0; i < visitors; ++i) {
      while (now + kSecond / 10 <= since + i * (start - since) / visitors) Pass(0.1);
      tickets.push_back(Join());
      if (i % 4 != 0) tickets.back() = Stay(tickets.back());
    }
    while (now < start) Pass(0.1);
  }
  void Draw() {
    room.Hold({.since = since,
               .until = start,
               .lot =
                   [this](uint64_t id) {
                     ++lots_asked;
                     return Mixed(id);
                   }},
              now);
  }
  // All come by once, the door shut: their places by then.
  std::vector<RoomTime> Places() {
    open = false;
    std::vector<RoomTime> places;
    for (Ticket& ticket : tickets) places.push_back((ticket = Stay(ticket)).order);
    return places;
  }

  RoomTime since = 0, start = 0;
  std::vector<Ticket> tickets;
  uint64_t lots_asked = 0;
};

TEST_F(WaitingRoomEventTest, BeforeTheStartNobodyComesInAndAllAreToldTheTimeThatIsLeft) {
  room.Gather(now + 600 * kSecond);
  const Answer first = Come();
  EXPECT_EQ(first.outcome, Outcome::kWaits);
  EXPECT_EQ(first.wait_s, 600);
  Pass(300);
  const Answer later = Come(*first.ticket);
  EXPECT_EQ(later.outcome, Outcome::kWaits);
  EXPECT_NEAR(later.wait_s.value_or(0), 300, 0.1);
}

TEST_F(WaitingRoomEventTest, TheLastVisitBeforeTheStartIsToldToComeJustAfterIt) {
  room.Gather(now + 600 * kSecond);
  Ticket ticket = Join();
  const RoomTime begin = now + 600 * kSecond;
  while (now < begin) {
    const Answer answer = Come(ticket);
    ASSERT_GE(answer.poll_s, 9);
    ticket = *answer.ticket;
    Pass(answer.poll_s);
  }
  EXPECT_LT(now, begin + 11 * kSecond);
}

TEST_F(WaitingRoomEventTest, WhoIsInsideGoesOnWhileOthersGather) {
  const Ticket inside = Inside();
  room.Gather(now + 600 * kSecond);
  EXPECT_EQ(Come(inside).outcome, Outcome::kInside);
}

TEST_F(WaitingRoomEventTest, WithoutADrawAllKeepTheOrderInWhichTheyGathered) {
  GatherMany(300);
  room.Hold({}, now);
  EXPECT_TRUE(std::ranges::is_sorted(Places()));
  room.Gather(0);
  open = true;
  Pass(0.1);
  EXPECT_EQ(Come(tickets.front()).outcome, Outcome::kEnters);
  EXPECT_EQ(Come(tickets.back()).outcome, Outcome::kWaits);
}

// Chi-square of tenths of arrival over tenths of the draw: 81 degrees of freedom.
TEST_F(WaitingRoomEventTest, ALotSaysNothingAboutWhenOneCame) {
  GatherMany(20'000);
  Draw();
  const std::vector<RoomTime> places = Places();
  std::map<std::pair<size_t, uint64_t>, double> seen;
  for (size_t i = 0; i < places.size(); ++i) {
    ASSERT_GE(places[i], since);
    ASSERT_LT(places[i], start);
    ++seen[{i * 10 / places.size(), (places[i] - since) * 10 / (start - since)}];
  }
  double chi_square = 0;
  for (size_t came = 0; came < 10; ++came) {
    for (uint64_t drawn = 0; drawn < 10; ++drawn) {
      chi_square += std::pow(seen[{came, drawn}] - 200, 2) / 200;
    }
  }
  EXPECT_LT(chi_square, 81 + 5 * std::sqrt(2 * 81));
}

TEST_F(WaitingRoomEventTest, BeforeTheDrawNobodysLotIsLookedAt) {
  GatherMany(1000);
  EXPECT_TRUE(std::ranges::is_sorted(Places()));
  EXPECT_EQ(lots_asked, 0u);
}

TEST_F(WaitingRoomEventTest, WhoseLotIsFirstComesInAndWhoCameAfterTheStartIsLast) {
  GatherMany(2000);
  Draw();
  Pass(0.1);
  const Ticket late = Join();
  const std::vector<RoomTime> places = Places();
  Stay(late);
  Pass(0.1);
  open = true;
  const auto first = static_cast<size_t>(std::ranges::min_element(places) - places.begin());
  const auto last = static_cast<size_t>(std::ranges::max_element(places) - places.begin());
  EXPECT_EQ(Come(tickets[first]).outcome, Outcome::kEnters);
  EXPECT_EQ(Come(tickets[last]).outcome, Outcome::kWaits);
  const Answer answer = Come(late);
  EXPECT_EQ(answer.outcome, Outcome::kWaits);
  EXPECT_NEAR(static_cast<double>(answer.ahead), 2000, 60);
}

TEST_F(WaitingRoomEventTest, WhoShowsHisTicketLateHasThePlaceThatHeDrew) {
  GatherMany(1000);
  Draw();
  Pass(100);
  for (size_t i = 0; i < tickets.size(); i += 4) {  // those who have not shown theirs
    const RoomTime place = Come(tickets[i]).ticket->order;
    EXPECT_EQ(place, since + Mixed(tickets[i].id) % (start - since));
  }
}

TEST_F(WaitingRoomEventTest, ALotIsDrawnOnce) {
  GatherMany(1000);
  Draw();
  const std::vector<RoomTime> places = Places();
  Pass(30);
  EXPECT_EQ(Places(), places);
}

TEST_F(WaitingRoomEventTest, WhoWaitedBeforeTheGatheringIsBeforeThoseWhoDraw) {
  open = false;
  const std::vector<Ticket> before = Line(300);
  GatherMany(1000);
  for (const Ticket& ticket : before) Stay(ticket);
  Draw();
  Pass(0.1);
  Places();
  open = true;
  EXPECT_EQ(Come(before[0]).outcome, Outcome::kEnters);
  EXPECT_EQ(Come(before[299]).ticket->order, before[299].order);
  EXPECT_EQ(Come(before[299]).outcome, Outcome::kWaits);  // not all of them at once
}

TEST_F(WaitingRoomEventTest, ThroughARestartAllHaveThePlacesThatTheyDrew) {
  GatherMany(1000);
  Draw();
  const std::vector<RoomTime> places = Places();
  const WaitingRoom::Snapshot saved = room.Save(now);
  Use({});
  room.Restore(saved, now);
  Draw();
  EXPECT_EQ(Places(), places);
  EXPECT_NEAR(static_cast<double>(room.counts().waiting), 1000, 30);
}

TEST_F(WaitingRoomEventTest, ARestartBetweenGatheringAndDrawChangesNobodysLot) {
  GatherMany(1000);
  const WaitingRoom::Snapshot saved = room.Save(now);
  Use({});
  room.Restore(saved, now);
  Draw();
  const std::vector<RoomTime> places = Places();
  for (size_t i = 0; i < places.size(); ++i) {
    EXPECT_EQ(places[i], since + Mixed(tickets[i].id) % (start - since));
  }
}

TEST_F(WaitingRoomEventTest, AClosedRoomLetsNobodyInAndPromisesNothing) {
  room.Close(true);
  const Answer answer = Come();
  EXPECT_EQ(answer.outcome, Outcome::kWaits);
  EXPECT_FALSE(answer.wait_s);
  EXPECT_GE(answer.poll_s, 9);
  Pass(60);
  EXPECT_EQ(Come(*answer.ticket).outcome, Outcome::kWaits);
  room.Close(false);
  Pass(0.1);
  EXPECT_EQ(Come(*answer.ticket).outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomEventTest, SoManyAsAreReleasedComeInInOrderThoughItIsClosed) {
  room.Close(true);
  std::vector<Ticket> line = Line(100);
  room.Release(7);
  Pass(0.1);
  open = false;
  size_t entered = 0;
  for (size_t i = line.size(); i-- > 0;) {  // the last first
    if (Come(line[i]).outcome != Outcome::kEnters) continue;
    ++entered;
    EXPECT_LE(i, 7u);
  }
  EXPECT_EQ(entered, 7u);
}

// Within a slot the line takes all to have come evenly: these came at its very end.
TEST_F(WaitingRoomEventTest, OneWhoIsReleasedIsFoundAmongThoseWhoCameAtOneMoment) {
  room.Close(true);
  now += kSecond - now % kSecond - 1;
  Ticket first = Join(), second = Join();
  first = Stay(first), second = Stay(second);
  Pass(1);
  room.Release(1);
  Pass(1.5);
  const bool is_first = Come(first).outcome == Outcome::kEnters;
  const bool is_second = Come(second).outcome == Outcome::kEnters;
  EXPECT_NE(is_first, is_second);
}

TEST_F(WaitingRoomEventTest, WhileAllButSomeAreKeptOutIdleServersTellNothingOfTheLine) {
  open = false;
  const std::vector<Ticket> line = Line(100);
  Pass(10);
  const WaitingRoom::Counts before = room.counts();
  room.Halt(true);
  open = true, load = 0;
  Pass(60);
  EXPECT_EQ(room.counts().drain, before.drain);
  EXPECT_LE(room.counts().called, before.called + 1);
  room.Halt(false);
  Pass(0.2);
  EXPECT_EQ(Come(line[0]).outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomEventTest, ReleasesAreSpentByThoseWhoComeStraightInToo) {
  room.Close(true);
  room.Release(3);
  int entered = 0;
  for (int i = 0; i < 100; ++i) entered += Come().outcome == Outcome::kEnters ? 1 : 0;
  EXPECT_EQ(entered, 3);
}

TEST_F(WaitingRoomEventTest, ARestartKeepsTheOrderAndHowManyAreInside) {
  Use({.most_active = 300});
  std::vector<Ticket> inside;
  for (int i = 0; i < 300; ++i) inside.push_back(Inside());
  const std::vector<Ticket> line = Line(200);
  Pass(1);
  const WaitingRoom::Snapshot saved = room.Save(now);
  Use({.most_active = 300});
  room.Restore(saved, now);
  Pass(1);
  EXPECT_EQ(room.counts().active, 300u);
  EXPECT_NEAR(static_cast<double>(room.counts().waiting), 200, 1);
  EXPECT_EQ(Come(line[0]).outcome, Outcome::kWaits);
  for (const Ticket& ticket : inside) EXPECT_EQ(Come(ticket).outcome, Outcome::kInside);
  EXPECT_EQ(room.counts().active, 300u);
  room.End(inside[0].id, now);
  Pass(0.1);
  EXPECT_EQ(Come(line[199]).outcome, Outcome::kWaits);
  EXPECT_EQ(Come(line[0]).outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomEventTest, OfThoseInsideBeforeARestartWhoDoesNotComeBackLapses) {
  Use({.most_active = 5, .session_s = 100});
  for (int i = 0; i < 5; ++i) Inside();
  const WaitingRoom::Snapshot saved = room.Save(now);
  Use({.most_active = 5, .session_s = 100});
  room.Restore(saved, now);
  Pass(99);
  EXPECT_EQ(Come().outcome, Outcome::kWaits);
  Pass(2);
  EXPECT_EQ(room.counts().active, 0u);
}

TEST_F(WaitingRoomEventTest, AfterTheClockWasSetBackNewcomersStillWaitForTheirTurn) {
  open = false;
  Line(300);
  const WaitingRoom::Snapshot saved = room.Save(now);
  now -= 3600 * kSecond;
  Use({});
  room.Restore(saved, now);
  Pass(0.1);
  EXPECT_EQ(room.counts().waiting, 300u);
  open = true;
  EXPECT_EQ(Come().outcome, Outcome::kWaits);
}

TEST_F(WaitingRoomEventTest, WhatIsKnownOfThoseWhoHaveGoneIsNotRestored) {
  const auto age_that_is_known = [&](const RoomSpec& spec, double age_s) {
    Use(spec);
    open = true;
    Inside();
    open = false;
    Line(20);
    const WaitingRoom::Snapshot saved = room.Save(now);
    Use(spec);
    const bool known = room.Restore(saved, now + static_cast<RoomTime>(age_s * kSecond));
    EXPECT_EQ(room.counts().waiting, known ? 20u : 0u);
    EXPECT_EQ(room.counts().drain, known ? saved.drain : WaitingRoom(spec).counts().drain);
    return known;
  };
  // Those inside.
  const RoomSpec long_inside = {.straight = true, .most_active = 1, .session_s = 3600};
  EXPECT_TRUE(age_that_is_known(long_inside, 3600));
  EXPECT_FALSE(age_that_is_known(long_inside, 3601));
  // Those in line: they were to come by within 2.7 times two minutes.
  const RoomSpec long_line = {.most_active = 1, .session_s = 60, .grace_s = 300};
  EXPECT_TRUE(age_that_is_known(long_line, 624));
  EXPECT_FALSE(age_that_is_known(long_line, 625));
  // The more wait the longer they were told to stay away: here 200 s.
  const RoomSpec slow_line = {
      .most_active = 1, .session_s = 60, .grace_s = 300, .polls_per_s = 0.1};
  EXPECT_TRUE(age_that_is_known(slow_line, 839));
  EXPECT_FALSE(age_that_is_known(slow_line, 841));
}

TEST_F(WaitingRoomEventTest, WithoutASnapshotTicketsKeepTheOrderAllTheSame) {
  open = false;
  const std::vector<Ticket> line = Line(300);
  Use({});
  Pass(0.1);
  for (const Ticket& ticket : line) Stay(ticket);
  Pass(0.1);
  open = true;
  EXPECT_EQ(Come(line[299]).outcome, Outcome::kWaits);
  EXPECT_EQ(Come(line[0]).outcome, Outcome::kEnters);
}

}  // namespace
}  // namespace sluice::ratelimit
