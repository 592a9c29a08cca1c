#include "proxy/observe/top.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::observe {
namespace {

void Add(Top& top, uint64_t key, uint64_t weight = 1) {
  top.Add(key, weight, [&] { return "key " + std::to_string(key); });
}

TEST(Top, TellsWhoDoesMostInOrder) {
  Top top;
  for (int i = 0; i < 5; ++i) Add(top, 1);
  Add(top, 2, 100);
  const auto entries = top.Entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].text, "key 2");
  EXPECT_EQ(entries[0].count, 100u);
  EXPECT_EQ(entries[1].count, 5u);
}

TEST(Top, AHeavyKeyIsFoundAmongAMillionOthersInFixedMemory) {
  Top top;
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) Add(top, i % 10 == 0 ? 7 : random());
  const auto entries = top.Entries();
  EXPECT_EQ(entries.size(), Top::kEntries);
  ASSERT_EQ(entries[0].key, 7u);
  EXPECT_GE(entries[0].count, 20000u);
  EXPECT_LE(entries[0].count, 20000u + 200000u / Top::kEntries);
}

TEST(Top, WhatWasLongAgoFadesAway) {
  Top top;
  Add(top, 1, 8);
  for (int i = 0; i < 3; ++i) top.Fade();
  EXPECT_EQ(top.Entries()[0].count, 1u);
  top.Fade();
  EXPECT_TRUE(top.Entries().empty());
}

}  // namespace
}  // namespace sluice::observe
