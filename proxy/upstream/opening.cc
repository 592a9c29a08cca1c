#include "proxy/upstream/opening.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/net/error.h"
#include "proxy/upstream/h1_upstream.h"
#include "proxy/upstream/h2_upstream.h"

namespace sluice::upstream {
namespace {

// At the limit of connections, for one to close.
constexpr Duration kAskAgain = std::chrono::milliseconds(1);

Failure Nothing(Cause cause, std::string why) {
  return {.side = Side::kUpstream, .cause = cause, .nothing_sent = true, .why = std::move(why)};
}

Failure DialFailure(int error) {
  if (error == net::kTimedOut) {
    return Nothing(Cause::kConnectTimeout, "no connection within connect_timeout");
  }
  Failure failure =
      Nothing(Cause::kConnectRefused, absl::StrFormat("connecting: %s", net::ErrorText(error)));
  if (error == net::kTooManyFiles || error == net::kSystemTooManyFiles) {
    // Ours, not the server's: it must not rest for it.
    failure.side = Side::kSluice;
    failure.cause = Cause::kLimit;
  }
  return failure;
}

// What went wrong in words that need the library's reason behind them, or stand alone.
std::string_view Describe(tls::HandshakeError error) {
  switch (error) {
    case tls::HandshakeError::kLeft:
      return "the connection ended in the TLS handshake (does the server speak TLS?)";
    case tls::HandshakeError::kPlainHttp:
    case tls::HandshakeError::kNotTls:
      return "the server does not speak TLS";
    case tls::HandshakeError::kCertificate:
      return "the server's certificate";
    case tls::HandshakeError::kPeerRefused:
      return "the server refused the TLS handshake";
    case tls::HandshakeError::kUnknownName:
    case tls::HandshakeError::kNothingInCommon:
    case tls::HandshakeError::kProtocol:
      break;
  }
  return "no TLS handshake";
}

}  // namespace

class Opening::Waiter final : public Attempt {
 public:
  explicit Waiter(Connector::Connected done) : done_(std::move(done)) {}
  ~Waiter() override {
    if (opening_ != nullptr) opening_->Leave(*this);
  }

 private:
  friend class Opening;
  Opening* opening_ = nullptr;
  Connector::Connected done_;
};

Opening::Opening(Pool& pool, std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
                 Duration timeout)
    : pool_(pool), slot_(std::move(slot)), spec_(spec), timeout_(timeout) {
  if (slot_->http2) slot_->opening = this;
  Begin();
}

// Dials, or asks for a connection that is kept idle to be closed, until it may dial. No word of it
// comes before the caller has returned.
void Opening::Begin() {
  Server& server = *slot_->server;
  seat_ = server.connections.TryEnter();
  const bool waits = wants_since_ != TimePoint{};
  const TimePoint now = pool_.loop().now();
  if (!seat_) {
    if (!waits) {
      wants_since_ = now;
      server.connections_wanted.fetch_add(1, std::memory_order_relaxed);
      pool_.CloseOneIdle(server);
    } else if (now - wants_since_ >= timeout_) {
      Failure full = Nothing(Cause::kLimit, "max_connections are open, and none falls idle");
      full.side = Side::kSluice;
      return Fail(full);
    }
    if (pool_.peers() != nullptr) pool_.peers()->AskToClose(pool_.shard(), slot_->server);
    return pool_.loop().Arm(again_, kAskAgain);
  }
  if (waits) {
    wants_since_ = TimePoint{};
    server.connections_wanted.fetch_sub(1, std::memory_order_relaxed);
  }
  stats().connects.Add();
  dial_.emplace(pool_.loop(), server.address, timeout_,
                net::SocketOptions{.nodelay = spec_.nodelay, .keepalive = spec_.tcp_keepalive},
                [this](std::unique_ptr<net::Socket> socket, int error) {
                  OnDialled(std::move(socket), error);
                });
  // Of the same length as the dial's, for lengths should be few (net::Loop), and behind it.
  if (slot_->transport->tls != nullptr) pool_.loop().Arm(deadline_, timeout_);
}

Opening::~Opening() {
  if (wants_since_ != TimePoint{}) slot_->server->connections_wanted.fetch_sub(1);
  if (slot_->opening == this) slot_->opening = nullptr;
}

bool Opening::Takes(const conf::Pool& spec) const {
  return waiters_.size() < kMost && &spec == &spec_;
}

std::unique_ptr<Attempt> Opening::Add(Connector::Connected done) {
  auto waiter = std::make_unique<Waiter>(std::move(done));
  Take(*waiter);
  return waiter;
}

void Opening::Take(Waiter& waiter) {
  waiter.opening_ = this;
  waiters_.push_back(&waiter);
}

void Opening::Leave(Waiter& waiter) {
  waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &waiter));
  if (waiters_.empty() && !decided_) Decide();
}

Opening::Waiter& Opening::Pop() {
  Waiter& waiter = *waiters_.front();
  waiters_.erase(waiters_.begin());
  waiter.opening_ = nullptr;
  return waiter;
}

Connector::Connected Opening::Next() { return std::move(Pop().done_); }

// Nobody else comes to wait. Ends with the turn; what the handshake tells until then is not heard.
void Opening::Decide() {
  if (slot_->opening == this) slot_->opening = nullptr;
  decided_ = true;
  deadline_.Cancel();
  again_.Cancel();
  dial_.reset();
  pool_.loop().Retire(std::unique_ptr<Opening>(this));
}

void Opening::OnDialled(std::unique_ptr<net::Socket> socket, int error) {
  if (error != 0) return Fail(DialFailure(error));
  const Transport& transport = *slot_->transport;
  if (transport.tls != nullptr) {
    const std::string_view name = transport.ServerName(slot_->server->host);
    secure_ = tls::TlsStream::Connect(pool_.loop(), std::move(socket), transport.tls, name,
                                      absl::StrFormat("%s %s", name, slot_->server->label), this);
  } else if (transport.protocol == Protocol::kHttp2) {
    LendHttp2(std::move(socket));
  } else {
    LendHttp1(std::move(socket));
  }
}

void Opening::OnHandshakeDone(const tls::HandshakeInfo& info) {
  if (decided_) return;
  const Protocol wanted = slot_->transport->protocol;
  const bool http2 = info.alpn == "h2";
  if (wanted == Protocol::kHttp2 && !http2) {
    return FailHandshake("the server did not agree to HTTP/2", "no h2 by ALPN", Cause::kTlsFailed);
  }
  stats().handshakes.Add();
  if (info.resumed) stats().resumed.Add();
  if (wanted == Protocol::kAgreed) slot_->http2 = http2;
  if (http2) {
    LendHttp2(std::move(secure_));
  } else {
    LendHttp1(std::move(secure_));
  }
}

void Opening::OnHandshakeFailed(const tls::HandshakeFailure& failure) {
  if (decided_) return;
  FailHandshake(Describe(failure.error), failure.reason, Cause::kTlsFailed);
}

void Opening::OnHandshakeTooLong() {
  FailHandshake("no TLS handshake", "not within connect_timeout", Cause::kConnectTimeout);
}

void Opening::FailHandshake(std::string_view what, std::string_view reason, Cause cause) {
  stats().failed_handshakes.Add();
  Fail(Nothing(cause, absl::StrFormat("%s: %s", what, reason)));
}

void Opening::LendHttp1(std::unique_ptr<net::Stream> stream) {
  Decide();
  stats().connections.Add();
  auto* const made = new H1Upstream(pool_, slot_, spec_, *std::move(seat_), std::move(stream));
  Connector::Connected first = Next();
  while (!waiters_.empty()) {
    (new Opening(pool_, slot_, spec_, timeout_))->Take(Pop());
  }
  first(Lease(made, /*reused=*/false), {});
}

void Opening::LendHttp2(std::unique_ptr<net::Stream> stream) {
  Decide();
  stats().connections.Add();
  auto* const made = new H2Upstream(pool_, slot_, spec_, *std::move(seat_), std::move(stream));
  // Each may cancel others, or come back for another connection.
  while (!waiters_.empty()) {
    Connector::Connected done = Next();
    if (made->MayLend(Duration::max())) {
      done(made->Lend(), {});
    } else {
      done(Lease(), Nothing(Cause::kConnectRefused, "the server takes no streams"));
    }
  }
  if (slot_->retired) made->Retire();
}

void Opening::Fail(const Failure& why) {
  Decide();
  if (why.side == Side::kSluice && seat_) pool_.CloseAllIdle();  // their descriptors serve nobody
  while (!waiters_.empty()) Next()(Lease(), why);
}

}  // namespace sluice::upstream
