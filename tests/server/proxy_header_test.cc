#include "proxy/server/proxy_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/proxy_header_bytes.h"

namespace sluice::server {
namespace {

using test::Inet;
using test::Inet6;
using test::Tlv;
using test::Version2;
using testing::HasSubstr;
using Client = ProxyHeader::Client;
using State = ProxyHeader::State;

// From a copy of exactly that size, so that the sanitizer sees a read beyond it. `why` is a text of
// the program.
ProxyHeader Parse(std::string_view bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  return ParseProxyHeader({exact.data(), exact.size()});
}

std::string ClientOf(const ProxyHeader& header) {
  if (header.state == State::kMalformed) return "malformed: " + std::string(header.why);
  if (header.state == State::kNeedMore) return "need more";
  if (header.client == Client::kConnection) return "connection";
  if (header.client == Client::kUnix) return "unix";
  return header.from.ToString() + " to " + header.to.ToString();
}

std::string Tcp4(const std::string& rest) { return "PROXY TCP4 " + rest + "\r\n"; }

const std::string kGoodLine = Tcp4("192.168.0.1 192.168.0.11 56324 443");
const std::string kGoodBlock = Version2(0x21, 0x11, Inet());

TEST(ProxyHeaderTest, ALineNamesTheClientAndWhereItConnectedTo) {
  EXPECT_EQ(ClientOf(Parse(kGoodLine)), "192.168.0.1:56324 to 192.168.0.11:443");
  EXPECT_EQ(ClientOf(Parse(Tcp4("0.0.0.0 255.255.255.255 0 65535"))),
            "0.0.0.0:0 to 255.255.255.255:65535");
  EXPECT_EQ(ClientOf(Parse("PROXY TCP6 2001:db8::1 ::1 1 2\r\n")), "[2001:db8::1]:1 to [::1]:2");
  EXPECT_EQ(ClientOf(Parse("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                           "FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF 65535 65535\r\n")),
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 to "
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

TEST(ProxyHeaderTest, AMappedAddressInALineIsTheIPv4ClientThatItIs) {
  EXPECT_EQ(ClientOf(Parse("PROXY TCP6 ::ffff:10.0.0.1 ::ffff:a00:2 1 2\r\n")),
            "10.0.0.1:1 to 10.0.0.2:2");
}

TEST(ProxyHeaderTest, UnknownInALineLeavesTheConnectionItsOwnAddressWhateverFollows) {
  EXPECT_EQ(ClientOf(Parse("PROXY UNKNOWN\r\n")), "connection");
  EXPECT_EQ(ClientOf(Parse("PROXY UNKNOWN any thing \xff at all\r\n")), "connection");
  const std::string longest = "PROXY UNKNOWN " + std::string(91, 'f') + "\r\n";
  ASSERT_EQ(longest.size(), 107u);
  EXPECT_EQ(ClientOf(Parse(longest)), "connection");
}

TEST(ProxyHeaderTest, ALineThatIsNotExactlyTheSpecifiedOneIsMalformed) {
  for (const char* const rest : {
           "192.168.0.01 192.168.0.11 56324 443",  // a heading zero
           "192.168.0.1 192.168.0.11 056324 443",  //
           "192.168.0.1 192.168.0.11 56324 00",    //
           "192.168.0.1 192.168.0.11 65536 443",   // too large
           "192.168.0.1 192.168.0.11 56324 99999999999999999999",
           "192.168.0.256 192.168.0.11 56324 443",     //
           "192.168.0 192.168.0.11 56324 443",         // too few parts
           "192.168.0.1.1 192.168.0.11 56324 443",     // too many
           "192.168.0.1 192.168.0.11 56324",           // too few words
           "192.168.0.1 192.168.0.11 56324 443 1",     // too many
           "192.168.0.1  192.168.0.11 56324 443",      // two spaces
           " 192.168.0.1 192.168.0.11 56324 443",      //
           "192.168.0.1 192.168.0.11 56324 443 ",      //
           "192.168.0.1\t192.168.0.11 56324 443",      // no space
           "192.168.0.1 192.168.0.11 +1 443",          // no plain number
           "192.168.0.1 192.168.0.11 0x1 443",         //
           "192.168.0.1 192.168.0.11 -1 443",          //
           "192.168.0.1 shop.example 56324 443",       // a name
           "::1 192.168.0.11 56324 443",               // the other family
           "192.168.0.1 ::ffff:192.168.0.1 56324 443"  //
       }) {
    EXPECT_THAT(ClientOf(Parse(Tcp4(rest))), HasSubstr("malformed")) << rest;
  }
  for (const char* const line :
       {"PROXY TCP6 192.168.0.1 192.168.0.11 56324 443\r\n", "PROXY TCP6 1:2:3 ::1 1 2\r\n",
        "PROXY TCP6 1::2::3 ::1 1 2\r\n", "PROXY TCP6 ::12345 ::1 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "PROXY TCP6 [::1] ::1 1 2\r\n",
        "PROXY TCP5 192.168.0.1 192.168.0.11 56324 443\r\n",
        "PROXY UDP4 192.168.0.1 192.168.0.11 56324 443\r\n", "PROXY tcp4 1.1.1.1 1.1.1.1 1 1\r\n",
        "PROXY unknown\r\n", "PROXY UNKNOWNS\r\n", "PROXY  UNKNOWN\r\n", "PROXY \r\n"}) {
    EXPECT_THAT(ClientOf(Parse(line)), HasSubstr("malformed")) << line;
  }
}

TEST(ProxyHeaderTest, ALineEndsInCarriageReturnAndLineFeed) {
  constexpr std::string_view kNoEnd = "PROXY UNKNOWN a";
  EXPECT_EQ(ClientOf(Parse(kNoEnd)), "need more");
  EXPECT_EQ(ClientOf(Parse(std::string(kNoEnd) + "\r")), "need more");
  for (const char* const end : {"\n", "\rb", "\r\r\n", "b\nc\r\n"}) {
    EXPECT_EQ(ClientOf(Parse(std::string(kNoEnd) + end)),
              "malformed: the line does not end in CRLF");
  }
}

TEST(ProxyHeaderTest, ALineOf108BytesIsTooLong) {
  const std::string line = "PROXY UNKNOWN " + std::string(92, 'f') + "\r\n";
  for (size_t size = 107; size <= line.size(); ++size) {
    EXPECT_EQ(ClientOf(Parse(line.substr(0, size))),
              "malformed: the line is longer than 107 bytes");
  }
  EXPECT_EQ(ClientOf(Parse(line.substr(0, 106))), "need more");
}

TEST(ProxyHeaderTest, ABlockNamesTheClientAndWhereItConnectedTo) {
  EXPECT_EQ(ClientOf(Parse(kGoodBlock)), "192.0.2.1:4660 to 198.51.100.2:443");
  EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x12, Inet()))), "192.0.2.1:4660 to 198.51.100.2:443");
  EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x21, Inet6()))), "[2001:db8::1]:4660 to [::2]:443");
  EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x22, Inet6()))), "[2001:db8::1]:4660 to [::2]:443");
  EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x31, std::string(216, 'u')))), "unix");
}

TEST(ProxyHeaderTest, ABlockThatNamesNoClientIsSkippedWhateverIsInIt) {
  for (const uint8_t family : {0x00, 0x11, 0x31, 0xff}) {
    for (const std::string& block : {std::string(), Inet(), std::string("xyz")}) {
      const std::string header = Version2(0x20, family, block);
      EXPECT_EQ(ClientOf(Parse(header)), "connection");
      EXPECT_EQ(Parse(header + "GET").size, header.size());
    }
  }
  for (const uint8_t family : {0x00, 0x01, 0x10, 0x20, 0x30}) {
    EXPECT_EQ(ClientOf(Parse(Version2(0x21, family, "xyz"))), "connection");
  }
}

TEST(ProxyHeaderTest, ABlockOfAnUnknownKindIsMalformedBeforeTheRestHasCome) {
  for (const uint8_t command : {0x00, 0x11, 0x31, 0x22, 0x2f, 0xf1}) {
    EXPECT_THAT(ClientOf(Parse(Version2(command, 0x11, Inet()).substr(0, 13))),
                HasSubstr("malformed"));
  }
  for (const uint8_t family : {0x13, 0x41, 0xf1, 0x0f, 0x33}) {
    EXPECT_EQ(ClientOf(Parse(Version2(0x21, family, Inet()).substr(0, 14))),
              "malformed: an unknown address family or transport");
  }
  EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x11, std::string(4081, 'x')).substr(0, 16))),
            "malformed: the header is longer than 4096 bytes");
  EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x11, Inet().substr(1)).substr(0, 16))),
            "malformed: the header is too short for its addresses");
  EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x21, Inet6().substr(1)).substr(0, 16))),
            "malformed: the header is too short for its addresses");
  EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x31, std::string(215, 'u')).substr(0, 16))),
            "malformed: the header is too short for its addresses");
}

TEST(ProxyHeaderTest, ExtensionsAreSkipped) {
  const std::string header =
      Version2(0x21, 0x11, Inet() + Tlv(0x02, "shop.example") + Tlv(0x04, "") + Tlv(0xe0, "own"));
  EXPECT_EQ(ClientOf(Parse(header)), "192.0.2.1:4660 to 198.51.100.2:443");
  EXPECT_EQ(Parse(header + "GET").size, header.size());
  const std::string largest = Version2(0x21, 0x11, Inet() + Tlv(0x04, std::string(4065, 'x')));
  ASSERT_EQ(largest.size(), kMaxProxyHeader);
  EXPECT_EQ(Parse(largest).size, kMaxProxyHeader);
}

TEST(ProxyHeaderTest, AnExtensionLongerThanItsHeaderIsMalformed) {
  for (const std::string& tail : {std::string("\x04"), std::string("\x04\0", 2),
                                  Tlv(0x04, "abc").substr(0, 5), Tlv(0x02, "x") + "y"}) {
    EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x11, Inet() + tail))),
              "malformed: an extension is cut short");
  }
}

TEST(ProxyHeaderTest, AChecksumMustBeThatOfTheHeader) {
  const std::string good = test::WithChecksum(Inet() + Tlv(0x02, "shop.example"), Tlv(0x04, ""));
  EXPECT_EQ(ClientOf(Parse(good)), "192.0.2.1:4660 to 198.51.100.2:443");
  const size_t type = good.size() - 10;
  for (size_t at = 16; at < good.size(); ++at) {
    if (at == type) continue;  // another type is no checksum
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_THAT(ClientOf(Parse(changed)), HasSubstr("malformed")) << at;
  }
}

TEST(ProxyHeaderTest, TheChecksumsOfTheseTestsAreCrc32c) {
  EXPECT_EQ(test::Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(test::Crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720 B.4
}

TEST(ProxyHeaderTest, AChecksumOfAnotherFormIsMalformed) {
  constexpr char kWhy[] = "malformed: a checksum of another form than four bytes, once";
  for (const std::string& tail : {Tlv(0x03, ""), Tlv(0x03, "abc"), Tlv(0x03, "abcde")}) {
    EXPECT_EQ(ClientOf(Parse(Version2(0x21, 0x11, Inet() + tail))), kWhy) << tail.size();
  }
  EXPECT_EQ(ClientOf(Parse(test::WithChecksum(Inet(), Tlv(0x03, "abcd")))), kWhy);
}

TEST(ProxyHeaderTest, WhatBeginsWithSomethingElseIsMalformedAtItsFirstWrongByte) {
  for (const char* const begin : {"G", "\x16\x03\x01", "PRI", "PROXY\t", "\r\nG", "\n", "proxy"}) {
    EXPECT_EQ(ClientOf(Parse(begin)), "malformed: the connection begins with something else")
        << begin;
  }
}

TEST(ProxyHeaderTest, CutAnywhereNeedsMoreAndWithMoreBehindIsTheSame) {
  for (const std::string& header :
       {kGoodLine, kGoodBlock, std::string("PROXY UNKNOWN\r\n"), Version2(0x20, 0x00, ""),
        Version2(0x21, 0x21, Inet6() + Tlv(0x04, "ab")), test::WithChecksum(Inet())}) {
    for (size_t size = 0; size < header.size(); ++size) {
      EXPECT_EQ(ClientOf(Parse(header.substr(0, size))), "need more") << size;
    }
    const ProxyHeader whole = Parse(header);
    ASSERT_EQ(whole.state, State::kComplete);
    EXPECT_EQ(whole.size, header.size());
    const ProxyHeader more = Parse(header + kGoodLine);
    EXPECT_EQ(ClientOf(more), ClientOf(whole));
    EXPECT_EQ(more.size, header.size());
  }
}

}  // namespace
}  // namespace sluice::server
