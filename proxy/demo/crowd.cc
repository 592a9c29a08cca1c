#include "proxy/demo/crowd.h"

#include <utility>

#include "proxy/demo/customer.h"

namespace sluice::demo {

Crowd::Crowd(net::Loop& loop, const CrowdOptions& options)
    : loop_(loop), options_(options), alarms_(loop), random_(options.seed) {}

Crowd::~Crowd() = default;

void Crowd::Come(uint8_t wave) {
  if (inside_.size() >= options_.most_inside) {
    ++counts_.kept_out;
    return;
  }
  ++counts_.came;
  ++inside_of_[wave];
  const bool bot = options_.bots > 0 && random_.Unit() < options_.bots;
  inside_.push_back(std::make_unique<Customer>(*this, counts_.came, wave, bot));
  inside_.back()->set_place(inside_.size() - 1);
  inside_.back()->Begin();
}

std::vector<Outcome> Crowd::Inside() {
  std::vector<Outcome> found;
  found.reserve(inside_.size());
  for (const std::unique_ptr<Customer>& customer : inside_) found.push_back(customer->SoFar());
  return found;
}

void Crowd::Leave(Customer& customer, const Outcome& outcome) {
  ++(outcome.bought ? counts_.bought : counts_.gave_up);
  --inside_of_[outcome.wave];
  outcomes_.push_back(outcome);
  const size_t at = customer.place();
  std::unique_ptr<Customer> gone = std::move(inside_[at]);
  if (at + 1 < inside_.size()) {
    inside_[at] = std::move(inside_.back());
    inside_[at]->set_place(at);
  }
  inside_.pop_back();
  loop_.Retire(std::move(gone));
}

}  // namespace sluice::demo
