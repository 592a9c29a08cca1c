#include "proxy/base/cidr_set.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace sluice {
namespace {

// An address as a number: the last four bytes for IPv4, of IPv6 the first eight or all.
template <typename Word>
Word Number(const Ip& ip) {
  constexpr size_t kBegin = sizeof(Word) == 4 ? 12 : 0;
  Word number = 0;
  for (size_t i = kBegin; i < kBegin + sizeof(Word); ++i) number = number << 8 | Word{ip.bytes[i]};
  return number;
}

// How many bits of it are behind the prefix. `bits` is of the mapped form.
template <typename Word>
int HostBits(uint8_t bits) {
  return (sizeof(Word) == 8 ? 64 : 128) - bits;
}

// The last of those in [words, words + count) that is at most `limit`. REQUIRES: the first is.
template <typename Word>
size_t LastAtMost(const Word* words, size_t count, Word limit) {
  const Word* at = words;
  // Without a branch: half of them would be guessed wrong.
  while (count > 1) {
    const size_t half = count / 2;
    at += half & (size_t{0} - static_cast<size_t>(at[half] <= limit));
    count -= half;
  }
  return static_cast<size_t>(at - words);
}

Ip Masked(const Cidr& range) {
  Ip ip = range.ip;
  size_t bits = range.bits;
  for (size_t i = bits / 8; i < ip.bytes.size(); ++i, bits = 0) {
    ip.bytes[i] &= static_cast<uint8_t>(0xff00 >> (bits % 8));
  }
  return ip;
}

std::string TextOf(const Ip& first, int bits) {
  if (bits == 128) return first.ToString();
  return absl::StrFormat("%s/%d", first.ToString(), first.is_v4() ? bits - 96 : bits);
}

std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, 60));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

}  // namespace

template <typename Word>
uint8_t CidrSet::Ranges<Word>::Find(Word address) const {
  if (starts_.empty() || address < starts_.front()) return 0;
  size_t at = 0;
  const auto go_down = [&](const std::vector<Word>& level) {
    const size_t begin = at * kStride;
    at = begin + LastAtMost(level.data() + begin, std::min(kStride, level.size() - begin), address);
  };
  for (auto level = upper_.rbegin(); level != upper_.rend(); ++level) go_down(*level);
  go_down(starts_);
  return values_[at];
}

template <typename Word>
void CidrSet::Ranges<Word>::From(Word address, uint8_t value) {
  if (!starts_.empty() && starts_.back() == address) {
    starts_.pop_back();
    values_.pop_back();
  }
  if (!values_.empty() && values_.back() == value) return;
  starts_.push_back(address);
  values_.push_back(value);
}

template <typename Word>
void CidrSet::Ranges<Word>::Index() {
  starts_.shrink_to_fit();
  values_.shrink_to_fit();
  for (const std::vector<Word>* below = &starts_; below->size() > kStride; below = &upper_.back()) {
    std::vector<Word> level;
    level.reserve((below->size() + kStride - 1) / kStride);
    for (size_t i = 0; i < below->size(); i += kStride) level.push_back((*below)[i]);
    upper_.push_back(std::move(level));
  }
}

template <typename Word>
size_t CidrSet::Ranges<Word>::bytes() const {
  size_t words = starts_.capacity();
  for (const std::vector<Word>& level : upper_) words += level.capacity();
  return words * sizeof(Word) + values_.capacity();
}

uint8_t CidrSet::Find(const Ip& ip) const {
  if (ip.is_v4()) return v4_.Find(Number<uint32_t>(ip));
  const uint8_t value = v6_long_.Find(Number<absl::uint128>(ip));
  return value != 0 ? value : v6_.Find(Number<uint64_t>(ip));
}

size_t CidrSet::bytes() const { return v4_.bytes() + v6_.bytes() + v6_long_.bytes(); }

absl::Status CidrSet::Builder::Add(std::string_view text, uint8_t value, std::string_view where) {
  if (sources_.empty() || sources_.back() != where) sources_.emplace_back(where);
  return Add(text, value, /*line=*/0);
}

absl::Status CidrSet::Builder::AddLines(std::string_view content, uint8_t value,
                                        std::string_view file) {
  sources_.emplace_back(file);
  for (uint32_t line = 1; !content.empty(); ++line) {
    const size_t end = std::min(content.find('\n'), content.size());
    std::string_view text = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    text = text.substr(0, text.find('#'));
    if (text.ends_with('\r')) text.remove_suffix(1);
    text = TrimSpace(text);
    if (text.empty()) continue;
    if (absl::Status status = Add(text, value, line); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Of the last source.
absl::Status CidrSet::Builder::Add(std::string_view text, uint8_t value, uint32_t line) {
  SLUICE_CHECK(value > 0);
  const auto source = static_cast<uint16_t>(sources_.size() - 1);
  const auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: %s", PlaceOf(source, line), what));
  };
  if (sources_.size() > kMostSources || entries_.size() == kMost) {
    return wrong(absl::StrFormat("there may be %d networks", kMost));
  }
  const std::optional<Cidr> range = Cidr::Parse(text);
  if (!range) {
    return wrong(absl::StrFormat(
        "'%s' is no address or network; write one such as 203.0.113.7, 10.0.0.0/8 or "
        "2001:db8::/32",
        Shown(text)));
  }
  const Ip first = Masked(*range);
  if (first != range->ip) {
    return wrong(absl::StrFormat("'%s' has bits beyond its length; write %s", Shown(text),
                                 TextOf(first, range->bits)));
  }
  entries_.push_back({first, range->bits, value, source, line});
  return absl::OkStatus();
}

std::string CidrSet::Builder::PlaceOf(uint16_t source, uint32_t line) const {
  return line == 0 ? sources_[source] : absl::StrFormat("%s:%d", sources_[source], line);
}

absl::StatusOr<CidrSet> CidrSet::Builder::Build() && {
  // By the ranges they go to, and whoever contains another before it.
  const auto kind = [](const Entry& entry) {
    return entry.first.is_v4() ? 2 : entry.bits > 64 ? 1 : 0;
  };
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
    if (kind(a) != kind(b)) return kind(a) < kind(b);
    if (a.first.bytes != b.first.bytes) return a.first.bytes < b.first.bytes;
    return a.bits < b.bits;
  });
  const auto same = [](const Entry& a, const Entry& b) {
    return a.first == b.first && a.bits == b.bits;
  };
  for (size_t i = 1; i < entries_.size(); ++i) {
    const Entry* a = &entries_[i - 1];
    const Entry* b = &entries_[i];
    if (!same(*a, *b) || a->value == b->value) continue;
    if (std::pair(a->source, a->line) > std::pair(b->source, b->line)) std::swap(a, b);
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: %s is at %s too, with another meaning; take one of them out",
        PlaceOf(b->source, b->line), TextOf(b->first, b->bits), PlaceOf(a->source, a->line)));
  }
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());

  CidrSet set;
  set.size_ = entries_.size();
  const Entry* const begin = entries_.data();
  const Entry* const end = begin + entries_.size();
  const auto first_of = [&](int wanted) {
    return std::find_if(begin, end, [&](const Entry& entry) { return kind(entry) >= wanted; });
  };
  Lay(begin, first_of(1), set.v6_);
  Lay(first_of(1), first_of(2), set.v6_long_);
  Lay(first_of(2), end, set.v4_);
  return set;
}

template <typename Word>
void CidrSet::Builder::Lay(const Entry* begin, const Entry* end, Ranges<Word>& ranges) {
  // Those that contain the place where we are, the smallest last: one a length at most.
  struct Open {
    Word last;
    uint8_t value;
  };
  std::vector<Open> open;
  const auto close = [&] {
    const Word last = open.back().last;
    open.pop_back();
    if (last == std::numeric_limits<Word>::max()) return;
    ranges.From(last + 1, open.empty() ? uint8_t{0} : open.back().value);
  };
  for (const Entry* entry = begin; entry != end; ++entry) {
    const Word first = Number<Word>(entry->first);
    while (!open.empty() && open.back().last < first) close();
    const int host_bits = HostBits<Word>(entry->bits);
    const Word hosts = host_bits == static_cast<int>(sizeof(Word) * 8)
                           ? std::numeric_limits<Word>::max()
                           : (Word{1} << host_bits) - 1;
    open.push_back({first | hosts, entry->value});
    ranges.From(first, entry->value);
  }
  while (!open.empty()) close();
  ranges.Index();
}

}  // namespace sluice
