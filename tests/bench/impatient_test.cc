// Clients who hang up in the middle of a request and come back.
#include "bench/load/impatient/impatient.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <vector>

#include "bench/load/loopback.h"
#include "tests/support/flow/origin.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using test::Ok;
using test::Origin;

ImpatientTally Load(const ImpatientPlan& plan) {
  absl::StatusOr<ImpatientTally> tally = RunImpatient(plan);
  EXPECT_TRUE(tally.ok()) << tally.status();
  return tally.ok() ? *std::move(tally) : ImpatientTally();
}

TEST(Impatient, WhoIsPatientAsksAgainAndAgainAndLosesNothing) {
  Origin origin(Ok("hello"));
  const ImpatientTally tally =
      Load({.port = origin.port(), .path = "/x", .clients = 4, .length = 100ms});
  EXPECT_GT(tally.answered, 8u);
  EXPECT_EQ(tally.latencies.size(), tally.answered);
  EXPECT_EQ(tally.left, 0u);
  EXPECT_EQ(tally.errors, 0u);
}

TEST(Impatient, TheyComeFromTheirAddressesInTurn) {
  const net::Fd listener = Listen(0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
  Load({.port = ntohs(address.sin_port),
        .path = "/x",
        .clients = 3,
        .first_host = 7,
        .hosts = 2,
        .length = 20ms});
  std::vector<uint32_t> hosts;
  for (int i = 0; i < 3; ++i) {
    const net::Fd client(::accept(listener.get(), generic, &size));
    hosts.push_back(ntohl(address.sin_addr.s_addr) & 0xff);
  }
  EXPECT_THAT(hosts, testing::UnorderedElementsAre(7, 8, 7));
}

TEST(Impatient, WhoIsNotLeavesBeforeTheAnswerAndComesBack) {
  Origin origin([](test::Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
    }  // and never answers
  });
  const ImpatientTally tally = Load({.port = origin.port(),
                                     .path = "/x",
                                     .clients = 2,
                                     .leaving = 1,
                                     .patience = 10ms,
                                     .length = 200ms});
  EXPECT_GT(tally.left, 4u);
  EXPECT_EQ(tally.answered, 0u);
}

}  // namespace
}  // namespace sluice::load
