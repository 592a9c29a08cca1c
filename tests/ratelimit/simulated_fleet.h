// A sale in simulated time before which several machines stand: each with its part of one waiting
// room, a store at which they exchange what they know once a second, one shop behind all of them,
// and shoppers who stay at a machine or go to another with each request.
#ifndef SLUICE_TESTS_RATELIMIT_SIMULATED_FLEET_H_
#define SLUICE_TESTS_RATELIMIT_SIMULATED_FLEET_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ratelimit/room_fleet.h"
#include "ratelimit/waiting_room.h"

namespace sluice::ratelimit {

class SimulatedFleet {
 public:
  // The shop.
  uint32_t carries = 32;  // pages at once
  double page_s = 0.08;
  // Shoppers.
  double arrivals_per_s = 20;
  double think_s = 0.3;
  uint32_t pages = 4;
  double hops = 0;  // share of requests that go to any machine, whichever the last went to
  std::vector<double> share = {1, 1, 1};  // of those who come, by machine

  struct Machine {
    Machine(const RoomSpec& spec, std::string its_name, size_t expected, double begins)
        : name(std::move(its_name)), room(spec), fleet(name, expected), next_beat(begins) {}
    std::string name;
    WaitingRoom room;
    RoomFleet fleet;
    double next_beat;
    double answered = 0;
    uint64_t beat = 0;
    bool alive = true;
    bool sick = false;  // its servers are not reached: nobody comes in
  };
  std::vector<std::unique_ptr<Machine>> machines;
  bool store_up = true;
  uint64_t turned_away = 0;  // of those inside, ever

  explicit SimulatedFleet(const RoomSpec& spec = {}, size_t many = 3, uint32_t seed = 1)
      : random_(seed), bits_(seed + 1) {
    for (size_t i = 0; i < many; ++i) {
      machines.push_back(std::make_unique<Machine>(spec, std::string(1, static_cast<char>('a' + i)),
                                                   many, 0.3 * static_cast<double>(i)));
      machines.back()->room.Share(machines.back()->fleet.Silent(), Now());
    }
  }

  // Its shoppers go to others with their next request.
  void Kill(size_t which) { machines[which]->alive = false; }
  void LoseStore() { store_up = false; }
  // It comes back, with what it knew or empty.
  void FindStore(bool empty) {
    store_up = true;
    if (empty) words_.clear();
  }

  struct Seen {
    double seconds = 0;
    uint64_t came = 0, bought = 0, waited = 0;
    uint64_t most_inside = 0;    // who bought nothing yet, by themselves
    double worst_inversion = 0;  // s: somebody who came later was in so long before
    double estimate_off = 0;     // median part that a first estimate of 20 s and more was off by
    double bought_per_s() const { return static_cast<double>(bought) / seconds; }
  };

  Seen Run(double seconds);
  RoomTime Now() const { return kBegin + static_cast<RoomTime>(now_ * kSecond); }

 private:
  static constexpr RoomTime kBegin = RoomTime{1'700'000'000} * kSecond;
  struct Shopper {
    double came = 0;
    size_t at = 0;
    uint32_t seen = 0;
    bool inside = false;
    double told_at = 0, told_wait = 0;
    std::optional<Ticket> ticket = std::nullopt;
  };
  struct Event {
    double at;
    size_t who;
    bool page_done;
    bool operator<(const Event& other) const { return at > other.at; }
  };

  bool Open(const Machine& machine) const {
    return !machine.sick &&
           static_cast<double>(busy_ + queue_.size()) < carries + std::max(carries / 4.0, 2.0);
  }
  double Uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  double Exponential(double mean) {
    return std::exponential_distribution<double>(1 / mean)(random_);
  }
  size_t AnyMachine();

  void TickAll();
  void Exchange(Machine& machine);
  void Ask(size_t who);
  void Entered(Shopper& shopper);
  void Serve();
  void Done(size_t who);

  double now_ = 0;
  double next_arrival_ = -1;
  double next_tick_ = 0.1;
  std::priority_queue<Event> events_;
  std::deque<Shopper> shoppers_;
  std::deque<size_t> queue_;
  uint32_t busy_ = 0;
  uint64_t inside_ = 0;
  std::vector<std::pair<double, double>> entries_;
  std::map<std::string, RoomWord> words_;
  Seen seen_;
  std::vector<double> errors_;
  std::mt19937 random_;
  std::mt19937_64 bits_;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_TESTS_RATELIMIT_SIMULATED_FLEET_H_
