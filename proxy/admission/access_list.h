// AccessList: whose requests are answered at all, by the client's address: networks to deny and to
// allow, of which the smallest that contains the address counts, and a word for all others.
//
// Immutable once built; threads: any. Cost and memory: base/cidr_set.h.
#ifndef SLUICE_PROXY_ADMISSION_ACCESS_LIST_H_
#define SLUICE_PROXY_ADMISSION_ACCESS_LIST_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "conf/config.h"
#include "proxy/admission/client_key.h"
#include "proxy/base/cidr_set.h"

namespace sluice::admission {

class AccessList {
 public:
  AccessList() = default;  // everybody

  // Of what is written in `access` and in its files, whose content is in it. What is wrong is said
  // with file and line.
  static absl::StatusOr<AccessList> Build(const conf::Access& access);

  // Who has no address (a Unix socket, and nobody named) is in no network.
  bool Allows(const ClientIdentity& client) const {
    const bool nobody = client.peer_is_unix && client.ip == Ip{};
    const uint8_t found = nobody ? 0 : networks_.Find(client.ip);
    return found == 0 ? !deny_others_ : found == kAllow;
  }

  size_t size() const { return networks_.size(); }
  size_t bytes() const { return networks_.bytes(); }

 private:
  static constexpr uint8_t kAllow = 1;
  static constexpr uint8_t kDeny = 2;

  CidrSet networks_;
  bool deny_others_ = false;
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_ACCESS_LIST_H_
