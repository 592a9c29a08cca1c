#include "proxy/base/siphash.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

// The key and the messages of the paper's appendix: 00 01 02 and so on.
constexpr SipKey kKey = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

uint64_t OfSize(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i);
  return SipHash(kKey, bytes);
}

TEST(SipHash, IsThatOfThePaper) {
  EXPECT_EQ(OfSize(0), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(OfSize(1), 0x74f839c593dc67fdu);
  EXPECT_EQ(OfSize(7), 0xab0200f58b01d137u);
  EXPECT_EQ(OfSize(8), 0x93f5f5799a932462u);
  EXPECT_EQ(OfSize(15), 0xa129ca6149be45e5u);
  EXPECT_EQ(OfSize(16), 0x3f2acc7f57c29bdbu);
  EXPECT_EQ(OfSize(63), 0x958a324ceb064572u);
}

TEST(SipHash, AnotherKeyIsAnotherHash) {
  SipKey other = kKey;
  other[15] ^= 1;
  EXPECT_NE(SipHash(kKey, "192.0.2.1"), SipHash(other, "192.0.2.1"));
}

uint64_t OfList(std::initializer_list<std::string_view> texts) {
  SipList list(kKey);
  for (const std::string_view text : texts) list.Add(text);
  return list.Finish();
}

TEST(SipList, WhereOneTextEndsAndTheNextBeginsCounts) {
  const std::vector<uint64_t> hashes = {OfList({}),
                                        OfList({""}),
                                        OfList({"", ""}),
                                        OfList({"ab", "c"}),
                                        OfList({"a", "bc"}),
                                        OfList({"abc"}),
                                        OfList({"abc", ""}),
                                        OfList({"", "abc"}),
                                        OfList({std::string_view("abc\0", 4)}),
                                        OfList({"12345678"}),
                                        OfList({"12345678", ""}),
                                        OfList({"1234567", "8"})};
  for (size_t a = 0; a < hashes.size(); ++a) {
    for (size_t b = 0; b < a; ++b) EXPECT_NE(hashes[a], hashes[b]) << a << " and " << b;
  }
  EXPECT_EQ(OfList({"ab", "c"}), OfList({"ab", "c"}));
}

TEST(SipList, AnotherKeyIsAnotherHash) {
  SipKey other = kKey;
  other[0] ^= 1;
  SipList list(other);
  list.Add("ab");
  EXPECT_NE(list.Finish(), OfList({"ab"}));
}

}  // namespace
}  // namespace sluice
