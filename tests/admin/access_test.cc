#include "proxy/admin/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

namespace sluice::admin {
namespace {

using testing::HasSubstr;

constexpr std::string_view kToken = "0123456789abcdef";
constexpr uint32_t kOurs = 990;

// A change as a program would send it, in the parts that tests spoil.
class AccessTest : public testing::Test {
 protected:
  AccessTest() {
    head_.method = http::Method::kPost;
    head_.authority = "localhost:9900";
    head_.host = "localhost";
    head_.fields.Add("Content-Type", "application/json");
  }

  std::string Read(std::string_view address) {
    const std::optional<Denial> denial = MayRead(Door::Of(address), head_);
    return denial ? std::string(kBars[static_cast<size_t>(denial->bar)]) : "may";
  }

  // "may", or the label of what stood in the way.
  std::string Change(std::string_view address, std::string_view token = kToken) {
    Peer peer;
    peer.is_unix = address.starts_with("unix:");
    if (!peer.is_unix) peer.ip = *Ip::Parse("127.0.0.1");
    peer.port = 4711;
    peer.process = process_;
    const auto answer = MayChange(Door::Of(address), peer, head_, token, kOurs);
    if (const auto* denial = std::get_if<Denial>(&answer)) {
      denial_ = *denial;
      return std::string(kBars[static_cast<size_t>(denial->bar)]);
    }
    asker_ = std::get<Asker>(answer);
    return "may";
  }

  Arena arena_;
  http::RequestHead head_{arena_};
  PeerProcess process_;
  Denial denial_;
  Asker asker_;
};

TEST_F(AccessTest, AtALoopbackAddressOnlyALoopbackHostIsAnswered) {
  for (const char* good : {"localhost", "127.0.0.1", "127.9.9.9", "[::1]"}) {
    head_.host = good;
    EXPECT_EQ(Read("127.0.0.1:9900"), "may") << good;
    EXPECT_EQ(Read("[::1]:9900"), "may") << good;
  }
  for (const char* bad : {"", "shop.example", "localhost.shop.example", "10.0.0.1", "[::2]",
                          "127.0.0.1.shop.example", "0.0.0.0"}) {
    head_.host = bad;
    EXPECT_EQ(Read("127.0.0.1:9900"), "host") << bad;
  }
}

TEST_F(AccessTest, WhereNoBrowserIsOrAllMayReadAnyHostWillDo) {
  head_.host = "sluice.internal";
  EXPECT_EQ(Read("0.0.0.0:9900"), "may");
  EXPECT_EQ(Read("10.0.0.1:9900"), "may");
  EXPECT_EQ(Read("unix:/run/sluice/admin.sock"), "may");
}

TEST_F(AccessTest, OverASocketRootAndWeMayChangeAndNobodyElse) {
  EXPECT_EQ(Change("unix:/a.sock"), "user") << "not known who";
  process_ = {.uid = 0, .pid = 17};
  EXPECT_EQ(Change("unix:/a.sock"), "may");
  EXPECT_EQ(asker_.who, "root (uid 0, process 17)");
  EXPECT_EQ(asker_.from, "the admin socket");
  process_ = {.uid = kOurs, .pid = 17};
  EXPECT_EQ(Change("unix:/a.sock"), "may");
  process_ = {.uid = kOurs + 1, .pid = 17};
  EXPECT_EQ(Change("unix:/a.sock"), "user");
  EXPECT_EQ(denial_.status, 403);
}

TEST_F(AccessTest, OverTcpTheTokenIsNeeded) {
  EXPECT_EQ(Change("127.0.0.1:9900"), "token");
  EXPECT_EQ(denial_.status, 401);
  for (const char* wrong : {"Bearer 0123456789abcdee", "Bearer", "Basic 0123456789abcdef",
                            "0123456789abcdef", "Bearer 0123456789abcdef0"}) {
    head_.fields.Set("Authorization", wrong);
    EXPECT_EQ(Change("127.0.0.1:9900"), "token") << wrong;
  }
  for (const char* right : {"Bearer 0123456789abcdef", "bearer  0123456789abcdef"}) {
    head_.fields.Set("Authorization", right);
    EXPECT_EQ(Change("127.0.0.1:9900"), "may") << right;
  }
  EXPECT_EQ(asker_.from, "127.0.0.1:4711");
}

TEST_F(AccessTest, WithoutATokenSetNobodyChangesAnythingOverTcp) {
  head_.fields.Add("Authorization", "Bearer ");
  EXPECT_EQ(Change("127.0.0.1:9900", ""), "read_only");
  EXPECT_THAT(denial_.why, HasSubstr("admin.token_file"));
}

TEST_F(AccessTest, AnAddressOfTheNetworkIsReadOnlyWithTheTokenToo) {
  head_.fields.Add("Authorization", "Bearer 0123456789abcdef");
  for (const char* open : {"0.0.0.0:9900", "[::]:9900", "10.0.0.1:9900"}) {
    EXPECT_EQ(Change(open), "read_only") << open;
  }
}

TEST_F(AccessTest, OnlyJsonIsAChange) {
  process_ = {.uid = 0, .pid = 17};
  head_.fields.Set("Content-Type", "Application/JSON; charset=utf-8");
  EXPECT_EQ(Change("unix:/a.sock"), "may");
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "", "application"}) {
    head_.fields.Set("Content-Type", type);
    EXPECT_EQ(Change("unix:/a.sock"), "content_type") << type;
  }
  head_.fields.Remove(http::FieldId::kContentType);
  EXPECT_EQ(Change("unix:/a.sock"), "content_type");
  EXPECT_EQ(denial_.status, 415);
}

TEST_F(AccessTest, WhatAPageOfAnotherSiteSendsIsRefused) {
  head_.fields.Add("Authorization", "Bearer 0123456789abcdef");
  head_.fields.Set("Origin", "http://localhost:9900");
  EXPECT_EQ(Change("127.0.0.1:9900"), "may");
  for (const char* origin :
       {"http://shop.example", "null", "http://localhost", "https://localhost:9900"}) {
    head_.fields.Set("Origin", origin);
    EXPECT_EQ(Change("127.0.0.1:9900"), "origin") << origin;
  }
  head_.fields.Remove("Origin");
  for (const char* site : {"cross-site", "same-site", "nonsense"}) {
    head_.fields.Set("Sec-Fetch-Site", site);
    EXPECT_EQ(Change("127.0.0.1:9900"), "origin") << site;
  }
  head_.fields.Set("Sec-Fetch-Site", "same-origin");
  EXPECT_EQ(Change("127.0.0.1:9900"), "may");
}

}  // namespace
}  // namespace sluice::admin
