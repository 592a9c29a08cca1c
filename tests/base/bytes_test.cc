#include "proxy/base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice {
namespace {

std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

Bytes Of(std::string_view text) {
  Bytes bytes;
  bytes.Append(text);
  return bytes;
}

TEST(Bytes, GivesBackWhatWasAppendedWhateverTheCuts) {
  const std::string all = Pattern(100'000);
  for (const size_t cut : {size_t{1}, size_t{7}, size_t{4000}, size_t{16'384}, size_t{99'999}}) {
    Bytes bytes;
    for (size_t at = 0; at < all.size(); at += cut) {
      bytes.Append(std::string_view(all).substr(at, cut));
    }
    EXPECT_EQ(bytes.size(), all.size());
    EXPECT_TRUE(bytes.ToString() == all) << cut;
  }
}

TEST(Bytes, AnEmptyQueueHoldsNoMemory) {
  const size_t before = BufferBudget::used();
  Bytes bytes = Of("something");
  EXPECT_GT(BufferBudget::used(), before);
  bytes.RemovePrefix(9);
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(bytes.Front(), "");
  EXPECT_EQ(BufferBudget::used(), before);
}

TEST(Bytes, GivesMemoryBackAsItDrains) {
  const size_t before = BufferBudget::used();
  Bytes bytes = Of(Pattern(1 << 20));
  bytes.RemovePrefix((1 << 20) - 100);
  EXPECT_LE(BufferBudget::used() - before, kLargeBlock);
  EXPECT_EQ(bytes.size(), 100u);
}

TEST(Bytes, RemovingCrossesPiecesAndStopsInsideOne) {
  const std::string all = Pattern(50'000);
  Bytes bytes = Of(all);
  size_t gone = 0;
  for (const size_t count : {size_t{0}, size_t{1}, size_t{16'000}, size_t{20'000}, size_t{5}}) {
    bytes.RemovePrefix(count);
    gone += count;
    EXPECT_TRUE(bytes.ToString() == all.substr(gone));
  }
  bytes.Append("more");
  EXPECT_TRUE(bytes.ToString() == all.substr(gone) + "more");
}

TEST(Bytes, AppendingAQueueMovesItWithoutCopying) {
  Bytes first = Of("one ");
  Bytes second = Of("two");
  const char* const memory = second.Front().data();
  first.Append(std::move(second));
  EXPECT_EQ(first.ToString(), "one two");
  std::array<std::string_view, 4> pieces;
  ASSERT_EQ(first.Gather(pieces), 2u);
  EXPECT_EQ(pieces[1].data(), memory);
}

TEST(Bytes, AMovedFromQueueIsEmptyAndUsable) {
  Bytes from = Of("text");
  Bytes to = std::move(from);
  EXPECT_TRUE(from.empty());  // NOLINT: that is the promise
  from.Append("new");
  EXPECT_EQ(from.ToString(), "new");
  EXPECT_EQ(to.ToString(), "text");
  to = std::move(from);
  EXPECT_EQ(to.ToString(), "new");
  Bytes empty;
  to.Append(std::move(empty));
  EXPECT_EQ(to.ToString(), "new");
  empty.Append(std::move(to));
  EXPECT_EQ(empty.ToString(), "new");
}

TEST(Bytes, GatherShowsTheFrontPiecesAndNoMoreThanAskedFor) {
  const std::string all = Pattern(100'000);
  const Bytes bytes = Of(all);
  std::array<std::string_view, 2> two;
  ASSERT_EQ(bytes.Gather(two), 2u);
  EXPECT_EQ(two[0], bytes.Front());
  EXPECT_TRUE(all.starts_with(std::string(two[0]) + std::string(two[1])));
  std::string seen;
  bytes.ForEach([&](std::string_view piece) { seen += piece; });
  EXPECT_TRUE(seen == all);
}

TEST(Bytes, ReservedRoomIsContiguousAndCountsOnlyWhatWasCommitted) {
  Bytes bytes = Of(Pattern(4000));
  char* const room = bytes.Reserve(10'000);
  for (int i = 0; i < 10'000; ++i) room[i] = 'r';
  bytes.Commit(3);
  EXPECT_EQ(bytes.size(), 4003u);
  bytes.Append("s");
  EXPECT_TRUE(bytes.ToString() == Pattern(4000) + "rrrs");
}

TEST(Bytes, AReservationThatWasNotUsedLeavesNoTrace) {
  Bytes bytes;
  bytes.Reserve(100);
  bytes.Commit(0);
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(bytes.Front(), "");
  std::array<std::string_view, 1> piece;
  EXPECT_EQ(bytes.Gather(piece), 0u);
  bytes.Append("x");
  bytes.Reserve(30'000);
  bytes.RemovePrefix(1);
  EXPECT_EQ(bytes.ToString(), "");
  bytes.Append("y");
  EXPECT_EQ(bytes.ToString(), "y");
}

}  // namespace
}  // namespace sluice
