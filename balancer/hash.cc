#include "balancer/hash.h"

namespace sluice::balancer {
namespace {

// The golden ratio: odd, and without a pattern in its bits.
constexpr uint64_t kStep = 0x9e3779b97f4a7c15ULL;

// Up to eight bytes as a number, the first the lowest, whatever the machine's order.
uint64_t Word(std::string_view bytes) {
  uint64_t word = 0;
  for (size_t i = bytes.size(); i > 0; --i) {
    word = word << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return word;
}

}  // namespace

uint64_t Hash(std::string_view bytes) {
  // The length comes first, so that a key and the same with zeros behind it differ.
  uint64_t hash = Mix(bytes.size() * kStep + kStep);
  while (!bytes.empty()) {
    const std::string_view next = bytes.substr(0, 8);
    hash = (hash ^ Mix(Word(next) + kStep)) * kStep;
    hash ^= hash >> 32;
    bytes.remove_prefix(next.size());
  }
  return Mix(hash);
}

}  // namespace sluice::balancer
