#include "bench/load/tunnel/frame.h"

#include <gtest/gtest.h>

namespace sluice::load {
namespace {

using namespace std::string_literals;

std::string Head(uint8_t first, uint64_t bytes, std::optional<MaskKey> mask = std::nullopt) {
  std::string text;
  AppendFrameHead(text, first, bytes, mask);
  return text;
}

// The examples of RFC 6455 section 5.7.
TEST(Frame, ReadsAndMasksTheExampleOfTheRfc) {
  std::string frame = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s;
  const auto head = ReadFrameHead(frame);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->first, 0x81);
  EXPECT_EQ(head->payload_bytes, 5u);
  ASSERT_EQ(head->head_bytes, 6u);
  ASSERT_TRUE(head->mask.has_value());
  ApplyMask(*head->mask, frame.data() + 6, 5);
  EXPECT_EQ(frame.substr(6), "Hello");
}

TEST(Frame, WritesTheLengthsOfTheRfcsExamples) {
  EXPECT_EQ(Head(0x81, 5), "\x81\x05"s);
  EXPECT_EQ(Head(0x82, 256), "\x82\x7e\x01\x00"s);
  EXPECT_EQ(Head(0x82, 65536), "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(Frame, AHeadReadsBackAsItWasWrittenAndNotBeforeItIsWhole) {
  const MaskKey mask = {1, 2, 0xfe, 0};
  for (const uint64_t bytes : {0ULL, 125ULL, 126ULL, 65535ULL, 65536ULL, 1ULL << 40}) {
    for (const std::optional<MaskKey> key : {std::optional<MaskKey>(), std::optional(mask)}) {
      const std::string text = Head(0x82, bytes, key);
      for (size_t cut = 0; cut < text.size(); ++cut) {
        EXPECT_FALSE(ReadFrameHead(text.substr(0, cut)).has_value()) << bytes << " at " << cut;
      }
      const auto head = ReadFrameHead(text + "more");
      ASSERT_TRUE(head.has_value());
      EXPECT_EQ(head->payload_bytes, bytes);
      EXPECT_EQ(head->head_bytes, text.size());
      EXPECT_EQ(head->mask, key);
      EXPECT_EQ(head->opcode(), Opcode::kBinary);
    }
  }
}

}  // namespace
}  // namespace sluice::load
