#include "proxy/server/address_rate.h"

#include <span>

#include "proxy/crypto/random.h"

namespace sluice::server {
namespace {

// That owe something at the same time; beyond, see keyed_gate.h.
constexpr uint64_t kAddresses = 65536;

}  // namespace

AddressRate::AddressRate(const ratelimit::RateSpec& spec)
    : spec_(spec), rate_({.limit = spec, .keys = kAddresses}) {
  crypto::FillRandom(key_);
}

std::shared_ptr<AddressRate> AddressRate::For(const std::optional<ratelimit::Rate>& rate,
                                              uint32_t burst, std::shared_ptr<AddressRate> before) {
  if (!rate) return nullptr;
  const ratelimit::RateSpec spec = {.rate = *rate, .burst = burst != 0 ? burst : rate->count};
  if (before != nullptr && before->spec_ == spec) return before;
  return std::make_shared<AddressRate>(spec);
}

bool AddressRate::Admits(const Peer& peer, TimePoint now) {
  if (peer.is_unix) return true;
  std::span<const uint8_t> address = peer.ip.bytes;
  if (!peer.ip.is_v4()) address = address.first(8);
  return rate_.Charge(SipHash(key_, address), now).allowed;
}

}  // namespace sluice::server
