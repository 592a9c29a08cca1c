#include "proxy/http/h1_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "proxy/base/block.h"
#include "tests/support/h1_reader.h"

namespace sluice::http {
namespace {

using State = HeadResult::State;

class RequestTest : public testing::Test {
 protected:
  HeadResult Feed(std::string_view bytes) { return decoder_.FeedHead(bytes, arena_, head_); }

  // Feeds body bytes to the end of them, in one piece.
  std::string Body(std::string bytes, BodyResult* last = nullptr) {
    BodyResult result = decoder_.FeedBody(bytes, arena_);
    if (last != nullptr) *last = result;
    return std::string(result.data);
  }

  Arena arena_;
  RequestHead head_{arena_};
  H1RequestDecoder decoder_{HeadLimits{}};
};

TEST_F(RequestTest, AHeadInOnePieceIsCompleteAndLeavesTheRest) {
  const HeadResult result =
      Feed("POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET");
  EXPECT_EQ(result.state, State::kComplete);
  EXPECT_EQ(result.consumed, 50u);
  EXPECT_EQ(head_.method, Method::kPost);
  EXPECT_EQ(head_.method_text, "POST");
  EXPECT_EQ(head_.target, "/a?b");
  EXPECT_EQ(head_.fields.Value(FieldId::kHost), "x");
  EXPECT_EQ(head_.framing.kind, Framing::Kind::kLength);
  BodyResult body;
  EXPECT_EQ(Body("abcGET", &body), "abc");
  EXPECT_EQ(body.consumed, 3u);
  EXPECT_TRUE(body.end);
}

TEST_F(RequestTest, TheHeadOutlivesTheBytesItCameIn) {
  std::string bytes = "GET /a HTTP/1.1\r\nHost: x\r\nX-Long: value\r\n\r\n";
  Feed(bytes);
  bytes.assign(bytes.size(), '?');
  EXPECT_EQ(head_.path, "/a");
  EXPECT_EQ(head_.fields.Find("x-long")->value, "value");
}

TEST_F(RequestTest, BetweenMessagesADecoderIsIdle) {
  EXPECT_TRUE(decoder_.idle());
  Feed("GET / HTTP/1.1\r\n");
  EXPECT_FALSE(decoder_.idle());
  Feed("Host: x\r\n\r\n");
  EXPECT_TRUE(decoder_.idle());
  EXPECT_EQ(Feed("\r\n").state, State::kNeedMore);
  EXPECT_TRUE(decoder_.idle());
}

TEST_F(RequestTest, ABadByteIsRefusedBeforeTheHeadIsWhole) {
  EXPECT_EQ(Feed("GET / HTTP/1.1\r\nHost: x\nX").state, State::kRefused);
}

TEST_F(RequestTest, AClientThatSpeaksTlsLearnsWhyAtItsFirstByte) {
  const HeadResult result = Feed("\x16");
  EXPECT_EQ(result.state, State::kRefused);
  EXPECT_NE(result.refusal.why.find("TLS"), std::string_view::npos);
}

TEST_F(RequestTest, ATooLongTargetIsRefusedBeforeItEnds) {
  H1RequestDecoder decoder({.target_bytes = 4});
  EXPECT_EQ(decoder.FeedHead("GET /abc", arena_, head_).state, State::kNeedMore);
  EXPECT_EQ(decoder.FeedHead("d", arena_, head_).refusal.status, 414);
}

TEST_F(RequestTest, OneFieldTooManyIsRefusedAtItsFirstByte) {
  H1RequestDecoder decoder({.fields = 1});
  EXPECT_EQ(decoder.FeedHead("GET / HTTP/1.1\r\nHost: x\r\n", arena_, head_).state,
            State::kNeedMore);
  EXPECT_EQ(decoder.FeedHead("Y", arena_, head_).refusal.status, 431);
}

TEST_F(RequestTest, WhatRefusedOnceRefusesForGood) {
  EXPECT_EQ(Feed("GET / HTTP/1.1\r\n\r\n").state, State::kRefused);
  EXPECT_EQ(Feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n").state, State::kRefused);
  std::string body = "x";
  EXPECT_TRUE(decoder_.FeedBody(body, arena_).refused);
}

TEST_F(RequestTest, TheMethodOfARefusedHeadIsKnown) {
  EXPECT_EQ(Feed("HEAD / HTTP/1.1\r\n\r\n").state, State::kRefused);
  EXPECT_EQ(head_.method, Method::kHead);
}

TEST_F(RequestTest, ASlowHeadHoldsOneSmallBlock) {
  const size_t before = BufferBudget::used();
  std::string bytes = "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(1500, 'y');
  for (const char c : bytes) ASSERT_EQ(Feed({&c, 1}).state, State::kNeedMore);
  EXPECT_EQ(BufferBudget::used() - before, kSmallBlock);
}

TEST_F(RequestTest, ABrowsersHeadFitsOneSmallBlockWithAllThatIsMadeOfIt) {
  const size_t before = BufferBudget::used();
  std::string bytes = "GET /a HTTP/1.1\r\nHost: shop.example\r\nCookie: " + std::string(500, 'c');
  for (int i = 0; i < 10; ++i) bytes += "\r\nX-Field-Of-Some-Length: and-a-value-of-some-length";
  ASSERT_EQ(Feed(bytes + "\r\n\r\n").state, State::kComplete);
  for (int i = 0; i < 8; ++i) head_.fields.Add("X-Forwarded-For", "192.0.2.1");
  EXPECT_EQ(BufferBudget::used() - before, kSmallBlock);
}

TEST_F(RequestTest, ABodyOfNothingIsAtItsEnd) {
  Feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  BodyResult body;
  EXPECT_EQ(Body("GET", &body), "");
  EXPECT_TRUE(body.end);
  EXPECT_EQ(body.consumed, 0u);
  Feed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(Body("GET", &body), "");
  EXPECT_TRUE(body.end);
  EXPECT_EQ(body.consumed, 0u);
}

constexpr std::string_view kChunkedHead =
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(RequestTest, ChunksOfOneFeedComeAsOneView) {
  Feed(kChunkedHead);
  BodyResult body;
  EXPECT_EQ(Body("1\r\na\r\n2;x\r\nbc\r\n3\r\nde", &body), "abcde");
  EXPECT_FALSE(body.end);
  EXPECT_EQ(body.consumed, 20u);
  EXPECT_EQ(Body("f\r\n0\r\n\r\nGET", &body), "f");
  EXPECT_TRUE(body.end);
  EXPECT_EQ(body.consumed, 8u);
  EXPECT_EQ(decoder_.trailers(), nullptr);
}

TEST_F(RequestTest, DataBeforeAFaultIsHandedOverWithIt) {
  Feed(kChunkedHead);
  BodyResult body;
  EXPECT_EQ(Body("3\r\nabc\r\nzz\r\n", &body), "abc");
  EXPECT_TRUE(body.refused);
  EXPECT_FALSE(body.why.empty());
}

TEST_F(RequestTest, TrailersAreThereAfterTheEndAndGoneWithTheNextMessage) {
  Feed(kChunkedHead);
  BodyResult body;
  Body("0\r\nX-Sum: 7 \r\nHost: evil\r\nContent-Length: 9\r\n\r\n", &body);
  EXPECT_TRUE(body.end);
  ASSERT_NE(decoder_.trailers(), nullptr);
  EXPECT_EQ(decoder_.trailers()->size(), 1u);
  EXPECT_EQ(decoder_.trailers()->Find("X-Sum")->value, "7");
  Feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(decoder_.trailers(), nullptr);
}

TEST_F(RequestTest, TrailersOfForbiddenNamesOnlyAreNoTrailers) {
  Feed(kChunkedHead);
  BodyResult body;
  Body("0\r\nTransfer-Encoding: chunked\r\n\r\n", &body);
  EXPECT_TRUE(body.end);
  EXPECT_EQ(decoder_.trailers(), nullptr);
}

TEST_F(RequestTest, TheLargestChunkIsRefusedByNoLimitOfSize) {
  Feed(kChunkedHead);
  BodyResult body;
  EXPECT_EQ(Body("7fffffffffffffff\r\nabc", &body), "abc");
  EXPECT_FALSE(body.refused);
}

class ResponseTest : public testing::Test {
 protected:
  HeadResult Feed(std::string_view bytes, Method request = Method::kGet) {
    return decoder_.FeedHead(bytes, arena_, request, head_);
  }

  Arena arena_;
  ResponseHead head_{arena_};
  H1ResponseDecoder decoder_{HeadLimits{}};
};

TEST_F(ResponseTest, AnInterimHeadIsFollowedByTheAnswer) {
  const std::string_view both =
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: "
      "0\r\n\r\n";
  const HeadResult first = Feed(both);
  EXPECT_EQ(first.state, State::kComplete);
  EXPECT_EQ(head_.status, 103);
  EXPECT_EQ(head_.fields.size(), 1u);
  EXPECT_EQ(Feed(both.substr(first.consumed)).state, State::kComplete);
  EXPECT_EQ(head_.status, 200);
  EXPECT_EQ(head_.reason, "Fine");
  EXPECT_EQ(head_.fields.size(), 1u);
}

TEST_F(ResponseTest, AnAnswerThatIsNotHttpIsRefusedAtItsFirstWrongByte) {
  EXPECT_EQ(Feed("HT").state, State::kNeedMore);
  EXPECT_EQ(Feed("M").state, State::kRefused);
}

TEST_F(ResponseTest, ATunnelPassesEveryByte) {
  Feed("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(head_.framing.kind, Framing::Kind::kTunnel);
  std::string bytes = "\r\n0\r\n\r\nHTTP/1.1";
  const BodyResult body = decoder_.FeedBody(bytes, arena_);
  EXPECT_EQ(body.data, bytes);
  EXPECT_EQ(body.consumed, bytes.size());
  EXPECT_FALSE(body.end);
}

TEST_F(ResponseTest, BehindTheAnswerToHeadTheNextAnswerBegins) {
  const std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(Feed(head, Method::kHead).state, State::kComplete);
  EXPECT_EQ(Feed(head, Method::kGet).state, State::kComplete);
  EXPECT_EQ(head_.framing.kind, Framing::Kind::kLength);
}

class EncodeTest : public testing::Test {
 protected:
  std::string Request(std::string_view connection) {
    Bytes out;
    EncodeRequest(request_, "/t?q", connection, out);
    return out.ToString();
  }
  std::string Response(std::string_view connection) {
    Bytes out;
    EncodeResponse(response_, connection, out);
    return out.ToString();
  }

  Arena arena_;
  RequestHead request_{arena_};
  ResponseHead response_{arena_};
};

TEST_F(EncodeTest, ARequestHasItsLineItsFieldsAndItsFraming) {
  request_.method_text = "POST";
  request_.fields.Add("Host", "x");
  request_.framing = {.kind = Framing::Kind::kLength, .length = 42};
  EXPECT_EQ(Request(""), "POST /t?q HTTP/1.1\r\nHost: x\r\nContent-Length: 42\r\n\r\n");
}

TEST_F(EncodeTest, FramingAndConnectionAreWrittenOnceWhateverTheFieldsSay) {
  request_.method_text = "POST";
  request_.fields.Add("Transfer-Encoding", "gzip");
  request_.fields.Add("content-length", "7");
  request_.fields.Add("Connection", "keep-alive");
  request_.framing = {.kind = Framing::Kind::kChunked};
  EXPECT_EQ(Request("close"),
            "POST /t?q HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

TEST_F(EncodeTest, AnAnswerIsAlwaysHttp11) {
  response_.version = Version::kHttp10;
  response_.status = 404;
  response_.reason = "Not Found";
  response_.framing = {.kind = Framing::Kind::kLength, .length = 0};
  EXPECT_EQ(Response("close"),
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_F(EncodeTest, OnlyAStatedLengthIsWrittenWithoutABody) {
  response_.status = 304;
  EXPECT_EQ(Response(""), "HTTP/1.1 304 \r\n\r\n");
  response_.framing = {.kind = Framing::Kind::kNone, .length = 9, .stated = true};
  EXPECT_EQ(Response(""), "HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n");
}

TEST_F(EncodeTest, TheLongestNumbersFitTheirRoom) {
  request_.method_text = "M";
  request_.framing = {.kind = Framing::Kind::kLength, .length = UINT64_MAX};
  EXPECT_EQ(Request("keep-alive"),
            "M /t?q HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n"
            "Connection: keep-alive\r\n\r\n");
  char buffer[18];
  EXPECT_EQ(ChunkHead(UINT64_MAX, buffer), "ffffffffffffffff\r\n");
}

TEST_F(EncodeTest, AHeadLargerThanABlockIsWrittenWhole) {
  request_.method_text = "GET";
  const std::string value(60 * 1024, 'v');
  request_.fields.Add("X", value);
  EXPECT_EQ(Request(""), "GET /t?q HTTP/1.1\r\nX: " + value + "\r\n\r\n");
}

TEST_F(EncodeTest, AChunkHasItsSizeInHexadecimal) {
  Bytes out;
  EncodeChunk(std::string(500, 'x'), out);
  EXPECT_EQ(out.ToString(), "1f4\r\n" + std::string(500, 'x') + "\r\n");
}

TEST_F(EncodeTest, TheLastChunkCarriesTheTrailersThatMayBeThere) {
  Bytes out;
  EncodeLastChunk(nullptr, out);
  EXPECT_EQ(out.ToString(), "0\r\n\r\n");
  out.Clear();
  Fields trailers(arena_);
  trailers.Add("X-Sum", "7");
  trailers.Add("Content-Length", "9");
  EncodeLastChunk(&trailers, out);
  EXPECT_EQ(out.ToString(), "0\r\nX-Sum: 7\r\n\r\n");
}

TEST(PipelineTest, AThousandRequestsInOneWriteComeInOrder) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  const auto messages = test::RequestReader::Read(bytes, bytes.size());
  ASSERT_EQ(messages.size(), 1000u);
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(messages[i].path, "/" + std::to_string(i));
}

TEST(H1RequestDecoderTest, TheFirstHalfOfThePrefaceOfHttp2IsToldFromARequest) {
  for (const size_t piece : {size_t{64}, size_t{1}}) {
    Arena arena;
    RequestHead head(arena);
    H1RequestDecoder decoder({});
    std::string_view rest = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    HeadResult got;
    while (got.state == HeadResult::State::kNeedMore) {
      got = decoder.FeedHead(rest.substr(0, piece), arena, head);
      rest.remove_prefix(got.consumed);
    }
    EXPECT_EQ(got.state, HeadResult::State::kRefused);
    EXPECT_TRUE(got.preface);
    EXPECT_EQ(rest, "SM\r\n\r\n");
  }
}

}  // namespace
}  // namespace sluice::http
