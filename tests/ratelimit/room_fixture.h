// A waiting room, a door that the test opens and shuts, a clock that only the test moves, and
// visitors who bring along what they were given. For the tests of the waiting room's rules; whole
// sales are in simulated_sale.h.
#ifndef SLUICE_TESTS_RATELIMIT_ROOM_FIXTURE_H_
#define SLUICE_TESTS_RATELIMIT_ROOM_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "ratelimit/waiting_room.h"

namespace sluice::ratelimit {

class RoomFixture : public testing::Test {
 protected:
  using Outcome = WaitingRoom::Outcome;
  using Answer = WaitingRoom::Answer;

  Answer Come() { return Come(nullptr); }
  Answer Come(const Ticket& shown) { return Come(&shown); }
  // Time, with the ticks that belong to it.
  void Pass(double seconds) {
    for (double left = seconds; left > 1e-9; left -= 0.1) {
      now += kSecond / 10;
      room.Tick(open, load, now);
    }
  }
  // A newcomer who has to wait.
  Ticket Join() {
    const Answer answer = Come();
    EXPECT_EQ(answer.outcome, Outcome::kWaits);
    return answer.ticket.value_or(Ticket{});
  }
  // So many that came a hundredth of a second after each other, and have shown their tickets.
  std::vector<Ticket> Line(size_t visitors) {
    std::vector<Ticket> tickets;
    for (size_t i = 0; i < visitors; ++i) {
      tickets.push_back(Join());
      tickets.back() = Stay(tickets.back());
      now += kSecond / 100;
      if (i % 10 == 9) room.Tick(open, load, now);
    }
    Pass(0.1);
    return tickets;
  }
  // He comes by, and waits on.
  Ticket Stay(const Ticket& shown) {
    const Answer answer = Come(shown);
    EXPECT_EQ(answer.outcome, Outcome::kWaits);
    return answer.ticket.value_or(shown);
  }
  // Somebody who came in, with his ticket.
  Ticket Inside() {
    const Answer answer = Come();
    EXPECT_EQ(answer.outcome, Outcome::kEnters);
    return answer.ticket.value_or(Ticket{});
  }
  void Use(const RoomSpec& spec) { room = WaitingRoom(spec); }
  uint32_t Now_s() const { return static_cast<uint32_t>(now / kSecond); }

  bool open = true;
  double load = 0.9;
  RoomTime now = RoomTime{1'700'000'000} * kSecond;
  WaitingRoom room{RoomSpec{}};
  std::mt19937_64 bits{7};

 private:
  Answer Come(const Ticket* shown) {
    return room.Come(
        shown, [this] { return open; }, bits(), now);
  }
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_TESTS_RATELIMIT_ROOM_FIXTURE_H_
