// FleetHash: hashes the keys of limits of scope "fleet", under a secret that all instances share:
// the first one puts it into the store, the others read it there (quota_sync.h). Until it is known
// here a random one of this process serves; then every key has another hash, and what was counted
// by the old ones is forgotten: a key may begin anew on this instance's share, once.
//
// Threads: Of(): any; Learn(): one. A hash made at the moment of Learn() may be of neither secret:
// that one request is counted for a key nobody has.
#ifndef SLUICE_PROXY_ADMISSION_FLEET_HASH_H_
#define SLUICE_PROXY_ADMISSION_FLEET_HASH_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <string_view>

#include "proxy/base/siphash.h"
#include "ratelimit/gate.h"

namespace sluice::admission {

class FleetHash {
 public:
  explicit FleetHash(const SipKey& first) { Learn(first); }

  ratelimit::KeyHash Of(std::string_view bytes) const { return SipHash(key(), bytes); }

  SipKey key() const {
    return std::bit_cast<SipKey>(Halves{halves_[0].load(std::memory_order_relaxed),
                                        halves_[1].load(std::memory_order_relaxed)});
  }
  void Learn(const SipKey& key) {
    const auto halves = std::bit_cast<Halves>(key);
    halves_[0].store(halves[0], std::memory_order_relaxed);
    halves_[1].store(halves[1], std::memory_order_relaxed);
  }

 private:
  using Halves = std::array<uint64_t, 2>;
  std::array<std::atomic<uint64_t>, 2> halves_{};
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_FLEET_HASH_H_
