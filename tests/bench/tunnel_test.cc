// load_tunnel's core and load_echo, the two ends of the WebSocket row, alone and with sluice
// between.
#include "bench/load/tunnel/tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "bench/load/tunnel/frame.h"
#include "tests/bench/program.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using test::Message;
using test::Origin;
using test::Program;
using test::Wire;
using testing::HasSubstr;

TunnelPlan Plan(uint16_t port, uint32_t size_bytes, uint32_t connections = 3) {
  return {.port = port,
          .connections = connections,
          .size_bytes = size_bytes,
          .seconds = 0.05,
          .drain = test::kPatience};
}

std::string Handshake(std::string_view key = kSampleKey) {
  return std::string("GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n")
      .append("Connection: keep-alive, Upgrade\r\nsec-websocket-key: ")
      .append(key)
      .append("\r\n\r\n");
}

// Says yes to the upgrade and reads what the first message of `size` bytes is in.
std::string Accept(Wire& wire, Origin& origin, size_t size) {
  if (!origin.Take(wire)) return "";
  wire.Send(std::string("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ")
                .append(kSampleAccept)
                .append("\r\n\r\n"));
  return wire.ReadExactly(6 + size);
}

class EchoTest : public testing::Test {
 protected:
  Wire Upgraded() {
    Wire client = Wire::To(echo_.address());
    client.Send(Handshake());
    const Message head = client.ReadHead();
    EXPECT_EQ(head.status(), 101);
    EXPECT_EQ(head.Value("Sec-WebSocket-Accept"), kSampleAccept);
    return client;
  }
  static std::string Masked(uint8_t first, std::string payload) {
    const MaskKey mask = {1, 2, 3, 4};
    std::string frame;
    AppendFrameHead(frame, first, payload.size(), mask);
    ApplyMask(mask, payload.data(), payload.size());
    return frame + payload;
  }

  Program echo_{"load_echo", {"0"}};
};

TEST_F(EchoTest, AnswersAFrameByTheSamePayloadUnmasked) {
  Wire client = Upgraded();
  client.Send(Masked(0x82, "hello"));
  EXPECT_EQ(client.ReadExactly(7), "\x82\x05hello");
  client.Send(Masked(0x81, ""));
  EXPECT_EQ(client.ReadExactly(2), std::string("\x81\0", 2));
  EXPECT_EQ(echo_.Terminate(), 0);
}

TEST_F(EchoTest, FramesMayComeInPiecesAndSeveralAtOnce) {
  Wire client = Upgraded();
  client.SendByteByByte(Masked(0x82, "hello"));
  EXPECT_EQ(client.ReadExactly(7), "\x82\x05hello");
  client.Send(Masked(0x82, "a") + Masked(0x82, "bc") + Masked(0x82, "def").substr(0, 4));
  EXPECT_EQ(client.ReadExactly(7),
            "\x82\x01"
            "a\x82\x02"
            "bc");
  client.Send(Masked(0x82, "def").substr(4));
  EXPECT_EQ(client.ReadExactly(5),
            "\x82\x03"
            "def");
}

TEST_F(EchoTest, WaitsForAClientThatDoesNotReadAndLosesNothing) {
  Wire client = Upgraded();
  const std::string message(15 << 20, 'x');
  const std::string frame = Masked(0x82, message);
  size_t frames = 0;
  size_t sent = frame.size();
  while (sent == frame.size() && frames < 20) {
    sent = client.SendUntilStuck(frame, 200ms);
    ++frames;
  }
  ASSERT_LT(sent, frame.size());
  for (size_t i = 0; i < frames; ++i) {
    if (i + 1 == frames) client.Send(std::string_view(frame).substr(sent));
    ASSERT_EQ(client.ReadExactly(10).substr(0, 2), "\x82\x7f") << i;
    ASSERT_TRUE(client.ReadExactly(message.size()) == message) << i;
  }
}

TEST_F(EchoTest, AnswersAPingByAPongAndAGoodbyeByTheSame) {
  Wire client = Upgraded();
  client.Send(Masked(0x89, "?"));
  EXPECT_EQ(client.ReadExactly(3), "\x8a\x01?");
  client.Send(Masked(0x88, ""));
  EXPECT_EQ(client.ReadAll(), std::string("\x88\0", 2));
}

TEST_F(EchoTest, RefusesWhatIsNoUpgradeWithTheSampleKey) {
  for (const std::string& request :
       {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Handshake("AAAAAAAAAAAAAAAAAAAAAA==")}) {
    Wire client = Wire::To(echo_.address());
    EXPECT_EQ(client.Ask(request).status(), 400);
    EXPECT_TRUE(client.EndsHere());
  }
}

TEST_F(EchoTest, ClosesOnAFrameThatIsNotMaskedOrTooLong) {
  std::string open, endless;
  AppendFrameHead(open, 0x82, 1);
  AppendFrameHead(endless, 0x82, 1ULL << 60, MaskKey{});
  for (const std::string& frame : {open + "x", endless}) {
    Wire client = Upgraded();
    client.Send(frame);
    EXPECT_TRUE(client.EndsHere());
  }
}

TEST_F(EchoTest, MessagesOfAnySizeComeBackToTheLoad) {
  for (const uint32_t size : {0u, 128u, 70'000u, 8u << 20}) {
    const auto tally = RunTunnel(Plan(echo_.port(), size));
    ASSERT_TRUE(tally.ok()) << tally.status();
    EXPECT_GE(tally->latencies.size(), 3u) << size;
    EXPECT_EQ(tally->errors, 0u) << size;
    EXPECT_GT(tally->took, 0ns);
  }
}

TEST_F(EchoTest, MessagesPassThroughSluice) {
  test::TestProxy proxy(test::Site{.servers = {echo_.where()}});
  const auto tally = RunTunnel(Plan(proxy.address().port(), 128));
  ASSERT_TRUE(tally.ok()) << tally.status();
  EXPECT_GE(tally->latencies.size(), 3u);
  EXPECT_EQ(tally->errors, 0u);
}

TEST(Tunnel, AnEchoWithAnotherByteIsAnError) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    Accept(wire, self, 4);
    wire.Send("\x82\x04oops");
    wire.ReadSome();
  });
  const auto tally = RunTunnel(Plan(origin.port(), 4));
  ASSERT_TRUE(tally.ok()) << tally.status();
  EXPECT_EQ(tally->errors, 3u);
  EXPECT_EQ(tally->latencies.size(), 0u);
}

TEST(Tunnel, AConnectionThatIsClosedIsOneError) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) { Accept(wire, self, 4); });
  const auto tally = RunTunnel(Plan(origin.port(), 4));
  ASSERT_TRUE(tally.ok()) << tally.status();
  EXPECT_EQ(tally->errors, 3u);
}

TEST(Tunnel, AnEchoThatNeverComesIsAnErrorAfterTheDrain) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    Accept(wire, self, 4);
    wire.ReadSome();
  });
  TunnelPlan plan = Plan(origin.port(), 4);
  plan.drain = 20ms;
  const auto tally = RunTunnel(plan);
  ASSERT_TRUE(tally.ok()) << tally.status();
  EXPECT_EQ(tally->errors, 3u);
}

TEST(Tunnel, NothingIsMeasuredWithoutTheRightUpgrade) {
  Origin plain(test::Ok("hello"));
  EXPECT_THAT(RunTunnel(Plan(plain.port(), 4)).status().message(),
              HasSubstr("did not upgrade: HTTP/1.1 200 OK"));
  Origin wrong("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: AAAA\r\n\r\n");
  EXPECT_THAT(RunTunnel(Plan(wrong.port(), 4)).status().message(), HasSubstr("did not upgrade"));
  Origin silent([](Wire& wire, Origin& self, uint32_t) { self.Take(wire); });
  EXPECT_THAT(RunTunnel(Plan(silent.port(), 4)).status().message(), HasSubstr("did not answer"));
}

}  // namespace
}  // namespace sluice::load
