// Properties of lists of networks, for any bytes: what is taken is what asking its lines one after
// the other finds, for the ends of every network and the addresses beside them; the order of the
// lines changes nothing; and what is refused is told in one short printable line with its place.
// Run: cidr_set_fuzz -max_total_time=60 tests/fuzz/corpus/cidr_set
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/check.h"
#include "proxy/base/cidr_set.h"
#include "proxy/base/text.h"

namespace sluice {
namespace {

// Every second line is of the value 2.
absl::StatusOr<CidrSet> Build(const std::vector<std::string_view>& lines, bool backwards) {
  CidrSet::Builder builder;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t at = backwards ? lines.size() - 1 - i : i;
    const absl::Status status = builder.AddLines(lines[at], at % 2 == 0 ? 1 : 2, "list");
    if (!status.ok()) return status;
  }
  return std::move(builder).Build();
}

Ip LastOf(const Cidr& range) {
  Ip last = range.ip;
  for (int bit = range.bits; bit < 128; ++bit) last.bytes[bit / 8] |= 0x80u >> (bit % 8);
  return last;
}

Ip Beside(Ip ip, int step) {
  for (size_t i = ip.bytes.size(); i > 0; --i) {
    ip.bytes[i - 1] = static_cast<uint8_t>(ip.bytes[i - 1] + step);
    if (ip.bytes[i - 1] != (step > 0 ? 0 : 0xff)) break;
  }
  return ip;
}

struct Line {
  Cidr range;
  uint8_t value;
};

uint8_t FindOneByOne(const std::vector<Line>& lines, const Ip& ip) {
  int longest = -1;
  uint8_t value = 0;
  for (const Line& line : lines) {
    if (line.range.ip.is_v4() != ip.is_v4() || line.range.bits <= longest) continue;
    if (!line.range.Contains(ip)) continue;
    longest = line.range.bits;
    value = line.value;
  }
  return value;
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> lines;
  while (!rest.empty() && lines.size() < 64) lines.push_back(CutNext(rest, '\n'));
  const absl::StatusOr<CidrSet> set = Build(lines, false);
  const absl::StatusOr<CidrSet> backwards = Build(lines, true);
  SLUICE_CHECK(set.ok() == backwards.ok());
  if (!set.ok()) {
    const std::string_view why(set.status().message().data(), set.status().message().size());
    SLUICE_CHECK(why.starts_with("list:1: ") && why.size() < 300);
    for (const char c : why) SLUICE_CHECK(c >= ' ' && c <= '~');
    return 0;
  }
  std::vector<Line> oracle;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view text = TrimSpace(lines[i].substr(0, lines[i].find('#')));
    const auto range =
        Cidr::Parse(TrimSpace(text.ends_with('\r') ? text.substr(0, text.size() - 1) : text));
    if (range) oracle.push_back({*range, static_cast<uint8_t>(i % 2 == 0 ? 1 : 2)});
  }
  for (const Line& line : oracle) {
    for (const Ip& end : {line.range.ip, LastOf(line.range)}) {
      for (const Ip& ip : {end, Beside(end, 1), Beside(end, -1)}) {
        SLUICE_CHECK(set->Find(ip) == FindOneByOne(oracle, ip));
        SLUICE_CHECK(backwards->Find(ip) == set->Find(ip));
      }
    }
  }
  return 0;
}
