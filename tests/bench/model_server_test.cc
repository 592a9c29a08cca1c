// What a simulated server, and a real one of load_farm, makes of the work it is given.
#include "bench/load/farm/model_server.h"

#include <gtest/gtest.h>

namespace sluice::load {
namespace {

constexpr TimePoint kBegin{1h};

TEST(ModelServer, WorksInItsSlotsAndQueuesTheRest) {
  ModelServer server({.slots = 2}, kBegin);
  EXPECT_EQ(server.Take(kBegin, 10ms), kBegin + 10ms);
  EXPECT_EQ(server.Take(kBegin, 30ms), kBegin + 30ms);
  EXPECT_EQ(server.Take(kBegin, 5ms), kBegin + 15ms) << "behind the shorter of the two";
  EXPECT_EQ(server.Take(kBegin + 1s, 5ms), kBegin + 1s + 5ms) << "and is idle in between";
}

TEST(ModelServer, HoldsAllThatItHasWhileItStalls) {
  ModelServer server({.slots = 1, .stall_every = 3s, .stall_length = 300ms}, kBegin);
  EXPECT_EQ(server.Take(kBegin + 2695ms, 10ms), kBegin + 3005ms) << "5 ms of it after the stall";
  EXPECT_EQ(server.Take(kBegin + 2800ms, 10ms), kBegin + 3015ms) << "queued behind it";
  EXPECT_EQ(server.Take(kBegin + 5900ms, 1ms), kBegin + 6001ms) << "and every three seconds";
}

TEST(ModelServer, TakesWorkLongerThanTwoStalls) {
  ModelServer server({.slots = 1, .stall_every = 1s, .stall_length = 500ms}, kBegin);
  EXPECT_EQ(server.Take(kBegin, 1200ms), kBegin + 2200ms);
}

TEST(ModelServer, GrowsByFreeSlotsAndShrinksByThoseThatAreFreeFirst) {
  ModelServer server({.slots = 1}, kBegin);
  server.Take(kBegin, 50ms);
  server.Resize(2, kBegin + 10ms);
  EXPECT_EQ(server.Take(kBegin + 10ms, 10ms), kBegin + 20ms) << "in the new slot";
  server.Resize(1, kBegin + 12ms);
  EXPECT_EQ(server.Take(kBegin + 12ms, 10ms), kBegin + 60ms) << "behind the longer of the two";
}

TEST(ModelServer, IsAsSlowAsItIsCold) {
  const ModelServer server({.cold = 10s, .cold_factor = 5}, kBegin);
  EXPECT_EQ(server.Stretched(10ms, kBegin), 50ms);
  EXPECT_EQ(server.Stretched(10ms, kBegin + 5s), 30ms);
  EXPECT_EQ(server.Stretched(10ms, kBegin + 10s), 10ms);
}

}  // namespace
}  // namespace sluice::load
