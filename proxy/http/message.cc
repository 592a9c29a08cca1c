#include "proxy/http/message.h"

#include <algorithm>
#include <cstring>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace sluice::http {
namespace {

constexpr uint32_t kFirstCapacity = 16;

constexpr uint64_t kLowerMask = 0x2020202020202020;

inline uint64_t Load8(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Is the name of `lower`'s length the same but for case? `lower` consists of lower-case letters and
// '-'; setting bit 5 maps only letters of the other case, and bytes that no name contains, to
// those. With the length known the compiler leaves two or three word comparisons.
template <size_t kSize>
inline bool Same(const char* name, const char (&lower)[kSize]) {
  constexpr size_t kLength = kSize - 1;
  if constexpr (kLength >= 8) {
    for (size_t i = 0; i + 8 <= kLength; i += 8) {
      if ((Load8(name + i) | kLowerMask) != Load8(lower + i)) return false;
    }
    return (Load8(name + kLength - 8) | kLowerMask) == Load8(lower + kLength - 8);
  } else {
    for (size_t i = 0; i < kLength; ++i) {
      if ((name[i] | 0x20) != lower[i]) return false;
    }
    return true;
  }
}

struct Reason {
  int status;
  std::string_view text;
};

// RFC 9110 section 15 and the registry behind it.
constexpr Reason kReasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

}  // namespace

FieldId IdOf(std::string_view name) {
  const char* const n = name.data();
  switch (name.size()) {
    case 2:
      return Same(n, "te") ? FieldId::kTe : FieldId::kOther;
    case 3:
      return Same(n, "via") ? FieldId::kVia : FieldId::kOther;
    case 4:
      if (Same(n, "host")) return FieldId::kHost;
      return Same(n, "date") ? FieldId::kDate : FieldId::kOther;
    case 6:
      if (Same(n, "accept")) return FieldId::kAccept;
      if (Same(n, "cookie")) return FieldId::kCookie;
      if (Same(n, "expect")) return FieldId::kExpect;
      return Same(n, "server") ? FieldId::kServer : FieldId::kOther;
    case 7:
      if (Same(n, "referer")) return FieldId::kReferer;
      if (Same(n, "upgrade")) return FieldId::kUpgrade;
      return Same(n, "trailer") ? FieldId::kTrailer : FieldId::kOther;
    case 8:
      return Same(n, "location") ? FieldId::kLocation : FieldId::kOther;
    case 9:
      return Same(n, "forwarded") ? FieldId::kForwarded : FieldId::kOther;
    case 10:
      if (Same(n, "connection")) return FieldId::kConnection;
      if (Same(n, "user-agent")) return FieldId::kUserAgent;
      return Same(n, "keep-alive") ? FieldId::kKeepAlive : FieldId::kOther;
    case 11:
      return Same(n, "retry-after") ? FieldId::kRetryAfter : FieldId::kOther;
    case 12:
      if (Same(n, "content-type")) return FieldId::kContentType;
      return Same(n, "x-request-id") ? FieldId::kXRequestId : FieldId::kOther;
    case 14:
      return Same(n, "content-length") ? FieldId::kContentLength : FieldId::kOther;
    case 15:
      return Same(n, "x-forwarded-for") ? FieldId::kXForwardedFor : FieldId::kOther;
    case 16:
      if (Same(n, "x-forwarded-host")) return FieldId::kXForwardedHost;
      return Same(n, "proxy-connection") ? FieldId::kProxyConnection : FieldId::kOther;
    case 17:
      if (Same(n, "transfer-encoding")) return FieldId::kTransferEncoding;
      return Same(n, "x-forwarded-proto") ? FieldId::kXForwardedProto : FieldId::kOther;
    case 18:
      return Same(n, "proxy-authenticate") ? FieldId::kProxyAuthenticate : FieldId::kOther;
    case 19:
      return Same(n, "proxy-authorization") ? FieldId::kProxyAuthorization : FieldId::kOther;
    default:
      return FieldId::kOther;
  }
}

void Fields::Reserve(uint32_t count) {
  if (count <= capacity_) return;
  Field* const data = arena_->AllocateArray<Field>(count);
  std::copy(data_, data_ + size_, data);
  data_ = data;
  capacity_ = count;
}

void Fields::Add(const Field& field) {
  const Field added = field;  // it may stand in the array that is about to move
  if (size_ == capacity_) Reserve(std::max(kFirstCapacity, capacity_ * 2));
  data_[size_++] = added;
}

void Fields::Set(std::string_view name, std::string_view value) {
  const FieldId id = IdOf(name);
  const auto matches = [id, name](const Field& field) {
    return field.id == id && EqualsIgnoreCase(field.name, name);
  };
  Field* const first = std::find_if(begin(), end(), matches);
  if (first == end()) return Add({name, value, id});
  first->value = value;
  RemoveIf([&](const Field& field) { return &field != first && matches(field); });
}

void Fields::Remove(FieldId id) {
  SLUICE_DCHECK(id != FieldId::kOther);
  RemoveIf([id](const Field& field) { return field.id == id; });
}

void Fields::Remove(std::string_view name) {
  RemoveIf([name](const Field& field) { return EqualsIgnoreCase(field.name, name); });
}

const Field* Fields::Find(FieldId id) const {
  for (const Field& field : *this) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* Fields::Find(std::string_view name) const {
  for (const Field& field : *this) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view Fields::Value(FieldId id) const {
  const Field* const field = Find(id);
  return field == nullptr ? std::string_view() : field->value;
}

std::string_view Fields::Joined(FieldId id) const {
  size_t count = 0;
  size_t size = 0;
  const Field* first = nullptr;
  for (const Field& field : *this) {
    if (field.id != id) continue;
    if (first == nullptr) first = &field;
    ++count;
    size += field.value.size() + 2;
  }
  if (count == 0) return {};
  if (count == 1) return first->value;
  char* const begin = static_cast<char*>(arena_->Allocate(size));
  char* to = begin;
  for (const Field& field : *this) {
    if (field.id != id) continue;
    if (to != begin) to = std::copy_n(", ", 2, to);
    to = std::copy(field.value.begin(), field.value.end(), to);
  }
  return {begin, static_cast<size_t>(to - begin)};
}

std::string_view ReasonOf(int status) {
  const auto* const row = std::find_if(std::begin(kReasons), std::end(kReasons),
                                       [status](const Reason& r) { return r.status == status; });
  return row == std::end(kReasons) ? "Unknown" : row->text;
}

}  // namespace sluice::http
