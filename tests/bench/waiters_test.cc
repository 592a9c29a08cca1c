// A crowd that does as a waiting room tells it.
#include "bench/load/waiters/waiters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <mutex>
#include <set>
#include <string>

#include "tests/support/flow/origin.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using test::Ok;
using test::Origin;

constexpr uint32_t kInside = 2;

// Lets the first ones in, and tells the others to come again in a second.
class DoorTest : public testing::Test {
 protected:
  std::string Answer(const test::Message& request) {
    std::string ticket = request.Value("Cookie");
    if (ticket.empty()) {
      const char* const kind = came_++ < kInside ? "in" : "out";
      ticket = "__sluice_sale=" + std::string(kind) +
               std::string(60 - std::string(kind).size() - 5, '.') + std::to_string(10000 + came_);
    }
    const bool inside = ticket.starts_with("__sluice_sale=in");
    shown_.insert(request.target() + " " + ticket);
    return Ok("x", "Set-Cookie: " + ticket + "; Path=/\r\n" +
                       (inside || lets_in_ ? "" : "Retry-After: 1\r\n"));
  }

  WaitersTally Load() {
    Origin door([this](test::Wire& wire, Origin& self, uint32_t) {
      while (self.Take(wire)) {
        const std::lock_guard lock(mutex_);
        wire.Send(Answer(self.requests().back()));
      }
    });
    auto tally = RunWaiters({.port = door.port(),
                             .watched = ::getpid(),
                             .waiters = 20,
                             .connections = 3,
                             .arrivals = 1000,
                             .shoppers = kInside,
                             .pages = 40,
                             .rest = 1s,  // all shoppers are in before others come, on any machine
                             .settle = 100ms,
                             .length = 1300ms});
    EXPECT_TRUE(tally.ok()) << tally.status();
    return tally.ok() ? *std::move(tally) : WaitersTally();
  }

  std::mutex mutex_;
  uint32_t came_ = 0;
  bool lets_in_ = false;
  std::set<std::string> shown_;
};

TEST_F(DoorTest, EachComesOnceAndThenShowsItsTicketWhenItWasTold) {
  const WaitersTally tally = Load();
  EXPECT_EQ(tally.strays, 0u);
  EXPECT_EQ(came_, 22u);
  // One round after a second; a slow machine may not have begun it, and none begins another.
  EXPECT_LE(tally.visits, 20u);
  EXPECT_GT(tally.visits, 0u);
  EXPECT_GT(tally.at_rest.size(), 2u);
  EXPECT_GT(tally.in_crowd.size(), 5u);
  size_t status = 0;
  for (const std::string& shown : shown_) {
    status += shown.starts_with("/.sluice/waiting-room/sale __sluice_sale=out") ? 1 : 0;
  }
  EXPECT_GT(status, 0u);
  EXPECT_GE(tally.share, 0.0);
}

TEST_F(DoorTest, WhoIsLetInUnaskedIsAStray) {
  lets_in_ = true;
  EXPECT_EQ(Load().strays, 20u);
}

TEST(Waiters, NobodyThereIsAnError) {
  EXPECT_FALSE(RunWaiters({.port = 1, .pages = 1, .length = 1ms}).ok());
}

}  // namespace
}  // namespace sluice::load
