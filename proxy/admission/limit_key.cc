#include "proxy/admission/limit_key.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace sluice::admission {
namespace {

using Kind = RequestPart::Kind;

std::string_view BytesOf(const Ip& ip) {
  return {reinterpret_cast<const char*>(ip.bytes.data()), ip.bytes.size()};
}

Ip IpOf(std::string_view bytes) {
  Ip ip;
  std::memcpy(ip.bytes.data(), bytes.data(), ip.bytes.size());
  return ip;
}

// "#0123456789abcdef"
std::optional<ratelimit::KeyHash> ParseHash(std::string_view text) {
  if (text.size() != 17 || text.front() != '#') return std::nullopt;
  ratelimit::KeyHash hash = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + 1, end, hash, 16);
  if (error != std::errc() || rest != end) return std::nullopt;
  return hash;
}

}  // namespace

absl::StatusOr<LimitKey> LimitKey::Prepare(const LimitKeySpec& spec, const SipKey& secret) {
  if (spec.parts.size() > kMostParts) {
    return absl::InvalidArgumentError(absl::StrFormat("there may be %d parts", kMostParts));
  }
  if (spec.ipv4_bits > 32 || spec.ipv6_bits > 128) {
    return absl::InvalidArgumentError("a prefix may have 32 bits of IPv4 and 128 of IPv6");
  }
  LimitKey key(spec, secret);
  for (const std::string& text : spec.parts) {
    const std::optional<RequestPart> part = RequestPart::Parse(text);
    if (!part) return absl::InvalidArgumentError(absl::StrFormat("there is no part '%s'", text));
    const auto same = [&](const RequestPart& other) {
      return other.ToString() == part->ToString();
    };
    if (std::any_of(key.parts_.begin(), key.parts_.end(), same)) {
      return absl::InvalidArgumentError(absl::StrFormat("'%s' is there twice", text));
    }
    key.parts_.push_back(*part);
    const std::string name =
        part->kind() == Kind::kClientIp
            ? absl::StrFormat("%s/%d/%d", part->ToString(), spec.ipv4_bits, spec.ipv6_bits)
            : part->ToString();
    key.names_.push_back(SipHash(secret, name));
  }
  return key;
}

Ip LimitKey::Masked(const Ip& ip) const {
  Ip masked = ip;
  size_t bits = ip.is_v4() ? size_t{96} + spec_.ipv4_bits : size_t{spec_.ipv6_bits};
  for (size_t i = bits / 8; i < masked.bytes.size(); ++i, bits = 0) {
    masked.bytes[i] &= static_cast<uint8_t>(0xff00 >> (bits % 8));
  }
  return masked;
}

LimitKey::Key LimitKey::Of(const Asker& asker) const {
  Key key;
  SipList list(secret_);
  for (size_t i = 0; i < parts_.size(); ++i) {
    const std::optional<std::string_view> value = parts_[i].Of(asker);
    list.Add(names_[i]);
    if (!value) {
      if (key.missing == nullptr) key.missing = &parts_[i];
      list.Add("");  // which no part is that is there
    } else if (parts_[i].kind() == Kind::kClientIp) {
      list.Add(BytesOf(Masked(asker.client.ip)));
    } else {
      list.Add(*value);
    }
  }
  key.hash = list.Finish();
  return key;
}

std::string LimitKey::Shown(const RequestPart& part, std::string_view value) const {
  if (part.kind() == Kind::kClientIp) {
    const Ip ip = IpOf(value);
    const int bits = ip.is_v4() ? spec_.ipv4_bits : spec_.ipv6_bits;
    const bool whole = bits == (ip.is_v4() ? 32 : 128);
    const std::string text = Masked(ip).ToString();
    return whole ? text : absl::StrFormat("%s/%d", text, bits);
  }
  if (part.secret()) return absl::StrFormat("(%08x)", SipHash(secret_, value) >> 32);
  std::string shown(value.substr(0, kLongestValue));
  for (char& c : shown) {
    if (c <= ' ' || c > '~') c = '?';
  }
  if (value.size() > kLongestValue) shown.replace(kLongestValue - 3, 3, "...");
  return shown;
}

std::string LimitKey::Describe(const Asker& asker) const {
  std::string text;
  for (const RequestPart& part : parts_) {
    const std::optional<std::string_view> value = part.Of(asker);
    text += absl::StrFormat("%s%s=%s", text.empty() ? "" : " ", part.ToString(),
                            value ? Shown(part, *value) : "-");
  }
  if (text.size() > kLongestText) text.replace(kLongestText - 3, text.npos, "...");
  return text.empty() ? "all" : text;
}

absl::StatusOr<ratelimit::KeyHash> LimitKey::Parse(std::span<const std::string_view> values) const {
  if (values.size() == 1) {
    if (const auto hash = ParseHash(values.front())) return *hash;
  }
  if (values.size() != parts_.size()) {
    const auto name = [](std::string* out, const RequestPart& part) { *out += part.ToString(); };
    return absl::InvalidArgumentError(
        absl::StrFormat("the key has %d parts (%s): give a value for each, in this order",
                        parts_.size(), absl::StrJoin(parts_, " ", name)));
  }
  SipList list(secret_);
  for (size_t i = 0; i < parts_.size(); ++i) {
    list.Add(names_[i]);
    if (parts_[i].kind() != Kind::kClientIp) {
      list.Add(values[i]);
      continue;
    }
    // With the length behind it too, as Describe() writes it.
    const std::optional<Ip> ip = Ip::Parse(values[i].substr(0, values[i].find('/')));
    if (!ip) {
      return absl::InvalidArgumentError(
          absl::StrFormat("'%s' is no address; type one such as 203.0.113.7", values[i]));
    }
    list.Add(BytesOf(Masked(*ip)));
  }
  return list.Finish();
}

std::string LimitKey::Format(ratelimit::KeyHash hash) { return absl::StrFormat("#%016x", hash); }

}  // namespace sluice::admission
