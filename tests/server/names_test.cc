#include "proxy/server/names.h"

#include <gtest/gtest.h>

#include "tests/support/loop_fixture.h"

namespace sluice::server {
namespace {

class NamesTest : public net::LoopTest {
 protected:
  conf::ResolverConfig Deaf() {
    conf::ResolverConfig config;
    config.servers = {"127.0.0.1:9"};  // nobody answers there
    config.timeout = std::chrono::milliseconds(20);
    config.tries = 1;
    return config;
  }
  int changes_ = 0;
};

TEST_F(NamesTest, ANameHasNoAddressBeforeItsFirstAnswer) {
  Names names(loop_, Deaf(), [this] { ++changes_; });
  EXPECT_TRUE(names.settled()) << "nothing is asked for";
  names.Watch({"localhost"});
  EXPECT_FALSE(names.settled());
  EXPECT_TRUE(names.AddressesOf("localhost").empty());
  RunUntil([&] { return names.settled(); });
  EXPECT_FALSE(names.AddressesOf("localhost").empty());
  EXPECT_EQ(changes_, 1);
}

TEST_F(NamesTest, ANameThatCannotBeResolvedSettlesWithoutOne) {
  Names names(loop_, Deaf(), [this] { ++changes_; });
  names.Watch({"no-such-name.invalid"});
  RunUntil([&] { return names.settled(); });
  EXPECT_TRUE(names.AddressesOf("no-such-name.invalid").empty());
  EXPECT_EQ(changes_, 0);
}

TEST_F(NamesTest, WhatIsKnownOfANameStaysThroughAReloadAndGoesWithTheName) {
  Names names(loop_, Deaf(), [this] { ++changes_; });
  names.Watch({"localhost"});
  RunUntil([&] { return names.settled(); });
  names.Watch({"localhost"});
  EXPECT_TRUE(names.settled());
  EXPECT_FALSE(names.AddressesOf("localhost").empty());
  names.Watch({});
  EXPECT_TRUE(names.AddressesOf("localhost").empty());
  EXPECT_EQ(changes_, 1);
}

TEST_F(NamesTest, AnAnswerForANameNoLongerWatchedIsDropped) {
  Names names(loop_, Deaf(), [this] { ++changes_; });
  names.Watch({"no-such-name.invalid"});
  names.Watch({"localhost"});
  RunUntil([&] { return names.settled(); });
  RunFor(std::chrono::milliseconds(60));
  EXPECT_TRUE(names.AddressesOf("no-such-name.invalid").empty());
}

}  // namespace
}  // namespace sluice::server
