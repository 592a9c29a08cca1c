#include "proxy/crypto/token.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "proxy/crypto/digest.h"
#include "proxy/crypto/secret.h"

namespace sluice::crypto {
namespace {

constexpr size_t kMostMembers = 256;
constexpr size_t kMostLevels = 8;
constexpr size_t kLongestName = 256;
constexpr double kLastDate = 253'402'300'799;  // 9999-12-31T23:59:59Z

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

// Takes what the parser of nlohmann/json finds. Each of these answers whether to go on.
class Token::Reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Member> members;

  bool null() override { return Add(Kind::kOther); }
  bool boolean(bool value) override { return Add(Kind::kFlag, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return Add(Kind::kInteger, absl::StrFormat("%d", value), static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Add(Kind::kInteger, absl::StrFormat("%d", value), static_cast<double>(value));
  }
  // Whole numbers beyond 64 bits come here too.
  bool number_float(number_float_t value, const string_t&) override {
    return Add(Kind::kFraction, {}, value);
  }
  bool string(string_t& value) override { return Add(Kind::kText, std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& name) override {
    Enter(name);
    return !name.empty();
  }
  bool start_object(size_t) override { return Open(/*list=*/false); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(/*list=*/true); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  struct Level {
    size_t prefix;  // of name_: what it stands in
    bool list;
    size_t next = 0;  // element of the list
  };

  void Enter(std::string_view name) {
    name_.resize(levels_.back().prefix);
    if (!name_.empty()) name_ += '.';
    name_ += name;
  }
  bool Add(Kind kind, std::string text = {}, double number = 0) {
    if (levels_.empty()) return false;
    if (Level& around = levels_.back(); around.list) Enter(absl::StrFormat("%d", around.next++));
    if (name_.size() > kLongestName || members.size() == kMostMembers) return false;
    members.push_back({.name = name_, .kind = kind, .text = std::move(text), .number = number});
    return true;
  }
  bool Open(bool list) {
    const bool root = levels_.empty();
    if (root ? list : levels_.size() == kMostLevels || !Add(Kind::kOther)) return false;
    levels_.push_back({.prefix = name_.size(), .list = list});
    return true;
  }
  bool Close() {
    levels_.pop_back();
    return true;
  }

  std::vector<Level> levels_;
  std::string name_;  // of the member that is being read
};

std::string_view TokenFaultName(TokenFault fault) {
  static constexpr std::string_view kNames[kTokenFaults] = {
      "ok",   "absent",  "too_large", "malformed", "algorithm", "signature",
      "date", "expired", "not_yet",   "issuer",    "audience"};
  return kNames[static_cast<size_t>(fault)];
}

Token Token::Verify(std::string_view text, const TokenRules& rules, WallTime now) {
  if (text.empty()) return {};
  if (text.size() > kLargestToken) {
    return {TokenFault::kTooLarge, "it is larger than 8 KiB"};
  }
  const size_t first = text.find('.');
  const size_t second = first == text.npos ? first : text.find('.', first + 1);
  if (second == text.npos || text.find('.', second + 1) != text.npos) {
    return {TokenFault::kMalformed, "it is not of three parts with dots between"};
  }
  const auto header_json = FromBase64Url(text.substr(0, first));
  const auto claims_json = FromBase64Url(text.substr(first + 1, second - first - 1));
  const auto signature = FromBase64Url(text.substr(second + 1));
  if (!header_json || !claims_json || !signature) {
    return {TokenFault::kMalformed, "a part of it is not base64url"};
  }
  const std::optional<std::vector<Member>> header = Read(*header_json);
  if (!header) return {TokenFault::kMalformed, "its header is no good JSON object"};
  const Member* const alg = Find(*header, "alg");
  if (alg == nullptr || alg->kind != Kind::kText || alg->text != "HS256") {
    return {TokenFault::kAlgorithm, "its alg is not HS256"};
  }
  // RFC 7515 section 4.1.11: who does not understand all that is named there must refuse.
  if (Find(*header, "crit") != nullptr) {
    return {TokenFault::kAlgorithm, "it asks for extensions (crit)"};
  }
  const auto signs = [&](const std::string& secret) {
    const Sha256Digest ours = HmacSha256(secret, text.substr(0, second));
    return SameSecret({reinterpret_cast<const char*>(ours.data()), ours.size()}, *signature);
  };
  if (std::none_of(rules.secrets.begin(), rules.secrets.end(), signs)) {
    return {TokenFault::kSignature, "its signature is of none of our secrets"};
  }
  std::optional<std::vector<Member>> claims = Read(*claims_json);
  if (!claims) return {TokenFault::kMalformed, "its claims are no good JSON object"};

  Token token(TokenFault::kNone, {});
  token.claims_ = *std::move(claims);
  if (!token.CheckDates(rules, now)) return token;
  if (!rules.issuer.empty() && token.Claim("iss") != rules.issuer) {
    token.Fail(TokenFault::kIssuer, "its iss is another");
  } else if (!rules.audience.empty() && !token.MeantFor(rules.audience)) {
    token.Fail(TokenFault::kAudience, "its aud does not name us");
  }
  return token;
}

std::optional<std::vector<Token::Member>> Token::Read(std::string_view json) {
  Reader reader;
  if (!nlohmann::json::sax_parse(json, &reader)) return std::nullopt;
  std::vector<Member>& members = reader.members;
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.name < b.name; });
  const auto same = [](const Member& a, const Member& b) { return a.name == b.name; };
  if (std::adjacent_find(members.begin(), members.end(), same) != members.end()) {
    return std::nullopt;
  }
  return std::move(members);
}

const Token::Member* Token::Find(const std::vector<Member>& members, std::string_view name) {
  const auto at = std::lower_bound(
      members.begin(), members.end(), name,
      [](const Member& member, std::string_view key) { return member.name < key; });
  return at != members.end() && at->name == name ? &*at : nullptr;
}

std::optional<std::string_view> Token::Claim(std::string_view name) const {
  const Member* const claim = Find(claims_, name);
  if (claim == nullptr || claim->kind == Kind::kFraction || claim->kind == Kind::kOther) {
    return std::nullopt;
  }
  return claim->text;
}

// In seconds as double: exact to well below a microsecond here, and nothing can overflow.
bool Token::CheckDates(const TokenRules& rules, WallTime now) {
  const Member* const exp = Find(claims_, "exp");
  const Member* const nbf = Find(claims_, "nbf");
  for (const Member* const date : {exp, nbf, Find(claims_, "iat")}) {
    if (date == nullptr) continue;
    const bool number = date->kind == Kind::kInteger || date->kind == Kind::kFraction;
    if (!number || date->number < 0 || date->number > kLastDate) {
      return Fail(TokenFault::kDate, "its exp, nbf or iat is no date");
    }
  }
  if (exp == nullptr && rules.must_end) return Fail(TokenFault::kDate, "it has no exp");
  const double at = Seconds(now.time_since_epoch());
  const double leeway = Seconds(rules.leeway);
  if (exp != nullptr && at >= exp->number + leeway) {
    return Fail(TokenFault::kExpired, "its exp is over");
  }
  if (nbf != nullptr && at < nbf->number - leeway) {
    return Fail(TokenFault::kNotYet, "its nbf is to come");
  }
  return true;
}

bool Token::MeantFor(std::string_view audience) const {
  return std::any_of(claims_.begin(), claims_.end(), [&](const Member& claim) {
    if (claim.kind != Kind::kText || claim.text != audience) return false;
    std::string_view name = claim.name;
    if (!name.starts_with("aud")) return false;
    name.remove_prefix(3);
    return name.empty() || (name.front() == '.' && ParseDecimal(name.substr(1)).has_value());
  });
}

bool Token::Fail(TokenFault fault, std::string_view why) {
  fault_ = fault;
  why_ = why;
  claims_.clear();
  return false;
}

}  // namespace sluice::crypto
