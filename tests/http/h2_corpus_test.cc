// Every case of tests/corpus/h2, fed whole and byte by byte.
#include "tests/support/h2_corpus.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/http/h2_fixture.h"

namespace sluice::test {
namespace {

constexpr char kRoot[] = SLUICE_SOURCE_DIR "/tests/corpus";

h2::Corpus Load() {
  h2::Corpus corpus = h2::LoadH2Corpus(kRoot);
  EXPECT_EQ(corpus.error, "");
  std::set<std::string> names;
  for (const h2::Case& c : corpus.cases) {
    EXPECT_TRUE(names.insert(c.name).second) << "two cases are named " << c.name;
  }
  return corpus;
}

TEST(H2CorpusTest, ThereAreAtLeastEightyAttacks) {
  int attacks = 0;
  for (const h2::Case& c : Load().cases) attacks += c.passes ? 0 : 1;
  EXPECT_GE(attacks, 80);
}

TEST(H2CorpusTest, EveryRequestIsRefusedOrForwardedAsItsOracleSays) {
  for (const h2::Case& c : Load().cases) {
    for (const size_t piece : {size_t{1} << 20, size_t{1}, size_t{7}}) {
      H2Talk talk;
      talk.Say(h2::Hello() + c.frames, piece);
      const H2Seen& seen = talk.seen[1];
      ASSERT_EQ(seen.complete(), c.passes)
          << c.file << ": " << c.name << ": " << seen.refused << " " << seen.why << seen.fault;
      if (!c.passes) continue;
      EXPECT_EQ(seen.method, c.method) << c.name;
      EXPECT_EQ(seen.path, c.path) << c.name;
      EXPECT_EQ(seen.host, c.method == "OPTIONS" ? seen.host : "a") << c.name;
      EXPECT_EQ(seen.body, c.body) << c.name;
      if (c.cookie.empty()) continue;
      EXPECT_NE(seen.fields.find("cookie: " + c.cookie + "\n"), std::string::npos) << seen.fields;
    }
  }
}

TEST(H2CorpusTest, ARefusedRequestDisturbsNoOtherStream) {
  for (const h2::Case& c : Load().cases) {
    H2Talk talk;
    talk.Say(h2::Hello() + c.frames + h2::Get(3, "/next"));
    // HPACK's own faults end the connection; everything else is its stream's.
    if (talk.session.over()) {
      EXPECT_FALSE(c.passes) << c.name;
      continue;
    }
    EXPECT_TRUE(talk.seen[3].complete()) << c.name;
    EXPECT_EQ(talk.seen[3].path, "/next") << c.name;
  }
}

}  // namespace
}  // namespace sluice::test
