// Token: a JSON Web Token (RFC 7519) in the compact form of RFC 7515, signed with HS256 and nothing
// else: what "alg" says decides nothing, it only has to agree. A token is either verified, and then
// its claims can be asked for, or it is not, and then it says why, for the log and the counters;
// nothing can be read from one that is not verified.
//
// Bounds: 8 KiB as sent, 256 members, 8 levels, names of 256 bytes. A name that stands twice is
// refused, for two readers could take different ones; so is one with a dot where it can be taken
// for a member inside another ("a.b" beside {"a": {"b": 1}}). Dates are seconds from 1970 to the
// year 9999, with or without a fraction; others are refused, whatever the clock says. A token
// without "exp" never ends, unless the rules ask for one.
//
// Threads: any; immutable. Time: an argument. A clock that steps back lets a token be good again
// that had ended, for as long as the step. Cost: some 3 us for a token of 200 bytes, 6 us for one
// of 800 and 34 us for one of 7 KiB (bench/admission_bench.cc).
#ifndef SLUICE_PROXY_CRYPTO_TOKEN_H_
#define SLUICE_PROXY_CRYPTO_TOKEN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/time.h"
#include "proxy/crypto/secret.h"

namespace sluice::crypto {

inline constexpr size_t kLargestToken = 8 << 10;

struct TokenRules {
  // A token is good when one of them signed it: two while they are being exchanged.
  std::vector<std::string> secrets = {};
  Duration leeway = std::chrono::seconds(60);  // by which other clocks may differ
  std::string issuer = {};                     // "iss" must be this; empty: anything or nothing
  std::string audience = {};                   // must be, or be in, "aud"; likewise
  bool must_end = false;                       // without "exp" it is refused

  // What is wrong, as the rest of a sentence about the secrets, or nothing.
  std::string_view Validate() const { return WhatIsWrongWith(secrets); }
};

// The names are those of the label of the counter.
enum class TokenFault : uint8_t {
  kNone,
  kAbsent,     // there was no token at all
  kTooLarge,   // more than kLargestToken
  kMalformed,  // not three parts, not base64url, no JSON, or beyond the bounds above
  kAlgorithm,  // not HS256, or an extension that must be understood
  kSignature,  // of none of our secrets
  kDate,       // one that is none
  kExpired,
  kNotYet,
  kIssuer,
  kAudience,
};
inline constexpr size_t kTokenFaults = static_cast<size_t>(TokenFault::kAudience) + 1;
std::string_view TokenFaultName(TokenFault fault);  // "ok", "absent", "too_large", ...

class Token {
 public:
  Token() = default;  // absent

  static Token Verify(std::string_view text, const TokenRules& rules, WallTime now);

  bool good() const { return fault_ == TokenFault::kNone; }
  TokenFault fault() const { return fault_; }
  // For people: "its signature is of none of our secrets"; empty when it is good.
  std::string_view why() const { return why_; }

  // A claim that is a text, a whole number or a truth value, as text; nothing for what is not there
  // or is something else, and for tokens that are not good. Members of members by a dot
  // ("user.id"), elements of a list by their number ("roles.0").
  std::optional<std::string_view> Claim(std::string_view name) const;

 private:
  enum class Kind : uint8_t { kText, kInteger, kFraction, kFlag, kOther };

  // One member, or element of a list, wherever it stands.
  struct Member {
    std::string name;  // from the root: "user.id"
    Kind kind;
    std::string text;
    double number = 0;  // of kInteger and kFraction
  };
  class Reader;

  Token(TokenFault fault, std::string_view why) : fault_(fault), why_(why) {}
  // Those of an object in JSON, sorted by name; nothing if it is none or is beyond the bounds.
  static std::optional<std::vector<Member>> Read(std::string_view json);
  static const Member* Find(const std::vector<Member>& members, std::string_view name);
  bool CheckDates(const TokenRules& rules, WallTime now);
  bool MeantFor(std::string_view audience) const;
  bool Fail(TokenFault fault, std::string_view why);

  TokenFault fault_ = TokenFault::kAbsent;
  std::string_view why_ = "there is none";
  std::vector<Member> claims_;
};

}  // namespace sluice::crypto

#endif  // SLUICE_PROXY_CRYPTO_TOKEN_H_
