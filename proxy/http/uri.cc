#include "proxy/http/uri.h"

#include <algorithm>

#include "proxy/base/address.h"
#include "proxy/base/text.h"
#include "proxy/http/chars.h"

namespace sluice::http {
namespace {

constexpr size_t kMaxHostSize = 255;  // RFC 1035 section 2.3.4

bool HasOnlyTargetChars(std::string_view target) {
  for (const char c : target) {
    if (c <= ' ' || c >= 0x7f || c == '#') return false;
  }
  return true;
}

void SplitQuery(std::string_view rest, Target& target) {
  const size_t mark = rest.find('?');
  target.path = rest.substr(0, mark);
  target.has_query = mark != std::string_view::npos;
  if (target.has_query) target.query = rest.substr(mark + 1);
}

std::optional<Target> SplitAbsolute(Method method, std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Target target;
  target.form = Target::Form::kAbsolute;
  target.scheme = text.substr(0, colon);
  if (!EqualsIgnoreCase(target.scheme, "http") && !EqualsIgnoreCase(target.scheme, "https")) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  target.authority = rest.substr(0, end);
  if (target.authority.empty()) return std::nullopt;
  SplitQuery(rest.substr(end), target);
  if (target.path.empty()) {
    // RFC 9112 section 3.2.4: OPTIONS of a whole server is "*" to the server itself.
    target.path = method == Method::kOptions && !target.has_query ? "*" : "/";
  }
  return target;
}

// Is there anything in the path that normalising would change?
bool IsNormal(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  bool after_slash = false;
  for (const char c : path) {
    if (c == '%' || c == '\\') return false;
    if (after_slash && (c == '/' || c == '.')) return false;
    after_slash = c == '/';
  }
  return true;
}

// What a segment does to the path before it. "..;x" counts as "..": servers that take what follows
// ';' for parameters drop it first, and a segment of that shape has no honest use.
enum class Dots : uint8_t { kNone, kOne, kTwo };

Dots DotsOf(std::string_view segment) {
  const std::string_view name = segment.substr(0, segment.find(';'));
  if (name == ".") return Dots::kOne;
  return name == ".." ? Dots::kTwo : Dots::kNone;
}

// Writes a path segment by segment into a buffer that is large enough for the worst case.
class PathWriter {
 public:
  explicit PathWriter(char* buffer) : begin_(buffer), to_(buffer) {}

  void Slash() {
    EndSegment();
    if (to_ == begin_ || to_[-1] != '/') *to_++ = '/';
    segment_ = to_;
  }

  void Plain(char c) { *to_++ = c; }

  void Escaped(uint8_t byte) {
    constexpr char kHex[] = "0123456789ABCDEF";
    *to_++ = '%';
    *to_++ = kHex[byte >> 4];
    *to_++ = kHex[byte & 15];
  }

  // `text` begins with '%'. Returns how many bytes of it were used.
  size_t Escape(std::string_view text) {
    if (text.size() < 3 || !Is(text[1], kHexDigit) || !Is(text[2], kHexDigit)) {
      ambiguous_ = true;
      Escaped('%');
      return 1;
    }
    const auto byte = static_cast<uint8_t>(HexValue(text[1]) << 4 | HexValue(text[2]));
    const char c = static_cast<char>(byte);
    if (Is(c, kUnreserved)) {
      Plain(c);
    } else {
      if (byte < 0x20 || byte == 0x7f || c == '/' || c == '\\') ambiguous_ = true;
      Escaped(byte);
    }
    return 3;
  }

  void Backslash() {
    ambiguous_ = true;
    Escaped('\\');
  }

  NormalPath Finish() {
    EndSegment();
    if (to_ == begin_) *to_++ = '/';
    return {{begin_, static_cast<size_t>(to_ - begin_)}, ambiguous_};
  }

 private:
  void EndSegment() {
    if (segment_ == nullptr) return;
    const std::string_view segment(segment_, static_cast<size_t>(to_ - segment_));
    const Dots dots = DotsOf(segment);
    if (dots == Dots::kNone) return;
    if (segment.size() > (dots == Dots::kOne ? 1u : 2u)) ambiguous_ = true;
    to_ = segment_;
    if (dots == Dots::kOne) return;
    if (to_ - begin_ <= 1) {
      ambiguous_ = true;  // above the root
      return;
    }
    --to_;  // the slash before the dots
    while (to_[-1] != '/') --to_;
  }

  char* const begin_;
  char* to_;
  char* segment_ = nullptr;  // where the current segment begins
  bool ambiguous_ = false;
};

bool IsPort(std::string_view text) {
  const std::optional<uint64_t> port = ParseDecimal(text);
  return port.has_value() && text.size() <= 5 && *port <= 65535;
}

bool IsRegisteredName(std::string_view name) {
  bool after_dot = true;
  for (const char c : name) {
    if (!Is(c, kHostChar) || (c == '.' && after_dot)) return false;
    after_dot = c == '.';
  }
  return !name.empty() && name.size() <= kMaxHostSize;
}

bool IsBracketedIp(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view ip = host.substr(1, host.size() - 2);
  return ip.find(':') != std::string_view::npos && ip.find('%') == std::string_view::npos &&
         Ip::Parse(ip).has_value();
}

std::string_view LowerInArena(std::string_view text, Arena& arena) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return c != LowerChar(c); })) return text;
  char* const to = static_cast<char*>(arena.Allocate(text.size()));
  std::transform(text.begin(), text.end(), to, LowerChar);
  return {to, text.size()};
}

}  // namespace

std::optional<Target> SplitTarget(Method method, std::string_view text) {
  if (text.empty() || !HasOnlyTargetChars(text)) return std::nullopt;
  Target target;
  if (method == Method::kConnect) {
    if (text.find_first_of("/?@") != std::string_view::npos) return std::nullopt;
    target.form = Target::Form::kAuthority;
    target.authority = text;
    return target;
  }
  if (text == "*") {
    if (method != Method::kOptions) return std::nullopt;
    target.form = Target::Form::kAsterisk;
    target.path = text;
    return target;
  }
  if (text.front() != '/') return SplitAbsolute(method, text);
  SplitQuery(text, target);
  return target;
}

NormalPath NormalizePath(std::string_view path, Arena& arena) {
  if (IsNormal(path) || path == "*") return {path, false};
  // A backslash or a lone '%' grows to three bytes; two more for the slash of an empty path.
  const auto growing = static_cast<size_t>(
      std::count_if(path.begin(), path.end(), [](char c) { return c == '\\' || c == '%'; }));
  PathWriter writer(static_cast<char*>(arena.Allocate(path.size() + 2 * growing + 2)));
  if (path.empty() || path.front() != '/') writer.Slash();
  while (!path.empty()) {
    size_t used = 1;
    switch (path.front()) {
      case '/':
        writer.Slash();
        break;
      case '%':
        used = writer.Escape(path);
        break;
      case '\\':
        writer.Backslash();
        break;
      default:
        writer.Plain(path.front());
    }
    path.remove_prefix(used);
  }
  return writer.Finish();
}

std::optional<std::string_view> NormalizeHost(std::string_view authority, Arena& arena) {
  std::string_view host = authority;
  const size_t colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  if (colon != std::string_view::npos) {
    if (!IsPort(authority.substr(colon + 1))) return std::nullopt;
    host = authority.substr(0, colon);
  }
  if (host.starts_with('[')) {
    if (!IsBracketedIp(host)) return std::nullopt;
  } else {
    if (!IsRegisteredName(host)) return std::nullopt;
    if (host.back() == '.') host.remove_suffix(1);
  }
  return LowerInArena(host, arena);
}

}  // namespace sluice::http
