// Properties of tokens, for any bytes: as they come they are never good, for nobody outside has our
// secret; signed by us (the text up to the first line's end is the header, the rest the claims)
// they are good or say why not, and are never good without exp, nbf and iat that are dates, nor
// when a byte of them is changed; a good one holds no more than was sent; and base64url has one
// text for the bytes it says.
// Run: token_fuzz -max_total_time=60 tests/fuzz/corpus/token
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/check.h"
#include "proxy/crypto/digest.h"
#include "proxy/crypto/token.h"

namespace sluice::crypto {
namespace {

constexpr WallTime kNow = WallTime{} + std::chrono::seconds(1'795'770'000);

TokenRules Rules() { return {.secrets = {"a secret of thirty-two bytes...."}}; }

std::string Signed(std::string_view header, std::string_view claims, std::string_view secret) {
  const std::string input = Base64Url(header) + "." + Base64Url(claims);
  const Sha256Digest digest = HmacSha256(secret, input);
  return input + "." + Base64Url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace
}  // namespace sluice::crypto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::crypto;
  static const TokenRules rules = Rules();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Token stranger = Token::Verify(text, rules, kNow);
  SLUICE_CHECK(!stranger.good() && !stranger.why().empty());
  SLUICE_CHECK(!stranger.Claim("sub").has_value());
  if (const auto bytes = FromBase64Url(text)) SLUICE_CHECK(Base64Url(*bytes) == text);

  const size_t cut = std::min(text.find('\n'), text.size());
  const std::string_view claims = text.substr(std::min(cut + 1, text.size()));
  std::string ours = Signed(text.substr(0, cut), claims, rules.secrets.front());
  const Token token = Token::Verify(ours, rules, kNow);
  SLUICE_CHECK(token.good() == token.why().empty());
  if (!token.good()) return 0;
  for (const char* name : {"sub", "user.id", "roles.0", "exp"}) {
    if (const auto claim = token.Claim(name)) SLUICE_CHECK(claim->size() <= claims.size());
  }
  ours[size % ours.size()] ^= 1;
  SLUICE_CHECK(!Token::Verify(ours, rules, kNow).good());
  return 0;
}
