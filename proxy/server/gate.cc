#include "proxy/server/gate.h"

#include <utility>

#include "proxy/base/log.h"
#include "proxy/server/connection.h"
#include "proxy/server/h2_connection.h"
#include "proxy/server/proxy_guest.h"
#include "proxy/server/tls_guest.h"

namespace sluice::server {
namespace {

// At the limit: how often to look for room. Connections wait in the kernel meanwhile.
constexpr Duration kLookAgain = std::chrono::milliseconds(10);

}  // namespace

Gate::Gate(net::Loop& loop, Service& service, const Binding& binding, size_t shard)
    : loop_(loop),
      service_(service),
      listening_(binding.listening),
      stats_(binding.listening->stats.shard(shard)),
      acceptor_(std::make_unique<net::Acceptor>(
          loop, binding.socket->get(), net::SocketOptions{},
          [this](std::unique_ptr<net::Socket> socket, const Address& peer) {
            OnAccept(std::move(socket), peer);
          })) {
  SetSpec(binding);
  acceptor_->SetBurst([this] { return welcome_.Next(); });
}

Gate::~Gate() {
  while (guests_ != nullptr) Release(*guests_);
}

void Gate::SetSpec(const Binding& binding) {
  spec_ = binding.spec;
  tls_ = binding.tls;
  handshakes_ = binding.handshakes;
  newcomers_ = binding.newcomers;
  balancers_ = admission::TrustedProxies(spec_->proxy_protocol);
}

void Gate::OnAccept(std::unique_ptr<net::Socket> socket, const Address& peer) {
  stats_.accepted.Add();
  if (std::optional<ratelimit::Permit> permit = TakeRoom()) {
    Begin(std::move(socket), peer, *std::move(permit));
  } else {
    parked_.emplace_back(std::move(socket), peer);
  }
  if (room_.armed() || (parked_.empty() && HasRoom())) return;
  static log::Site site;
  if (listening_->open.active() < listening_->open.limit()) {
    stats_.handshake_pauses.Add();
    log::Warn(site, "listener %s: TLS handshakes are at their limit; more wait in the kernel",
              spec_->name);
  } else {
    log::Warn(site, "listener %s: %d connections, its limit; more wait in the kernel", spec_->name,
              listening_->open.limit());
  }
  if (acceptor_ != nullptr) acceptor_->Pause();
  loop_.Arm(room_, kLookAgain);
}

bool Gate::HasRoom() {
  return listening_->open.active() < listening_->open.limit() &&
         (handshakes_ == nullptr || handshakes_->HasRoom(loop_.now()));
}

std::optional<ratelimit::Permit> Gate::TakeRoom() {
  std::optional<ratelimit::Permit> permit = listening_->open.TryEnter();
  if (permit && handshakes_ != nullptr && !handshakes_->Take(loop_.now())) permit.reset();
  return permit;
}

void Gate::OnRoomAgain() {
  while (!parked_.empty()) {
    std::optional<ratelimit::Permit> permit = TakeRoom();
    if (!permit) break;
    auto [socket, from] = std::move(parked_.front());
    parked_.pop_front();
    Begin(std::move(socket), from, *std::move(permit));
  }
  if (!parked_.empty()) return loop_.Arm(room_, kLookAgain);
  if (acceptor_ == nullptr) return;
  if (HasRoom()) {
    acceptor_->Resume();
  } else {
    loop_.Arm(room_, kLookAgain);
  }
}

void Gate::Begin(std::unique_ptr<net::Socket> socket, const Address& from,
                 ratelimit::Permit permit) {
  Peer peer;
  peer.is_unix = from.family() == AF_UNIX || listening_->bound.family() == AF_UNIX;
  if (peer.is_unix) {
    peer.process = socket->process();
  } else {
    peer.ip = from.ip();
    peer.port = from.port();
  }
  Arrival arrival{.listener = spec_,
                  .stream = std::move(socket),
                  .peer = peer,
                  .place = HandshakePlace(handshakes_),
                  .permit = std::move(permit)};
  if (spec_->proxy_protocol.empty()) return BeginClient(std::move(arrival), {});
  if (balancers_.TrustsPeer(peer.ip, peer.is_unix)) {
    return Admit(*new ProxyGuest(loop_, *this, std::move(arrival), stats_));
  }
  stats_.proxy_headers[static_cast<size_t>(observe::ProxyEnd::kUntrusted)].Add();
  static log::Site site;
  log::Warn(site, "listener %s: closed a connection from %s, which is not in proxy_protocol",
            spec_->name, peer.ToString());
}

// By the present spec: a reload may have come while the connection waited for its header.
void Gate::BeginClient(Arrival arrival, std::span<char> came) {
  arrival.listener = spec_;
  if (newcomers_ != nullptr && !newcomers_->Admits(arrival.peer, loop_.now())) {
    stats_.refused_connections.Add();
    return RefuseClient(std::move(arrival), "too many new connections");
  }
  if (tls_ == nullptr) return BeginHttp1(std::move(arrival), came);
  if (handshakes_ != nullptr && !handshakes_->Admits(arrival.peer, loop_.now())) {
    stats_.refused_handshakes.Add();
    return RefuseClient(std::move(arrival), "too many TLS handshakes");
  }
  arrival.place.Use();
  welcome_.Spent(Welcome::kHandshake);
  Admit(*new TlsGuest(loop_, *this, std::move(arrival), tls_, stats_, came));
}

void Gate::RefuseClient(Arrival arrival, std::string_view why) {
  static log::Site site;
  log::Warn(site, "listener %s: %s: %s, refused", spec_->name, arrival.peer.ToString(), why);
  arrival.stream->Abort();
  loop_.Retire(std::move(arrival.stream));
}

void Gate::BeginHttp1(Arrival arrival, std::span<char> came) {
  auto* const connection = new Connection(loop_, service_, *this, std::move(arrival));
  Admit(*connection);
  connection->Start(came);
}

void Gate::BeginHttp2(Arrival arrival, std::string_view came) {
  auto* const connection = new H2Connection(loop_, service_, *this, std::move(arrival));
  Admit(*connection);
  connection->Start(came);
}

void Gate::Admit(Guest& guest) {
  guest.next = guests_;
  guest.link = &guests_;
  if (guests_ != nullptr) guests_->link = &guest.next;
  guests_ = &guest;
  ++count_;
  stats_.connections.Add();
}

void Gate::Release(Guest& guest) {
  *guest.link = guest.next;
  if (guest.next != nullptr) guest.next->link = guest.link;
  --count_;
  stats_.connections.Sub();
  loop_.Retire(std::unique_ptr<Guest>(&guest));
}

void Gate::CloseListener() {
  if (acceptor_ == nullptr) return;
  acceptor_->DrainAndClose();
  loop_.Retire(std::move(acceptor_));
  // What came out of the backlog beyond the limit is served as room comes.
  if (!parked_.empty()) loop_.Arm(room_, kLookAgain);
}

template <typename Act>
void Gate::ForEach(Act act) {
  Guest* guest = guests_;
  while (guest != nullptr) {
    Guest* const next = guest->next;
    act(*guest);
    guest = next;
  }
}

void Gate::DrainConnections() {
  ForEach([](Guest& guest) { guest.Drain(); });
}

void Gate::CutConnections() {
  parked_.clear();
  ForEach([](Guest& guest) { guest.Cut(); });
}

}  // namespace sluice::server
