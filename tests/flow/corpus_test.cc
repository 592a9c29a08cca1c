// The corpus through a running proxy: what the codec refuses is refused on the wire too, what it
// lets through reaches the server as the oracle says, and no case reaches the exchange behind it.
#include "tests/support/corpus.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

constexpr std::string_view kProbe =
    "GET /probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";

class CorpusFlowTest : public testing::Test {
 protected:
  CorpusFlowTest()
      : origin_([](Wire& wire, Origin& self, uint32_t) {
          while (self.Take(wire)) wire.Send(Ok("fine"));
        }),
        proxy_(Site{.servers = {origin_.address()}}) {}

  // Sends one case and holds what the client and the server saw against the oracle.
  void Try(const CorpusCase& one, bool byte_by_byte) {
    SCOPED_TRACE(one.file + ": " + one.name + (byte_by_byte ? " (byte by byte)" : ""));
    const size_t before = origin_.requests().size();
    Wire client = proxy_.Connect();
    if (byte_by_byte) {
      client.SendByteByByte(one.bytes);
    } else {
      client.Send(one.bytes);
    }
    client.FinishWriting();
    std::vector<Expectation> forwarded;
    for (const Expectation& expected : one.expect) {
      if (expected.kind == Expectation::Kind::kWait) continue;
      const Message answer = client.ReadResponse(expected.method == "HEAD" ? "HEAD" : "GET");
      if (expected.kind == Expectation::Kind::kRefuse) {
        EXPECT_EQ(answer.status(), expected.status);
      } else {
        forwarded.push_back(expected);
        EXPECT_EQ(answer.status(), expected.method == "TRACE" ? 405 : 200);
      }
    }
    client.ReadAll();
    EXPECT_NE(client.end(), Wire::End::kLate);
    const std::vector<Message> seen = origin_.requests();
    size_t at = before;
    for (const Expectation& expected : forwarded) {
      if (expected.method == "TRACE") continue;  // ours to answer, whatever its syntax
      ASSERT_LT(at, seen.size());
      EXPECT_EQ(seen[at].method(), expected.method);
      EXPECT_EQ(seen[at].target().substr(0, seen[at].target().find('?')), expected.path);
      EXPECT_EQ(seen[at].body, expected.body);
      ++at;
    }
    EXPECT_EQ(at, seen.size());
    EXPECT_EQ(proxy_.Connect().Ask(kProbe).body, "fine");
    EXPECT_EQ(origin_.last().target(), "/probe");
  }

  Origin origin_;
  TestProxy proxy_;
};

TEST_F(CorpusFlowTest, EveryRequestInOneWriteDoesWhatTheOracleSays) {
  const Corpus corpus = LoadCorpus(SLUICE_SOURCE_DIR "/tests/corpus", "requests");
  ASSERT_EQ(corpus.error, "");
  ASSERT_GE(corpus.cases.size(), 150u);
  for (const CorpusCase& one : corpus.cases) Try(one, false);
}

TEST_F(CorpusFlowTest, EveryRequestByteByByteDoesTheSame) {
  const Corpus corpus = LoadCorpus(SLUICE_SOURCE_DIR "/tests/corpus", "requests");
  ASSERT_EQ(corpus.error, "");
  for (const CorpusCase& one : corpus.cases) {
    // A case of many kilobytes says nothing more in single bytes than in one write of each size.
    if (one.bytes.size() <= 2048) Try(one, true);
  }
}

TEST(CorpusResponseFlowTest, EveryResponseDoesWhatTheOracleSaysAndTheNextIsNotTouched) {
  const Corpus corpus = LoadCorpus(SLUICE_SOURCE_DIR "/tests/corpus", "responses");
  ASSERT_EQ(corpus.error, "");
  ASSERT_GE(corpus.cases.size(), 60u);
  const CorpusCase* current = nullptr;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      if (self.last().target() != "/case") {
        wire.Send(Ok("fine"));
        continue;
      }
      wire.Send(current->bytes);
      return;
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()},
                       .pool = "tries = 1\noutlier.failures = 0\nmax_head = \"16KiB\"\n"});
  for (const CorpusCase& one : corpus.cases) {
    SCOPED_TRACE(one.file + ": " + one.name);
    current = &one;
    Wire client = proxy.Connect();
    client.Send(one.method + " /case HTTP/1.1\r\nHost: a\r\n\r\n");
    const Message answer = client.ReadResponse(one.method);
    // Those before the last are interim heads.
    std::vector<int> interims;
    for (size_t i = 0; i + 1 < one.expect.size(); ++i) interims.push_back(one.expect[i].status);
    std::erase(interims,
               100);  // ours to send: the request body is gathered before a server is asked
    EXPECT_EQ(answer.interims, interims);
    const Expectation& expected = one.expect.back();
    switch (expected.kind) {
      case Expectation::Kind::kPass:
        EXPECT_EQ(answer.status(), expected.status);
        if (one.method != "HEAD" && expected.status != 101) {
          EXPECT_EQ(answer.body, expected.body);
        }
        EXPECT_TRUE(answer.complete);
        break;
      case Expectation::Kind::kCut:
        // Broken in the read that brought its head: nothing had left, so it is a whole 502 instead.
        if (answer.status() == 502) break;
        EXPECT_EQ(answer.status(), expected.status);
        EXPECT_FALSE(answer.complete);
        break;
      default:
        EXPECT_EQ(answer.status(), 502);
        break;
    }
    EXPECT_EQ(proxy.Connect().Ask(kProbe).body, "fine");
  }
}

}  // namespace
}  // namespace sluice::test
