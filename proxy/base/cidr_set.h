// CidrSet: networks of IPv4 and IPv6, each with a small number, and for any address the number of
// the smallest network that it is in (longest prefix). Immutable once built.
//
// Kept as the sorted list of the addresses at which the answer changes, so that nested networks
// cost nothing when asked; above it one of every 16th of those, and so on, so that a look-up
// touches few lines of memory: some 50 ns among 100,000 networks of IPv4 and 70 of IPv6, 120 and
// 390 among a million (bench/admission_bench.cc). Memory: at most 11 bytes for a network of IPv4,
// 19 for one of IPv6 and 37 for one of more than 64 bits, half of that where they touch; while a
// set is built 24 more for each.
//
// The families are apart: 0.0.0.0/0 is all of IPv4, ::/0 all of IPv6 and nothing of IPv4. IPv4
// written as IPv6 (::ffff:10.0.0.0/104) is IPv4.
//
// Threads: any.
#ifndef SLUICE_PROXY_BASE_CIDR_SET_H_
#define SLUICE_PROXY_BASE_CIDR_SET_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/base/address.h"

namespace sluice {

class CidrSet {
 public:
  class Builder;

  CidrSet() = default;  // no networks

  // Of the longest prefix that contains it; 0: none does.
  uint8_t Find(const Ip& ip) const;
  // Networks, each counted once.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t bytes() const;

 private:
  // The answers for all addresses of a family.
  template <typename Word>
  class Ranges {
   public:
    uint8_t Find(Word address) const;
    // From here on it is `value`. In the order of addresses; the last word on one counts.
    void From(Word address, uint8_t value);
    // After the last From().
    void Index();
    size_t bytes() const;

   private:
    static constexpr size_t kStride = 16;

    std::vector<Word> starts_;
    std::vector<uint8_t> values_;  // as starts_
    // Every kStride-th of starts_, then of those before, until there are no more than kStride.
    std::vector<std::vector<Word>> upper_;
  };

  Ranges<uint32_t> v4_;
  Ranges<uint64_t> v6_;            // networks of up to 64 bits, by those
  Ranges<absl::uint128> v6_long_;  // smaller ones, which win
  size_t size_ = 0;
};

// Collects networks. What is wrong is a sentence with its place: "deny.txt:12: '10.0.0.1/8' has
// bits beyond its length; write 10.0.0.0/8". After an error a builder is good for nothing.
class CidrSet::Builder {
 public:
  static constexpr size_t kMost = 1'000'000;  // networks; sorting so many takes some 0.2 s
  static constexpr size_t kMostSources = 65535;

  // One address or network; `where` is what a message calls its place. REQUIRES: value > 0.
  absl::Status Add(std::string_view text, uint8_t value, std::string_view where);
  // One a line; what follows a '#' is a comment.
  absl::Status AddLines(std::string_view content, uint8_t value, std::string_view file);
  // Two that are the same but for their value are an error.
  absl::StatusOr<CidrSet> Build() &&;

 private:
  struct Entry {
    Ip first;
    uint8_t bits;  // of the mapped form, as Cidr
    uint8_t value;
    uint16_t source;
    uint32_t line;  // 0: the source has none
  };

  absl::Status Add(std::string_view text, uint8_t value, uint32_t line);
  std::string PlaceOf(uint16_t source, uint32_t line) const;
  template <typename Word>
  static void Lay(const Entry* begin, const Entry* end, Ranges<Word>& ranges);

  std::vector<std::string> sources_;
  std::vector<Entry> entries_;
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_CIDR_SET_H_
