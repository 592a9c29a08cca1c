// [[limit]] and what belongs to it: what may be said, and what a limit at run time is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conf/limit_text.h"
#include "conf/loader.h"

namespace sluice::conf {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kSite =
    "[[listener]]\naddress = \"[::]:80\"\n[[pool]]\nname = \"web\"\nservers = [\"a:80\"]\n"
    "[[route]]\nname = \"shop\"\npool = \"web\"\n";

Loaded LoadSite(const std::string& rest) {
  return Load("t.toml", {.read_file = [&](std::string_view path) -> absl::StatusOr<std::string> {
                           if (path == "t.toml") return std::string(kSite) + rest;
                           if (path == "jwt.key") return std::string("short\n");
                           return absl::NotFoundError("no such file");
                         },
                         .environment = [](std::string_view) { return std::nullopt; }});
}

Config Good(const std::string& rest) {
  const Loaded loaded = LoadSite(rest);
  const auto* const config = std::get_if<Config>(&loaded);
  EXPECT_NE(config, nullptr) << std::get<std::vector<Error>>(loaded).front().ToString();
  return config == nullptr ? Config() : *config;
}

std::string Wrong(const std::string& rest) {
  const Loaded loaded = LoadSite(rest);
  const auto* const errors = std::get_if<std::vector<Error>>(&loaded);
  return errors == nullptr ? "" : errors->front().ToString();
}

TEST(Limits, ARateAloneIsALimitForEachClient) {
  const Limit limit = Good("[[limit]]\nname = \"a\"\nrate = \"300/min\"\n").limits.front();
  EXPECT_THAT(limit.key, ElementsAre("client_ip"));
  EXPECT_EQ(limit.Spec().burst, 300u) << "who says 300 a minute means that 300 at once are fine";
  EXPECT_EQ(limit.action, "reject");
}

TEST(Limits, RoutesNameThemWithOrWithoutACost) {
  const Config config = Good(
      "limits = [\"a\", { name = \"b\", cost = 5 }]\n[[limit]]\nname = \"a\"\nrate = \"1/s\"\n"
      "[[limit]]\nname = \"b\"\nconcurrency = 2\nban = {}\n");
  ASSERT_EQ(config.routes[0].limits.size(), 2u);
  EXPECT_EQ(config.routes[0].limits[0].name, "a");
  EXPECT_EQ(config.routes[0].limits[1].cost, 5u);
  EXPECT_EQ(config.limits[1].ban->time, 10min);
}

TEST(Limits, WhatMakesNoSenseIsSaid) {
  const auto wrong = [](const std::string& keys) {
    return Wrong("[[limit]]\nname = \"a\"\n" + keys);
  };
  EXPECT_THAT(wrong(""), HasSubstr("a limit has either rate or concurrency; this one has none"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nconcurrency = 1"), HasSubstr("this one has both"));
  EXPECT_THAT(wrong("concurrency = 1\nburst = 2"), HasSubstr("burst belongs to a rate"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nkey = [\"client-ip\"]"),
              HasSubstr("did you mean 'client_ip'?"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nkey = [\"header:a b\"]"), HasSubstr("is no part of a key"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nroutes = [\"shpo\"]"), HasSubstr("did you mean 'shop'?"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nmax_delay = \"1s\""),
              HasSubstr("max_delay belongs to action = \"delay\""));
  EXPECT_THAT(wrong("concurrency = 1\naction = \"delay\""), HasSubstr("how long to wait"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nexempt = [\"10.0.0.1/8\"]"),
              HasSubstr("did you mean \"10.0.0.0/8\"?"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nexempt = [\"unix\"]"), HasSubstr("is no address or range"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nscope = \"fleet\""), HasSubstr("write [store] with its url"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nwhen_silent = \"open\""),
              HasSubstr("when_silent belongs to scope"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nkey = [\"jwt:sub\"]"), HasSubstr("write [jwt]"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nban = { time = \"2h\", longest = \"1h\" }"),
              HasSubstr("time is 2h, more than longest"));
  EXPECT_THAT(wrong("rate = \"1/s\"\n[[limit]]\nname = \"a\"\nrate = \"2/s\""),
              HasSubstr("is there already"));
  EXPECT_THAT(wrong("rate = \"1/s\"\nkey = [\"path\"]\nban = {}"),
              HasSubstr("a ban is for a client, and this key names none"));
  EXPECT_THAT(
      Wrong("limits = [{ name = \"a\", cost = 30 }]\n[[limit]]\nname = \"a\"\nrate = \"20/s\"\n"),
      HasSubstr("a cost of 30 never fits into the burst of 20"));
  EXPECT_THAT(Wrong("limits = [\"b\"]\n[[limit]]\nname = \"a\"\nrate = \"1/s\"\n"),
              HasSubstr("there is no limit \"b\""));
  EXPECT_THAT(Wrong("[jwt]\nsecret = \"jwt.key\"\n"), HasSubstr("too short for HS256"));
}

TEST(Limits, AtRunTimeOneIsReadAsInAFile) {
  const auto limit =
      LoadLimit("[[limit]]\nname = \"a\"\nrate = \"5/s\"\nban = { time = \"1h\" }", nullptr);
  ASSERT_TRUE(limit.ok()) << limit.status();
  EXPECT_EQ(limit->rate->count, 5u);
  EXPECT_EQ(limit->ban->time, 1h);
  EXPECT_THAT(LoadLimit("[[limit]]\nname = \"a\"\nrate = \"5\"", nullptr).status().message(),
              HasSubstr("rate"));
  EXPECT_FALSE(
      LoadLimit(
          "[[limit]]\nname = \"a\"\nrate = \"5/s\"\n[[limit]]\nname = \"b\"\nrate = \"5/s\"\n",
          nullptr)
          .ok());
  EXPECT_FALSE(
      LoadLimit("include = [\"/etc/passwd\"]\n[[limit]]\nname = \"a\"\nrate = \"5/s\"\n", nullptr)
          .ok());
}

TEST(Limits, AChangeKeepsWhatItDoesNotSay) {
  Limit base = {
      .name = "a", .key = {"cookie:id"}, .rate = ratelimit::Rate{.count = 100}, .burst = 7};
  base.ban.emplace();
  base.ban->time = 1h;
  const auto slower =
      LoadLimit("[[limit]]\nname = \"a\"\nrate = \"5/s\"\nban = { longest = \"2h\" }", &base);
  ASSERT_TRUE(slower.ok()) << slower.status();
  EXPECT_EQ(slower->rate->count, 5u);
  EXPECT_EQ(slower->burst, 7u);
  EXPECT_THAT(slower->key, ElementsAre("cookie:id"));
  EXPECT_EQ(slower->ban->time, 1h);
  EXPECT_EQ(slower->ban->longest, 2h);
  base.burst = 0;
  const auto at_once = LoadLimit("[[limit]]\nname = \"a\"\nconcurrency = 3", &base);
  ASSERT_TRUE(at_once.ok()) << at_once.status();
  EXPECT_FALSE(at_once->rate.has_value());
}

TEST(LimitTextTest, ALimitIsTheSameAfterItWasWrittenDown) {
  for (const std::string_view toml : {
           "[[limit]]\nname = \"a\"\nrate = \"5/s\"\n",
           "[[limit]]\nname = \"a\"\nkey = []\nconcurrency = 3\nexempt = [\"10.0.0.0/8\"]\n",
           "[[limit]]\nname = \"a$b\"\nkey = [\"client_ip\", \"header:x-key\"]\nrate = \"9/min\"\n"
           "burst = 40\naction = \"delay\"\nmax_delay = \"3s\"\nroutes = [\"*\"]\ndry_run = true\n"
           "ban = { after = \"100/min\", time = \"10min\" }\n",
       }) {
    const auto limit = LoadLimit(toml, nullptr);
    ASSERT_TRUE(limit.ok()) << limit.status() << toml;
    const auto again = LoadLimit(FormatLimit(*limit), nullptr);
    ASSERT_TRUE(again.ok()) << again.status() << FormatLimit(*limit);
    EXPECT_EQ(*again, *limit) << FormatLimit(*limit);
  }
}

}  // namespace
}  // namespace sluice::conf
