#include "proxy/base/address.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace sluice {
namespace {

TEST(Address, NumericFormsSurviveTheRoundTrip) {
  for (const std::string text : {"10.0.0.1:80", "0.0.0.0:0", "[::1]:8080", "[::]:65535",
                                 "[2001:db8::1]:443", "unix:/run/x.sock"}) {
    const std::optional<Address> address = Address::Parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->ToString(), text);
    EXPECT_EQ(Address::Parse(address->ToString()), address);
  }
}

TEST(Address, WhatIsNoAddressIsNothing) {
  for (const std::string text :
       {"", "10.0.0.1", "10.0.0.1:", ":80", "10.0.0.1:65536", "10.0.0.1:-1", "10.0.0.1:+1",
        "10.0.0.1:8x", "10.0.0:80", "::1:80", "[10.0.0.1]:80", "[::1]80", "[]:80", "[::1:80",
        "localhost:80", "unix:", "unix", "10.0.0.1:80 "}) {
    EXPECT_FALSE(Address::Parse(text).has_value()) << text;
  }
  EXPECT_FALSE(Address::Parse("unix:/" + std::string(200, 'x')).has_value());
}

TEST(Address, KnowsFamilyPortAndIp) {
  const Address v6 = *Address::Parse("[2001:db8::7]:443");
  EXPECT_EQ(v6.family(), AF_INET6);
  EXPECT_EQ(v6.port(), 443);
  EXPECT_EQ(v6.ip().ToString(), "2001:db8::7");
  const Address file = *Address::Parse("unix:/run/x.sock");
  EXPECT_EQ(file.family(), AF_UNIX);
  EXPECT_EQ(file.port(), 0);
  EXPECT_EQ(Address().ToString(), "");
}

TEST(Address, UnixPeersWithoutANameAndAbstractOnesHaveATextToo) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const auto* const plain = reinterpret_cast<const sockaddr*>(&un);
  EXPECT_EQ(Address::From(plain, sizeof(sa_family_t)).ToString(), "unix:");
  std::memcpy(un.sun_path, "\0name", 5);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 5);
  EXPECT_EQ(Address::From(plain, size).ToString(), "unix:@name");
  // A path may fill the field to its last byte, with no room for a final zero.
  std::memset(un.sun_path, 'p', sizeof un.sun_path);
  EXPECT_EQ(Address::From(plain, sizeof un).ToString(),
            "unix:" + std::string(sizeof un.sun_path, 'p'));
}

TEST(Address, EqualOnlyIfFamilyHostAndPortAre) {
  EXPECT_EQ(Address::Parse("10.0.0.1:80"), Address::Parse("10.0.0.1:80"));
  EXPECT_NE(Address::Parse("10.0.0.1:80"), Address::Parse("10.0.0.1:81"));
  EXPECT_NE(Address::Parse("10.0.0.1:80"), Address::Parse("10.0.0.2:80"));
  EXPECT_NE(Address::Parse("[::1]:80"), Address::Parse("unix:/x"));
}

TEST(Ip, TheMappedFormIsTheSameClient) {
  EXPECT_EQ(Ip::Parse("::ffff:10.0.0.1"), Ip::Parse("10.0.0.1"));
  EXPECT_TRUE(Ip::Parse("::ffff:10.0.0.1")->is_v4());
  EXPECT_EQ(Ip::Parse("::ffff:10.0.0.1")->ToString(), "10.0.0.1");
  EXPECT_FALSE(Ip::Parse("::1")->is_v4());
  EXPECT_EQ(Address::From(*Ip::Parse("::ffff:10.0.0.1"), 80).family(), AF_INET);
}

TEST(Ip, NamesBracketsAndPortsAreNoIps) {
  for (const char* text : {"", "localhost", "[::1]", "10.0.0.1:80", "10.0.0", "10.0.0.256", "1"}) {
    EXPECT_FALSE(Ip::Parse(text).has_value()) << text;
  }
  // A zero inside the text must not end it early.
  EXPECT_FALSE(Ip::Parse(std::string_view("10.0.0.1\0x", 10)).has_value());
}

bool In(std::string_view range, std::string_view ip) {
  return Cidr::Parse(range)->Contains(*Ip::Parse(ip));
}

TEST(Cidr, ContainsWhatItsBitsSay) {
  EXPECT_TRUE(In("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(In("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(In("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(In("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(In("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(In("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(In("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(In("10.0.0.1", "10.0.0.2"));
}

TEST(Cidr, AllOfOneFamilyIsNotAllOfTheOther) {
  EXPECT_TRUE(In("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(In("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(In("::/0", "2001:db8::1"));
  EXPECT_TRUE(In("::/0", "203.0.113.9"));  // IPv4 is held in its mapped form
}

TEST(Cidr, WhatIsNoRangeIsNothing) {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1",
                           "10.0.0.0/8/8", "10.0.0.0/8 ", "shop/8"}) {
    EXPECT_FALSE(Cidr::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sluice
