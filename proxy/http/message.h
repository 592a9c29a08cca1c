// What one HTTP message says, whatever the protocol it came in. A head is a set of views into the
// Arena of its exchange: copying one is cheap, keeping one beyond the exchange is a mistake.
//
// Sources: RFC 9110 (fields, methods), RFC 9112 section 6 (framing).
#ifndef SLUICE_PROXY_HTTP_MESSAGE_H_
#define SLUICE_PROXY_HTTP_MESSAGE_H_

#include <cstdint>
#include <string_view>

#include "proxy/base/arena.h"

namespace sluice::http {

enum class Method : uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
  kOther,  // any other registered method; its text is in RequestHead::method_text
};

// RFC 9110 section 9.2.2. kOther is never taken for idempotent.
constexpr bool IsIdempotent(Method method) {
  switch (method) {
    case Method::kGet:
    case Method::kHead:
    case Method::kPut:
    case Method::kDelete:
    case Method::kOptions:
    case Method::kTrace:
      return true;
    default:
      return false;
  }
}

// Fields the proxy itself looks at; everything else is kOther and passes by name.
enum class FieldId : uint8_t {
  kOther,
  kAccept,
  kConnection,
  kContentLength,
  kContentType,
  kCookie,
  kDate,
  kExpect,
  kForwarded,
  kHost,
  kKeepAlive,
  kLocation,
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyConnection,
  kReferer,
  kRetryAfter,
  kServer,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUserAgent,
  kVia,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedProto,
  kXRequestId,
};

FieldId IdOf(std::string_view name);  // case-insensitive

struct Field {
  std::string_view name;
  std::string_view value;  // trimmed
  FieldId id = FieldId::kOther;
};

// An ordered list of fields in the arena of its exchange. Order and repetition are kept.
class Fields {
 public:
  // REQUIRES: the arena outlives this object.
  explicit Fields(Arena& arena) : arena_(&arena) {}

  // The views must live as long as the arena.
  void Add(std::string_view name, std::string_view value) { Add({name, value, IdOf(name)}); }
  void Add(const Field& field);
  // Room for `count` fields in all, so that adding up to there moves nothing.
  void Reserve(uint32_t count);
  // Replaces every field of that name by one.
  void Set(std::string_view name, std::string_view value);
  void Remove(FieldId id);             // REQUIRES: id != kOther
  void Remove(std::string_view name);  // case-insensitive
  template <typename Predicate>
  void RemoveIf(Predicate gone) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < size_; ++i) {
      if (!gone(static_cast<const Field&>(data_[i]))) data_[kept++] = data_[i];
    }
    size_ = kept;
  }

  const Field* Find(FieldId id) const;             // the first
  const Field* Find(std::string_view name) const;  // the first, case-insensitive
  std::string_view Value(FieldId id) const;        // of the first; empty when absent
  // All values of that field joined with ", " (RFC 9110 section 5.3), in the arena when several.
  std::string_view Joined(FieldId id) const;

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Field* begin() { return data_; }
  Field* end() { return data_ + size_; }
  const Field* begin() const { return data_; }
  const Field* end() const { return data_ + size_; }
  Arena& arena() const { return *arena_; }

 private:
  Arena* arena_;
  Field* data_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

// How a body ends on the wire it came from.
struct Framing {
  enum class Kind : uint8_t {
    kNone,        // no body at all
    kLength,      // exactly `length` bytes
    kChunked,     // RFC 9112 section 7.1, or END_STREAM on HTTP/2
    kUntilClose,  // responses only: the end of the connection is the end of the body
    kTunnel,      // after a 101: bytes in both directions until each side closes
  };
  Kind kind = Kind::kNone;
  uint64_t length = 0;
  // kNone only: `length` is what the answer to HEAD, or a 304, says a GET would get.
  bool stated = false;
};

constexpr bool HasBody(const Framing& framing) {
  return framing.kind != Framing::Kind::kNone &&
         !(framing.kind == Framing::Kind::kLength && framing.length == 0);
}

enum class Version : uint8_t { kHttp10, kHttp11, kHttp2 };

struct RequestHead {
  explicit RequestHead(Arena& arena) : fields(arena) {}

  Method method = Method::kOther;
  Version version = Version::kHttp11;
  bool keep_alive = true;        // the client allows another request on this connection
  bool expect_continue = false;  // Expect: 100-continue, from a client that may use it
  // The client may wait for answers before it sends more of the body, as gRPC does: nobody may wait
  // for the body to end.
  bool streaming = false;
  std::string_view method_text;
  std::string_view target;     // as it came
  std::string_view authority;  // of an absolute target, else the Host field: host[:port] as it came
  std::string_view scheme = "http";  // that the client used, as far as it is known and believed
  std::string_view host;             // normalised: lower case, no port, no final dot
  std::string_view path;             // normalised (uri.h); "*" for OPTIONS *
  std::string_view raw_path;         // as it came, without query
  std::string_view query;            // without '?'
  bool has_query = false;
  std::string_view upgrade;  // the protocols asked for, when Connection names Upgrade; else empty
  Fields fields;             // Host included
  Framing framing;
};

struct ResponseHead {
  explicit ResponseHead(Arena& arena) : fields(arena) {}

  int status = 0;
  Version version = Version::kHttp11;
  bool keep_alive = true;  // the server allows another request on this connection
  std::string_view reason;
  Fields fields;
  Framing framing;
};

// The standard reason phrase, "Unknown" for others.
std::string_view ReasonOf(int status);

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_MESSAGE_H_
