#include "proxy/base/siphash.h"

#include <bit>

namespace sluice {
namespace {

// Up to 8 bytes, the first the least.
uint64_t Little(std::span<const uint8_t> bytes) {
  uint64_t word = 0;
  for (size_t i = bytes.size(); i > 0; --i) word = word << 8 | bytes[i - 1];
  return word;
}

// The names and the order of the operations are the paper's.
struct State {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void Take(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

}  // namespace

uint64_t SipHash(const SipKey& key, std::span<const uint8_t> bytes) {
  const uint64_t k0 = Little(std::span(key).first<8>());
  const uint64_t k1 = Little(std::span(key).last<8>());
  State state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
              k1 ^ 0x7465646279746573};
  const uint64_t size = bytes.size();
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) state.Take(Little(bytes.first<8>()));
  state.Take(size << 56 | Little(bytes));
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace sluice
