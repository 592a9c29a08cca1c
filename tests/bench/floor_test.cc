// The floors as the programs they are: what they relay, and that they end as they must.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/program.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/flow/wire.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// Without a short period: a piece that is lost, doubled or moved shows.
std::string Bytes(size_t count) {
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>((i * i >> 5) + i);
  return bytes;
}

class FloorRelay : public testing::TestWithParam<const char*> {
 protected:
  Program Before(const Origin& origin) {
    return Program(GetParam(), {"0", std::to_string(origin.port())});
  }
};

INSTANTIATE_TEST_SUITE_P(, FloorRelay, testing::Values("floor_relay", "floor_uvrelay"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(FloorRelay, CarriesRequestsAndAnswersOnOneConnection) {
  Origin origin(Ok("hello"));
  Program relay = Before(origin);
  Wire client = Wire::To(relay.address());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Ask(std::string(kGet)).body, "hello");
  EXPECT_EQ(origin.accepted(), 1u);
  EXPECT_EQ(relay.Terminate(), 0);
}

TEST_P(FloorRelay, ServesAConnectionForEachRequest) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.Send(Ok("bye", "Connection: close\r\n"));
  });
  Program relay = Before(origin);
  for (int i = 0; i < 50; ++i) {
    Wire client = Wire::To(relay.address());
    ASSERT_EQ(client.Ask(std::string(kGet)).body, "bye");
    ASSERT_TRUE(client.EndsHere());
  }
}

TEST_P(FloorRelay, DoesNotReadWhatTheOtherSideDoesNotTake) {
  // More than the buffers of the kernel on the way may hold.
  const std::string answer = Bytes(64 << 20);
  size_t before_reading = 0;
  Moment stuck;
  Origin origin([&](Wire& wire, Origin& self, uint32_t index) {
    if (!self.Take(wire)) return;
    if (index > 0) {
      wire.Send(Ok("other"));
      return;
    }
    before_reading = wire.SendUntilStuck(answer, 100ms);
    stuck.Happen();
    wire.Send(std::string_view(answer).substr(before_reading));
  });
  Program relay = Before(origin);
  Wire client = Wire::To(relay.address(), /*receive_buffer=*/64 * 1024);
  client.Send(kGet);
  ASSERT_TRUE(stuck.Await());
  EXPECT_LT(before_reading, answer.size());
  EXPECT_EQ(Wire::To(relay.address()).Ask(std::string(kGet)).body, "other");
  EXPECT_TRUE(client.ReadExactly(answer.size()) == answer);
}

TEST_P(FloorRelay, CarriesBothDirectionsWholeWhenBothWereFull) {
  const std::string up = Bytes(16 << 20), down = "x" + Bytes(16 << 20);
  Moment client_stuck, server_stuck;
  bool arrived = false;
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    const size_t sent = wire.SendUntilStuck(down, 100ms);
    server_stuck.Happen();
    wire.Send(std::string_view(down).substr(sent));
    arrived = client_stuck.Await() && wire.ReadExactly(up.size()) == up;
    wire.Send("!");
  });
  Program relay = Before(origin);
  Wire client = Wire::To(relay.address(), /*receive_buffer=*/64 * 1024);
  const size_t sent = client.SendUntilStuck(up, 100ms);
  client_stuck.Happen();
  ASSERT_TRUE(server_stuck.Await());
  EXPECT_TRUE(client.ReadExactly(down.size()) == down);
  client.Send(std::string_view(up).substr(sent));
  EXPECT_EQ(client.ReadAll(), "!");
  EXPECT_TRUE(arrived);
}

TEST_P(FloorRelay, ClosesBothSidesWhenOneEndsAndKeepsNothing) {
  Origin origin(Ok("hello"));
  Program relay = Before(origin);
  Wire first = Wire::To(relay.address());
  first.Get("/");
  const size_t with_one = relay.Descriptors();
  std::vector<Wire> more;
  for (int i = 0; i < 3; ++i) {
    more.push_back(Wire::To(relay.address()));
    more.back().Get("/");
  }
  EXPECT_EQ(relay.Descriptors(), with_one + 6);
  more[0].FinishWriting();
  more[1].Close();
  more[2].Reset();
  EXPECT_TRUE(origin.AwaitEnded(3));
  EXPECT_TRUE(more[0].EndsHere());
  EXPECT_TRUE(TestProxy::Eventually([&] { return relay.Descriptors() == with_one; }));
  EXPECT_EQ(first.Get("/").body, "hello");
}

TEST_P(FloorRelay, ClosesTheServersSideWhenAClientWithAFullPipeResets) {
  const std::string answer = Bytes(64 << 20);
  Moment stuck;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    const size_t sent = wire.SendUntilStuck(answer, 100ms);
    stuck.Happen();
    EXPECT_FALSE(wire.Send(std::string_view(answer).substr(sent)));
  });
  Program relay = Before(origin);
  Wire client = Wire::To(relay.address(), /*receive_buffer=*/64 * 1024);
  client.Send(kGet);
  ASSERT_TRUE(stuck.Await());
  client.Reset();
  EXPECT_TRUE(origin.AwaitEnded(1));
}

// libuv does not look at a side that is not read; the raw relay has to, or it would spin on it.
TEST(FloorRelayReset, OfAServerWhoseClientIsFullEndsBothAtOnce) {
  const std::string answer = Bytes(64 << 20);
  Moment one_there, reset;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    one_there.Happen();
    wire.SendUntilStuck(answer, 100ms);
    wire.Reset();
    reset.Happen();
  });
  Program relay("floor_relay", {"0", std::to_string(origin.port())});
  Wire client = Wire::To(relay.address(), /*receive_buffer=*/64 * 1024);
  client.Send(kGet);
  ASSERT_TRUE(one_there.Await());
  const size_t with_pair = relay.Descriptors();
  ASSERT_TRUE(reset.Await());
  EXPECT_TRUE(TestProxy::Eventually([&] { return relay.Descriptors() == with_pair - 2; }));
}

TEST_P(FloorRelay, ClosesAClientForWhichThereIsNoServer) {
  auto origin = std::make_unique<Origin>(Ok("hello"));
  Program relay = Before(*origin);
  origin.reset();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Wire::To(relay.address()).EndsHere());
  EXPECT_EQ(relay.Terminate(), 0);
}

TEST_P(FloorRelay, SaysWhatIsWrongWithItsCommandLineOrItsPort) {
  Program none(GetParam(), {});
  EXPECT_EQ(none.Wait(), 2);
  EXPECT_THAT(none.Said(), HasSubstr("LISTEN_PORT BACKEND_PORT"));
  Program wrong(GetParam(), {"80x", "81"});
  EXPECT_EQ(wrong.Wait(), 2);
  Origin taken(Ok("x"));
  Program second(GetParam(), {std::to_string(taken.port()), "81"});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.Said(), HasSubstr("Address already in use"));
}

TEST(FloorRefuse, AnswersEveryReadWithA429AndKeepsTheConnection) {
  Program refuse("floor_refuse", {"0"});
  Wire client = Wire::To(refuse.address());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Ask(std::string(kGet)).status(), 429);
  EXPECT_EQ(refuse.Terminate(), 0);
}

TEST(FloorRefuse, DoesNotReadAClientThatTakesNoAnswersAndServesTheOthers) {
  Program refuse("floor_refuse", {"0"});
  Wire deaf = Wire::To(refuse.address(), /*receive_buffer=*/4096);
  // An answer is 130 bytes, and one byte suffices for it: first its buffers fill, then ours.
  const std::string more(64 << 20, 'x');
  bool stuck = false;
  for (size_t sent = 0; !stuck && sent < 20'000'000;) {
    for (size_t one = 1; one == 1 && sent < 20'000'000; sent += one) {
      one = deaf.SendUntilStuck("x", 100ms);
    }
    stuck = deaf.SendUntilStuck(more, 100ms) < more.size();
  }
  EXPECT_TRUE(stuck);
  EXPECT_EQ(Wire::To(refuse.address()).Ask(std::string(kGet)).status(), 429);
  // It goes on where it was, up to the end.
  deaf.FinishWriting();
  EXPECT_THAT(deaf.ReadAll(), testing::EndsWith("Too many requests\n"));
  EXPECT_EQ(deaf.end(), Wire::End::kFin);
}

}  // namespace
}  // namespace sluice::test
