// What the TLS of a listener needs, out of its configuration; and what its operator should know of
// dates: these stop no start and no reload, for a site with an expired certificate is of more use
// than none.
//
// Threads: the supervisor's. Reads no file: the configuration carries what the files held.
#ifndef SLUICE_PROXY_SERVER_TLS_SETUP_H_
#define SLUICE_PROXY_SERVER_TLS_SETUP_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "conf/config.h"
#include "proxy/base/time.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/ticket_keys.h"
#include "proxy/upstream/transport.h"

namespace sluice::server {

// Told this long before; once a day and at every start and reload. OCSP responses live for some
// days only, and are renewed in time by who renews them at all.
inline constexpr Duration kCertificateWarning = std::chrono::hours(14 * 24);
inline constexpr Duration kOcspWarning = std::chrono::hours(24);

// REQUIRES: listener.tls. `tickets` may be null where only the errors are of interest.
absl::StatusOr<std::shared_ptr<const tls::ServerContext>> BuildTls(
    const conf::Listener& listener, std::shared_ptr<const tls::TicketKeys> tickets);

struct Concern {
  bool harms_now;  // clients, or servers, notice already
  std::string text;
};

// Each certificate that has expired, will within kCertificateWarning or is not valid yet, and each
// OCSP response that has expired or will within kOcspWarning.
std::vector<Concern> ConcernsOf(const conf::Listener& listener, const tls::ServerContext& context,
                                WallTime now);
// The same of the certificate that is shown to the servers of a pool.
std::vector<Concern> ConcernsOf(const conf::Pool& pool, const upstream::Transport& transport,
                                WallTime now);
void LogAll(const std::vector<Concern>& concerns);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_TLS_SETUP_H_
