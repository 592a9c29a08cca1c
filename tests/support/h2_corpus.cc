#include "tests/support/h2_corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/corpus.h"
#include "tests/support/h2_frames.h"

namespace sluice::test::h2 {
namespace {

// What stands in a file before it is made into frames.
struct Draft {
  Case made;
  FieldList fields, trailers;
  std::vector<std::string> data;
  bool open = false;  // the stream is not ended
  bool has_trailers = false;
};

bool CutField(const std::string& line, FieldList& out) {
  const size_t colon = line.find(": ", 1);
  if (colon == std::string::npos) return false;
  const std::optional<std::string> name = Unescape(line.substr(0, colon));
  const std::optional<std::string> value = Unescape(line.substr(colon + 2));
  if (!name || !value) return false;
  // A backslash and nothing stands for the empty name.
  out.emplace_back(*name, *value);
  return true;
}

bool ReadExpectation(std::string_view text, Case& made) {
  if (text == "refuse") return true;
  if (!text.starts_with("forward ")) return false;
  made.passes = true;
  text.remove_prefix(8);
  const size_t first = text.find(' ');
  if (first == std::string_view::npos) return false;
  made.method = text.substr(0, first);
  made.path = text.substr(first + 1);
  return true;
}

bool ReadLine(const std::string& line, Draft& draft) {
  const auto after = [&](std::string_view word) -> std::optional<std::string> {
    return line.starts_with(word) ? std::optional(line.substr(word.size())) : std::nullopt;
  };
  if (const auto rest = after("expect: ")) return ReadExpectation(*rest, draft.made);
  if (const auto rest = after("body: ")) {
    draft.made.body = *rest;
    return true;
  }
  if (const auto rest = after("joined: ")) {
    draft.made.cookie = *rest;
    return true;
  }
  if (line == "@get" || line == "@post") {
    draft.fields = {{":method", line == "@get" ? "GET" : "POST"},
                    {":scheme", "https"},
                    {":authority", "a"},
                    {":path", "/"}};
    return true;
  }
  if (line == "| open") return draft.open = true;
  if (const auto rest = after("| data ")) {
    const std::optional<std::string> bytes = Unescape(*rest);
    if (bytes) draft.data.push_back(*bytes);
    return bytes.has_value();
  }
  if (line == "| trailers") return draft.has_trailers = true;
  if (const auto rest = after("| trailer ")) {
    draft.has_trailers = true;
    return CutField(*rest, draft.trailers);
  }
  return CutField(line, draft.fields);
}

void Finish(Draft& draft, Corpus& corpus) {
  if (draft.made.name.empty()) return;
  const bool bare = draft.data.empty() && !draft.has_trailers && !draft.open;
  std::string& frames = draft.made.frames;
  frames = Headers(1, draft.fields, bare);
  for (size_t i = 0; i < draft.data.size(); ++i) {
    const bool last = i + 1 == draft.data.size() && !draft.has_trailers && !draft.open;
    frames += Data(1, draft.data[i], last);
  }
  if (draft.has_trailers) frames += Headers(1, draft.trailers, !draft.open);
  corpus.cases.push_back(draft.made);
  draft = {};
}

}  // namespace

Corpus LoadH2Corpus(const std::string& root) {
  Corpus corpus;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/h2")) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& path : files) {
    std::ifstream in(path);
    Draft draft;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      if (line.empty() || line.starts_with("# ")) continue;
      if (line.starts_with("=== ")) {
        Finish(draft, corpus);
        draft.made.name = line.substr(4);
        draft.made.file = path.filename();
      } else if (!ReadLine(line, draft)) {
        corpus.error =
            path.filename().string() + ":" + std::to_string(number) + ": not understood: " + line;
        return corpus;
      }
    }
    Finish(draft, corpus);
  }
  return corpus;
}

}  // namespace sluice::test::h2
