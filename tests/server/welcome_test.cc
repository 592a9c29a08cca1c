#include "proxy/server/welcome.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

TEST(Welcome, NewcomersThatCostLittleComeManyAtATime) {
  Welcome welcome;
  for (int turn = 0; turn < 100; ++turn) {
    EXPECT_EQ(welcome.Next(), Welcome::kMost);
    welcome.Spent(10us * Welcome::kMost);
  }
}

TEST(Welcome, NewcomersThatCostMuchComeOneByOneButDoCome) {
  Welcome welcome;
  int burst = 0;
  for (int turn = 0; turn < 100; ++turn) {
    burst = welcome.Next();
    ASSERT_GE(burst, 1);
    welcome.Spent(5ms * burst);
  }
  EXPECT_EQ(burst, 1);
}

TEST(Welcome, NewcomersGetTheirShareOfATurnAndNotMuchMore) {
  Welcome welcome;
  Duration spent{};
  constexpr int kTurns = 1000;
  for (int turn = 0; turn < kTurns; ++turn) {
    const Duration cost = 100us * welcome.Next();
    welcome.Spent(cost);
    spent += cost;
  }
  EXPECT_GT(spent, kTurns * Welcome::kShare / 2);
  EXPECT_LT(spent, kTurns * Welcome::kShare * 3 / 2);
}

TEST(Welcome, AfterAnAttackAllIsAsBefore) {
  Welcome welcome;
  for (int turn = 0; turn < 100; ++turn) welcome.Spent(5ms * welcome.Next());
  for (int turn = 0; turn < 5; ++turn) welcome.Next();
  EXPECT_EQ(welcome.Next(), Welcome::kMost);
}

}  // namespace
}  // namespace sluice::server
