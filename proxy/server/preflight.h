// Preflight: what can be wrong with a Config that only this side of the house can tell: formats of
// lines it writes, names it must know, keys that fit their certificates, pages with their
// templates. `check`, every start and every reload ask it, once: what it builds in order to know is
// what is then used.
//
// Threads: any. Time: an argument, for the dates of certificates. Reads no file, opens nothing;
// Warnings() looks whether the programs of events are there.
#ifndef SLUICE_PROXY_SERVER_PREFLIGHT_H_
#define SLUICE_PROXY_SERVER_PREFLIGHT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "conf/config.h"
#include "proxy/admission/access_list.h"
#include "proxy/admission/waiting_page.h"
#include "proxy/base/time.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/ticket_keys.h"
#include "proxy/upstream/transport.h"

namespace sluice::server {

using Transports = std::vector<std::shared_ptr<const upstream::Transport>>;

// What serves a configuration and does not change while it is in force.
struct Prepared {
  std::vector<std::shared_ptr<const tls::ServerContext>> tls;  // of each listener; null: plain
  Transports transports;  // of each pool; pools that say the same share one
  std::shared_ptr<const admission::AccessList> access;
  std::vector<std::shared_ptr<const admission::WaitingPage>> waiting_pages;  // of each waiting room
};

// An error tells all that is wrong, one sentence a line. `tickets` may be null for who only checks.
// What is `kept` of the configuration before is used again where it fits.
absl::StatusOr<Prepared> Preflight(const conf::Config& config,
                                   const std::shared_ptr<const tls::TicketKeys>& tickets,
                                   const Transports& kept = {});

// What is not wrong, but somebody should see to. Of the Prepared of this configuration.
std::vector<std::string> Warnings(const conf::Config& config, const Prepared& prepared,
                                  WallTime now);

// The keys that differ and are read only at the start of a process.
std::vector<std::string_view> NeedsRestart(const conf::Config& before, const conf::Config& after);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_PREFLIGHT_H_
