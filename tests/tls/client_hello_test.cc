#include "proxy/tls/client_hello.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/hello_bytes.h"

namespace sluice::tls {
namespace {

using test::HelloBytes;

// In the order sent, GREASE included. FoxIO's example, and their capture sigalg-grease.pcapng.
HelloBytes Chrome() {
  HelloBytes hello;
  hello.ciphers = {0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
                   0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
  hello.extensions = {0x3a3a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
                      0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0x6a6a};
  hello.signature_algorithms = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
  return hello;
}

std::string Ja4Of(const HelloBytes& bytes) {
  const std::string message = bytes.Message();
  const std::optional<ClientHello> hello = ParseClientHello(message);
  return hello.has_value() ? Ja4(*hello) : "refused";
}

TEST(Ja4Test, IsThatOfThePublishedExample) {
  EXPECT_EQ(Ja4Of(Chrome()), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(Ja4Test, IsThatOfChromeWithoutPaddingAndWithEncryptedClientHello) {
  HelloBytes hello = Chrome();
  std::erase(hello.extensions, 0x0015);
  hello.extensions.push_back(0xfe0d);
  EXPECT_EQ(Ja4Of(hello), "t13d1516h2_8daaf6152771_02713d6af862");
}

TEST(Ja4Test, IsThatOfThePublishedCaptureWithGreaseAmongTheSignatures) {
  HelloBytes hello = Chrome();
  hello.extensions = {0x2a2a, 0xfe0d, 0x0010, 0x0017, 0x0033, 0x44cd, 0xff01, 0x000a, 0x000d,
                      0x0023, 0x002b, 0x000b, 0xca34, 0x002d, 0x0000, 0x0005, 0x001b, 0x0012};
  hello.signature_algorithms = {0x9a9a, 0x0904, 0x0905, 0x0906, 0x0403, 0x0804,
                                0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
  EXPECT_EQ(Ja4Of(hello), "t13d1517h2_8daaf6152771_cb7bf5808d99");
}

TEST(Ja4Test, DoesNotDependOnTheOrderThatBrowsersShuffle) {
  HelloBytes hello = Chrome();
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(hello.extensions.begin(), hello.extensions.end(), random);
    std::shuffle(hello.ciphers.begin(), hello.ciphers.end(), random);
    EXPECT_EQ(Ja4Of(hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
  }
}

TEST(Ja4Test, LeavesThePartOfTheSignaturesOutWhereThereAreNone) {
  HelloBytes hello = Chrome();
  hello.signature_algorithms = {};
  EXPECT_EQ(Ja4Of(hello), "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

TEST(Ja4Test, HasZerosForWhatIsNotThere) {
  HelloBytes hello;
  hello.ciphers = {0x0a0a};
  hello.extensions = {0x0000};
  EXPECT_EQ(Ja4Of(hello), "t12d000100_000000000000_000000000000");
  hello.extensions = {};
  EXPECT_EQ(Ja4Of(hello), "t12i000000_000000000000_000000000000");
}

TEST(Ja4Test, TakesTheFirstAndLastCharacterOfTheProtocolOrOfItsBytesInHex) {
  const auto text_of = [](std::string_view protocol) {
    HelloBytes hello = Chrome();
    hello.alpn = {std::string(protocol)};
    return Ja4Of(hello).substr(8, 2);
  };
  EXPECT_EQ(text_of("http/1.1"), "h1");
  EXPECT_EQ(text_of("x"), "xx");
  EXPECT_EQ(text_of("\xab"), "ab");
  EXPECT_EQ(text_of("\xab\xcd"), "ad");
  EXPECT_EQ(text_of("\x30\xab"), "3b");
  EXPECT_EQ(text_of("\x30\x31\xab\xcd"), "3d");
  EXPECT_EQ(text_of("\x30\xab\xcd\x31"), "01");
  EXPECT_EQ(text_of(""), "00");
}

TEST(Ja4Test, CountsNoHigherThanNinetyNine) {
  HelloBytes hello;
  for (uint16_t cipher = 0; cipher < 200; ++cipher) hello.ciphers.push_back(cipher);
  EXPECT_EQ(Ja4Of(hello).substr(0, 8), "t12i9900");
}

TEST(Ja4Test, SaysTheHighestVersionOffered) {
  const auto version_of = [](std::vector<uint16_t> versions, uint16_t legacy) {
    HelloBytes hello = Chrome();
    hello.versions = std::move(versions);
    hello.legacy_version = legacy;
    if (hello.versions.empty()) std::erase(hello.extensions, 0x002b);
    return Ja4Of(hello).substr(1, 2);
  };
  EXPECT_EQ(version_of({0xfafa, 0x0303, 0x0304}, 0x0303), "13");
  EXPECT_EQ(version_of({0x0303}, 0x0303), "12");
  EXPECT_EQ(version_of({}, 0x0303), "12");
  EXPECT_EQ(version_of({}, 0x0302), "11");
  EXPECT_EQ(version_of({}, 0x0301), "10");
  EXPECT_EQ(version_of({}, 0x0300), "s3");
  EXPECT_EQ(version_of({}, 0x7f00), "00");
}

TEST(ClientHelloTest, IsReadWithUnknownExtensionsAndGrease) {
  const std::string message = Chrome().Message();
  const std::optional<ClientHello> hello = ParseClientHello(message);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->legacy_version, 0x0303);
  EXPECT_EQ(hello->ciphers, Chrome().ciphers);
  EXPECT_EQ(hello->extensions, Chrome().extensions);
  EXPECT_EQ(hello->signature_algorithms, Chrome().signature_algorithms);
  EXPECT_EQ(hello->versions, (std::vector<uint16_t>{0x5a5a, 0x0304, 0x0303}));
  EXPECT_EQ(hello->alpn, (std::vector<std::string_view>{"h2", "http/1.1"}));
  EXPECT_EQ(hello->server_name, "shop.example");
  EXPECT_TRUE(hello->has_server_name);
}

TEST(ClientHelloTest, WithoutExtensionsIsThatOfAnOldClient) {
  HelloBytes hello = Chrome();
  hello.extensions = {};
  std::string message = hello.Message();
  ASSERT_TRUE(ParseClientHello(message).has_value());
  // Not even an empty list of them.
  message.resize(message.size() - 2);
  message[3] = static_cast<char>(message[3] - 2);
  ASSERT_TRUE(ParseClientHello(message).has_value());
  EXPECT_TRUE(ParseClientHello(message)->extensions.empty());
}

TEST(ClientHelloTest, CutShortAnywhereIsRefused) {
  const std::string message = Chrome().Message();
  for (size_t size = 0; size < message.size(); ++size) {
    // On the heap and of exactly that size, so that a read beyond it is seen.
    const std::vector<char> cut(message.begin(), message.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(ParseClientHello({cut.data(), cut.size()}).has_value()) << size;
  }
}

TEST(ClientHelloTest, CutShortWithItsLengthMadeToFitIsRefused) {
  const std::string message = Chrome().Message();
  size_t taken = 0;
  for (size_t size = 4; size < message.size(); ++size) {
    std::string cut = message.substr(0, size);
    cut[2] = static_cast<char>((size - 4) >> 8);
    cut[3] = static_cast<char>((size - 4) & 0xff);
    taken += ParseClientHello(cut).has_value() ? 1 : 0;
  }
  // Where nothing but the extensions is missing it is the hello of an old client.
  EXPECT_EQ(taken, 1u);
}

TEST(ClientHelloTest, OfInconsistentLengthsIsRefused) {
  const std::string good = Chrome().Message();
  EXPECT_FALSE(ParseClientHello(good + "x").has_value());

  std::string other_type = good;
  other_type[0] = 2;
  EXPECT_FALSE(ParseClientHello(other_type).has_value());

  std::string long_session = good;
  long_session[38] = 33;
  EXPECT_FALSE(ParseClientHello(long_session).has_value());

  HelloBytes twice = Chrome();
  twice.extensions.push_back(0x0017);
  EXPECT_FALSE(ParseClientHello(twice.Message()).has_value());

  HelloBytes odd = Chrome();
  odd.odd_ciphers = true;
  EXPECT_FALSE(ParseClientHello(odd.Message()).has_value());
}

TEST(ClientHelloTest, LongerThanAnybodySendsIsRefused) {
  HelloBytes hello = Chrome();
  hello.padding_bytes = kMaxClientHello;
  EXPECT_FALSE(ParseClientHello(hello.Message()).has_value());
}

}  // namespace
}  // namespace sluice::tls
