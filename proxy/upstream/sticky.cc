#include "proxy/upstream/sticky.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/crypto/digest.h"
#include "proxy/http/cookie.h"

namespace sluice::upstream {
namespace {

constexpr size_t kValueBytes = 16;  // of the signature: nobody guesses one

std::string Attributes(const conf::Sticky& spec) {
  std::string text = absl::StrFormat("; Path=%s", spec.path);
  if (spec.max_age > Duration::zero()) {
    absl::StrAppendFormat(&text, "; Max-Age=%d",
                          std::chrono::duration_cast<std::chrono::seconds>(spec.max_age).count());
  }
  text += spec.same_site == "lax"      ? "; SameSite=Lax"
          : spec.same_site == "strict" ? "; SameSite=Strict"
                                       : "; SameSite=None";
  if (spec.http_only) text += "; HttpOnly";
  return text;
}

}  // namespace

Sticky::Sticky(const conf::Sticky& spec, std::string_view pool, std::string_view secret,
               std::span<const std::string> labels)
    : name_(spec.cookie),
      always_secure_(spec.secure == "always"),
      never_secure_(spec.secure == "never") {
  const std::string_view key = spec.secret.name.empty() ? secret : spec.secret.content;
  const std::string attributes = Attributes(spec);
  for (const std::string& label : labels) {
    const crypto::Sha256Digest signature =
        crypto::HmacSha256(key, absl::StrFormat("%s\n%s", pool, label));
    std::string value =
        crypto::Base64Url({reinterpret_cast<const char*>(signature.data()), kValueBytes});
    cookies_.push_back(absl::StrFormat("%s=%s%s", name_, value, attributes));
    hosts_.emplace(std::move(value), static_cast<balancer::HostIndex>(cookies_.size() - 1));
  }
}

std::optional<balancer::HostIndex> Sticky::SessionOf(const http::Fields& request) const {
  const std::optional<std::string_view> value = http::FindCookie(request, name_);
  if (!value) return std::nullopt;
  const auto found = hosts_.find(*value);
  return found == hosts_.end() ? std::nullopt : std::optional(found->second);
}

void Sticky::Begin(http::Fields& answer, balancer::HostIndex host, bool secure) const {
  const bool marked = always_secure_ || (secure && !never_secure_);
  answer.Add("Set-Cookie", answer.arena().Concat({cookies_[host], marked ? "; Secure" : ""}));
}

void Sticky::Filter(http::Fields& answer) const {
  answer.RemoveIf([&](const http::Field& field) { return http::SetsCookie(field, name_); });
}

bool MayStay(const balancer::HostView& hosts, balancer::HostIndex host,
             const balancer::PickInput& in) {
  const balancer::Duty duty = hosts.stats(host).duty.load(std::memory_order_relaxed);
  return duty != balancer::Duty::kMaintenance && hosts.weight(host) != 0 &&
         !hosts.Away(host, in.now) && !in.WasTried(host);
}

}  // namespace sluice::upstream
