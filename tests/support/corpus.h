// The corpus: messages that two parsers could read differently, beside look-alikes that are sound,
// each with what must become of it (tests/corpus/README.md says how they are written). Unit tests
// feed the cases to the codec; flow tests send the same bytes through a running proxy.
//
// Threads: any. Reads files only in LoadCorpus().
#ifndef SLUICE_TESTS_SUPPORT_CORPUS_H_
#define SLUICE_TESTS_SUPPORT_CORPUS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

// What must become of one message.
struct Expectation {
  enum class Kind {
    kRefuse,   // a request: `status` is answered and the connection closed
    kForward,  // a request: goes on as `method` `path` with `body`
    kWait,     // a request: not complete, so nothing goes on and nothing is answered
    kPass,     // a response: goes on with `status` and `body`
    kBad,      // a response: 502 to the client, which sees nothing of it
    kCut,      // a response: its head goes on with `status`, then the client's connection is cut
  };
  Kind kind = Kind::kRefuse;
  int status = 0;
  std::string method;
  std::string path;  // normalised
  std::string body;  // decoded
};

struct CorpusCase {
  std::string file;
  std::string name;            // a sentence
  std::string method = "GET";  // responses: what was asked
  // One for each message in `bytes`; a refused, waiting, bad or cut one is the last.
  std::vector<Expectation> expect;
  std::string bytes;
};

struct PathCase {
  std::string file;
  std::string name;
  std::string raw;         // the path as it comes, without query
  std::string normal;      // as routes see it
  bool ambiguous = false;  // 400 when paths are forwarded raw
};

// All cases of `folder` ("requests" or "responses") under `root`, files in order of their names. A
// mistake in a file comes back in `error`, as "file:line: what".
struct Corpus {
  std::vector<CorpusCase> cases;
  std::string error;
};
Corpus LoadCorpus(const std::string& root, const std::string& folder);

struct PathCorpus {
  std::vector<PathCase> cases;
  std::string error;
};
PathCorpus LoadPaths(const std::string& root);

// C escapes (\r \n \t \0 \\ \" \xhh) and \{n:text}, which is n times the text. Nothing when
// malformed.
std::optional<std::string> Unescape(std::string_view text);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_CORPUS_H_
