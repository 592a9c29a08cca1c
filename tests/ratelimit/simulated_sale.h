// A sale in simulated time: shoppers who arrive by chance, a waiting room, and a shop that carries
// so many pages at once. A day of it takes a second or a few.
#ifndef SLUICE_TESTS_RATELIMIT_SIMULATED_SALE_H_
#define SLUICE_TESTS_RATELIMIT_SIMULATED_SALE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "ratelimit/waiting_room.h"

namespace sluice::ratelimit {

class SimulatedSale {
 public:
  // The shop.
  uint32_t carries = 32;  // pages at once
  double page_s = 0.08;   // mean
  double door = 1.5;      // times `carries` before no newcomer is let in
  // Shoppers.
  double arrivals_per_s = 20;
  double think_s = 0.3;
  uint32_t pages = 4;
  double quitters = 0;  // share of those waiting that never come by again
  double tiring = 0;    // the same, at each later visit
  bool ends_session = true;
  double late_s = 0.05;  // after the time that was told
  double sleepers = 0;   // share of visits that are late by a minute more: the browser slept
  // Share of those who come that keep no cookies, and ask again at once whatever they are told; one
  // that gets in takes all the pages, and comes anew.
  double bots = 0;
  double bot_pause_s = 0.5;

  WaitingRoom room;

  explicit SimulatedSale(const RoomSpec& spec = {}, uint32_t seed = 1)
      : room(spec), random_(seed), bits_(seed + 1) {}

  struct Seen {
    double seconds = 0;
    uint64_t came = 0, bought = 0, waited = 0;  // without bots
    uint64_t bots_in = 0;
    double page_p99 = 0;  // of those inside, the wait and the page
    uint64_t most_inside = 0;
    double worst_inversion =
        0;  // s, since the first Run: somebody who came later was in so long before
    double estimate_off = 0;      // median part that a first estimate of 20 s and more was off by
    uint64_t polls = 0;           // visits of those waiting, but for the first
    double most_polls_per_s = 0;  // in the worst ten seconds
    double bought_per_s() const { return static_cast<double>(bought) / seconds; }
  };

  Seen Run(double seconds) {
    const double end = now_ + seconds;
    seen_ = {.seconds = seconds};
    page_times_.clear();
    errors_.clear();
    if (next_arrival_ < now_) next_arrival_ = now_ + Exponential(1 / arrivals_per_s);
    for (;;) {
      const double event = events_.empty() ? 1e18 : events_.top().at;
      const double next = std::min({event, next_arrival_, next_tick_});
      if (next > end) break;
      now_ = next;
      if (next == next_tick_) {
        next_tick_ += 0.1;
        CountPolls();
        room.Tick(Open(), static_cast<double>(busy_ + queue_.size()) / carries, Now());
      } else if (next == next_arrival_) {
        next_arrival_ = arrivals_per_s > 0 ? now_ + Exponential(1 / arrivals_per_s) : 1e18;
        shoppers_.push_back({.came = now_, .bot = Uniform() < bots});
        if (!shoppers_.back().bot) ++seen_.came;
        Ask(shoppers_.size() - 1);
      } else {
        const Event due = events_.top();
        events_.pop();
        if (due.page_done)
          Done(due.who);
        else
          Ask(due.who);
      }
    }
    now_ = end;
    std::sort(entries_.begin(), entries_.end());
    double first = 1e18;
    for (size_t i = entries_.size(); i-- > 0;) {
      seen_.worst_inversion = std::max(seen_.worst_inversion, entries_[i].second - first);
      first = std::min(first, entries_[i].second);
    }
    seen_.page_p99 = Percentile(page_times_, 0.99);
    seen_.estimate_off = Percentile(errors_, 0.5);
    return seen_;
  }
  double now() const { return now_; }
  RoomTime Now() const { return kBegin + static_cast<RoomTime>(now_ * kSecond); }
  size_t queued() const { return queue_.size(); }
  // The room is lost, and made again of what it saved.
  void Restart(const RoomSpec& spec, const WaitingRoom::Snapshot& snapshot) {
    room = WaitingRoom(spec);
    room.Restore(snapshot, Now());
  }

 private:
  static constexpr RoomTime kBegin = RoomTime{1'700'000'000} * kSecond;
  struct Shopper {
    double came = 0;
    double asked = 0;
    uint32_t seen = 0;  // pages
    bool bot = false;
    double told_at = 0, told_wait = 0;
    std::optional<Ticket> ticket = std::nullopt;
  };
  struct Event {
    double at;
    size_t who;
    bool page_done;
    bool operator<(const Event& other) const { return at > other.at; }
  };

  bool Open() const {
    return static_cast<double>(busy_ + queue_.size()) <
           carries + std::max((door - 1) * carries, 4.0);
  }
  double Uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  double Exponential(double mean) {
    return std::exponential_distribution<double>(1 / mean)(random_);
  }
  static double Percentile(std::vector<double>& of, double part) {
    if (of.empty()) return 0;
    std::sort(of.begin(), of.end());
    return of[std::min(of.size() - 1, static_cast<size_t>(part * static_cast<double>(of.size())))];
  }

  void CountPolls() {
    if (now_ < polls_since_ + 10) return;
    seen_.most_polls_per_s =
        std::max(seen_.most_polls_per_s, static_cast<double>(polls_) / (now_ - polls_since_));
    seen_.polls += std::exchange(polls_, 0);
    polls_since_ = now_;
  }

  void Ask(size_t who) {
    Shopper& shopper = shoppers_[who];
    const bool waits = shopper.seen == 0;
    const Ticket* const shown =
        shopper.ticket && (!shopper.bot || !waits) ? &*shopper.ticket : nullptr;
    const WaitingRoom::Answer answer = room.Come(
        shown, [this] { return Open(); }, bits_(), Now());
    if (answer.ticket) shopper.ticket = answer.ticket;
    switch (answer.outcome) {
      case WaitingRoom::Outcome::kEnters:
        Entered(shopper);
        [[fallthrough]];
      case WaitingRoom::Outcome::kInside:
        shopper.asked = now_;
        queue_.push_back(who);
        return Serve();
      case WaitingRoom::Outcome::kWaits:
      case WaitingRoom::Outcome::kFull:
      case WaitingRoom::Outcome::kTooFast:
        break;
    }
    if (shopper.bot) return events_.push({now_ + bot_pause_s, who, false});
    const bool first = shopper.told_wait == 0;
    ++(first ? seen_.waited : polls_);
    if (Uniform() < (first ? quitters : tiring)) return;
    if (first && answer.wait_s) {
      shopper.told_wait = *answer.wait_s + 1e-9;
      shopper.told_at = now_;
    }
    const bool sleeps = Uniform() < sleepers;
    if (sleeps) shopper.told_wait = 1e-9;  // nobody could have told him
    events_.push({now_ + answer.poll_s + late_s + (sleeps ? 60 : 0), who, false});
  }

  void Entered(Shopper& shopper) {
    seen_.most_inside = std::max(seen_.most_inside, room.counts().active);
    if (shopper.bot) {
      ++seen_.bots_in;
      return;
    }
    entries_.emplace_back(shopper.came, now_);
    if (shopper.told_wait >= 20) {
      errors_.push_back(std::abs((now_ - shopper.told_at) / shopper.told_wait - 1));
    }
  }

  void Serve() {
    while (busy_ < carries && !queue_.empty()) {
      ++busy_;
      events_.push({now_ + page_s * (0.5 + Exponential(0.5)), queue_.front(), true});
      queue_.pop_front();
    }
  }

  void Done(size_t who) {
    --busy_;
    Serve();
    Shopper& shopper = shoppers_[who];
    page_times_.push_back(now_ - shopper.asked);
    if (++shopper.seen < pages) {
      events_.push({now_ + Exponential(think_s), who, false});
      return;
    }
    if (shopper.bot) {
      shopper = {.came = now_, .bot = true};
      return events_.push({now_ + bot_pause_s, who, false});
    }
    ++seen_.bought;
    if (ends_session && shopper.ticket) room.End(shopper.ticket->id, Now());
  }

  double now_ = 0;
  double next_arrival_ = -1;
  double next_tick_ = 0.1;
  std::priority_queue<Event> events_;
  std::deque<Shopper> shoppers_;
  std::deque<size_t> queue_;
  uint32_t busy_ = 0;
  std::vector<std::pair<double, double>> entries_;  // when who came came in
  Seen seen_;
  std::vector<double> page_times_, errors_;
  uint64_t polls_ = 0;
  double polls_since_ = 0;
  std::mt19937 random_;
  std::mt19937_64 bits_;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_TESTS_RATELIMIT_SIMULATED_SALE_H_
