// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash of bytes
// under a secret key. Without the key nobody can make two inputs collide, or know where in a table
// one will lie; so what clients choose may be a key of a table.
//
// Threads: any; pure. Cost: some 15 ns for an address, a nanosecond more for each 8 bytes.
#ifndef SLUICE_PROXY_BASE_SIPHASH_H_
#define SLUICE_PROXY_BASE_SIPHASH_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice {

using SipKey = std::array<uint8_t, 16>;

uint64_t SipHash(const SipKey& key, std::span<const uint8_t> bytes);

inline uint64_t SipHash(const SipKey& key, std::string_view text) {
  return SipHash(key, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_SIPHASH_H_
