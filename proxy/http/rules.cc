#include "proxy/http/rules.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "proxy/base/text.h"
#include "proxy/http/uri.h"

namespace sluice::http {
namespace {

// What one pass over the fields finds of those that decide how a message is read.
struct Decisive {
  const Field* length = nullptr;
  const Field* encoding = nullptr;
  const Field* host = nullptr;
  const Field* expect = nullptr;
  std::string_view repeated;  // why, when one of them came twice
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool names_framing = false;  // Connection would take out Host or a framing field
};

void ReadConnection(std::string_view value, Decisive& found) {
  while (!value.empty()) {
    const std::string_view token = CutNext(value, ',');
    if (EqualsIgnoreCase(token, "close")) {
      found.close = true;
      continue;
    }
    switch (IdOf(token)) {
      case FieldId::kKeepAlive:
        found.keep_alive = true;
        break;
      case FieldId::kUpgrade:
        found.upgrade = true;
        break;
      case FieldId::kHost:
      case FieldId::kContentLength:
      case FieldId::kTransferEncoding:
        found.names_framing = true;
        break;
      default:
        break;
    }
  }
}

void Note(const Field& field, const Field*& place, std::string_view why, Decisive& found) {
  if (place != nullptr) {
    found.repeated = why;
  } else {
    place = &field;
  }
}

Decisive ReadDecisive(const Fields& fields) {
  Decisive found;
  for (const Field& field : fields) {
    switch (field.id) {
      case FieldId::kContentLength:
        Note(field, found.length, "Content-Length is repeated", found);
        break;
      case FieldId::kTransferEncoding:
        Note(field, found.encoding, "Transfer-Encoding is repeated", found);
        break;
      case FieldId::kHost:
        Note(field, found.host, "Host is repeated", found);
        break;
      case FieldId::kExpect:
        Note(field, found.expect, "Expect is repeated", found);
        break;
      case FieldId::kConnection:
        ReadConnection(field.value, found);
        break;
      default:
        break;
    }
  }
  return found;
}

// RFC 9112 section 6.1 to 6.3, as far as requests and responses agree. Leaves kNone where neither
// field is present.
std::optional<Refusal> SettleFraming(const Decisive& found, Version version, Framing& framing) {
  framing = {};
  if (found.encoding != nullptr) {
    if (found.length != nullptr) {
      return Refusal{400, "Content-Length and Transfer-Encoding are both given"};
    }
    if (version == Version::kHttp10) {
      return Refusal{400, "Transfer-Encoding is given in HTTP/1.0"};
    }
    if (!EqualsIgnoreCase(found.encoding->value, "chunked")) {
      return Refusal{400, "Transfer-Encoding is not exactly chunked"};
    }
    framing.kind = Framing::Kind::kChunked;
  } else if (found.length != nullptr) {
    const std::optional<uint64_t> length = ParseDecimal(found.length->value);
    if (!length || *length > std::numeric_limits<int64_t>::max()) {
      return Refusal{400, "Content-Length is not a number, or too large"};
    }
    framing.kind = Framing::Kind::kLength;
    framing.length = *length;
  }
  return std::nullopt;
}

std::optional<Refusal> SettleTarget(RequestHead& head) {
  if (head.method == Method::kConnect) return Refusal{405, "this server opens no tunnels"};
  const std::optional<Target> target = SplitTarget(head.method, head.target);
  if (!target) return Refusal{400, "the request target is malformed, or not one for this method"};
  head.authority = target->authority;
  head.raw_path = target->path;
  head.query = target->query;
  head.has_query = target->has_query;
  head.path = NormalizePath(head.raw_path, head.fields.arena()).path;
  return std::nullopt;
}

std::optional<Refusal> SettleHost(const Field* host, RequestHead& head) {
  if (host == nullptr) {
    if (head.version != Version::kHttp10) return Refusal{400, "Host is missing"};
    if (head.authority.empty()) return std::nullopt;
  } else if (head.authority.empty()) {
    head.authority = host->value;
  } else if (!EqualsIgnoreCase(head.authority, host->value)) {
    return Refusal{400, "Host is not the one that the request target names"};
  }
  const std::optional<std::string_view> name = NormalizeHost(head.authority, head.fields.arena());
  if (!name) return Refusal{400, "Host is malformed"};
  head.host = *name;
  return std::nullopt;
}

bool HasNoBody(int status, Method request) {
  return status < 200 || status == 204 || status == 304 || request == Method::kHead;
}

// Fields that say something to the next hop only, whatever Connection names.
bool IsHopByHop(FieldId id) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kContentLength:
    case FieldId::kKeepAlive:
    case FieldId::kProxyAuthenticate:
    case FieldId::kProxyAuthorization:
    case FieldId::kProxyConnection:
    case FieldId::kTe:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return true;
    default:
      return false;
  }
}

// Does any token of this Connection value name a field that would otherwise stay?
bool NamesMore(std::string_view connection) {
  while (!connection.empty()) {
    const std::string_view token = CutNext(connection, ',');
    if (!IsHopByHop(IdOf(token)) && !EqualsIgnoreCase(token, "close")) return true;
  }
  return false;
}

}  // namespace

std::optional<Refusal> SettleRequest(RequestHead& head, const Framing& unsaid) {
  if (auto refusal = SettleTarget(head)) return refusal;
  const Decisive found = ReadDecisive(head.fields);
  if (!found.repeated.empty()) return Refusal{400, found.repeated};
  if (found.names_framing) {
    return Refusal{400, "Connection names Host or a field that says where the body ends"};
  }
  if (auto refusal = SettleFraming(found, head.version, head.framing)) return refusal;
  if (found.length == nullptr && found.encoding == nullptr) head.framing = unsaid;
  if (auto refusal = SettleHost(found.host, head)) return refusal;
  const bool has_body = HasBody(head.framing);
  if (has_body && head.method == Method::kTrace) return Refusal{400, "TRACE comes with a body"};
  const bool http10 = head.version == Version::kHttp10;
  head.keep_alive = !found.close && (!http10 || found.keep_alive);
  head.upgrade = {};
  if (found.upgrade && !http10 && !has_body) head.upgrade = head.fields.Joined(FieldId::kUpgrade);
  head.expect_continue = false;
  if (found.expect != nullptr) {
    if (!EqualsIgnoreCase(found.expect->value, "100-continue")) {
      return Refusal{417, "Expect asks for something other than 100-continue"};
    }
    head.expect_continue = !http10 && has_body;
    if (!head.expect_continue) head.fields.Remove(FieldId::kExpect);
  }
  return std::nullopt;
}

std::optional<Refusal> SettleResponse(ResponseHead& head, Method request, const Framing& unsaid) {
  if (head.status < 100 || head.status > 599) return Refusal{400, "the status is not 100 to 599"};
  const Decisive found = ReadDecisive(head.fields);
  if (!found.repeated.empty()) return Refusal{400, found.repeated};
  if (auto refusal = SettleFraming(found, head.version, head.framing)) return refusal;
  Framing& framing = head.framing;
  head.keep_alive = !found.close && (head.version != Version::kHttp10 || found.keep_alive);
  if (head.status < 200 || head.status == 204) {
    // RFC 9112 section 6.1. An explicit length of nothing is harmless and common in 204.
    if (framing.kind == Framing::Kind::kChunked || (HasBody(framing) && head.status < 200)) {
      return Refusal{400, "an answer that cannot have a body says how long it is"};
    }
  }
  if (head.status == 101 ||
      (request == Method::kConnect && head.status >= 200 && head.status < 300)) {
    framing = {.kind = Framing::Kind::kTunnel};
    return std::nullopt;
  }
  if (HasNoBody(head.status, request)) {
    // A 204 that announces bytes may send them: they must not be taken for the next answer.
    if (head.status == 204 && HasBody(framing)) head.keep_alive = false;
    framing.stated =
        framing.kind == Framing::Kind::kLength && head.status >= 200 && head.status != 204;
    framing.kind = Framing::Kind::kNone;
    return std::nullopt;
  }
  if (framing.kind == Framing::Kind::kNone) {
    framing = unsaid;
    if (framing.kind == Framing::Kind::kUntilClose) head.keep_alive = false;
  }
  return std::nullopt;
}

void RemoveHopByHop(Fields& fields) {
  const std::string_view connection = fields.Joined(FieldId::kConnection);
  const bool names_more = NamesMore(connection);
  bool trailers = false;
  fields.RemoveIf([&](const Field& field) {
    if (field.id == FieldId::kTe && HasToken(field.value, "trailers")) trailers = true;
    if (IsHopByHop(field.id)) return true;
    return names_more && field.id != FieldId::kHost && HasToken(connection, field.name);
  });
  if (trailers) fields.Add({"TE", "trailers", FieldId::kTe});
}

bool AllowedInTrailer(const Field& field) {
  static constexpr std::string_view kForbidden[] = {
      "age",
      "authorization",
      "cache-control",
      "content-encoding",
      "content-range",
      "expires",
      "if-match",
      "if-modified-since",
      "if-none-match",
      "if-range",
      "if-unmodified-since",
      "max-forwards",
      "pragma",
      "range",
      "set-cookie",
      "vary",
      "warning",
      "www-authenticate",
      "x-real-ip",
  };
  if (field.id != FieldId::kOther) return false;
  return std::none_of(std::begin(kForbidden), std::end(kForbidden),
                      [&](std::string_view name) { return EqualsIgnoreCase(field.name, name); });
}

bool HasToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    if (EqualsIgnoreCase(CutNext(list, ','), token)) return true;
  }
  return false;
}

}  // namespace sluice::http
