#include "proxy/server/proxy_guest.h"

#include <utility>

#include "proxy/base/log.h"

namespace sluice::server {

using observe::ProxyEnd;

ProxyGuest::ProxyGuest(net::Loop& loop, ConnectionOwner& owner, Arrival arrival,
                       observe::ListenerStats& stats)
    : loop_(loop), owner_(owner), stats_(stats), arrival_(std::move(arrival)) {
  loop_.Arm(deadline_, arrival_.listener->head_timeout);
  arrival_.stream->SetEvents(this);
  arrival_.stream->StartReading();
}

void ProxyGuest::OnRead(std::span<char> bytes) {
  if (over_) return;
  if (!came_.empty()) {
    came_.append(bytes.data(), bytes.size());
    bytes = came_;
  }
  const ProxyHeader header = ParseProxyHeader({bytes.data(), bytes.size()});
  switch (header.state) {
    case ProxyHeader::State::kNeedMore:
      if (came_.empty()) came_.assign(bytes.data(), bytes.size());
      return;
    case ProxyHeader::State::kComplete:
      return Accept(header, bytes.subspan(header.size));
    case ProxyHeader::State::kMalformed:
      return Refuse(ProxyEnd::kMalformed, header.why);
  }
}

void ProxyGuest::Accept(const ProxyHeader& header, std::span<char> behind) {
  stats_.proxy_headers[static_cast<size_t>(ProxyEnd::kAccepted)].Add();
  deadline_.Cancel();
  over_ = true;
  if (header.client != ProxyHeader::Client::kConnection) {
    if (log::Enabled(log::Level::kDebug)) {
      static log::Site site;
      log::Debug(site, "listener %s: %s brings a client, %s to %s", arrival_.listener->name,
                 arrival_.peer.ToString(), header.from.ToString(), header.to.ToString());
    }
    arrival_.peer = Peer{};
    arrival_.peer.is_unix = header.client == ProxyHeader::Client::kUnix;
    arrival_.peer.ip = header.from.ip();
    arrival_.peer.port = header.from.port();
  }
  owner_.BeginClient(std::move(arrival_), behind);
  owner_.Release(*this);
}

void ProxyGuest::OnReadEnd(int) {
  if (!over_) End(ProxyEnd::kLeft);
}

void ProxyGuest::OnDeadline() { Refuse(ProxyEnd::kTimeout, "not within head_timeout"); }

// Told: most often the balancer in front is not set up to send one.
void ProxyGuest::Refuse(ProxyEnd how, std::string_view why) {
  static log::Site site;
  log::Warn(site, "listener %s: no PROXY header from %s: %s", arrival_.listener->name,
            arrival_.peer.ToString(), why);
  End(how);
}

void ProxyGuest::End(ProxyEnd how) {
  stats_.proxy_headers[static_cast<size_t>(how)].Add();
  Cut();
}

void ProxyGuest::Cut() {
  over_ = true;
  deadline_.Cancel();
  owner_.Release(*this);
}

}  // namespace sluice::server
