// Properties of the key of a limit, for any bytes: the input's lines are a header, a Cookie field,
// a query and a path. The key is that of the values when they are typed in; it does not depend on
// how the cookies are spread over fields, nor on how the parameter is spelt; it is there exactly
// when all parts are; and what is said of it to people is short, printable and no secret.
// Run: limit_key_fuzz -max_total_time=60 tests/fuzz/corpus/limit_key
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/admission/limit_key.h"
#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace sluice::admission {
namespace {

LimitKey By(const std::vector<std::string>& parts) {
  absl::StatusOr<LimitKey> key = LimitKey::Prepare({.parts = parts}, SipKey{7});
  SLUICE_CHECK(key.ok());
  return *std::move(key);
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += absl::StrFormat("%%%02x", static_cast<uint8_t>(c));
  return escaped;
}

void CheckText(std::string_view text) {
  SLUICE_CHECK(text.size() <= LimitKey::kLongestText);
  for (const char c : text) SLUICE_CHECK(c >= ' ' && c <= '~');
}

// Where a secret would stand there is but a hash of it. Looking for the secret itself would find it
// where it is a part of a name, or of another value.
void CheckHidden(std::string_view text, bool there) {
  constexpr std::string_view kBefore = "cookie:session=";
  SLUICE_CHECK(text.starts_with(kBefore));
  text.remove_prefix(kBefore.size());
  if (!there) {
    SLUICE_CHECK(text.starts_with("- "));
    return;
  }
  SLUICE_CHECK(text.find_first_not_of("0123456789abcdef", 1) == 9);
  SLUICE_CHECK(text.starts_with("(") && text.substr(9).starts_with(") query:user="));
}

}  // namespace
}  // namespace sluice::admission

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  using namespace sluice::admission;
  static const LimitKey* const all =
      new LimitKey(By({"header:x-user", "cookie:session", "query:user"}));
  static const LimitKey* const secrets = new LimitKey(By({"cookie:session", "query:user"}));
  std::array<std::string_view, 4> lines;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (std::string_view& line : lines) line = CutNext(rest, '\n');

  Arena arena;
  http::RequestHead head(arena);
  ClientIdentity client;
  const Peer peer;
  head.fields.Add("X-User", lines[0]);
  head.fields.Add("Cookie", lines[1]);
  head.query = lines[2];
  head.path = lines[3];
  const Asker asker{.head = head, .client = client, .peer = peer};
  std::vector<std::string_view> values;
  for (const RequestPart& part : all->parts()) {
    if (const auto value = part.Of(asker)) values.push_back(*value);
  }
  const LimitKey::Key key = all->Of(asker);
  SLUICE_CHECK((key.missing == nullptr) == (values.size() == all->parts().size()));
  const auto cookie = all->parts()[1].Of(asker);
  CheckText(all->Describe(asker));
  const std::string secret = secrets->Describe(asker);
  CheckText(secret);
  CheckHidden(secret, cookie.has_value());

  http::RequestHead spread(arena);
  spread.fields.Add("X-User", lines[0]);
  for (std::string_view cookies = lines[1]; !cookies.empty();) {
    spread.fields.Add("Cookie", CutNext(cookies, ';'));
  }
  const auto parameter = all->parts()[2].Of(asker);
  if (parameter) spread.query = arena.Concat({"x&user=", Escaped(*parameter)});
  const Asker again{.head = spread, .client = client, .peer = peer};
  SLUICE_CHECK(all->Of(again).hash == key.hash);
  if (key.missing != nullptr) return 0;
  const auto typed = all->Parse(values);
  SLUICE_CHECK(typed.ok() && *typed == key.hash);
  return 0;
}
