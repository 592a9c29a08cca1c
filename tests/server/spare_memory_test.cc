#include "proxy/server/spare_memory.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

constexpr size_t kMiB = 1 << 20;

TEST(SpareMemory, IsGivenBackWhenItStaysUnused) {
  SpareMemory memory;
  EXPECT_FALSE(memory.Due(10 * kMiB, 1 * kMiB));
  EXPECT_FALSE(memory.Due(500 * kMiB, 480 * kMiB));
  for (int look = 1; look < SpareMemory::kLooks; ++look) {
    EXPECT_FALSE(memory.Due(500 * kMiB, 1 * kMiB)) << look;
  }
  EXPECT_TRUE(memory.Due(500 * kMiB, 1 * kMiB));
}

TEST(SpareMemory, IsKeptWhileItIsUsedAgainAndAgain) {
  SpareMemory memory;
  for (int second = 0; second < 100; ++second) {
    EXPECT_FALSE(memory.Due(500 * kMiB, (second % 2 == 0 ? 10 : 490) * kMiB)) << second;
  }
}

TEST(SpareMemory, OfLittleWorthIsKept) {
  SpareMemory memory;
  for (int second = 0; second < 100; ++second) {
    EXPECT_FALSE(memory.Due((second == 0 ? 10 : 30) * kMiB, 1 * kMiB)) << second;
  }
}

TEST(SpareMemory, WhatCannotBeGivenBackIsNotTriedForever) {
  SpareMemory memory;
  EXPECT_FALSE(memory.Due(10 * kMiB, 1 * kMiB));
  int given = 0;
  for (int second = 0; second < 100; ++second) given += memory.Due(500 * kMiB, 1 * kMiB) ? 1 : 0;
  EXPECT_EQ(given, 1);
  for (int second = 0; second < 10; ++second) given += memory.Due(600 * kMiB, 1 * kMiB) ? 1 : 0;
  EXPECT_EQ(given, 2);
}

}  // namespace
}  // namespace sluice::server
