// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash of bytes
// under a secret key. Without the key nobody can make two inputs collide, or know where in a table
// one will lie; so what clients choose may be a key of a table.
//
// Threads: any; pure. Cost: some 15 ns for an address, 3 ns more for each 8 bytes.
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

// The hash of a list of numbers and texts, where they lie. A text counts with its length, so lists
// that would read the same one after the other ("ab" "c", "a" "bc") are different ones, as long as
// numbers and texts stand at the same places.
class SipList {
 public:
  explicit SipList(const SipKey& key);

  void Add(uint64_t number);
  void Add(std::string_view text);
  uint64_t Finish();  // once

 private:
  friend uint64_t SipHash(const SipKey& key, std::span<const uint8_t> bytes);

  // All of `bytes` but the last that fill no word, which it returns.
  uint64_t AddWords(std::span<const uint8_t> bytes);
  void Round();

  // The names and the order of the operations are the paper's.
  uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_SIPHASH_H_
