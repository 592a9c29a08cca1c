// Gate: one worker's (or the admin's) way in from one listener: accepts while the limits of
// connections and of TLS handshakes leave room, lets the kernel's backlog wait while they do not,
// and keeps the list of connections that came in, whatever protocol they turn out to speak.
//
// Threads: one loop's.
#ifndef SLUICE_PROXY_SERVER_GATE_H_
#define SLUICE_PROXY_SERVER_GATE_H_

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "proxy/admission/client_key.h"
#include "proxy/base/deadline.h"
#include "proxy/net/acceptor.h"
#include "proxy/server/guest.h"
#include "proxy/server/listener_set.h"
#include "proxy/server/service.h"
#include "proxy/server/welcome.h"

namespace sluice::server {

class Gate final : private ConnectionOwner {
 public:
  // `shard` is the place of this loop in the listener's counters.
  Gate(net::Loop& loop, Service& service, const Binding& binding, size_t shard);
  ~Gate() override;

  // New connections follow `spec` from now on.
  void SetSpec(const Binding& binding);
  // Accepts what queues, then closes the listener. Connections stay.
  void CloseListener();
  // The service is draining: tells every connection.
  void DrainConnections();
  // Ends every connection now.
  void CutConnections();

  const Listening& listening() const { return *listening_; }
  bool accepting() const { return acceptor_ != nullptr; }
  // Those that wait for a place included.
  size_t connections() const { return count_ + parked_.size(); }

 private:
  void OnAccept(std::unique_ptr<net::Socket> socket, const Address& peer);
  void Begin(std::unique_ptr<net::Socket> socket, const Address& from, ratelimit::Permit permit);
  void OnRoomAgain();
  // What a connection needs to begin: one of the listener's, and of TLS a handshake.
  bool HasRoom();
  std::optional<ratelimit::Permit> TakeRoom();
  void Admit(Guest& guest);
  void Release(Guest& guest) override;
  void RefuseClient(Arrival arrival, std::string_view why);
  // The one place where TLS begins: the address of the client is known.
  void BeginClient(Arrival arrival, std::span<char> came) override;
  void BeginHttp1(Arrival arrival, std::span<char> came) override;
  observe::ListenerStats& stats() override { return stats_; }
  void Spent(Duration time) override { welcome_.Spent(time); }
  void BeginHttp2(Arrival arrival, std::string_view came) override;
  template <typename Act>
  void ForEach(Act act);

  net::Loop& loop_;
  Service& service_;
  const std::shared_ptr<Listening> listening_;
  std::shared_ptr<const conf::Listener> spec_;
  std::shared_ptr<const tls::ServerContext> tls_;  // null: plain
  std::shared_ptr<HandshakeGate> handshakes_;      // null: not limited
  std::shared_ptr<AddressRate> newcomers_;         // the same
  admission::TrustedProxies balancers_;            // whose PROXY header is believed
  observe::ListenerStats& stats_;
  Welcome welcome_;
  std::unique_ptr<net::Acceptor> acceptor_;
  // Accepted at the very moment another worker took the last room, or while closing.
  std::deque<std::pair<std::unique_ptr<net::Socket>, Address>> parked_;
  Guest* guests_ = nullptr;
  size_t count_ = 0;
  BoundDeadline<Gate, &Gate::OnRoomAgain> room_{this};
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_GATE_H_
