// The corpus of HTTP/2 requests that must not become HTTP/1 ones, beside look-alikes that are sound
// (tests/corpus/README.md says how they are written). The codec's tests feed the frames to a
// session; the flow tests send them through a running proxy.
//
// Threads: any. Reads files only in LoadH2Corpus().
#ifndef SLUICE_TESTS_SUPPORT_H2_CORPUS_H_
#define SLUICE_TESTS_SUPPORT_H2_CORPUS_H_

#include <string>
#include <string_view>
#include <vector>

namespace sluice::test::h2 {

struct Case {
  std::string file;
  std::string name;                      // a sentence
  bool passes = false;                   // else: nothing of it goes on as a complete request
  std::string method, path, host, body;  // of one that passes; path normalised
  std::string cookie;                    // of one that passes, if it says
  std::string frames;                    // of stream 1, behind Hello()
};

struct Corpus {
  std::vector<Case> cases;
  std::string error;  // "file:line: what"
};
Corpus LoadH2Corpus(const std::string& root);

}  // namespace sluice::test::h2

#endif  // SLUICE_TESTS_SUPPORT_H2_CORPUS_H_
