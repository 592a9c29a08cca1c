#include "proxy/demo/fetch.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/loop_fixture.h"

namespace sluice::demo {

namespace {

using namespace std::chrono_literals;

class FetchTest : public net::LoopTest {
 protected:
  // What becomes of a GET that is answered so, and then the connection is closed.
  std::optional<std::string> Get(const std::string& answer) {
    test::Origin from([&answer](test::Wire& wire, test::Origin& origin, uint32_t) {
      if (origin.Take(wire)) wire.Send(answer);
    });
    const std::optional<std::string> got = Get(*Address::Parse(from.address()), 5s);
    EXPECT_EQ(from.last().start, "GET /metrics HTTP/1.0");
    return got;
  }
  std::optional<std::string> Get(const Address& from, Duration timeout) {
    bool done = false;
    std::optional<std::string> got;
    const Fetch fetch(loop_, from, "/metrics", timeout, [&](std::optional<std::string> body) {
      EXPECT_FALSE(done);
      done = true;
      got = std::move(body);
    });
    RunUntil([&] { return done; });
    return got;
  }
};

}  // namespace

TEST_F(FetchTest, GivesTheBodyOfAGoodAnswer) {
  EXPECT_EQ(Get("HTTP/1.1 200 OK\r\nX: y\r\n\r\nline\nline\n"), "line\nline\n");
  EXPECT_EQ(Get("HTTP/1.0 200 OK\r\n\r\n"), "");
}

TEST_F(FetchTest, AnythingElseIsNothing) {
  EXPECT_EQ(Get("HTTP/1.1 503 Service Unavailable\r\n\r\nno"), std::nullopt);
  EXPECT_EQ(Get("HTTP/1.1 200 OK\r\n"), std::nullopt) << "half a head";
  EXPECT_EQ(Get("hello\r\n\r\n"), std::nullopt);
  EXPECT_EQ(Get(std::string(Fetch::kMostBytes + 1, 'x')), std::nullopt);
}

TEST_F(FetchTest, WaitsNoLongerThanItWasTold) {
  test::Origin silent([](test::Wire& wire, test::Origin& origin, uint32_t) {
    while (origin.Take(wire)) {
    }
  });
  EXPECT_EQ(Get(*Address::Parse(silent.address()), 20ms), std::nullopt);
  silent.Leave();
  EXPECT_EQ(Get(*Address::Parse(silent.address()), 5s), std::nullopt) << "nobody there";
}

}  // namespace sluice::demo
