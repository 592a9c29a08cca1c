#include "proxy/base/cidr_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"

namespace sluice {
namespace {

using testing::HasSubstr;

struct Entry {
  std::string_view text;
  int value;
};

absl::StatusOr<CidrSet> Build(const std::vector<Entry>& entries) {
  CidrSet::Builder builder;
  for (const Entry& entry : entries) {
    absl::Status status = builder.Add(entry.text, static_cast<uint8_t>(entry.value), entry.text);
    if (!status.ok()) return status;
  }
  return std::move(builder).Build();
}

int Find(const CidrSet& set, std::string_view ip) { return set.Find(*Ip::Parse(ip)); }

std::string WrongOf(std::string_view content) {
  CidrSet::Builder builder;
  absl::Status status = builder.AddLines("10.9.0.0/16\n", 2, "before.txt");
  if (status.ok()) status = builder.AddLines(content, 1, "deny.txt");
  return status.ok() ? std::string(std::move(builder).Build().status().message())
                     : std::string(status.message());
}

TEST(CidrSetTest, NobodyIsInASetOfNothing) {
  EXPECT_EQ(Find(CidrSet(), "10.0.0.1"), 0);
  EXPECT_EQ(Find(*Build({}), "::1"), 0);
  EXPECT_TRUE(CidrSet().empty());
}

TEST(CidrSetTest, TheLongestPrefixWins) {
  const CidrSet set = *Build({{"10.0.0.0/8", 1},
                              {"10.1.0.0/16", 2},
                              {"10.1.2.0/24", 1},
                              {"10.1.2.3", 3},
                              {"10.255.255.255", 4}});
  EXPECT_EQ(set.size(), 5u);
  for (const auto& [ip, value] : std::vector<std::pair<const char*, int>>{{"9.255.255.255", 0},
                                                                          {"10.0.0.0", 1},
                                                                          {"10.0.255.255", 1},
                                                                          {"10.1.0.0", 2},
                                                                          {"10.1.2.0", 1},
                                                                          {"10.1.2.2", 1},
                                                                          {"10.1.2.3", 3},
                                                                          {"10.1.2.4", 1},
                                                                          {"10.1.2.255", 1},
                                                                          {"10.1.3.0", 2},
                                                                          {"10.1.255.255", 2},
                                                                          {"10.2.0.0", 1},
                                                                          {"10.255.255.254", 1},
                                                                          {"10.255.255.255", 4},
                                                                          {"11.0.0.0", 0},
                                                                          {"::", 0}}) {
    EXPECT_EQ(Find(set, ip), value) << ip;
  }
}

TEST(CidrSetTest, TheFamiliesAreApart) {
  const CidrSet set = *Build({{"0.0.0.0/0", 1},
                              {"255.255.255.255", 2},
                              {"::/0", 3},
                              {"2001:db8::/32", 4},
                              {"::ffff:10.0.0.0/104", 5},
                              {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6}});
  EXPECT_EQ(Find(set, "1.2.3.4"), 1);
  EXPECT_EQ(Find(set, "255.255.255.255"), 2);
  EXPECT_EQ(Find(set, "255.255.255.254"), 1);
  EXPECT_EQ(Find(set, "::"), 3);
  EXPECT_EQ(Find(set, "2001:db8:ffff::1"), 4);
  EXPECT_EQ(Find(set, "2001:db9::"), 3);
  EXPECT_EQ(Find(set, "10.1.2.3"), 5) << "IPv4 however it is written";
  EXPECT_EQ(Find(set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 6);
  EXPECT_EQ(Find(set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), 3);
}

TEST(CidrSetTest, NetworksOnBothSidesOf64BitsNest) {
  const CidrSet set = *Build({{"2001:db8::/32", 1},
                              {"2001:db8:1:2::/64", 2},
                              {"2001:db8:1:2::/65", 3},
                              {"2001:db8:1:2::/96", 2},
                              {"2001:db8:1:2::1", 4},
                              {"ffff:ffff:ffff:ffff::/64", 5}});
  for (const auto& [ip, value] :
       std::vector<std::pair<const char*, int>>{{"2001:db8:1:1:ffff:ffff:ffff:ffff", 1},
                                                {"2001:db8:1:2::", 2},
                                                {"2001:db8:1:2::1", 4},
                                                {"2001:db8:1:2::2", 2},
                                                {"2001:db8:1:2:0:1::", 3},
                                                {"2001:db8:1:2:7fff:ffff:ffff:ffff", 3},
                                                {"2001:db8:1:2:8000::", 2},
                                                {"2001:db8:1:3::", 1},
                                                {"ffff:ffff:ffff:ffff::", 5},
                                                {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 5},
                                                {"ffff:ffff:ffff:fffe:ffff:ffff:ffff:ffff", 0}}) {
    EXPECT_EQ(Find(set, ip), value) << ip;
  }
}

// Random networks that nest and touch, of few addresses, so that they do; asked one by one.
TEST(CidrSetTest, IsWhatAskingOneAfterTheOtherFinds) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Cidr> ranges;
    std::vector<uint8_t> values;
    CidrSet::Builder builder;
    const bool v6 = round % 3 != 0;
    // The networks lie on both sides of 64 bits, or all behind.
    const bool middle = round % 3 == 2;
    const int most = middle ? 68 : v6 ? 128 : 32;
    for (int i = 0; i < 60; ++i) {
      const int bits = most - static_cast<int>(random() % 9);
      const uint32_t host = static_cast<uint32_t>(random() % 256) & ~((1u << (most - bits)) - 1);
      const std::string text =
          middle ? absl::StrFormat("2001:db8:0:%x:%x::/%d", host >> 4, (host & 15) << 12, bits)
          : v6   ? absl::StrFormat("2001:db8::%x/%d", host, bits)
                 : absl::StrFormat("192.0.2.%d/%d", host, bits);
      const Cidr range = *Cidr::Parse(text);
      size_t at = 0;
      while (at < ranges.size() && !(ranges[at].ip == range.ip && ranges[at].bits == range.bits)) {
        ++at;
      }
      if (at == ranges.size()) {
        ranges.push_back(range);
        values.push_back(static_cast<uint8_t>(1 + random() % 3));
      }
      ASSERT_TRUE(builder.Add(text, values[at], "here").ok());
    }
    const absl::StatusOr<CidrSet> set = std::move(builder).Build();
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(set->size(), ranges.size());
    for (int host = 0; host < 256; ++host) {
      const Ip ip =
          *Ip::Parse(middle ? absl::StrFormat("2001:db8:0:%x:%x::1", host >> 4, (host & 15) << 12)
                     : v6   ? absl::StrFormat("2001:db8::%x", host)
                            : absl::StrFormat("192.0.2.%d", host));
      int longest = -1;
      uint8_t value = 0;
      for (size_t i = 0; i < ranges.size(); ++i) {
        if (ranges[i].bits <= longest || !ranges[i].Contains(ip)) continue;
        longest = ranges[i].bits;
        value = values[i];
      }
      ASSERT_EQ(set->Find(ip), value) << ip.ToString() << " round " << round;
    }
  }
}

TEST(CidrSetTest, AFileHasOneALineAndComments) {
  CidrSet::Builder builder;
  ASSERT_TRUE(builder
                  .AddLines("# scrapers\n\n10.0.0.0/8  # a cloud\r\n\t2001:db8::1 \r\n"
                            "192.0.2.1",
                            7, "deny.txt")
                  .ok());
  const CidrSet set = *std::move(builder).Build();
  EXPECT_EQ(set.size(), 3u);
  EXPECT_EQ(Find(set, "10.1.1.1"), 7);
  EXPECT_EQ(Find(set, "2001:db8::1"), 7);
  EXPECT_EQ(Find(set, "192.0.2.1"), 7);
}

TEST(CidrSetTest, WhatIsWrongIsSaidWithItsPlaceAndWhatToWrite) {
  EXPECT_EQ(WrongOf("10.0.0.0/8\n\n10.0.0.1/8 # oops\n"),
            "deny.txt:3: '10.0.0.1/8' has bits beyond its length; write 10.0.0.0/8");
  EXPECT_EQ(WrongOf("2001:db8::1/64"),
            "deny.txt:1: '2001:db8::1/64' has bits beyond its length; write 2001:db8::/64");
  for (const char* line : {"shop.example", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "::/129", "/8",
                           "10.0.0.0/8 10.0.0.1", "10.0.0.0/+8", "10.0.0.0/8,", "010.0.0.1",
                           "[::1]", "fe80::1%eth0", "10.0.0.1:80", "unix"}) {
    EXPECT_THAT(WrongOf(line), HasSubstr("is no address or network; write one such as")) << line;
    EXPECT_THAT(WrongOf(line), testing::StartsWith("deny.txt:1: '")) << line;
  }
  EXPECT_THAT(WrongOf(std::string(100'000, '\x1b')), testing::SizeIs(testing::Lt(200u)));
  EXPECT_THAT(WrongOf(std::string("10.0.0.1\0", 9)), HasSubstr("is no address"));
}

TEST(CidrSetTest, TheSameTwiceIsAnErrorOnlyWithAnotherMeaning) {
  EXPECT_EQ(WrongOf("10.0.0.0/8\n10.0.0.0/8\n"), "");
  EXPECT_EQ(WrongOf("10.0.0.0/8\n10.9.0.0/16\n"),
            "deny.txt:2: 10.9.0.0/16 is at before.txt:1 too, with another meaning; take one of "
            "them out");
  CidrSet::Builder builder;
  ASSERT_TRUE(builder.Add("2001:db8::1", 1, "access.deny").ok());
  ASSERT_TRUE(builder.Add("2001:db8::1/128", 2, "access.allow").ok());
  EXPECT_EQ(std::move(builder).Build().status().message(),
            "access.allow: 2001:db8::1 is at access.deny too, with another meaning; take one of "
            "them out");
}

TEST(CidrSetTest, AMillionNetworksFitAndNotOneMore) {
  std::string content;
  for (uint32_t i = 0; i < CidrSet::Builder::kMost; ++i) {
    content +=
        absl::StrFormat("%d.%d.%d.%d\n", 1 + (i >> 22), i >> 14 & 255, i >> 6 & 255, i << 2 & 255);
  }
  CidrSet::Builder builder;
  ASSERT_TRUE(builder.AddLines(content, 1, "deny.txt").ok());
  CidrSet::Builder full = builder;
  EXPECT_THAT(full.Add("9.9.9.9", 1, "access.deny").message(), HasSubstr("1000000 networks"));
  const CidrSet set = *std::move(builder).Build();
  EXPECT_EQ(set.size(), CidrSet::Builder::kMost);
  EXPECT_EQ(Find(set, "1.0.0.4"), 1);
  EXPECT_EQ(Find(set, "1.0.0.5"), 0);
  EXPECT_LT(set.bytes(), 11'000'000u);
}

}  // namespace
}  // namespace sluice
