#include "proxy/observe/access_log.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/observe/escape.h"

namespace sluice::observe {
namespace {

using Record = ExchangeRecord;

// One field: how it is called, and which of the three readers gives its value.
struct LogField {
  std::string_view name;
  std::string_view (*text)(const Record&) = nullptr;
  uint64_t (*number)(const Record&) = nullptr;
  Duration (*time)(const Record&) = nullptr;
  size_t cap = 256;  // bytes of a text after escaping; the caps add up to less than kMaxLine
};

constexpr std::string_view SideName(Side side) {
  switch (side) {
    case Side::kDownstream:
      return "client";
    case Side::kUpstream:
      return "server";
    case Side::kSluice:
      return "sluice";
  }
  return "";
}

template <auto Member>
std::string_view Tls(const Record& record) {
  return record.tls == nullptr ? std::string_view() : record.tls->*Member;
}

constexpr LogField kFields[] = {
    {.name = "time"},        // RFC 3339 with milliseconds
    {.name = "time_local"},  // 27/Nov/2026:09:00:00 +0000, in UTC
    {.name = "client_ip"},
    {.name = "listener", .text = [](const Record& r) { return r.listener; }},
    {.name = "method", .text = [](const Record& r) { return r.method; }, .cap = 32},
    {.name = "host", .text = [](const Record& r) { return r.host; }},
    {.name = "target", .text = [](const Record& r) { return r.target; }, .cap = 2048},
    {.name = "protocol", .text = [](const Record& r) { return r.protocol; }, .cap = 16},
    {.name = "status", .number = [](const Record& r) { return uint64_t(r.status); }},
    {.name = "server_status", .number = [](const Record& r) { return uint64_t(r.server_status); }},
    {.name = "request_bytes", .number = [](const Record& r) { return r.request_bytes; }},
    {.name = "response_bytes", .number = [](const Record& r) { return r.response_bytes; }},
    {.name = "referer", .text = [](const Record& r) { return r.referer; }, .cap = 1024},
    {.name = "user_agent", .text = [](const Record& r) { return r.user_agent; }, .cap = 512},
    {.name = "request_id", .text = [](const Record& r) { return r.request_id; }},
    {.name = "tls_version", .text = Tls<&TlsPeer::version>, .cap = 16},
    {.name = "tls_cipher", .text = Tls<&TlsPeer::cipher>, .cap = 64},
    {.name = "tls_server_name", .text = Tls<&TlsPeer::server_name>},
    {.name = "ja4", .text = Tls<&TlsPeer::ja4>, .cap = 48},
    {.name = "client_subject", .text = Tls<&TlsPeer::subject>, .cap = 512},
    {.name = "route", .text = [](const Record& r) { return r.route; }},
    {.name = "limit", .text = [](const Record& r) { return r.limit; }, .cap = 64},
    {.name = "room", .text = [](const Record& r) { return r.room; }, .cap = 64},
    {.name = "pool", .text = [](const Record& r) { return r.pool; }},
    {.name = "server", .text = [](const Record& r) { return r.server; }},
    {.name = "tries", .number = [](const Record& r) { return uint64_t(r.tries); }},
    {.name = "body_wait_ms", .time = [](const Record& r) { return r.body_wait; }},
    {.name = "limit_wait_ms", .time = [](const Record& r) { return r.limit_wait; }},
    {.name = "queue_wait_ms", .time = [](const Record& r) { return r.queue_wait; }},
    {.name = "queue_position", .number = [](const Record& r) { return r.queue_position; }},
    {.name = "connect_ms", .time = [](const Record& r) { return r.connect; }},
    {.name = "first_byte_ms", .time = [](const Record& r) { return r.first_byte; }},
    {.name = "transfer_ms", .time = [](const Record& r) { return r.transfer; }},
    {.name = "total_ms", .time = [](const Record& r) { return r.total; }},
    {.name = "end", .text = [](const Record& r) { return CauseName(r.end); }, .cap = 32},
    {.name = "side", .text = [](const Record& r) { return SideName(r.side); }, .cap = 16},
    {.name = "why", .text = [](const Record& r) { return r.why; }, .cap = 448},
};
// The rest of a JSON line: names, punctuation and numbers.
constexpr size_t kCaps = [] {
  size_t sum = 0;
  for (const LogField& field : kFields) sum += field.text == nullptr ? 0 : field.cap;
  return sum;
}();
static_assert(kCaps + std::size(kFields) * 40 < LogFormat::kMaxLine);

constexpr int kTime = 0;
constexpr int kTimeLocal = 1;
constexpr int kClientIp = 2;

constexpr std::string_view kCombined =
    "{client_ip} - - [{time_local}] \"{method} {target} {protocol}\" {status} {response_bytes} "
    "\"{referer}\" \"{user_agent}\"";

void AppendNumber(uint64_t number, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end.ptr);
}

// Milliseconds with three decimals, without a detour over floating point.
void AppendTime(Duration time, std::string& out) {
  const auto us = static_cast<uint64_t>(
      std::max<int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count(), 0));
  AppendNumber(us / 1000, out);
  const auto rest = static_cast<unsigned>(us % 1000);
  const char decimals[4] = {'.', static_cast<char>('0' + rest / 100),
                            static_cast<char>('0' + rest / 10 % 10),
                            static_cast<char>('0' + rest % 10)};
  out.append(decimals, 4);
}

// Calendar texts change once a second: the last one is kept per thread.
struct Calendar {
  int64_t second = -1;
  char iso[20];    // 2026-11-27T09:00:00
  char local[27];  // 27/Nov/2026:09:00:00 +0000

  static const Calendar& At(WallTime time) {
    static thread_local Calendar calendar;
    const int64_t second =
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    if (calendar.second != second) {
      const time_t t = second;
      tm parts{};
      gmtime_r(&t, &parts);
      strftime(calendar.iso, sizeof calendar.iso, "%Y-%m-%dT%H:%M:%S", &parts);
      strftime(calendar.local, sizeof calendar.local, "%d/%b/%Y:%H:%M:%S +0000", &parts);
      calendar.second = second;
    }
    return calendar;
  }
};

void AppendClock(WallTime time, std::string& out) {
  out.append(Calendar::At(time).iso, 19);
  const auto ms = static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() %
      1000);
  const char rest[5] = {'.', static_cast<char>('0' + ms / 100),
                        static_cast<char>('0' + ms / 10 % 10), static_cast<char>('0' + ms % 10),
                        'Z'};
  out.append(rest, 5);
}

void AppendIp(const Ip& ip, std::string& out) {
  if (!ip.is_v4()) {
    out += ip.ToString();
    return;
  }
  for (size_t i = 12; i < 16; ++i) {
    if (i > 12) out += '.';
    AppendNumber(ip.bytes[i], out);
  }
}

bool IsText(int field) { return field <= kClientIp || kFields[field].text != nullptr; }

void AppendField(int field, const Record& record, Escape escape, std::string& out) {
  const LogField& spec = kFields[field];
  if (field == kTime) return AppendClock(record.started, out);
  if (field == kTimeLocal) {
    out.append(Calendar::At(record.started).local, 26);
    return;
  }
  if (field == kClientIp) return AppendIp(record.client_ip, out);
  if (spec.number != nullptr) return AppendNumber(spec.number(record), out);
  if (spec.time != nullptr) return AppendTime(spec.time(record), out);
  AppendEscaped(spec.text(record), escape, spec.cap, out);
}

void AppendJson(const Record& record, std::string& out) {
  char before = '{';
  for (int field = 0; field < static_cast<int>(std::size(kFields)); ++field) {
    if (field == kTimeLocal) continue;
    out += before;
    before = ',';
    out += '"';
    out += kFields[field].name;
    out += IsText(field) ? "\":\"" : "\":";
    AppendField(field, record, Escape::kJson, out);
    if (IsText(field)) out += '"';
  }
  out += '}';
}

// Edits (insert, delete, replace a letter) that make `b` of `a`.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j < row.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replace, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

absl::Status UnknownField(std::string_view name) {
  name = name.substr(0, 64);
  const LogField* nearest = &kFields[0];
  std::string known;
  for (const LogField& field : kFields) {
    absl::StrAppendFormat(&known, " {%s}", field.name);
    if (Distance(name, field.name) < Distance(name, nearest->name)) nearest = &field;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "'{%s}' is no field; did you mean {%s}? The fields are%s", name, nearest->name, known));
}

}  // namespace

absl::StatusOr<LogFormat> LogFormat::Parse(std::string_view format) {
  LogFormat parsed;
  if (format == "json") return parsed;
  if (format == "combined") format = kCombined;
  parsed.style_ = Style::kText;
  if (std::any_of(format.begin(), format.end(),
                  [](char c) { return (c < ' ' && c >= 0 && c != '\t') || c == 0x7f; })) {
    return absl::InvalidArgumentError("a line of the log holds no control characters but tabs");
  }
  std::string text;
  while (!format.empty()) {
    const char c = format.front();
    format.remove_prefix(1);
    if (c != '{' || format.starts_with('{')) {
      if (c == '{') format.remove_prefix(1);
      text += c;
      continue;
    }
    const size_t end = format.find('}');
    const std::string_view name = format.substr(0, end);
    const auto* const found = std::find_if(std::begin(kFields), std::end(kFields),
                                           [&](const LogField& f) { return f.name == name; });
    if (end == std::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrFormat("'{%s' has no '}'", name.substr(0, 64)));
    }
    if (found == std::end(kFields)) return UnknownField(name);
    format.remove_prefix(end + 1);
    if (!text.empty()) parsed.pieces_.push_back({.text = std::exchange(text, {})});
    parsed.pieces_.push_back(
        {.text = {}, .field = static_cast<int>(std::distance(std::begin(kFields), found))});
  }
  if (!text.empty()) parsed.pieces_.push_back({.text = std::move(text)});
  return parsed;
}

void LogFormat::Append(const ExchangeRecord& record, std::string& out) const {
  const size_t begin = out.size();
  if (style_ == Style::kJson) {
    AppendJson(record, out);
  } else {
    for (const Piece& piece : pieces_) {
      if (piece.field < 0) {
        out += piece.text;
        continue;
      }
      const size_t before = out.size();
      AppendField(piece.field, record, Escape::kText, out);
      if (out.size() == before) out += '-';
    }
  }
  // Only an operator's own text with many fields can come this far.
  if (out.size() - begin >= kMaxLine) out.replace(begin + kMaxLine - 4, std::string::npos, "...");
  out += '\n';
}

}  // namespace sluice::observe
