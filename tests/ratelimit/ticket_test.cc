#include "ratelimit/ticket.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>
#include <string>

#include "tests/ratelimit/toy_signer.h"

namespace sluice::ratelimit {
namespace {

constexpr uint32_t kNow = 1'795'770'000;  // 2026-11-27
constexpr uint32_t kDay = 24 * 60 * 60;
constexpr uint32_t kEnd = std::numeric_limits<uint32_t>::max();
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The room "sale": a grace of five minutes, a session of ten; tickets are written at kNow, and the
// next visit of who waits is due in 20 s.
class TicketTest : public testing::Test {
 protected:
  static Ticket Waiting() {
    return {.kind = Ticket::Kind::kWaiting,
            .room = RoomHash("sale"),
            .id = 0xfedcba9876543210,
            .order = 1'795'769'000'000'001,
            .issued_s = kNow,
            .due_s = 20};
  }
  static Ticket Active() {
    Ticket ticket = Waiting();
    ticket.kind = Ticket::Kind::kActive;
    ticket.due_s = 0;
    return ticket;
  }
  std::string Write(const Ticket& ticket) const {
    const TicketText text = WriteTicket(ticket, signer_);
    return {text.data(), text.size()};
  }
  TicketReading Read(std::string_view text, uint32_t now_s = kNow) const {
    return ReadTicket(text, terms_, signer_, now_s);
  }
  TicketFault FaultOf(std::string_view text, uint32_t now_s = kNow) const {
    return Read(text, now_s).fault;
  }
  // The digit that differs from this one in this bit.
  static char Flip(char digit, size_t bit) { return kDigits[kDigits.find(digit) ^ 1u << bit]; }

  ToySigner signer_;
  TicketTerms terms_{.room = RoomHash("sale"), .grace_s = 300, .session_s = 600};
};

TEST_F(TicketTest, WhatIsWrittenIsRead) {
  Ticket extremes = Waiting();
  extremes.id = extremes.order = std::numeric_limits<uint64_t>::max();
  extremes.due_s = std::numeric_limits<uint16_t>::max();
  for (const Ticket& ticket : {Waiting(), Active(), extremes}) {
    const TicketReading reading = Read(Write(ticket));
    ASSERT_TRUE(reading.good()) << TicketFaultName(reading.fault);
    EXPECT_EQ(reading.ticket, ticket);
  }
}

// Tickets outlive versions: another text for the same ticket needs another format.
TEST_F(TicketTest, ItsTextStaysTheSameFromVersionToVersion) {
  EXPECT_EQ(Write(Waiting()), "AQABsQ5cvv7cuph2VDIQAAZhPg1X-gFrCUaQABS84LvtAk8FFN6nL8KXnWgD");
  EXPECT_EQ(RoomHash("sale"), 0xb10e5cbe);
}

TEST_F(TicketTest, FitsACookieWithoutQuotesOrEscapes) {
  const std::string text = Write(Waiting());
  EXPECT_EQ(text.size(), kTicketChars);
  EXPECT_EQ(text.find_first_not_of(kDigits), std::string::npos);
}

TEST_F(TicketTest, NoTicketIsAbsentAndNothingElseIs) {
  EXPECT_EQ(FaultOf(""), TicketFault::kAbsent);
  EXPECT_EQ(FaultOf(" "), TicketFault::kMalformed);
}

TEST_F(TicketTest, CutAnywhereItIsMalformedAndSoItIsWithMoreBehind) {
  const std::string text = Write(Active());
  for (size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(FaultOf(text.substr(0, size)), TicketFault::kMalformed) << size;
    EXPECT_EQ(FaultOf(text.substr(size)), TicketFault::kMalformed) << size;
  }
  EXPECT_EQ(FaultOf(text + "A"), TicketFault::kMalformed);
  EXPECT_EQ(FaultOf(text + text), TicketFault::kMalformed);
}

TEST_F(TicketTest, EveryBitOfItCounts) {
  for (const Ticket& ticket : {Waiting(), Active()}) {
    const std::string text = Write(ticket);
    for (size_t i = 0; i < text.size(); ++i) {
      for (size_t bit = 0; bit < 6; ++bit) {
        std::string other = text;
        other[i] = Flip(text[i], bit);
        EXPECT_FALSE(Read(other).good()) << "bit " << bit << " of character " << i;
      }
    }
  }
}

TEST_F(TicketTest, AWaitingOneCannotBeMadeActive) {
  std::string text = Write(Waiting());
  // Bytes 0 to 2 are the first four digits; the last bit of byte 1 is bit 2 of the third.
  text[2] = Flip(text[2], 2);
  EXPECT_EQ(FaultOf(text), TicketFault::kSignature);
}

// Every other text of the same length is other bytes; what decoders elsewhere let pass is refused.
TEST_F(TicketTest, HasOneSpelling) {
  const std::string text = Write(Waiting());
  EXPECT_EQ(FaultOf(text + "="), TicketFault::kMalformed);
  EXPECT_EQ(FaultOf(text + "===="), TicketFault::kMalformed);
  EXPECT_EQ(FaultOf(" " + text), TicketFault::kMalformed);
  EXPECT_EQ(FaultOf(text + "\n"), TicketFault::kMalformed);
  EXPECT_EQ(FaultOf("\"" + text + "\""), TicketFault::kMalformed);
  Ticket ticket = Waiting();
  // Digits that base64 writes otherwise: 62 is '+' there, 63 is '/'.
  ticket.id = std::numeric_limits<uint64_t>::max() << 1;
  const std::string url = Write(ticket);
  ASSERT_NE(url.find('_'), std::string::npos);
  std::string plain = url;
  for (char& c : plain) c = c == '_' ? '/' : c == '-' ? '+' : c;
  EXPECT_EQ(FaultOf(plain), TicketFault::kMalformed);
  for (int c = 0; c < 256; ++c) {
    if (kDigits.find(static_cast<char>(c)) != kDigits.npos) continue;
    std::string strange = text;
    strange[30] = static_cast<char>(c);
    EXPECT_EQ(FaultOf(strange), TicketFault::kMalformed) << c;
  }
}

TEST_F(TicketTest, OfAnotherRoomIsToldApartFromForged) {
  Ticket ticket = Waiting();
  ticket.room = RoomHash("tickets");
  EXPECT_EQ(FaultOf(Write(ticket)), TicketFault::kRoom);
}

TEST_F(TicketTest, OfAKeyThatIsNotOursIsToldApartFromForged) {
  const TicketText text = WriteTicket(Waiting(), ToySigner(2));
  EXPECT_EQ(FaultOf({text.data(), text.size()}), TicketFault::kKey);
}

TEST_F(TicketTest, AWaitingOneHoldsForTheGraceAfterTheNextVisitWasDue) {
  const std::string text = Write(Waiting());
  EXPECT_TRUE(Read(text, kNow + 320).good());
  EXPECT_EQ(FaultOf(text, kNow + 321), TicketFault::kExpired);
  // Far back in the line one is told to come back after half an hour, and may.
  Ticket far = Waiting();
  far.due_s = 1800;
  EXPECT_TRUE(Read(Write(far), kNow + 2100).good());
  EXPECT_EQ(FaultOf(Write(far), kNow + 2101), TicketFault::kExpired);
}

TEST_F(TicketTest, AnActiveOneHoldsForTheSession) {
  const std::string text = Write(Active());
  EXPECT_TRUE(Read(text, kNow + 600).good());
  EXPECT_EQ(FaultOf(text, kNow + 601), TicketFault::kExpired);
}

TEST_F(TicketTest, AClockSetBackByADayTakesNobodysPlace) {
  const TicketReading reading = Read(Write(Waiting()), kNow - kDay);
  ASSERT_TRUE(reading.good());
  EXPECT_EQ(reading.ticket.issued_s, kNow - kDay) << "taken as written now";
  EXPECT_EQ(reading.ticket.order, Waiting().order);
}

TEST_F(TicketTest, OfMoreThanADayAheadItIsRefused) {
  EXPECT_EQ(FaultOf(Write(Waiting()), kNow - kDay - 1), TicketFault::kFuture);
}

TEST_F(TicketTest, NoSumOfTimesOverflows) {
  terms_.grace_s = terms_.session_s = kEnd;
  Ticket late = Waiting();
  late.issued_s = kEnd;
  late.due_s = std::numeric_limits<uint16_t>::max();
  EXPECT_TRUE(Read(Write(late), kEnd).good());
  EXPECT_TRUE(Read(Write(late), kEnd - kDay).good());
  EXPECT_EQ(FaultOf(Write(late), 0), TicketFault::kFuture);
  Ticket early = Active();
  early.issued_s = 0;
  EXPECT_TRUE(Read(Write(early), kEnd).good());
}

TEST_F(TicketTest, FaultsHaveNamesForACounter) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kTicketFaults; ++i) {
    const std::string_view name = TicketFaultName(static_cast<TicketFault>(i));
    EXPECT_FALSE(name.empty());
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kTicketFaults);
  EXPECT_EQ(TicketFaultName(TicketFault::kNone), "ok");
}

}  // namespace
}  // namespace sluice::ratelimit
