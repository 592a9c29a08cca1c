// RequestPart: one thing by which requests can be told apart, as it is written in a configuration:
// "client_ip", "header:NAME", "cookie:NAME", "query:NAME", "path", "method", "host", "route",
// "listener", "jwt:CLAIM" or "ja4".
//
// A request may lack it; an empty value counts as lacking, for it tells nobody apart. Of what is
// there several times the first counts. Names of headers are compared without case, those of
// cookies, parameters and claims exactly; parameters are decoded, so that no spelling of a value
// makes it another; path and host are in their normal form.
//
// Threads: any; immutable. Cost: a look at the head; nothing is allocated, but a parameter with
// escapes is decoded into the arena of the head.
#ifndef SLUICE_PROXY_ADMISSION_REQUEST_PART_H_
#define SLUICE_PROXY_ADMISSION_REQUEST_PART_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/admission/bearer.h"
#include "proxy/admission/client_key.h"
#include "proxy/base/peer.h"
#include "proxy/http/message.h"

namespace sluice::admission {

// A request and who asks. All of it outlives the asking.
struct Asker {
  const http::RequestHead& head;
  const ClientIdentity& client;
  const Peer& peer;
  std::string_view listener = {};  // its name
  std::string_view route = {};     // its name; empty: none
  Bearer* bearer = nullptr;        // null: no request has tokens
};

class RequestPart {
 public:
  enum class Kind : uint8_t {
    kClientIp,
    kHeader,
    kCookie,
    kQuery,
    kPath,
    kMethod,
    kHost,
    kRoute,
    kListener,
    kClaim,
    kJa4,
  };

  // Nothing for what is none of them.
  static std::optional<RequestPart> Parse(std::string_view text);

  Kind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  std::string ToString() const;  // as Parse() takes it

  // Of the parts that stand in the head: header to host.
  std::optional<std::string_view> InHead(const http::RequestHead& head) const;
  // Of any part; of client_ip the sixteen bytes, in `asker`.
  std::optional<std::string_view> Of(const Asker& asker) const;

  // A value may be what a client proves itself with, and must not be shown: cookies, parameters and
  // headers but the few that browsers send by themselves.
  bool secret() const;

 private:
  RequestPart(Kind kind, std::string_view name) : kind_(kind), name_(name) {}

  Kind kind_;
  std::string name_;  // of the header, cookie, parameter or claim
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_REQUEST_PART_H_
