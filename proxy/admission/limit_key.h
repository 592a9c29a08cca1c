// LimitKey: by what a limit, or a ban, tells those who ask apart: some parts of a request
// (request_part.h), all together. Two requests have the same key when every part is the same; the
// key is a hash of them under a secret of this process (or of all machines that share a limit), so
// that nobody outside can make his own the same as another's.
//
// An IPv6 address counts by its first 64 bits unless said otherwise: whoever has one address has
// all of those. A key depends on what its parts are called and on the prefixes, and on nothing
// else: limits with the same parts have the same keys, and one hash serves them all.
//
// Threads: any; immutable. Cost: some 20 ns for an address, 10 ns and a look at the head more for
// each part, 3 ns for each 8 bytes of value, of whatever length: values are hashed where
// they are (bench/admission_bench.cc). Nothing is allocated but what RequestPart says.
#ifndef SLUICE_PROXY_ADMISSION_LIMIT_KEY_H_
#define SLUICE_PROXY_ADMISSION_LIMIT_KEY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/admission/request_part.h"
#include "proxy/base/siphash.h"
#include "ratelimit/gate.h"

namespace sluice::admission {

struct LimitKeySpec {
  std::vector<std::string> parts;  // as RequestPart::Parse() takes them; none: all are one
  uint8_t ipv4_bits = 32;          // of client_ip, at most 32
  uint8_t ipv6_bits = 64;          // at most 128
};

class LimitKey {
 public:
  static constexpr size_t kMostParts = 8;
  // Of what Describe() says of one part, and of all of them.
  static constexpr size_t kLongestValue = 64;
  static constexpr size_t kLongestText = 512;

  // An error is a sentence about the parts.
  static absl::StatusOr<LimitKey> Prepare(const LimitKeySpec& spec, const SipKey& secret);

  // With a part missing the key is that of all who lack it and are the same otherwise; whether they
  // share a limit, have none, or are refused is for who asks.
  struct Key {
    ratelimit::KeyHash hash = 0;
    const RequestPart* missing = nullptr;  // the first; null: nothing is
  };
  Key Of(const Asker& asker) const;

  // For people: "client_ip=203.0.113.7 cookie:session=(5f0c2a91)". Addresses and what is no secret
  // in clear, of others a part of their hash, which is the same for the same value while this
  // process runs; "-" for what is missing. Controls, spaces and bytes beyond ASCII become '?'.
  std::string Describe(const Asker& asker) const;

  // The key that somebody typed: a value for each part, in order ("203.0.113.7"), or one text with
  // the whole key as Format() writes it. An error says what to type.
  absl::StatusOr<ratelimit::KeyHash> Parse(std::span<const std::string_view> values) const;
  // "#" and 16 digits.
  static std::string Format(ratelimit::KeyHash hash);

  const std::vector<RequestPart>& parts() const { return parts_; }

 private:
  LimitKey(const LimitKeySpec& spec, const SipKey& secret) : spec_(spec), secret_(secret) {}

  Ip Masked(const Ip& ip) const;
  std::string Shown(const RequestPart& part, std::string_view value) const;

  LimitKeySpec spec_;
  SipKey secret_;
  std::vector<RequestPart> parts_;
  std::vector<uint64_t> names_;  // hashes of what the parts are called, and their prefixes
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_LIMIT_KEY_H_
