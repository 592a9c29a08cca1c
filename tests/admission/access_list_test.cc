#include "proxy/admission/access_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::admission {
namespace {

class AccessListTest : public testing::Test {
 protected:
  bool Allows(std::string_view ip) const {
    ClientIdentity client;
    client.ip = *Ip::Parse(ip);
    return AccessList::Build(access_)->Allows(client);
  }
  std::string Wrong() const { return std::string(AccessList::Build(access_).status().message()); }

  conf::Access access_;
};

TEST_F(AccessListTest, EverybodyIsLetInUnlessSomebodySaysOtherwise) {
  EXPECT_TRUE(Allows("203.0.113.7"));
  ClientIdentity client;
  EXPECT_TRUE(AccessList().Allows(client));
}

TEST_F(AccessListTest, TheSmallestNetworkDecides) {
  access_.deny = {"203.0.113.0/24", "2001:db8::/32"};
  access_.allow = {"203.0.113.64/26", "2001:db8:1::/48"};
  access_.deny_file = {"deny.txt", "203.0.113.66  # he again\n"};
  EXPECT_FALSE(Allows("203.0.113.7"));
  EXPECT_TRUE(Allows("203.0.113.65"));
  EXPECT_FALSE(Allows("203.0.113.66"));
  EXPECT_TRUE(Allows("203.0.114.7"));
  EXPECT_FALSE(Allows("2001:db8::1"));
  EXPECT_TRUE(Allows("2001:db8:1::1"));
}

TEST_F(AccessListTest, AllOthersCanBeDenied) {
  access_.deny_others = true;
  access_.allow = {"10.0.0.0/8"};
  access_.deny = {"10.9.0.0/16"};
  access_.allow_file = {"allow.txt", "2001:db8::/32\n"};
  EXPECT_TRUE(Allows("10.1.1.1"));
  EXPECT_FALSE(Allows("10.9.1.1"));
  EXPECT_FALSE(Allows("203.0.113.7"));
  EXPECT_TRUE(Allows("2001:db8::1"));
  EXPECT_FALSE(Allows("::1"));
}

TEST_F(AccessListTest, WhoHasNoAddressIsInNoNetwork) {
  access_.deny = {"0.0.0.0/0", "::/0"};
  ClientIdentity client;
  client.peer_is_unix = true;
  EXPECT_TRUE(AccessList::Build(access_)->Allows(client));
  EXPECT_FALSE(Allows("::"));
  client.ip = *Ip::Parse("10.0.0.1");
  EXPECT_FALSE(AccessList::Build(access_)->Allows(client)) << "somebody was named";
  access_.deny_others = true;
  client.ip = {};
  EXPECT_FALSE(AccessList::Build(access_)->Allows(client));
}

TEST_F(AccessListTest, WhatIsWrongIsSaidWithItsPlace) {
  access_.deny = {"10.0.0.0/8"};
  access_.allow_file = {"allow.txt", "10.1.0.0/16\n\n10.0.0.0/8\n"};
  EXPECT_EQ(Wrong(),
            "allow.txt:3: 10.0.0.0/8 is at access.deny too, with another meaning; take one of "
            "them out");
  access_.allow_file.content = "10.1.0.0\nshop.example\n";
  EXPECT_THAT(Wrong(), testing::StartsWith("allow.txt:2: 'shop.example' is no address"));
}

}  // namespace
}  // namespace sluice::admission
