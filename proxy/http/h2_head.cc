#include "proxy/http/h2_head.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"
#include "proxy/http/chars.h"
#include "proxy/http/h1_parse.h"
#include "proxy/http/rules.h"

namespace sluice::http {
namespace {

// As in h1_parse.cc: what a proxy adds finds room without moving the list.
constexpr uint32_t kFieldsAtFirst = 24;

enum Pseudo : uint8_t { kMethod = 1, kScheme = 2, kAuthority = 4, kPath = 8, kStatus = 16 };

bool IsLowerToken(std::string_view name) {
  return IsToken(name) &&
         std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// RFC 9113 section 8.2.1, and beyond it every control that HTTP/1 would refuse too.
bool IsSoundValue(std::string_view value) {
  if (value.empty()) return true;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (blank(value.front()) || blank(value.back())) return false;
  // To the end in any case, so that it is made of vectors: a table's entry of 4,000 bytes costs its
  // sender one byte each time it is meant (RFC 7541), and us this.
  unsigned controls = 0;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    controls |= (static_cast<unsigned>(byte < 0x20) & static_cast<unsigned>(byte != '\t')) |
                static_cast<unsigned>(byte == 0x7f);
  }
  return controls == 0;
}

// RFC 9113 section 8.2.2.
bool IsForbidden(const Field& field) {
  switch (field.id) {
    case FieldId::kConnection:
    case FieldId::kKeepAlive:
    case FieldId::kProxyConnection:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return true;
    case FieldId::kTe:
      return field.value != "trailers";
    default:
      return false;
  }
}

}  // namespace

void H2HeadReader::Begin(Kind kind, Fields& into) {
  kind_ = kind;
  fields_ = &into;
  if (kind != Kind::kTrailers) into.Reserve(kFieldsAtFirst);
  size_ = 0;
  count_ = crumbs_ = 0;
  regular_ = false;
  method_ = scheme_ = authority_ = path_ = status_ = {};
  seen_ = 0;
  refusal_.reset();
}

void H2HeadReader::Refuse(int status, std::string_view why) {
  if (!refusal_) refusal_ = Refusal{status, why};
}

void H2HeadReader::AddMalformed() {
  Refuse(400, "a field has no proper name, or a byte in it that may not be there");
}

bool H2HeadReader::Add(std::string_view name, std::string_view value) {
  SLUICE_DCHECK(fields_ != nullptr);
  size_ += name.size() + value.size() + 4;
  if (size_ > limits_.head_bytes) {
    Refuse(431, "the head is larger than allowed");
    return size_ <= uint64_t{kPatience} * limits_.head_bytes;
  }
  // Behind a fault nothing is kept, so that a bad head costs no memory.
  if (refusal_) return true;
  if (name.starts_with(':')) {
    AddPseudo(name, value);
  } else {
    AddField(name, value);
  }
  return true;
}

void H2HeadReader::AddPseudo(std::string_view name, std::string_view value) {
  if (regular_) return Refuse(400, "a pseudo-header stands behind a field");
  std::string_view* place = nullptr;
  uint8_t bit = 0;
  const auto is = [&](Kind kind, std::string_view known, std::string_view& to, uint8_t mark) {
    if (kind_ != kind || name != known) return;
    place = &to;
    bit = mark;
  };
  is(Kind::kRequest, ":method", method_, kMethod);
  is(Kind::kRequest, ":scheme", scheme_, kScheme);
  is(Kind::kRequest, ":authority", authority_, kAuthority);
  is(Kind::kRequest, ":path", path_, kPath);
  is(Kind::kResponse, ":status", status_, kStatus);
  if (place == nullptr) return Refuse(400, "a pseudo-header is unknown, or has no place here");
  if ((seen_ & bit) != 0) return Refuse(400, "a pseudo-header is repeated");
  seen_ |= bit;
  if (!IsSoundValue(value)) return AddMalformed();
  *place = Keep(value);
}

void H2HeadReader::AddField(std::string_view name, std::string_view value) {
  regular_ = true;
  if (!IsLowerToken(name) || !IsSoundValue(value)) return AddMalformed();
  const FieldId id = IdOf(name);
  if (IsForbidden({name, value, id})) {
    return Refuse(400, "a field of one HTTP/1 connection stands in HTTP/2");
  }
  if (kind_ == Kind::kTrailers) {
    if (++count_ > limits_.fields) return Refuse(431, "there are more fields than allowed");
    if (!AllowedInTrailer({name, value, id})) return;
  } else if (id == FieldId::kCookie && kind_ == Kind::kRequest) {
    return AddCookie(value);
  } else if (++count_ > limits_.fields) {
    return Refuse(431, "there are more fields than allowed");
  }
  fields_->Add({Keep(name), Keep(value), id});
}

void H2HeadReader::AddCookie(std::string_view value) {
  if (fields_->Find(FieldId::kCookie) != nullptr) {
    ++crumbs_;
  } else if (++count_ > limits_.fields) {
    return Refuse(431, "there are more fields than allowed");
  }
  fields_->Add({"cookie", Keep(value), FieldId::kCookie});
}

namespace {

// RFC 9113 section 8.2.3: HTTP/1 knows one Cookie only.
void JoinCookies(Fields& fields) {
  size_t size = 0;
  for (const Field& field : fields) {
    if (field.id == FieldId::kCookie) size += field.value.size() + 2;
  }
  char* const text = fields.arena().AllocateArray<char>(size);
  char* to = text;
  Field* first = nullptr;
  for (Field& field : fields) {
    if (field.id != FieldId::kCookie) continue;
    if (first == nullptr) {
      first = &field;
    } else {
      to = std::copy_n("; ", 2, to);
    }
    to = std::copy(field.value.begin(), field.value.end(), to);
  }
  bool kept = false;
  fields.RemoveIf([&kept](const Field& field) {
    return field.id == FieldId::kCookie && std::exchange(kept, true);
  });
  for (Field& field : fields) {
    if (field.id == FieldId::kCookie) field.value = {text, static_cast<size_t>(to - text)};
  }
}

// One authority, and in the place where HTTP/1 has it.
std::optional<Refusal> SettleAuthority(std::string_view authority, bool stated, Fields& fields) {
  Field* host = nullptr;
  for (Field& field : fields) {
    if (field.id != FieldId::kHost) continue;
    if (host != nullptr) return Refusal{400, "Host is repeated"};
    host = &field;
  }
  if (host == nullptr) {
    if (authority.empty()) return Refusal{400, "the request names no authority"};
    fields.Add({"host", authority, FieldId::kHost});
    return std::nullopt;
  }
  if (stated && !EqualsIgnoreCase(authority, host->value)) {
    return Refusal{400, ":authority and Host name different places"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> H2HeadReader::FinishRequest(RequestHead& head, bool end_stream) {
  SLUICE_DCHECK(kind_ == Kind::kRequest);
  head.version = Version::kHttp2;
  head.method_text = method_;
  head.method = MethodOf(method_);
  head.target = path_;
  if (refusal_) return refusal_;
  if (method_.empty()) return Refusal{400, ":method is missing"};
  if (!IsToken(method_)) return Refusal{400, ":method is malformed"};
  if (head.method == Method::kConnect) return Refusal{405, "this server opens no tunnels"};
  if (!IsKnownMethod(method_)) return Refusal{501, "the method is not known here"};
  if (scheme_ != "http" && scheme_ != "https") {
    return Refusal{400, ":scheme is missing, or neither http nor https"};
  }
  if (path_.empty()) return Refusal{400, ":path is missing or empty"};
  if (path_.size() > limits_.target_bytes) {
    return Refusal{414, "the request target is longer than allowed"};
  }
  // An absolute or authority form would name a second authority.
  if (path_.front() != '/' && path_ != "*")
    return Refusal{400, ":path does not begin with a slash"};
  const bool stated = (seen_ & kAuthority) != 0;
  if (auto refusal = SettleAuthority(authority_, stated, *fields_)) return refusal;
  if (crumbs_ > 0) JoinCookies(*fields_);
  const Framing unsaid{.kind = end_stream ? Framing::Kind::kNone : Framing::Kind::kChunked};
  if (auto refusal = SettleRequest(head, unsaid)) return refusal;
  if (end_stream && HasBody(head.framing)) {
    return Refusal{400, "Content-Length says that a body follows, and none does"};
  }
  head.streaming = head.framing.kind == Framing::Kind::kChunked;
  // A length of nothing without the end of the stream: not complete before that end has come.
  if (!end_stream && !HasBody(head.framing)) head.framing = {.kind = Framing::Kind::kChunked};
  return std::nullopt;
}

std::optional<Refusal> H2HeadReader::FinishResponse(ResponseHead& head, Method request,
                                                    bool end_stream) {
  SLUICE_DCHECK(kind_ == Kind::kResponse);
  if (refusal_) return refusal_;
  head.version = Version::kHttp2;
  const std::optional<uint64_t> status = ParseDecimal(status_);
  if (status_.size() != 3 || !status) return Refusal{400, ":status is missing or malformed"};
  head.status = static_cast<int>(*status);
  head.reason = ReasonOf(head.status);
  if (head.status == 101) return Refusal{400, "HTTP/2 knows no 101"};
  if (head.status < 200 && end_stream) return Refusal{400, "an interim head ends the stream"};
  const Framing unsaid{.kind = end_stream ? Framing::Kind::kLength : Framing::Kind::kChunked};
  if (auto refusal = SettleResponse(head, request, unsaid)) return refusal;
  if (end_stream && HasBody(head.framing)) {
    return Refusal{400, "Content-Length says that a body follows, and none does"};
  }
  return std::nullopt;
}

std::optional<Refusal> H2HeadReader::FinishTrailers() {
  SLUICE_DCHECK(kind_ == Kind::kTrailers);
  return refusal_;
}

}  // namespace sluice::http
