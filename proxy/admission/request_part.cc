#include "proxy/admission/request_part.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "proxy/http/cookie.h"
#include "proxy/route/conditions.h"

namespace sluice::admission {
namespace {

using Kind = RequestPart::Kind;

struct Word {
  std::string_view word;
  Kind kind;
  bool named;
};
constexpr std::array kWords = {
    Word{"client_ip", Kind::kClientIp, false},
    Word{"header", Kind::kHeader, true},
    Word{"cookie", Kind::kCookie, true},
    Word{"query", Kind::kQuery, true},
    Word{"path", Kind::kPath, false},
    Word{"method", Kind::kMethod, false},
    Word{"host", Kind::kHost, false},
    Word{"route", Kind::kRoute, false},
    Word{"listener", Kind::kListener, false},
    Word{"jwt", Kind::kClaim, true},
    Word{"ja4", Kind::kJa4, false},
};

constexpr std::array<std::string_view, 7> kPublicHeaders = {
    "accept", "accept-encoding", "accept-language", "host", "origin", "referer", "user-agent"};

std::optional<std::string_view> NotEmpty(std::string_view value) {
  if (value.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<RequestPart> RequestPart::Parse(std::string_view text) {
  const size_t colon = text.find(':');
  const bool named = colon != std::string_view::npos;
  const std::string_view name = named ? text.substr(colon + 1) : std::string_view();
  for (const Word& word : kWords) {
    if (word.word != text.substr(0, colon)) continue;
    if (word.named != named || name.empty() == named) return std::nullopt;
    return RequestPart(word.kind, word.kind == Kind::kHeader ? LowerCase(name) : name);
  }
  return std::nullopt;
}

std::string RequestPart::ToString() const {
  for (const Word& word : kWords) {
    if (word.kind != kind_) continue;
    return word.named ? absl::StrFormat("%s:%s", word.word, name_) : std::string(word.word);
  }
  return {};
}

std::optional<std::string_view> RequestPart::InHead(const http::RequestHead& head) const {
  switch (kind_) {
    case Kind::kHeader: {
      const http::Field* const field = head.fields.Find(name_);
      return field == nullptr ? std::nullopt : NotEmpty(field->value);
    }
    case Kind::kCookie:
      return NotEmpty(http::FindCookie(head.fields, name_).value_or(""));
    case Kind::kQuery:
      return NotEmpty(route::FindParameter(head.query, name_, head.fields.arena()).value_or(""));
    case Kind::kPath:
      return NotEmpty(head.path);
    case Kind::kMethod:
      return NotEmpty(head.method_text);
    case Kind::kHost:
      return NotEmpty(head.host);
    default:
      return std::nullopt;
  }
}

std::optional<std::string_view> RequestPart::Of(const Asker& asker) const {
  switch (kind_) {
    case Kind::kClientIp: {
      const Ip& ip = asker.client.ip;
      // Nobody behind a Unix socket who is not named is a client.
      if (asker.client.peer_is_unix && ip == Ip{}) return std::nullopt;
      return std::string_view(reinterpret_cast<const char*>(ip.bytes.data()), ip.bytes.size());
    }
    case Kind::kRoute:
      return NotEmpty(asker.route);
    case Kind::kListener:
      return NotEmpty(asker.listener);
    case Kind::kClaim:
      if (asker.bearer == nullptr) return std::nullopt;
      return NotEmpty(asker.bearer->Get().Claim(name_).value_or(""));
    case Kind::kJa4:
      return asker.peer.tls == nullptr ? std::nullopt : NotEmpty(asker.peer.tls->ja4);
    default:
      return InHead(asker.head);
  }
}

bool RequestPart::secret() const {
  if (kind_ == Kind::kHeader) {
    return std::find(kPublicHeaders.begin(), kPublicHeaders.end(), name_) == kPublicHeaders.end();
  }
  return kind_ == Kind::kCookie || kind_ == Kind::kQuery;
}

}  // namespace sluice::admission
