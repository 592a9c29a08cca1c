// An exchange from head to record, between a client and servers in memory.
#include "proxy/exchange/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/exchange/exchange_fixture.h"

namespace sluice::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(ExchangeTest, ARequestGoesToAServerAndItsAnswerToTheClient) {
  Get();
  test::MemoryServer& server = Accept();
  EXPECT_EQ(server.start, "GET /page?q=1");
  EXPECT_TRUE(server.ended);
  server.Answers(200, Length(5), {"Content-Type: text/plain"});
  server.SendsBody("hello");
  server.EndsAnswer();
  EXPECT_EQ(client_.status, 200);
  EXPECT_THAT(client_.fields, HasSubstr("Content-Type: text/plain\n"));
  EXPECT_EQ(client_.body, "hello");
  EXPECT_TRUE(client_.ended);
  EXPECT_TRUE(server.given_back);
}

TEST_F(ExchangeTest, TheRecordSaysAllThatIsKnown) {
  Post(4);
  client_.SendsBody("body");
  client_.EndsRequest();
  test::MemoryServer& server = Accept();
  server.Answers(201, Length(3));
  server.SendsBody("yes");
  server.EndsAnswer();
  const Said& said = Settle();
  EXPECT_EQ(said.record.status, 201);
  EXPECT_EQ(said.record.server_status, 201);
  EXPECT_EQ(said.record.request_bytes, 4u);
  EXPECT_EQ(said.record.response_bytes, 3u);
  EXPECT_EQ(said.record.tries, 1u);
  EXPECT_EQ(said.record.end, Cause::kNone);
  EXPECT_EQ(said.record.client_ip, *Ip::Parse("192.0.2.7"));
  EXPECT_EQ(said.pool, "web");
  EXPECT_EQ(said.server, server.address);
  EXPECT_EQ(said.target, "/cart");
  EXPECT_EQ(said.why, "");
  EXPECT_EQ(said.request_id.size(), 32u);
}

TEST_F(ExchangeTest, CountersOfTheServerComeBackToZeroInFlight) {
  Get();
  test::MemoryServer& server = Accept();
  EXPECT_EQ(StatsOf(0).in_flight.value() + StatsOf(1).in_flight.value(), 1);
  server.Answers(200, Length(0));
  server.EndsAnswer();
  Settle();
  EXPECT_EQ(StatsOf(0).in_flight.value() + StatsOf(1).in_flight.value(), 0);
  EXPECT_EQ(StatsOf(0).requests.value() + StatsOf(1).requests.value(), 1u);
}

TEST_F(ExchangeTest, WithoutARouteTheAnswerIs404AndNoServerIsAsked) {
  Configure("[[route]]\nmatch = { host = \"other.example\" }\npool = \"web\"\n");
  Get();
  EXPECT_EQ(client_.status, 404);
  EXPECT_TRUE(client_.ended);
  EXPECT_FALSE(servers_.waiting());
  EXPECT_EQ(Settle().record.tries, 0u);
}

TEST_F(ExchangeTest, RedirectsAndFixedAnswersNeedNoServer) {
  Configure(
      "[[route]]\nmatch = { path = \"/page\" }\nredirect = { to = \"https://{host}/new\", "
      "status = 301 }\n");
  Get();
  EXPECT_EQ(client_.status, 301);
  EXPECT_THAT(client_.fields, HasSubstr("Location: https://shop.example/new\n"));
  EXPECT_FALSE(servers_.waiting());
}

TEST_F(ExchangeTest, OptionsWithNoHopLeftIsAnsweredHereAndElseLosesOne) {
  Request("OPTIONS /page HTTP/1.1\r\nHost: shop.example\r\nMax-Forwards: 0\r\n\r\n");
  EXPECT_EQ(client_.status, 200);
  EXPECT_THAT(client_.fields, HasSubstr("Allow: GET"));
  EXPECT_TRUE(client_.ended);
  Request("OPTIONS /page HTTP/1.1\r\nHost: shop.example\r\nMax-Forwards: 7\r\n\r\n");
  EXPECT_THAT(Accept().fields, HasSubstr("Max-Forwards: 6\n"));
}

TEST_F(ExchangeTest, ARefusedHeadIsAnsweredWithItsStatusAndRecorded) {
  Configure();
  Open();
  exchange_->Refuse({431, "too many fields"});
  EXPECT_EQ(client_.status, 431);
  const Said& said = Settle();
  EXPECT_EQ(said.record.status, 431);
  EXPECT_EQ(said.record.end, Cause::kTooLarge);
  EXPECT_EQ(said.record.side, Side::kDownstream);
  EXPECT_EQ(said.why, "too many fields");
}

// The request body.

TEST_F(ExchangeTest, NoServerIsAskedBeforeASmallBodyIsWhole) {
  Post(10);
  client_.SendsBody("01234");
  EXPECT_FALSE(servers_.waiting());
  EXPECT_EQ(client_.owed, 0u) << "what request_buffer holds is done with";
  client_.SendsBody("56789");
  client_.EndsRequest();
  ASSERT_TRUE(servers_.waiting());
  EXPECT_EQ(Accept().body, "0123456789");
}

TEST_F(ExchangeTest, ABodyBeyondRequestBufferIsStreamedAndTheClientHeldBackMeanwhile) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "request_buffer = \"8B\"\n");
  Post(20);
  client_.SendsBody("0123456789");
  ASSERT_TRUE(servers_.waiting());
  EXPECT_EQ(client_.owed, 10u);
  test::MemoryServer& server = Accept();
  EXPECT_EQ(server.body, "0123456789");
  EXPECT_EQ(client_.owed, 0u);
  client_.SendsBody("0123456789");
  client_.EndsRequest();
  EXPECT_EQ(server.body.size(), 20u);
  EXPECT_TRUE(server.ended);
}

TEST_F(ExchangeTest, AServerThatDoesNotReadStopsTheClient) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "request_buffer = \"0B\"\n");
  Post(20);
  test::MemoryServer& server = Accept();
  server.StopsReading();
  client_.SendsBody("0123456789");
  EXPECT_EQ(client_.owed, 10u);
  client_.SendsBody("01234");
  EXPECT_EQ(client_.owed, 15u);
  server.ReadsAgain();
  EXPECT_EQ(client_.owed, 0u);
}

TEST_F(ExchangeTest, RequestTrailersReachTheServerSideComplete) {
  Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client_.SendsBody("abc");
  http::Fields trailers(arena_);
  trailers.Add("X-Sum", "1");
  client_.EndsRequest(&trailers);
  test::MemoryServer& server = Accept();
  EXPECT_TRUE(server.ended);
  EXPECT_EQ(server.trailers, "X-Sum: 1\n");
}

TEST_F(ExchangeTest, ABodyAboveMaxBodyIsRefusedByItsLengthAlone) {
  Configure("[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\nmax_body = \"8B\"\n");
  Post(9);
  EXPECT_EQ(client_.status, 413);
  EXPECT_FALSE(servers_.waiting());
}

TEST_F(ExchangeTest, AChunkedBodyThatGrowsAboveMaxBodyIsRefusedThen) {
  Configure("[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\nmax_body = \"8B\"\n");
  Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client_.SendsBody("12345678");
  EXPECT_EQ(client_.status, 0);
  client_.SendsBody("9");
  EXPECT_EQ(client_.status, 413);
  EXPECT_FALSE(servers_.waiting());
}

// Expect.

TEST_F(ExchangeTest, SluiceItselfAsksForTheBodyItBuffers) {
  Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client_.interims, ElementsAre(100));
  client_.SendsBody("ab");
  client_.EndsRequest();
  test::MemoryServer& server = Accept();
  EXPECT_THAT(server.fields, Not(HasSubstr("Expect")));
  server.Interim(100);
  EXPECT_THAT(client_.interims, ElementsAre(100)) << "one is enough";
}

TEST_F(ExchangeTest, WithoutABufferTheServerIsAskedWhetherItWantsTheBody) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "request_buffer = \"0B\"\n");
  Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(client_.interims.empty());
  test::MemoryServer& server = Accept();
  EXPECT_THAT(server.fields, HasSubstr("Expect: 100-continue\n"));
  EXPECT_FALSE(server.ended);
  server.Interim(100);
  EXPECT_THAT(client_.interims, ElementsAre(100));
  client_.SendsBody("ab");
  client_.EndsRequest();
  EXPECT_EQ(server.body, "ab");
}

TEST_F(ExchangeTest, EarlyHintsPass) {
  Get();
  test::MemoryServer& server = Accept();
  server.Interim(103);
  EXPECT_THAT(client_.interims, ElementsAre(103));
  EXPECT_EQ(client_.status, 0);
}

// The answer.

TEST_F(ExchangeTest, AnEarlyAnswerPassesWhileTheRequestIsStillComing) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "request_buffer = \"0B\"\n");
  Post(100);
  test::MemoryServer& server = Accept();
  client_.SendsBody("0123456789");
  server.Answers(413, Length(2));
  EXPECT_EQ(client_.status, 413);
  client_.SendsBody("0123456789");
  EXPECT_EQ(server.body.size(), 20u) << "the server may still read";
  server.SendsBody("no");
  server.EndsAnswer();
  EXPECT_TRUE(client_.ended);
  client_.SendsBody("rest");
  EXPECT_EQ(client_.owed, 0u) << "what nobody waits for is thrown away";
}

TEST_F(ExchangeTest, ASlowClientStopsTheServerAtTheHighMarkAndNotBefore) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "response_buffer = \"4KiB\"\n");
  Get();
  test::MemoryServer& server = Accept();
  server.Answers(200, Length(16384));
  EXPECT_EQ(client_.high_mark, 4096u);
  server.SendsBody(std::string(4096, 'a'));
  EXPECT_EQ(server.owed, 0u);
  server.SendsBody("b");
  EXPECT_EQ(server.owed, 1u);
  server.SendsBody("cd");
  EXPECT_EQ(server.owed, 3u);
  client_.Reads(3000);
  EXPECT_EQ(server.owed, 3u) << "above the low mark";
  client_.Reads(100);
  EXPECT_EQ(server.owed, 0u);
}

TEST_F(ExchangeTest, TrailersOfTheAnswerPass) {
  Get();
  test::MemoryServer& server = Accept();
  server.Answers(200, Chunked());
  server.SendsBody("x");
  http::Fields trailers(arena_);
  trailers.Add("X-Sum", "1");
  server.EndsAnswer(&trailers);
  EXPECT_EQ(client_.trailers, "X-Sum: 1\n");
}

TEST_F(ExchangeTest, SwitchingProtocolsUnaskedIsABadAnswer) {
  Get();
  Accept().Answers(101, {.kind = http::Framing::Kind::kTunnel});
  EXPECT_EQ(client_.status, 502);
  EXPECT_TRUE(servers_.last().given_back);
}

TEST_F(ExchangeTest, AfterAnUpgradeBytesPassBothWays) {
  Request(
      "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
  test::MemoryServer& server = Accept();
  server.Answers(101, {.kind = http::Framing::Kind::kTunnel}, {"Upgrade: websocket"});
  EXPECT_EQ(client_.status, 101);
  client_.SendsBody("ping");
  EXPECT_EQ(server.body, "ping");
  server.SendsBody("pong");
  EXPECT_EQ(client_.body, "pong");
  EXPECT_EQ(client_.owed + server.owed, 0u);
}

TEST_F(ExchangeTest, AClientThatHalfClosesATunnelStillHearsTheServer) {
  Request("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  test::MemoryServer& server = Accept();
  server.Answers(101, {.kind = http::Framing::Kind::kTunnel}, {"Upgrade: websocket"});
  client_.EndsRequest();
  EXPECT_TRUE(server.ended);
  EXPECT_FALSE(client_.ended);
  server.SendsBody("last words");
  server.EndsAnswer();
  EXPECT_EQ(client_.body, "last words");
  EXPECT_TRUE(client_.ended);
}

// Clients that leave.

TEST_F(ExchangeTest, AClientThatLeavesFreesItsServerAtOnce) {
  Get();
  test::MemoryServer& server = Accept();
  client_.Fails(Cause::kReset);
  EXPECT_TRUE(server.given_back);
  EXPECT_TRUE(client_.reset);
  const Said& said = Settle();
  EXPECT_EQ(said.record.status, 0);
  EXPECT_EQ(said.record.end, Cause::kClientLeft);
  EXPECT_EQ(said.record.side, Side::kDownstream);
}

TEST_F(ExchangeTest, AClientThatLeavesWhileConnectingEndsTheAttempt) {
  Get();
  ASSERT_TRUE(servers_.waiting());
  client_.Fails(Cause::kClientLeft);
  Turn();
  EXPECT_FALSE(servers_.waiting());
  EXPECT_EQ(servers_.cancelled, 1u);
}

TEST_F(ExchangeTest, ABrokenRequestBodyIs400AndTheServerHearsNoEnd) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "request_buffer = \"0B\"\n");
  Post(10);
  test::MemoryServer& server = Accept();
  client_.SendsBody("01");
  client_.Fails(Cause::kMalformed);
  EXPECT_EQ(client_.status, 400);
  EXPECT_FALSE(server.ended);
  EXPECT_TRUE(server.given_back);
}

TEST_F(ExchangeTest, ASlowRequestBodyIs408) {
  Post(10);
  client_.Fails(Cause::kTooSlow);
  EXPECT_EQ(client_.status, 408);
}

TEST_F(ExchangeTest, TheEndOfShutdownTimeoutIs503) {
  Get();
  Accept();
  client_.Fails(Cause::kShutdown);
  EXPECT_EQ(client_.status, 503);
  EXPECT_EQ(Settle().record.end, Cause::kShutdown);
}

// Time.

TEST_F(ExchangeTest, AServerThatSaysNothingWithinHeadTimeoutIs504) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "head_timeout = \"20ms\"\n");
  Post(0);
  Accept();
  RunUntil([&] { return client_.ended; });
  EXPECT_EQ(client_.status, 504);
  EXPECT_TRUE(servers_.last().given_back);
  EXPECT_EQ(Settle().record.end, Cause::kHeadTimeout);
}

TEST_F(ExchangeTest, AServerThatStopsInItsAnswerCutsTheClientWithinIdleTimeout) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "idle_timeout = \"20ms\"\n");
  Get();
  test::MemoryServer& server = Accept();
  server.Answers(200, Length(10));
  server.SendsBody("half");
  RunUntil([&] { return client_.reset; });
  EXPECT_FALSE(client_.ended);
  EXPECT_EQ(client_.status, 200);
  EXPECT_EQ(Settle().record.end, Cause::kIdleTimeout);
}

TEST_F(ExchangeTest, AServerIsNotBlamedForAClientThatDoesNotRead) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "idle_timeout = \"10ms\"\nresponse_buffer = \"4KiB\"\n");
  Get();
  test::MemoryServer& server = Accept();
  server.Answers(200, Length(9000));
  server.SendsBody(std::string(5000, 'a'));
  RunFor(std::chrono::milliseconds(40));
  EXPECT_FALSE(client_.reset);
  EXPECT_FALSE(server.given_back);
}

TEST_F(ExchangeTest, TotalTimeoutEndsAnExchangeWhateverItDoes) {
  Configure(
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n"
      "total_timeout = \"20ms\"\n");
  Get();
  ASSERT_TRUE(servers_.waiting());
  RunUntil([&] { return client_.ended; });
  EXPECT_EQ(client_.status, 504);
  Turn();
  EXPECT_EQ(servers_.cancelled, 1u);
  const Said& said = Settle();
  EXPECT_EQ(said.record.end, Cause::kTotalTimeout);
  EXPECT_EQ(said.record.side, Side::kSluice);
}

TEST_F(ExchangeTest, ASilentTunnelIsCut) {
  Configure("tunnel_idle_timeout = \"20ms\"\n");
  Request("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  Accept().Answers(101, {.kind = http::Framing::Kind::kTunnel}, {"Upgrade: websocket"});
  RunUntil([&] { return client_.reset; });
  EXPECT_TRUE(servers_.last().given_back);
}

}  // namespace
}  // namespace sluice::exchange
