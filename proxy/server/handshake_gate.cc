#include "proxy/server/handshake_gate.h"

#include <algorithm>

namespace sluice::server {
namespace {

// Of the overall rate so much may come at once: ten times what gathers between two looks of a gate
// that waits (gate.cc), so that the rate is reached, and a tenth of what would be felt.
constexpr Duration kOverallBurst = std::chrono::milliseconds(100);

ratelimit::RateSpec Smooth(const ratelimit::Rate& rate) {
  const auto wide = static_cast<unsigned __int128>(rate.count) *
                    static_cast<uint64_t>(kOverallBurst.count()) /
                    static_cast<uint64_t>(rate.per.count());
  return {rate, std::max<uint64_t>(1, static_cast<uint64_t>(wide))};
}

}  // namespace

HandshakeGate::Limits::Limits(const conf::Tls& tls) {
  if (tls.handshakes) overall = Smooth(*tls.handshakes);
  if (!tls.handshakes_per_address) return;
  const ratelimit::Rate& rate = *tls.handshakes_per_address;
  per_address = {rate, tls.handshakes_burst != 0 ? tls.handshakes_burst : rate.count};
}

std::shared_ptr<HandshakeGate> HandshakeGate::For(const conf::Listener& listener,
                                                  std::shared_ptr<HandshakeGate> before) {
  if (!listener.tls) return nullptr;
  const Limits limits(*listener.tls);
  if (!limits.overall && !limits.per_address) return nullptr;
  if (before != nullptr && before->limits_ == limits) return before;
  return std::make_shared<HandshakeGate>(*listener.tls);
}

HandshakeGate::HandshakeGate(const conf::Tls& limits)
    : limits_(limits), overall_(limits_.overall.value_or(ratelimit::RateSpec())) {
  if (limits_.per_address) by_address_ = std::make_unique<AddressRate>(*limits_.per_address);
}

bool HandshakeGate::HasRoom(TimePoint now) const {
  return !limits_.overall || overall_.Peek(owed_, now).allowed;
}

bool HandshakeGate::Take(TimePoint now) {
  return !limits_.overall || overall_.Charge(owed_, now).allowed;
}

void HandshakeGate::GiveBack() {
  if (limits_.overall) overall_.Refund(owed_);
}

bool HandshakeGate::Admits(const Peer& peer, TimePoint now) {
  return by_address_ == nullptr || by_address_->Admits(peer, now);
}

}  // namespace sluice::server
