// A request and who asks, for tests: GET https://shop.example/cart?page=2 of 203.0.113.7 at the
// listener "public", on its way along the route "cart", until a test says otherwise.
#ifndef SLUICE_TESTS_ADMISSION_ASKING_H_
#define SLUICE_TESTS_ADMISSION_ASKING_H_

#include <deque>
#include <string>
#include <string_view>

#include "proxy/admission/request_part.h"
#include "proxy/crypto/digest.h"

namespace sluice::admission {

struct Asking {
  Asking() {
    head.method = http::Method::kGet;
    head.method_text = "GET";
    head.host = "shop.example";
    head.path = "/cart";
    head.query = "page=2";
    peer.tls = &tls;
    From("203.0.113.7");
  }

  void From(std::string_view ip) { client.ip = client.peer = peer.ip = *Ip::Parse(ip); }
  void Says(std::string_view name, std::string value) {
    head.fields.Add(name, texts.emplace_back(std::move(value)));
  }
  Asker asker() {
    return {.head = head,
            .client = client,
            .peer = peer,
            .listener = "public",
            .route = "cart",
            .bearer = bearer};
  }

  // A token with these claims, good for whoever has that secret.
  static constexpr std::string_view kSecret = "a secret of thirty-two bytes....";
  static std::string TokenOf(std::string_view claims) {
    const std::string input =
        crypto::Base64Url(R"({"alg":"HS256"})") + "." + crypto::Base64Url(claims);
    const crypto::Sha256Digest digest = crypto::HmacSha256(kSecret, input);
    return input + "." +
           crypto::Base64Url({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }

  Arena arena;
  std::deque<std::string> texts;
  http::RequestHead head{arena};
  TlsPeer tls;
  Peer peer;
  ClientIdentity client;
  Bearer* bearer = nullptr;
};

}  // namespace sluice::admission

#endif  // SLUICE_TESTS_ADMISSION_ASKING_H_
