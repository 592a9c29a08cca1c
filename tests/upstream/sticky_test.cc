#include "proxy/upstream/sticky.h"

#include <gmock/gmock.h>

#include "proxy/base/arena.h"

namespace sluice::upstream {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kServers = {"10.0.0.1:80", "10.0.0.2:80"};

class StickyTest : public testing::Test {
 protected:
  // The Set-Cookie that begins a session.
  std::string Begin(const Sticky& sticky, balancer::HostIndex host, bool secure = false) {
    http::Fields answer(arena_);
    sticky.Begin(answer, host, secure);
    return std::string(answer.begin()->value);
  }
  std::optional<balancer::HostIndex> SessionOf(const Sticky& sticky, const std::string& cookie) {
    http::Fields request(arena_);
    request.Add("Cookie", cookie);
    return sticky.SessionOf(request);
  }
  static std::string PairOf(const std::string& cookie) {
    return cookie.substr(0, cookie.find(';'));
  }

  Arena arena_;
};

TEST_F(StickyTest, TheCookieOfAServerNamesItAndTellsNothingElse) {
  const Sticky sticky({}, "web", "secret", kServers);
  const std::string first = Begin(sticky, 0), second = Begin(sticky, 1);
  EXPECT_EQ(SessionOf(sticky, PairOf(first)), 0u);
  EXPECT_EQ(SessionOf(sticky, "x=y; " + PairOf(second)), 1u);
  EXPECT_THAT(first, Not(HasSubstr("10.0")));
  EXPECT_EQ(PairOf(first).size(), std::string("sluice_server=").size() + 22);
}

TEST_F(StickyTest, AForgedCookieIsNobodys) {
  const Sticky sticky({}, "web", "secret", kServers);
  std::string forged = PairOf(Begin(sticky, 0));
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const std::string& cookie : {forged, std::string("sluice_server="),
                                    std::string("sluice_server=10.0.0.1:80"), std::string("")}) {
    EXPECT_EQ(SessionOf(sticky, cookie), std::nullopt) << cookie;
  }
}

TEST_F(StickyTest, AnotherSecretOrPoolSignsOtherwiseAndTheSameOnesAlike) {
  const std::string pair = PairOf(Begin(Sticky({}, "web", "secret", kServers), 0));
  EXPECT_EQ(SessionOf(Sticky({}, "web", "another", kServers), pair), std::nullopt);
  EXPECT_EQ(SessionOf(Sticky({}, "shop", "secret", kServers), pair), std::nullopt);
  const std::vector<std::string> turned = {kServers[1], kServers[0]};
  EXPECT_EQ(SessionOf(Sticky({}, "web", "secret", turned), pair), 1u)
      << "a server keeps its sessions wherever it stands in the list";
  const conf::Sticky own{.secret = {"key", "secret"}};
  EXPECT_EQ(SessionOf(Sticky(own, "web", "made at the start", kServers), pair), 0u);
}

TEST_F(StickyTest, TheCookieHasTheAttributesThatAreConfigured) {
  EXPECT_THAT(Begin(Sticky({}, "web", "s", kServers), 0),
              testing::EndsWith("; Path=/; SameSite=Lax; HttpOnly"));
  EXPECT_THAT(Begin(Sticky({}, "web", "s", kServers), 0, true), testing::EndsWith("; Secure"));
  const conf::Sticky all{.cookie = "id",
                         .max_age = std::chrono::hours(1),
                         .path = "/shop",
                         .same_site = "none",
                         .secure = "always",
                         .http_only = false};
  EXPECT_THAT(Begin(Sticky(all, "web", "s", kServers), 0),
              testing::EndsWith("; Path=/shop; Max-Age=3600; SameSite=None; Secure"));
}

TEST_F(StickyTest, WhatTheServerSetsOfThatNameIsTakenOut) {
  http::Fields answer(arena_);
  answer.Add("Set-Cookie", "a=1");
  answer.Add("set-cookie", "sluice_server=mine; Path=/");
  Sticky({}, "web", "s", kServers).Filter(answer);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(answer.begin()->value, "a=1");
}

TEST_F(StickyTest, ASessionStaysWhileItsServerDrainsAndLeavesOneThatIsAway) {
  const auto stats = std::make_shared<balancer::HostStats>();
  const auto light = std::make_shared<balancer::HostStats>();
  const balancer::HostView hosts({{.weight = 1, .stats = stats}, {.weight = 0, .stats = light}});
  const balancer::PickInput in{.now = balancer::TimePoint(std::chrono::seconds(100))};
  EXPECT_TRUE(MayStay(hosts, 0, in));
  EXPECT_FALSE(MayStay(hosts, 1, in)) << "a server of weight 0 gets no request";
  stats->duty = balancer::Duty::kDraining;
  EXPECT_TRUE(MayStay(hosts, 0, in));
  stats->duty = balancer::Duty::kMaintenance;
  EXPECT_FALSE(MayStay(hosts, 0, in));
  stats->duty = balancer::Duty::kReady;
  stats->rest_until_ns = balancer::Nanos(in.now) + 1;
  EXPECT_FALSE(MayStay(hosts, 0, in));
  stats->rest_until_ns = 0;
  const balancer::HostIndex tried[] = {0};
  EXPECT_FALSE(MayStay(hosts, 0, {.now = in.now, .tried = tried}));
}

}  // namespace
}  // namespace sluice::upstream
