#include "conf/syntax.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

constexpr size_t kLongestName = 200;

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsTokenChar(char c) {
  return IsDigit(c) || IsAlpha(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool IsOwnName(std::string_view name, std::string_view of) {
  return std::equal(name.begin(), name.end(), of.begin(), of.end(),
                    [](char a, char b) { return (IsAlpha(a) ? (a | 0x20) : a) == b; });
}

// Fields that frame or route the message itself (RFC 9110 section 7.6.1 and 8.6).
constexpr std::array<std::string_view, 9> kOwnFields = {
    "connection", "keep-alive",        "proxy-connection", "te",    "trailer",
    "upgrade",    "transfer-encoding", "content-length",   "expect"};

std::string CheckField(std::string_view name) {
  if (std::string wrong = CheckToken(name); !wrong.empty()) return wrong;
  for (const std::string_view own : kOwnFields) {
    if (IsOwnName(name, own)) {
      return "is a field that sluice itself sets or removes, because it says how the message "
             "travels; leave it out";
    }
  }
  return {};
}

std::string CheckOutput(std::string_view text, std::span<const std::string_view> words) {
  if (std::string wrong = CheckPlain(text); !wrong.empty()) return wrong;
  if (std::find(words.begin(), words.end(), text) != words.end()) return {};
  if (text.find('/') != std::string_view::npos) return {};
  return absl::StrFormat("is neither a word known here nor a file name with a '/'%s",
                         MayBe(text, words));
}

}  // namespace

std::string CheckPlain(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), IsControl)) {
    return "contains a control character; it may be any text without them";
  }
  return {};
}

std::string CheckName(std::string_view text) {
  if (text.empty()) return "is empty; write a name";
  if (text.size() > kLongestName) {
    return absl::StrFormat("is too long; it may have %d bytes", kLongestName);
  }
  if (text.find_first_of("\"\\") != std::string_view::npos) {
    return "contains a quote or backslash; it may be any other text";
  }
  if (text.front() == ' ' || text.back() == ' ') return "begins or ends with a space";
  return CheckPlain(text);
}

std::string CheckToken(std::string_view text) {
  if (text.empty()) return "is empty; write a name";
  if (!std::all_of(text.begin(), text.end(), IsTokenChar)) {
    return "is not a name in HTTP; it may have letters, digits and !#$%&'*+-.^_`|~";
  }
  return {};
}

std::string CheckSlug(std::string_view text) {
  constexpr size_t kLongestSlug = 64;
  if (text.empty()) return "is empty; write a name";
  if (text.size() > kLongestSlug) {
    return absl::StrFormat("is too long; it may have %d letters", kLongestSlug);
  }
  const auto fits = [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; };
  if (!std::all_of(text.begin(), text.end(), fits)) {
    return "is no name for a cookie and a path; it may have letters, digits, '-' and '_'";
  }
  return {};
}

std::string CheckPath(std::string_view text) {
  if (!text.starts_with('/')) return "does not begin with '/'; write a path such as \"/shop\"";
  const auto foreign = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
           std::string_view("?#\\\"<>").find(c) != std::string_view::npos;
  };
  if (std::any_of(text.begin(), text.end(), foreign)) {
    return "contains a character that no path has ('?', '#', spaces, controls, beyond ASCII); "
           "write others as %XX";
  }
  if (text.find("//") != std::string_view::npos) return "contains \"//\", which is merged to \"/\"";
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('/', at + 1), text.size());
    const std::string_view segment = text.substr(at + 1, end - at - 1);
    if (segment == "." || segment == "..") {
      return "contains \".\" or \"..\", which is resolved before anything is matched";
    }
    at = end;
  }
  for (size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const auto digit = [&](size_t i) -> int {
      if (i >= text.size()) return -1;
      if (IsDigit(text[i])) return text[i] - '0';
      return text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 10 : -1;
    };
    if (digit(at + 1) < 0 || digit(at + 2) < 0) {
      return "contains '%' without two hexadecimal digits in upper case; write %XX";
    }
    const auto plain = static_cast<char>(digit(at + 1) * 16 + digit(at + 2));
    if (IsAlpha(plain) || IsDigit(plain) ||
        std::string_view("-._~").find(plain) != std::string::npos) {
      return absl::StrFormat("contains %s, which is decoded before anything is matched; write '%c'",
                             text.substr(at, 3), plain);
    }
  }
  return {};
}

std::string CheckRequestPath(std::string_view text) {
  if (text.empty()) return {};
  if (!text.starts_with('/')) return "does not begin with '/'; write a path such as \"/healthz\"";
  const auto foreign = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
           std::string_view("#\\\"<>").find(c) != std::string_view::npos;
  };
  if (std::none_of(text.begin(), text.end(), foreign)) return {};
  return "contains a character that must be escaped ('#', spaces, controls, beyond ASCII); write "
         "it as %XX";
}

std::string CheckStatusRange(std::string_view text) {
  const absl::StatusOr<StatusRange> range = ParseStatusRange(text);
  return range.ok() ? std::string() : std::string(range.status().message());
}

std::string CheckMethod(std::string_view text) {
  constexpr std::array<std::string_view, 9> kUsual = {
      "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"};
  if (std::string wrong = CheckToken(text); !wrong.empty()) return wrong;
  if (std::none_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
    return {};
  std::string upper(text);
  for (char& c : upper) c = IsAlpha(c) ? static_cast<char>(c & ~0x20) : c;
  return absl::StrFormat("is not a method, methods are in upper case%s", MayBe(upper, kUsual));
}

namespace {

// "header:X-User" and its like: a kind of thing that requests have, and the name of one.
struct NamedPart {
  std::string_view kind;
  bool named;  // by a name that one of this kind may have
};
NamedPart SplitPart(std::string_view text) {
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view kind = text.substr(0, colon);
  const std::string_view name = text.substr(std::min(colon + 1, text.size()));
  const bool token = kind == "header" || kind == "cookie";
  return {kind, token ? CheckToken(name).empty() : !name.empty() && CheckPlain(name).empty()};
}

}  // namespace

std::string CheckHash(std::string_view text) {
  if (text == "client_ip" || text == "path") return {};
  const auto [kind, named] = SplitPart(text);
  if (named && (kind == "header" || kind == "cookie" || kind == "query")) return {};
  return "is not \"client_ip\", \"path\", \"header:NAME\", \"cookie:NAME\" or \"query:NAME\"";
}

std::string CheckLimitKey(std::string_view text) {
  constexpr std::array<std::string_view, 7> kWords = {"client_ip", "host",     "path", "method",
                                                      "route",     "listener", "ja4"};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return {};
  const auto [kind, named] = SplitPart(text);
  if (named && (kind == "header" || kind == "cookie" || kind == "query" || kind == "jwt"))
    return {};
  return absl::StrFormat(
      "is no part of a key; there are \"client_ip\", \"host\", \"path\", \"method\", \"route\", "
      "\"listener\", \"ja4\", and \"header:\", \"cookie:\", \"query:\" and \"jwt:\" with a name "
      "behind%s",
      MayBe(text, kWords));
}

std::string CheckCookiePath(std::string_view text) {
  if (!text.starts_with('/')) return "does not begin with '/'";
  if (text.find(';') != std::string_view::npos) return "has a ';', which ends it";
  return CheckPlain(text);
}

std::string CheckRetryCause(std::string_view text) {
  constexpr std::array<std::string_view, 3> kCauses = {"connect", "reset", "timeout"};
  if (std::find(kCauses.begin(), kCauses.end(), text) != kCauses.end()) return {};
  const bool status = text.size() == 3 && (text[0] == '4' || text[0] == '5') &&
                      std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  if (status) return {};
  return absl::StrFormat("is not connect, reset, timeout or a status from 400 to 599%s",
                         MayBe(text, kCauses));
}

std::string CheckRedirectTarget(std::string_view text) {
  constexpr std::array<std::string_view, 3> kFields = {"{host}", "{path}", "{query}"};
  const bool anchored = text.starts_with("/") || text.starts_with("http://") ||
                        text.starts_with("https://") || text.starts_with("{path}");
  if (!anchored) {
    return "is not a target; it may begin with \"https://\", \"http://\", \"/\" or \"{path}\"";
  }
  for (size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const size_t end = text.find('}', at);
    const std::string_view field =
        text.substr(at, end == std::string_view::npos ? end : end - at + 1);
    if (std::find(kFields.begin(), kFields.end(), field) == kFields.end()) {
      return absl::StrFormat("contains an unknown field%s", MayBe(field, kFields));
    }
  }
  const auto foreign = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f;
  };
  if (std::any_of(text.begin(), text.end(), foreign)) {
    return "contains a space, a control or a letter beyond ASCII; write them as %XX";
  }
  return {};
}

std::string CheckRequestField(std::string_view name) {
  if (IsOwnName(name, "host")) {
    return "is set by the key 'host' of the pool, not as a header";
  }
  return CheckField(name);
}

std::string CheckResponseField(std::string_view name) { return CheckField(name); }

std::string CheckFieldValue(std::string_view value) {
  if (std::any_of(value.begin(), value.end(), [](char c) { return IsControl(c) && c != '\t'; })) {
    return "contains a control character (CR and LF would begin another header)";
  }
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  if (!value.empty() && (space(value.front()) || space(value.back()))) {
    return "begins or ends with a space, which is no part of a value";
  }
  return {};
}

std::string CheckAccessOutput(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords = {"stdout", "off", "syslog", "journald"};
  return CheckOutput(text, kWords);
}

std::string CheckLogOutput(std::string_view text) {
  constexpr std::array<std::string_view, 2> kWords = {"stderr", "stdout"};
  return CheckOutput(text, kWords);
}

std::string CheckAccessFormat(std::string_view text) {
  constexpr std::array<std::string_view, 2> kWords = {"json", "combined"};
  if (std::string wrong = CheckPlain(text); !wrong.empty()) return wrong;
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return {};
  if (text.find('{') != std::string_view::npos) return {};
  return absl::StrFormat("is neither a format known here nor a text with {fields}%s",
                         MayBe(text, kWords));
}

std::string CheckStateDir(std::string_view text) {
  if (std::string wrong = CheckPlain(text); !wrong.empty()) return wrong;
  if (text == "off" || text.starts_with('/')) return {};
  return "is no absolute path; write one, or \"off\"";
}

std::string CheckMessage(std::string_view text) {
  constexpr size_t kLongestMessage = 1000;
  if (text.size() <= kLongestMessage) return CheckPlain(text);
  return absl::StrFormat("is too long; it may have %d bytes", kLongestMessage);
}

std::string CheckFileMode(std::string_view text) {
  const bool octal =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
  if (octal && (text.size() == 3 || (text.size() == 4 && text.front() == '0'))) return {};
  return "is not a file mode; write it in octal digits, such as \"0660\"";
}

}  // namespace sluice::conf
