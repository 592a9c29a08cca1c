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

TEST(Base64UrlTest, IsReadBackAndNothingElseIs) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (size_t cut = 0; cut < 5; ++cut) {
    EXPECT_EQ(FromBase64Url(Base64Url(all.substr(cut))), all.substr(cut));
  }
  EXPECT_EQ(FromBase64Url(""), "");
  EXPECT_EQ(FromBase64Url("Zg=="), std::nullopt) << "padding";
  EXPECT_EQ(FromBase64Url("Z"), std::nullopt) << "six bits are no byte";
  EXPECT_EQ(FromBase64Url("Zh"), std::nullopt) << "stray bits: Zg is the one text of 'f'";
  EXPECT_EQ(FromBase64Url("Zm9"), std::nullopt) << "stray bits: Zm8 is the one text of 'fo'";
  for (const char* bad : {"Zm 8", "Zm8\n", "a+/b", "Zg\xc3\xa4"}) {
    EXPECT_EQ(FromBase64Url(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(FromBase64Url(std::string_view("Zm\0v", 4)), std::nullopt);
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
