#include "tests/support/flow/scripts.h"

#include <gtest/gtest.h>

#include <utility>

namespace sluice::test {

Origin::Script AnswerEach(std::function<std::string(const Message& request)> answer) {
  return [answer = std::move(answer)](Wire& wire, Origin&, uint32_t) {
    for (;;) {
      const Message request = wire.ReadRequest();
      if (!request.complete || !wire.Send(answer(request))) return;
    }
  };
}

void Echo(Wire& wire, Origin& origin, uint32_t index) {
  AnswerEach([](const Message& request) {
    return Ok(request.body.empty() ? request.target() : request.body);
  })(wire, origin, index);
}

void LargeOrSmall(Wire& wire, Origin& origin, uint32_t index) {
  AnswerEach([](const Message& request) {
    return Ok(request.target() == "/large" ? std::string(kLarge, 'x') : "small");
  })(wire, origin, index);
}

void Conversation(Wire& wire, Origin&, uint32_t) {
  wire.ReadUntil("\r\n\r\n");
  wire.ReadUntil("ping");
  wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npong\r\n");
  wire.ReadUntil("done");
  wire.Send("0\r\nGrpc-Status: 0\r\n\r\n");
}

void ExpectConversation(H2Wire& client) {
  client.Send(h2::Post(1, {{"content-type", "application/grpc"}, {"te", "trailers"}}) +
              h2::Data(1, "ping"));
  ASSERT_TRUE(client.Until([&] { return client.answer(1).body == "pong"; }));
  client.Send(h2::Data(1, "done", true));
  const h2::Answer answer = client.Await(1);
  ASSERT_EQ(answer.trailers.size(), 1u);
  EXPECT_EQ(answer.trailers[0].first, "grpc-status");
}

}  // namespace sluice::test
