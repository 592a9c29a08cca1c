// What the TLS of a listener needs, out of its configuration; and warnings while certificates near
// their end.
//
// Threads: the supervisor's. Reads no file: the configuration carries what the files held.
#ifndef SLUICE_PROXY_SERVER_TLS_SETUP_H_
#define SLUICE_PROXY_SERVER_TLS_SETUP_H_

#include <memory>

#include "absl/status/statusor.h"
#include "conf/config.h"
#include "proxy/base/time.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/ticket_keys.h"

namespace sluice::server {

// Warned about this long before; once a day and at every start and reload.
inline constexpr Duration kExpiryWarning = std::chrono::hours(14 * 24);

// REQUIRES: listener.tls. `tickets` may be null where only the errors are of interest.
absl::StatusOr<std::shared_ptr<const tls::ServerContext>> BuildTls(
    const conf::Listener& listener, std::shared_ptr<const tls::TicketKeys> tickets, WallTime now);

// Logs the certificate of `context` that ends first when that is within kExpiryWarning.
void WarnOfExpiry(const conf::Listener& listener, const tls::ServerContext& context, WallTime now);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_TLS_SETUP_H_
