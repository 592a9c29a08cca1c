#include "tests/support/corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "proxy/base/text.h"
#include "proxy/http/chars.h"

namespace sluice::test {
namespace {

// One escape at the front of `text`; what it stands for is appended to `out`.
bool TakeEscape(std::string_view& text, std::string& out) {
  static const std::map<char, char> kSimple = {{'r', '\r'}, {'n', '\n'}, {'t', '\t'},
                                               {'0', '\0'}, {'"', '"'},  {'\\', '\\'}};
  if (text.size() < 2) return false;
  const char kind = text[1];
  if (const auto simple = kSimple.find(kind); simple != kSimple.end()) {
    out += simple->second;
    text.remove_prefix(2);
    return true;
  }
  if (kind == 'x') {
    if (text.size() < 4 || !http::Is(text[2], http::kHexDigit) ||
        !http::Is(text[3], http::kHexDigit)) {
      return false;
    }
    out += static_cast<char>(http::HexValue(text[2]) << 4 | http::HexValue(text[3]));
    text.remove_prefix(4);
    return true;
  }
  const size_t colon = text.find(':');
  const size_t end = text.find('}');
  if (kind != '{' || colon == std::string_view::npos || end == std::string_view::npos) return false;
  const std::optional<uint64_t> times = ParseDecimal(text.substr(2, colon - 2));
  const std::optional<std::string> piece = Unescape(text.substr(colon + 1, end - colon - 1));
  if (!times || !piece) return false;
  for (uint64_t i = 0; i < *times; ++i) out += *piece;
  text.remove_prefix(end + 1);
  return true;
}

// The next word of `rest`: up to a space, or a whole "quoted" text, unescaped.
bool TakeWord(std::string_view& rest, std::string& word) {
  rest = TrimSpace(rest);
  size_t end = std::min(rest.find(' '), rest.size());
  std::string_view raw = rest.substr(0, end);
  if (rest.starts_with('"')) {
    end = rest.rfind('"');
    if (end == 0) return false;
    raw = rest.substr(1, end - 1);
    ++end;
  }
  const std::optional<std::string> text = Unescape(raw);
  rest.remove_prefix(end);
  if (text) word = *text;
  return text.has_value();
}

bool TakeStatus(std::string_view& rest, int& status) {
  std::string word;
  if (!TakeWord(rest, word)) return false;
  const std::optional<uint64_t> number = ParseDecimal(word);
  if (!number || *number < 100 || *number > 599) return false;
  status = static_cast<int>(*number);
  return true;
}

std::optional<Expectation> ParseExpectation(std::string_view text) {
  using Kind = Expectation::Kind;
  static const std::map<std::string_view, Kind> kKinds = {
      {"refuse", Kind::kRefuse}, {"forward", Kind::kForward}, {"wait", Kind::kWait},
      {"pass", Kind::kPass},     {"bad", Kind::kBad},         {"cut", Kind::kCut}};
  std::string_view rest = text;
  const auto kind = kKinds.find(CutNext(rest, ' '));
  if (kind == kKinds.end()) return std::nullopt;
  Expectation expect;
  expect.kind = kind->second;
  bool ok = true;
  switch (expect.kind) {
    case Kind::kRefuse:
    case Kind::kCut:
      ok = TakeStatus(rest, expect.status);
      break;
    case Kind::kForward:
      ok = TakeWord(rest, expect.method) && TakeWord(rest, expect.path) &&
           TakeWord(rest, expect.body);
      break;
    case Kind::kPass:
      ok = TakeStatus(rest, expect.status) && TakeWord(rest, expect.body);
      break;
    case Kind::kWait:
    case Kind::kBad:
      break;
  }
  if (!ok || !TrimSpace(rest).empty()) return std::nullopt;
  return expect;
}

std::vector<std::filesystem::path> FilesOf(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Hands every line that is not a comment to `take`, which says what is wrong with it, or nothing.
std::string ForEachLine(
    const std::string& folder,
    const std::function<std::string(const std::string& file, const std::string& line)>& take) {
  const std::vector<std::filesystem::path> files = FilesOf(folder);
  if (files.empty()) return folder + ": no cases";
  for (const std::filesystem::path& path : files) {
    std::ifstream in(path);
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      if (line.empty() || line.starts_with("# ")) continue;
      const std::string wrong = take(path.filename().string(), line);
      if (!wrong.empty()) return path.string() + ":" + std::to_string(number) + ": " + wrong;
    }
  }
  return {};
}

std::string TakeCaseLine(const std::string& file, const std::string& line,
                         std::vector<CorpusCase>& cases) {
  const std::string_view text = line;
  if (text.starts_with("=== ")) {
    cases.emplace_back();
    cases.back().file = file;
    cases.back().name = text.substr(4);
    return {};
  }
  if (cases.empty() || cases.back().file != file) return "a case begins with \"=== name\"";
  CorpusCase& current = cases.back();
  if (text.starts_with("method: ")) {
    current.method = text.substr(8);
  } else if (text.starts_with("expect: ")) {
    const std::optional<Expectation> expect = ParseExpectation(text.substr(8));
    if (!expect) return "this is no expectation";
    current.expect.push_back(*expect);
  } else {
    if (current.expect.empty()) return "a case says what to expect before its bytes";
    const std::optional<std::string> bytes = Unescape(text);
    if (!bytes) return "a malformed escape";
    current.bytes += *bytes;
  }
  return {};
}

}  // namespace

std::optional<std::string> Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() == '\\') {
      if (!TakeEscape(text, out)) return std::nullopt;
      continue;
    }
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

Corpus LoadCorpus(const std::string& root, const std::string& folder) {
  Corpus corpus;
  corpus.error =
      ForEachLine(root + "/" + folder, [&corpus](const std::string& file, const std::string& line) {
        return TakeCaseLine(file, line, corpus.cases);
      });
  return corpus;
}

PathCorpus LoadPaths(const std::string& root) {
  PathCorpus corpus;
  std::string name;
  corpus.error =
      ForEachLine(root + "/paths", [&](const std::string& file, const std::string& line) {
        std::string_view rest = line;
        if (rest.starts_with("=== ")) {
          name = rest.substr(4);
          return std::string();
        }
        PathCase path;
        path.file = file;
        path.name = name;
        std::string arrow;
        std::string mark;
        if (!TakeWord(rest, path.raw) || !TakeWord(rest, arrow) || arrow != "->" ||
            !TakeWord(rest, path.normal) || !TakeWord(rest, mark) ||
            (!mark.empty() && mark != "ambiguous")) {
          return std::string("a path case is: raw -> normal [ambiguous]");
        }
        path.ambiguous = !mark.empty();
        corpus.cases.push_back(path);
        return std::string();
      });
  return corpus;
}

}  // namespace sluice::test
