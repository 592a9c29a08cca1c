// Bearer: the token that comes with a request (RFC 6750): where it stands, and, once somebody asks,
// whether it is good. It is verified at most once, and only when it is asked for.
//
// Threads: TokenPlace any, Bearer one worker's. Cost: nothing until Get(); then that of
// crypto::Token, which allocates.
#ifndef SLUICE_PROXY_ADMISSION_BEARER_H_
#define SLUICE_PROXY_ADMISSION_BEARER_H_

#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/time.h"
#include "proxy/crypto/token.h"
#include "proxy/http/message.h"

namespace sluice::admission {

struct TokenPlace {
  crypto::TokenRules rules;
  std::string header = "authorization";  // "Bearer " may stand before the token
  std::string cookie = {};               // where it is when the header has none; empty: nowhere

  // As it came; empty: there is none. Of a header that is there twice the first counts.
  std::string_view Find(const http::RequestHead& head) const;
};

class Bearer {
 public:
  // Both outlive this object.
  Bearer(const TokenPlace& place, const http::RequestHead& head, WallTime now)
      : place_(place), head_(head), now_(now) {}

  const crypto::Token& Get() {
    if (!token_) token_ = crypto::Token::Verify(place_.Find(head_), place_.rules, now_);
    return *token_;
  }

 private:
  const TokenPlace& place_;
  const http::RequestHead& head_;
  const WallTime now_;
  std::optional<crypto::Token> token_;
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_BEARER_H_
