// Shoppers' standing, by the tickets that a room writes.
#include "bench/load/sale/standing.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "proxy/crypto/key_ring.h"
#include "ratelimit/ticket.h"

namespace sluice::load {
namespace {

using ratelimit::Ticket;

std::string Set(const Ticket& ticket) {
  const auto keys = crypto::KeyRing::Of(crypto::KeyRing::MakeLine());
  const ratelimit::TicketText text = WriteTicket(ticket, *keys);
  return "__sluice_sale=" + std::string(text.data(), text.size()) + "; Path=/; HttpOnly";
}
Ticket Waits() {
  return {.room = ratelimit::RoomHash("sale"),
          .id = 47,
          .order = 11,
          .issued_s = static_cast<uint32_t>(std::time(nullptr)),
          .due_s = 10};
}

TEST(Standing, IsWhatATicketOfTheRoomSays) {
  const auto waits = StandingsIn("sale")(Set(Waits()));
  ASSERT_TRUE(waits.has_value());
  EXPECT_EQ(waits->visitor, 47u);
  EXPECT_EQ(waits->place, 11u);
  EXPECT_FALSE(waits->inside);
  Ticket inside = Waits();
  inside.kind = Ticket::Kind::kActive;
  ASSERT_TRUE(StandingsIn("sale")(Set(inside)).has_value());
  EXPECT_TRUE(StandingsIn("sale")(Set(inside))->inside);
}

TEST(Standing, IsInNoOtherCookie) {
  EXPECT_FALSE(StandingsIn("other")(Set(Waits())).has_value());
  EXPECT_FALSE(StandingsIn("sale")("__sluice_sale=; Max-Age=0").has_value());
  EXPECT_FALSE(StandingsIn("sale")("cart=3").has_value());
}

}  // namespace
}  // namespace sluice::load
