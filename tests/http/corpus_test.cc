// Every case of tests/corpus, fed whole, byte by byte and in pieces of 2 to 7.
#include "tests/support/corpus.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/http/uri.h"
#include "tests/support/h1_reader.h"

namespace sluice::test {
namespace {

using State = ReadMessage::State;
using Kind = Expectation::Kind;

constexpr char kRoot[] = SLUICE_SOURCE_DIR "/tests/corpus";
constexpr size_t kPieces[] = {1, 2, 3, 4, 5, 6, 7};
constexpr size_t kWhole = 1 << 20;

// Behind a refused message it must never be seen, behind a complete one always.
constexpr char kNext[] = "GET /next-of-the-corpus HTTP/1.1\r\nHost: next\r\n\r\n";
constexpr char kNextPath[] = "/next-of-the-corpus";

std::string Shown(const ReadMessage& message) {
  const char* const state = message.state == State::kComplete  ? "complete "
                            : message.state == State::kRefused ? "refused "
                                                               : "incomplete ";
  return state + std::to_string(message.status) + " " + message.method + " " + message.path +
         " \"" + message.body + "\" " + message.why;
}

bool Fits(const ReadMessage& message, const Expectation& expect) {
  switch (expect.kind) {
    case Kind::kRefuse:
      return message.state == State::kRefused && message.status == expect.status;
    case Kind::kForward:
      return message.state == State::kComplete && message.method == expect.method &&
             message.path == expect.path && message.body == expect.body;
    case Kind::kWait:
      return message.state == State::kIncomplete;
    case Kind::kPass:
      return message.state == State::kComplete && message.status == expect.status &&
             message.body == expect.body;
    case Kind::kBad:
      return message.state != State::kComplete && !message.has_head;
    case Kind::kCut:
      return message.state != State::kComplete && message.has_head;
  }
  return false;
}

void ExpectFits(const CorpusCase& c, const std::vector<ReadMessage>& messages) {
  for (size_t i = 0; i < std::max(messages.size(), c.expect.size()); ++i) {
    if (i >= messages.size()) {
      // Of a server that said nothing at all there is no message to speak of.
      const bool nothing = c.expect[i].kind == Kind::kBad || c.expect[i].kind == Kind::kWait;
      EXPECT_TRUE(nothing) << c.file << ": " << c.name << ": message " << i << " is missing";
    } else if (i >= c.expect.size()) {
      ADD_FAILURE() << c.file << ": " << c.name << ": unexpected " << Shown(messages[i]);
    } else {
      EXPECT_TRUE(Fits(messages[i], c.expect[i]))
          << c.file << ": " << c.name << ": message " << i << " is " << Shown(messages[i]);
    }
  }
}

Corpus Load(const std::string& folder) {
  Corpus corpus = LoadCorpus(kRoot, folder);
  EXPECT_EQ(corpus.error, "");
  std::set<std::string> names;
  for (const CorpusCase& c : corpus.cases) {
    EXPECT_TRUE(names.insert(c.name).second) << "two cases are named " << c.name;
    EXPECT_FALSE(c.expect.empty()) << c.name;
  }
  return corpus;
}

http::Method MethodOf(const std::string& name) {
  if (name == "HEAD") return http::Method::kHead;
  if (name == "POST") return http::Method::kPost;
  EXPECT_EQ(name, "GET");
  return http::Method::kGet;
}

TEST(CorpusTest, EveryRequestIsRefusedOrForwardedAsItsOracleSays) {
  const Corpus corpus = Load("requests");
  EXPECT_GE(corpus.cases.size(), 150u);
  for (const CorpusCase& c : corpus.cases) ExpectFits(c, RequestReader::Read(c.bytes, kWhole));
}

TEST(CorpusTest, WhereARequestIsCutDoesNotChangeItsMeaning) {
  for (const CorpusCase& c : Load("requests").cases) {
    const std::vector<ReadMessage> whole = RequestReader::Read(c.bytes, kWhole);
    for (const size_t piece : kPieces) {
      EXPECT_EQ(RequestReader::Read(c.bytes, piece), whole)
          << c.name << " in pieces of " << piece << " is another";
    }
  }
}

TEST(CorpusTest, NoRequestIsEverReadOutOfARefusedOne) {
  for (const CorpusCase& c : Load("requests").cases) {
    if (c.expect.back().kind != Kind::kRefuse) continue;
    for (const size_t piece : {kWhole, size_t{1}, size_t{5}}) {
      const std::vector<ReadMessage> messages = RequestReader::Read(c.bytes + kNext, piece);
      ASSERT_FALSE(messages.empty()) << c.name;
      EXPECT_EQ(messages.back().state, State::kRefused) << c.name;
      EXPECT_EQ(messages.size(), c.expect.size()) << c.name;
      for (const ReadMessage& message : messages) EXPECT_NE(message.path, kNextPath) << c.name;
    }
  }
}

TEST(CorpusTest, WhatFollowsAForwardedRequestIsTheNextOneToTheByte) {
  for (const CorpusCase& c : Load("requests").cases) {
    if (c.expect.back().kind != Kind::kForward) continue;
    const std::vector<ReadMessage> alone = RequestReader::Read(c.bytes, kWhole);
    for (const size_t piece : {kWhole, size_t{1}, size_t{5}}) {
      const std::vector<ReadMessage> messages = RequestReader::Read(c.bytes + kNext, piece);
      if (!alone.back().keep_alive) {
        EXPECT_EQ(messages.size(), alone.size()) << c.name;
        continue;
      }
      ASSERT_EQ(messages.size(), alone.size() + 1) << c.name;
      EXPECT_EQ(messages.back().path, kNextPath) << c.name;
    }
  }
}

TEST(CorpusTest, AForwardedRequestMeansTheSameToTheNextReader) {
  for (const CorpusCase& c : Load("requests").cases) {
    for (const ReadMessage& message : RequestReader::Read(c.bytes, kWhole)) {
      if (message.state != State::kComplete || message.hostless) continue;
      const std::vector<ReadMessage> again = RequestReader::Read(message.encoded, kWhole);
      ASSERT_EQ(again.size(), 1u) << c.name;
      EXPECT_EQ(again[0].state, State::kComplete) << c.name;
      EXPECT_EQ(again[0].start, message.start) << c.name;
      EXPECT_EQ(again[0].routed, message.routed) << c.name;
      EXPECT_EQ(again[0].fields, message.fields) << c.name;
      EXPECT_EQ(again[0].body, message.body) << c.name;
      EXPECT_EQ(again[0].trailers, message.trailers) << c.name;
    }
  }
}

TEST(CorpusTest, EveryResponsePassesOrNotAsItsOracleSays) {
  const Corpus corpus = Load("responses");
  EXPECT_GE(corpus.cases.size(), 60u);
  for (const CorpusCase& c : corpus.cases) {
    ExpectFits(c, ResponseReader::Read(c.bytes, kWhole, MethodOf(c.method)));
  }
}

TEST(CorpusTest, WhereAResponseIsCutDoesNotChangeItsMeaning) {
  for (const CorpusCase& c : Load("responses").cases) {
    const http::Method method = MethodOf(c.method);
    const std::vector<ReadMessage> whole = ResponseReader::Read(c.bytes, kWhole, method);
    for (const size_t piece : kPieces) {
      EXPECT_EQ(ResponseReader::Read(c.bytes, piece, method), whole)
          << c.name << " in pieces of " << piece << " is another";
    }
  }
}

TEST(CorpusTest, EveryPathHasTheNormalFormItsOracleSays) {
  const PathCorpus corpus = LoadPaths(kRoot);
  EXPECT_EQ(corpus.error, "");
  EXPECT_GE(corpus.cases.size(), 40u);
  for (const PathCase& c : corpus.cases) {
    Arena arena;
    const http::NormalPath got = http::NormalizePath(c.raw, arena);
    EXPECT_EQ(got.path, c.normal) << c.name << ": " << c.raw;
    EXPECT_EQ(got.ambiguous, c.ambiguous) << c.name << ": " << c.raw;
  }
}

TEST(CorpusTest, ANormalPathIsItsOwnNormalForm) {
  for (const PathCase& c : LoadPaths(kRoot).cases) {
    Arena arena;
    EXPECT_EQ(http::NormalizePath(c.normal, arena).path, c.normal) << c.raw;
  }
}

}  // namespace
}  // namespace sluice::test
