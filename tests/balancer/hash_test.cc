#include "balancer/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <string>

namespace sluice::balancer {
namespace {

TEST(Hash, IsTheSameInEveryVersion) {
  // Change these and every key moves to another server at the next update.
  EXPECT_EQ(Hash(""), 0x6393d51c06c618dcULL);
  EXPECT_EQ(Hash("192.0.2.1"), 0xc159b6dbd8759aceULL);
  EXPECT_EQ(Hash("a session of thirty-two letters."), 0x19402a38b0051dbeULL);
}

TEST(Hash, TellsApartWhatDiffersInLengthOnly) {
  std::set<uint64_t> seen;
  for (size_t length = 0; length < 64; ++length) seen.insert(Hash(std::string(length, '\0')));
  EXPECT_EQ(seen.size(), 64u);
}

TEST(Hash, EveryBitOfAKeyChangesHalfOfTheHash) {
  const std::string key = "shopper-4711-cart";
  int flipped = 0;
  for (size_t bit = 0; bit < key.size() * 8; ++bit) {
    std::string other = key;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    const int changed = std::popcount(Hash(key) ^ Hash(other));
    EXPECT_GT(changed, 12) << bit;
    flipped += changed;
  }
  EXPECT_NEAR(flipped / (key.size() * 8.0), 32, 1);
}

TEST(Hash, SpreadsNumberedKeysEvenly) {
  constexpr int kBuckets = 97;
  constexpr int kKeys = 97'000;
  int counts[kBuckets] = {};
  for (int i = 0; i < kKeys; ++i) ++counts[Hash("10.0.0." + std::to_string(i)) % kBuckets];
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 145) << "96 degrees of freedom: above it in one of a thousand";
}

}  // namespace
}  // namespace sluice::balancer
