#include "tests/ratelimit/simulated_fleet.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::ratelimit {

SimulatedFleet::Seen SimulatedFleet::Run(double seconds) {
  const double end = now_ + seconds;
  seen_ = {.seconds = seconds};
  errors_.clear();
  if (next_arrival_ < now_) next_arrival_ = now_ + Exponential(1 / arrivals_per_s);
  for (;;) {
    const double event = events_.empty() ? 1e18 : events_.top().at;
    const double next = std::min({event, next_arrival_, next_tick_});
    if (next > end) break;
    now_ = next;
    if (next == next_tick_) {
      next_tick_ += 0.1;
      TickAll();
    } else if (next == next_arrival_) {
      next_arrival_ = arrivals_per_s > 0 ? now_ + Exponential(1 / arrivals_per_s) : 1e18;
      shoppers_.push_back({.came = now_});
      shoppers_.back().at = AnyMachine();
      ++seen_.came;
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
  entries_.clear();
  std::sort(errors_.begin(), errors_.end());
  if (!errors_.empty()) seen_.estimate_off = errors_[errors_.size() / 2];
  return seen_;
}

size_t SimulatedFleet::AnyMachine() {
  std::vector<double> weights;
  for (size_t i = 0; i < machines.size(); ++i) {
    weights.push_back(machines[i]->alive ? share[i] : 0);
  }
  return std::discrete_distribution<size_t>(weights.begin(), weights.end())(random_);
}

void SimulatedFleet::TickAll() {
  for (const auto& machine : machines) {
    if (!machine->alive) continue;
    if (now_ >= machine->next_beat) {
      machine->next_beat += 1;
      Exchange(*machine);
    }
    machine->room.Tick(Open(*machine), static_cast<double>(busy_ + queue_.size()) / carries, Now());
  }
}

void SimulatedFleet::Exchange(Machine& machine) {
  if (!store_up) {
    if (now_ > machine.answered + 5) machine.room.Share(machine.fleet.Silent(), Now());
    return;
  }
  machine.answered = now_;
  for (const auto& [name, word] : words_) machine.fleet.Hear(name, word, Now());
  machine.room.Share(machine.fleet.Look(Now()), Now());
  for (const std::string& name : machine.fleet.Forgotten(Now())) words_.erase(name);
  RoomWord word = machine.room.Word(Now());
  word.beat = ++machine.beat;
  words_[machine.name] = std::move(word);
}

void SimulatedFleet::Ask(size_t who) {
  Shopper& shopper = shoppers_[who];
  if (!machines[shopper.at]->alive || Uniform() < hops) shopper.at = AnyMachine();
  Machine& machine = *machines[shopper.at];
  const WaitingRoom::Answer answer = machine.room.Come(
      shopper.ticket ? &*shopper.ticket : nullptr, [&] { return Open(machine); }, bits_(), Now());
  if (answer.ticket) shopper.ticket = answer.ticket;
  switch (answer.outcome) {
    case WaitingRoom::Outcome::kEnters:
      Entered(shopper);
      [[fallthrough]];
    case WaitingRoom::Outcome::kInside:
      queue_.push_back(who);
      return Serve();
    case WaitingRoom::Outcome::kWaits:
    case WaitingRoom::Outcome::kFull:
    case WaitingRoom::Outcome::kTooFast:
      break;
  }
  if (shopper.inside) ++turned_away;
  if (shopper.told_wait == 0) {
    ++seen_.waited;
    if (answer.wait_s) {
      shopper.told_wait = *answer.wait_s + 1e-9;
      shopper.told_at = now_;
    }
  }
  events_.push({now_ + answer.poll_s + 0.05, who, false});
}

void SimulatedFleet::Entered(Shopper& shopper) {
  if (!shopper.inside) ++inside_;
  shopper.inside = true;
  seen_.most_inside = std::max(seen_.most_inside, inside_);
  entries_.emplace_back(shopper.came, now_);
  if (shopper.told_wait >= 20) {
    errors_.push_back(std::abs((now_ - shopper.told_at) / shopper.told_wait - 1));
  }
}

void SimulatedFleet::Serve() {
  while (busy_ < carries && !queue_.empty()) {
    ++busy_;
    events_.push({now_ + page_s * (0.5 + Exponential(0.5)), queue_.front(), true});
    queue_.pop_front();
  }
}

void SimulatedFleet::Done(size_t who) {
  --busy_;
  Serve();
  Shopper& shopper = shoppers_[who];
  if (++shopper.seen < pages) {
    events_.push({now_ + Exponential(think_s), who, false});
    return;
  }
  ++seen_.bought;
  --inside_;
  // Where the last page was asked for; if that machine is gone, nobody hears of it.
  if (machines[shopper.at]->alive) machines[shopper.at]->room.End(shopper.ticket->id, Now());
}

}  // namespace sluice::ratelimit
