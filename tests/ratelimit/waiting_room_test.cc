// The waiting room's rules: who comes in, who waits, what a ticket is worth, whoever shows it.
#include "ratelimit/waiting_room.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/ratelimit/room_fixture.h"
#include "tests/ratelimit/toy_signer.h"

namespace sluice::ratelimit {
namespace {

using WaitingRoomTest = RoomFixture;

// How long the admission writes tickets for.
TicketTerms TermsOf(const RoomSpec& spec) {
  return {.grace_s = spec.grace_s, .session_s = spec.session_s + spec.session_s / 4};
}
bool IsGood(const Ticket& ticket, const RoomSpec& spec, uint32_t now_s) {
  const ToySigner signer;
  const TicketText text = WriteTicket(ticket, signer);
  return ReadTicket({text.data(), text.size()}, TermsOf(spec), signer, now_s).good();
}

TEST_F(WaitingRoomTest, WhileThereIsRoomAVisitorComesStraightIn) {
  const Answer answer = Come();
  EXPECT_EQ(answer.outcome, Outcome::kEnters);
  ASSERT_TRUE(answer.ticket);
  EXPECT_EQ(answer.ticket->kind, Ticket::Kind::kActive);
  EXPECT_EQ(Come(*answer.ticket).outcome, Outcome::kInside);
  EXPECT_EQ(room.counts().straight, 1u);
}

TEST_F(WaitingRoomTest, WhoIsInsideGoesOnWhateverTheServersHaveRoomFor) {
  const Ticket inside = Inside();
  open = false;
  room.Close(true);
  EXPECT_EQ(Come(inside).outcome, Outcome::kInside);
  Pass(60);
  EXPECT_EQ(Come(inside).outcome, Outcome::kInside);
}

TEST_F(WaitingRoomTest, WithoutRoomHeGetsAPlaceAndIsToldWhenToComeAgain) {
  open = false;
  const Answer answer = Come();
  EXPECT_EQ(answer.outcome, Outcome::kWaits);
  ASSERT_TRUE(answer.ticket);
  EXPECT_EQ(answer.ticket->kind, Ticket::Kind::kWaiting);
  EXPECT_EQ(answer.ticket->order, now);
  EXPECT_GE(answer.ticket->due_s, answer.poll_s);
  EXPECT_GE(answer.poll_s, 0.9);
  EXPECT_LE(answer.poll_s, 12);
}

TEST_F(WaitingRoomTest, NobodyComesStraightInBeforeThoseWhoWait) {
  open = false;
  const std::vector<Ticket> line = Line(200);
  open = true;
  EXPECT_EQ(Come().outcome, Outcome::kWaits);
  EXPECT_EQ(Come(line.front()).outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomTest, WhoIsFarBackIsNotLetInBeforeHisTurn) {
  open = false;
  const std::vector<Ticket> line = Line(500);
  open = true;
  EXPECT_EQ(Come(line.back()).outcome, Outcome::kWaits);
  EXPECT_EQ(Come(line.front()).outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomTest, APositionIsTheNumberOfThoseBefore) {
  open = false;
  const std::vector<Ticket> line = Line(300);
  for (const size_t i : {size_t{0}, size_t{100}, size_t{299}}) {
    EXPECT_NEAR(static_cast<double>(Come(line[i]).ahead), static_cast<double>(i), 1);
  }
}

TEST_F(WaitingRoomTest, WithStraightOffEverybodyJoinsTheLineFirst) {
  Use({.straight = false});
  const Ticket ticket = Join();
  Pass(2);
  EXPECT_EQ(Come(ticket).outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomTest, ByChanceWhoeverComesByWhenThereIsRoomIsIn) {
  Use({.by_chance = true});
  open = false;
  const std::vector<Ticket> line = Line(300);
  open = true;
  EXPECT_EQ(Come(line.back()).outcome, Outcome::kEnters);
  EXPECT_EQ(Come().outcome, Outcome::kWaits);  // but a newcomer joins them
}

TEST_F(WaitingRoomTest, ByChanceALineEndsThoughVisitorsGoOnComing) {
  Use({.by_chance = true});
  open = false;
  Line(20);
  open = true;
  load = 0.2;
  Pass(5);
  EXPECT_EQ(Come().outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomTest, OneTicketShownByAThousandIsOnePlaceAndOneVisitorsRate) {
  Use({.visitor_rate = 20});
  open = false;
  const Ticket first = Join();
  for (int i = 0; i < 1000; ++i) Stay(first);
  Pass(0.1);
  EXPECT_EQ(room.counts().waiting, 1u);
  open = true;
  int served = 0;
  for (int i = 0; i < 1000; ++i) {
    const Outcome outcome = Come(first).outcome;
    if (outcome != Outcome::kTooFast) ++served;
    EXPECT_EQ(outcome == Outcome::kEnters, i == 0);
  }
  EXPECT_EQ(room.counts().active, 1u);
  EXPECT_EQ(room.counts().entered, 1u);
  EXPECT_NEAR(served, 20 * WaitingRoom::kVisitorBurst, 3);
  for (int second = 0; second < 100; ++second) {
    Pass(1);
    for (int i = 0; i < 100; ++i) served += Come(first).outcome == Outcome::kInside ? 1 : 0;
  }
  EXPECT_NEAR(served, 20 * (100 + WaitingRoom::kVisitorBurst), 25);
}

TEST_F(WaitingRoomTest, OneThatIsTooFastIsToldWhenToGoOn) {
  Use({.visitor_rate = 20});
  const Ticket inside = Inside();
  Answer answer = Come(inside);
  while (answer.outcome == Outcome::kInside) answer = Come(inside);
  ASSERT_EQ(answer.outcome, Outcome::kTooFast);
  EXPECT_GE(answer.poll_s, 1);
  EXPECT_LE(answer.poll_s, 2);
  Pass(answer.poll_s);
  EXPECT_EQ(Come(inside).outcome, Outcome::kInside);
}

TEST_F(WaitingRoomTest, ATicketShownAgainAndAgainKeepsItsPlace) {
  open = false;
  Ticket ticket = Join();
  const RoomTime place = ticket.order;
  for (int i = 0; i < 100; ++i) {
    Pass(10);
    ticket = Stay(ticket);
    EXPECT_EQ(ticket.order, place);
    EXPECT_EQ(ticket.issued_s, Now_s());
  }
  EXPECT_EQ(room.counts().waiting, 1u);
}

TEST_F(WaitingRoomTest, AnActiveTicketIsWrittenAnewAfterAQuarterOfTheSession) {
  Use({.session_s = 600});
  const Ticket inside = Inside();
  EXPECT_FALSE(Come(inside).ticket);
  Pass(151);
  const Answer answer = Come(inside);
  ASSERT_TRUE(answer.ticket);
  EXPECT_EQ(answer.ticket->id, inside.id);
  EXPECT_EQ(answer.ticket->issued_s, Now_s());
}

TEST_F(WaitingRoomTest, WhoComesInAndShowsAnOldWaitingTicketIsStillInside) {
  open = false;
  const Ticket waiting = Stay(Join());
  Pass(1);
  open = true;
  EXPECT_EQ(Come(waiting).outcome, Outcome::kEnters);
  const Answer again = Come(waiting);
  EXPECT_EQ(again.outcome, Outcome::kInside);
  ASSERT_TRUE(again.ticket);
  EXPECT_EQ(again.ticket->kind, Ticket::Kind::kActive);
}

TEST_F(WaitingRoomTest, AfterTheEndNoTicketOfTheVisitorIsWorthAnythingAsLongAsItWouldBeGood) {
  // What lasts longest: the active ticket, the waiting one, and one that was due long after.
  for (const RoomSpec& spec :
       {RoomSpec{.session_s = 600, .grace_s = 60}, RoomSpec{.session_s = 60, .grace_s = 600},
        RoomSpec{.session_s = 60, .grace_s = 60, .polls_per_s = 0.002}}) {
    Use(spec);
    room.Close(true);
    const Ticket first = Join();
    Pass(0.1);
    const Ticket waiting = Stay(first);
    room.Close(false);
    Pass(1);
    const Ticket active = *Come(waiting).ticket;
    Pass(1);
    room.End(active.id, now);
    EXPECT_EQ(room.counts().active, 0u);
    room.Close(true);
    for (bool any_good = true; any_good; Pass(10)) {
      any_good = false;
      for (const Ticket& ticket : {first, waiting, active}) {
        if (!IsGood(ticket, spec, Now_s())) continue;
        any_good = true;
        const Answer answer = Come(ticket);
        ASSERT_EQ(answer.outcome, Outcome::kWaits);
        ASSERT_NE(answer.ticket->id, ticket.id);
      }
    }
  }
}

TEST_F(WaitingRoomTest, WhoIsEndedWhileHeWaitsLeavesNoGapInLine) {
  open = false;
  const Ticket ticket = Stay(Join());
  room.End(ticket.id, now);
  room.End(ticket.id, now);
  Pass(60);
  EXPECT_EQ(room.counts().waiting, 0u);
  EXPECT_EQ(room.counts().ended, 1u);
  open = true;
  EXPECT_EQ(Come().outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomTest, APlaceInsideLapsesAfterASessionAndIsSlidingUntilThen) {
  Use({.most_active = 1, .session_s = 100});
  const Ticket inside = Inside();
  Come(inside);
  for (int i = 0; i < 10; ++i) {
    Pass(90);
    EXPECT_EQ(Come(inside).outcome, Outcome::kInside);
  }
  EXPECT_EQ(Come().outcome, Outcome::kWaits);
  Pass(104);
  EXPECT_EQ(room.counts().active, 0u);
  EXPECT_EQ(room.counts().lapsed, 1u);
}

TEST_F(WaitingRoomTest, WhoComesInAndNeverAsksAgainHoldsAPlaceForAMinuteOnly) {
  Use({.most_active = 1});
  Inside();
  Pass(50);
  EXPECT_EQ(Come().outcome, Outcome::kWaits);
  Pass(15);
  EXPECT_EQ(room.counts().active, 0u);
}

TEST_F(WaitingRoomTest, ATicketThatOutlastsItsPlaceIsNextRatherThanOneTooMany) {
  Use({.most_active = 1, .session_s = 100});
  const Ticket lapsed = Inside();
  Come(lapsed);
  Pass(105);
  const Ticket other = Inside();
  const std::vector<Ticket> line = Line(50);
  EXPECT_EQ(Come(lapsed).outcome, Outcome::kWaits);
  EXPECT_EQ(Come(lapsed).ahead, 0u);
  EXPECT_EQ(room.counts().active, 1u);
  room.End(other.id, now);
  Pass(0.1);
  EXPECT_EQ(Come(lapsed).outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomTest, WithoutANumberWhoComesBackWithAGoodTicketGoesOn) {
  Use({.session_s = 100});
  const Ticket lapsed = Inside();
  Come(lapsed);
  Pass(105);
  open = false;
  EXPECT_EQ(Come(lapsed).outcome, Outcome::kInside);
}

TEST_F(WaitingRoomTest, WhoMissesHisTurnIsGivenUpAndKeepsHisRank) {
  open = false;
  const std::vector<Ticket> line = Line(300);
  open = true;
  EXPECT_EQ(Come(line[1]).outcome, Outcome::kEnters);
  Pass(180);  // all are overdue
  EXPECT_EQ(room.counts().waiting, 0u);
  EXPECT_EQ(room.counts().left, 299u);
  open = false;
  const std::vector<Ticket> later = Line(300);
  open = true;
  EXPECT_EQ(Come(later.back()).outcome, Outcome::kWaits);
  EXPECT_EQ(Come(line[0]).outcome, Outcome::kEnters);
  EXPECT_EQ(Come(line[200]).outcome, Outcome::kEnters);
}

TEST_F(WaitingRoomTest, APlaceAheadOfTheClockCountsAsOfNow) {
  open = false;
  Line(10);
  const Ticket ahead{.id = 5, .order = now + 3600 * kSecond, .issued_s = Now_s(), .due_s = 10};
  const Answer answer = Come(ahead);
  EXPECT_EQ(answer.outcome, Outcome::kWaits);
  EXPECT_EQ(answer.ticket->order, now);
  EXPECT_EQ(answer.ahead, 10u);
}

TEST_F(WaitingRoomTest, OfAFullRoomNobodyGetsATicketAndThoseInLineAreServed) {
  Use({.most_waiting = 100});
  open = false;
  const std::vector<Ticket> line = Line(100);
  const Answer answer = Come();
  EXPECT_EQ(answer.outcome, Outcome::kFull);
  EXPECT_FALSE(answer.ticket);
  EXPECT_GE(answer.poll_s, 60);
  EXPECT_LE(answer.poll_s, 120);
  EXPECT_EQ(room.counts().refused, 1u);
  EXPECT_EQ(Come(line[50]).outcome, Outcome::kWaits);
  open = true;
  EXPECT_EQ(Come(line[0]).outcome, Outcome::kEnters);
  EXPECT_EQ(Come().outcome, Outcome::kWaits);  // there is a place again
}

TEST_F(WaitingRoomTest, EntriesKeepToAStatedPace) {
  Use({.pace = 5});
  open = false;
  std::vector<Ticket> line = Line(500);
  open = true;
  const uint64_t before = room.counts().entered;
  for (int tenths = 1; tenths <= 600; ++tenths) {
    Pass(0.1);
    for (Ticket& ticket : line) {
      if (ticket.id == 0) continue;
      const Answer answer = Come(ticket);
      if (answer.outcome == Outcome::kEnters) ticket.id = 0;
    }
    ASSERT_LE(static_cast<double>(room.counts().entered - before), 5 + 5 * tenths / 10.0 + 1);
  }
  EXPECT_GE(room.counts().entered - before, 290u);
}

TEST_F(WaitingRoomTest, NoNumberOfVisitorsInsideIsExceededWhateverTheyDo) {
  const RoomSpec spec{.most_active = 50, .session_s = 120};
  Use(spec);
  std::vector<Ticket> tickets;
  uint64_t entered = 0;
  for (int step = 0; step < 50'000; ++step) {
    switch (bits() % 16) {
      case 0:
        if (!tickets.empty()) room.End(tickets[bits() % tickets.size()].id, now);
        break;
      case 1:
        Pass(static_cast<double>(bits() % 20) / 10);
        break;
      case 2:
        if (bits() % 500 == 0) {
          const WaitingRoom::Snapshot saved = room.Save(now);
          Use(spec);
          room.Restore(saved, now);
        }
        break;
      default:
        if (tickets.empty() || bits() % 8 == 0) {
          const Answer answer = Come();
          if (answer.ticket) tickets.push_back(*answer.ticket);
          entered += answer.outcome == Outcome::kEnters ? 1 : 0;
        } else {
          Ticket& ticket = tickets[bits() % tickets.size()];
          if (!IsGood(ticket, spec, Now_s())) {
            ticket = tickets.back();
            tickets.pop_back();
            break;
          }
          const Answer answer = Come(ticket);
          if (answer.ticket) ticket = *answer.ticket;
          entered += answer.outcome == Outcome::kEnters ? 1 : 0;
        }
    }
    ASSERT_LE(room.counts().active, 50u) << step;
  }
  EXPECT_GT(entered, 500u);
}

// Counts that are kept apart from what they count: nothing may be left when all is over.
TEST_F(WaitingRoomTest, AfterAnythingAtAllNobodyIsLeftWhenAllHaveGone) {
  for (const bool by_chance : {false, true}) {
    const RoomSpec spec{.by_chance = by_chance, .most_active = 200, .session_s = 60};
    Use(spec);
    std::vector<Ticket> tickets;
    RoomTime gathered = 0;
    for (int step = 0; step < 100'000; ++step) {
      open = bits() % 4 == 0;
      const uint64_t kind = bits() % 1000;
      if (kind < 300 || tickets.empty()) {
        const Answer answer = Come();
        if (answer.ticket) tickets.push_back(*answer.ticket);
      } else if (kind < 900) {
        Ticket& ticket = tickets[bits() % tickets.size()];
        const Answer answer = Come(ticket);
        if (answer.ticket && bits() % 4 != 0) ticket = *answer.ticket;  // else an old one is kept
      } else if (kind < 950) {
        room.End(tickets[bits() % tickets.size()].id, now);
      } else if (kind < 995) {
        Pass(static_cast<double>(bits() % 10) / 10);
      } else if (kind < 997) {
        room.Close(bits() % 2 == 0);
        room.Release(bits() % 3);
      } else if (kind == 997) {
        gathered = now;
        room.Gather(now + 20 * kSecond);
      } else if (kind == 998 && gathered != 0) {
        room.Hold({.since = gathered, .until = now, .lot = [](uint64_t id) { return id * 77; }},
                  now);
      } else if (bits() % 4 == 0) {
        const WaitingRoom::Snapshot saved = room.Save(now);
        Use(spec);
        room.Restore(saved, now);
      }
      if (tickets.size() > 3000) tickets.erase(tickets.begin(), tickets.begin() + 1000);
    }
    room.Close(false);
    room.Gather(0);
    Pass(400);
    EXPECT_EQ(room.counts().waiting, 0u);
    EXPECT_EQ(room.counts().called, 0u);
    EXPECT_EQ(room.counts().active, 0u);
    EXPECT_FALSE(room.waits());
    open = true;
    EXPECT_EQ(Come().outcome, Outcome::kEnters);
  }
}

// The same while it goes on, of visitors who show their tickets at once and come by in time.
TEST_F(WaitingRoomTest, AtAnyTimeItCountsThoseWhoWaitAndThoseInside) {
  struct Visitor {
    Ticket ticket;
    RoomTime due = 0;
    bool inside = false;
  };
  Use({.session_s = 3600});
  std::vector<Visitor> visitors;
  uint64_t waiting = 0, inside = 0;
  const auto come = [&](Visitor& visitor) {
    const Answer answer = Come(visitor.ticket);
    if (answer.ticket) visitor.ticket = *answer.ticket;
    if (answer.outcome == Outcome::kEnters) {
      --waiting;
      ++inside;
      visitor.inside = true;
      Come(visitor.ticket);
    }
    visitor.due = now + static_cast<RoomTime>(answer.poll_s * kSecond);
  };
  for (int step = 0; step < 20'000; ++step) {
    open = bits() % 10 == 0;
    if (step % 10 == 0) Pass(0.1);
    if (const Answer answer = Come(); answer.outcome == Outcome::kWaits) {
      visitors.push_back({.ticket = *answer.ticket});
      ++waiting;
      come(visitors.back());
    }
    for (Visitor& visitor : visitors) {
      if (!visitor.inside && visitor.due <= now) come(visitor);
    }
    if (Visitor& any = visitors[bits() % visitors.size()]; bits() % 2 == 0) {
      (any.inside ? inside : waiting) -= 1;
      room.End(any.ticket.id, now);
      any = visitors.back();
      visitors.pop_back();
    }
    if (visitors.empty()) break;
    ASSERT_EQ(room.counts().waiting, waiting) << step;
  }
  EXPECT_GT(waiting, 100u);
  EXPECT_GE(room.counts().active, inside);  // with those who came straight in, not ended here
}

}  // namespace
}  // namespace sluice::ratelimit
