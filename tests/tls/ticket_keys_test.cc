#include "proxy/tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::tls {
namespace {

using namespace std::chrono_literals;

class TicketKeysTest : public testing::Test {
 protected:
  std::vector<std::array<uint8_t, 16>> Names() const {
    std::vector<std::array<uint8_t, 16>> names;
    for (const TicketKey& key : *keys_.Snapshot()) names.push_back(key.name);
    return names;
  }
  WallTime now_{1000h};
  TicketKeys keys_{now_, /*rotation=*/8h, /*kept=*/24h};
};

TEST_F(TicketKeysTest, ANewKeySealsWhenTheOldOneIsOldAndTheOldOneStillOpens) {
  const auto first = Names();
  ASSERT_EQ(first.size(), 1u);
  keys_.Rotate(now_ + 8h - 1ns);
  EXPECT_EQ(Names(), first);
  keys_.Rotate(now_ + 8h);
  ASSERT_EQ(Names().size(), 2u);
  EXPECT_NE(Names()[0], first[0]);
  EXPECT_EQ(Names()[1], first[0]);
}

TEST_F(TicketKeysTest, AKeyIsForgottenADayAfterItWasMade) {
  const auto first = Names();
  for (int i = 1; i <= 3; ++i) keys_.Rotate(now_ + i * 8h);
  const auto names = Names();
  EXPECT_EQ(names.size(), 3u);
  EXPECT_EQ(std::count(names.begin(), names.end(), first[0]), 0);
}

TEST_F(TicketKeysTest, AfterALongSilenceOnlyANewKeyIsLeft) {
  const auto first = Names();
  keys_.Rotate(now_ + 1000h);
  ASSERT_EQ(Names().size(), 1u);
  EXPECT_NE(Names()[0], first[0]);
}

TEST_F(TicketKeysTest, AClockThatStepsBackChangesNothing) {
  const auto first = Names();
  keys_.Rotate(now_ - 500h);
  EXPECT_EQ(Names(), first);
}

TEST_F(TicketKeysTest, ThereAreNeverMoreThanSixteen) {
  TicketKeys keys(now_, /*rotation=*/1s, /*kept=*/24h);
  for (int i = 1; i <= 100; ++i) keys.Rotate(now_ + i * 1s);
  EXPECT_EQ(keys.Snapshot()->size(), TicketKeys::kMostKeys);
}

TEST_F(TicketKeysTest, KeysFromOutsideReplaceItsOwn) {
  const TicketKeys other(now_);
  keys_.Adopt(*other.Snapshot());
  EXPECT_EQ(Names()[0], other.Snapshot()->front().name);
}

}  // namespace
}  // namespace sluice::tls
