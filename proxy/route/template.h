// Template: a text with {names} in it, cut into pieces when the configuration is loaded, so that
// filling it in costs one allocation in the exchange's arena and one without names costs nothing.
// A brace that opens none of them is plain text, which is what CSS and JSON in a page need.
//
// Threads: any, once made.
#ifndef SLUICE_PROXY_ROUTE_TEMPLATE_H_
#define SLUICE_PROXY_ROUTE_TEMPLATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/arena.h"

namespace sluice::route {

// What the names stand for. The views must live until Expand() returns.
struct TemplateValues {
  std::string_view client_ip;
  std::string_view host;   // without port
  std::string_view path;   // normalised
  std::string_view query;  // with '?' when there is one, else empty
  std::string_view request_id;
  std::string_view scheme;
  std::string_view status;
  std::string_view reason;
  std::string_view why;
  // Of the client's TLS; empty when it spoke none.
  std::string_view tls_version = {};
  std::string_view tls_cipher = {};
  std::string_view tls_server_name = {};
  std::string_view ja4 = {};
  std::string_view client_certificate = {};  // "verified", "none", or why it was not verified
  std::string_view client_subject = {};      // of a verified one
};

class Template {
 public:
  Template() = default;
  explicit Template(std::string_view text);

  // No names inside: Expand() needs no values and allocates nothing.
  bool constant() const;
  bool uses(std::string_view TemplateValues::*value) const;

  // `escape` is applied to each value before it is put in, never to the template's own text; null
  // puts values in as they are. The result lives in `arena`, or in this object when constant().
  using Escape = std::string_view (*)(std::string_view value, Arena& arena);
  std::string_view Expand(const TemplateValues& values, Escape escape, Arena& arena) const;

 private:
  struct Piece {
    std::string text;  // when `value` is null
    std::string_view TemplateValues::*value = nullptr;
  };
  std::vector<Piece> pieces_;
};

}  // namespace sluice::route

#endif  // SLUICE_PROXY_ROUTE_TEMPLATE_H_
