#include "proxy/crypto/digest.h"

#include <gtest/gtest.h>

#include <array>

#include "proxy/crypto/random.h"

namespace sluice::crypto {
namespace {

std::string HexOf(const Sha256Digest& digest) {
  return Hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(DigestTest, IsThatOfThePublishedExamples) {
  EXPECT_EQ(HexOf(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexOf(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 4231 section 4.3.
TEST(DigestTest, ASignatureIsThatOfThePublishedExample) {
  EXPECT_EQ(HexOf(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 4648 section 10, in the alphabet of section 5.
TEST(Base64UrlTest, IsThatOfThePublishedExamples) {
  EXPECT_EQ(Base64Url(""), "");
  EXPECT_EQ(Base64Url("f"), "Zg");
  EXPECT_EQ(Base64Url("fo"), "Zm8");
  EXPECT_EQ(Base64Url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Url("\xff\xfe\xfd"), "__79");
}

TEST(RandomTest, FillsEveryByteAndNeverTheSameTwice) {
  std::array<uint8_t, 64> first{};
  std::array<uint8_t, 64> second{};
  FillRandom(first);
  FillRandom(second);
  EXPECT_NE(first, second);
  // 32 zero bytes at either end come by chance once in 2^256 runs.
  EXPECT_NE(Hex({reinterpret_cast<const char*>(first.data()), 32}), std::string(64, '0'));
  EXPECT_NE(Hex({reinterpret_cast<const char*>(first.data()) + 32, 32}), std::string(64, '0'));
}

}  // namespace
}  // namespace sluice::crypto
