#include "proxy/base/block.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "proxy/base/arena.h"

namespace sluice {
namespace {

TEST(Block, HasAtLeastTheRoomAskedFor) {
  for (const size_t bytes : {size_t{0}, size_t{1}, kSmallBlock - sizeof(Block),
                             kSmallBlock - sizeof(Block) + 1, kLargeBlock, size_t{1} << 20}) {
    Block* const block = TakeBlock(bytes);
    EXPECT_GE(block->size, bytes);
    EXPECT_EQ(block->begin, 0u);
    EXPECT_EQ(block->end, 0u);
    EXPECT_EQ(block->next, nullptr);
    FreeBlock(block);
  }
}

TEST(Arena, WritesTextAndNumbersBesideEachOther) {
  Arena arena;
  const std::string_view most = arena.Decimal(~uint64_t{0});
  const std::string_view none = arena.Decimal(0);
  EXPECT_EQ(arena.Concat({none, ",", most}), "0,18446744073709551615");
}

TEST(Block, AFreedBlockIsTheNextOneTaken) {
  Block* const block = TakeBlock(100);
  FreeBlock(block);
  Block* const again = TakeBlock(200);
  EXPECT_EQ(again, block);
  EXPECT_EQ(again->end, 0u);
  FreeBlock(again);
}

TEST(BufferBudget, CountsEveryBlockInUseAndIsExhaustedAtItsLimit) {
  const size_t limit = BufferBudget::limit();
  const size_t before = BufferBudget::used();
  BufferBudget::SetLimit(before + kSmallBlock + kLargeBlock);
  Block* const small = TakeBlock(1);
  EXPECT_EQ(BufferBudget::used(), before + kSmallBlock);
  EXPECT_FALSE(BufferBudget::Exhausted());
  Block* const large = TakeBlock(kSmallBlock);
  EXPECT_TRUE(BufferBudget::Exhausted());
  FreeBlock(large);
  EXPECT_FALSE(BufferBudget::Exhausted());
  FreeBlock(small);
  EXPECT_EQ(BufferBudget::used(), before);
  BufferBudget::SetLimit(limit);
}

TEST(BufferBudget, AddsUpOverThreadsThatFreeEachOthersBlocks) {
  const size_t before = BufferBudget::used();
  std::vector<Block*> blocks(200);
  std::thread taker([&] {
    for (Block*& block : blocks) block = TakeBlock(1);
  });
  taker.join();
  EXPECT_EQ(BufferBudget::used(), before + 200 * kSmallBlock);
  std::thread other([&] {
    for (size_t i = 0; i < 100; ++i) FreeBlock(blocks[i]);
  });
  for (size_t i = 100; i < 200; ++i) FreeBlock(blocks[i]);
  other.join();
  EXPECT_EQ(BufferBudget::used(), before);
}

TEST(Arena, WhatItHandsOutStaysGoodWhileItGrows) {
  Arena arena;
  std::vector<std::string_view> copies;
  for (int i = 0; i < 2000; ++i) copies.push_back(arena.Copy(std::to_string(i)));
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(copies[static_cast<size_t>(i)], std::to_string(i));
  }
}

TEST(Arena, JoinsParts) {
  Arena arena;
  EXPECT_EQ(arena.Concat({"Host: ", "shop", std::string_view(), ".example"}), "Host: shop.example");
  EXPECT_EQ(arena.Concat({}), "");
  EXPECT_EQ(arena.Copy(""), "");
}

TEST(Arena, AllocationsAreAlignedAndApart) {
  Arena arena;
  arena.Copy("abc");
  auto* const numbers = arena.AllocateArray<uint64_t>(3);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(numbers) % alignof(uint64_t), 0u);
  const std::string_view behind = arena.Copy("xyz");
  numbers[0] = numbers[1] = numbers[2] = ~uint64_t{0};
  EXPECT_EQ(behind, "xyz");
}

TEST(Arena, TakesMoreThanABlockHolds) {
  Arena arena;
  const std::string large(100'000, 'l');
  const std::string_view copy = arena.Copy(large);
  EXPECT_EQ(arena.Copy("after"), "after");
  EXPECT_TRUE(copy == large);
}

TEST(Arena, ClearGivesEverythingBack) {
  const size_t before = BufferBudget::used();
  Arena arena;
  for (int i = 0; i < 100; ++i) arena.Allocate(1000);
  EXPECT_GT(BufferBudget::used(), before);
  arena.Clear();
  EXPECT_EQ(BufferBudget::used(), before);
  EXPECT_EQ(arena.Copy("again"), "again");
}

}  // namespace
}  // namespace sluice
