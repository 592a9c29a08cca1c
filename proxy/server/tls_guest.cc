#include "proxy/server/tls_guest.h"

#include <string>
#include <utility>

#include "proxy/base/log.h"

namespace sluice::server {
namespace {

// How long a client that failed may take to read why.
constexpr Duration kLingerTime = std::chrono::seconds(2);

constexpr std::string_view kSpeakTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 55\r\nConnection: close\r\n\r\n"
    "This port speaks TLS: the address begins with https://\n";
static_assert(kSpeakTls.size() - kSpeakTls.find("This port") == 55);

}  // namespace

TlsGuest::TlsGuest(net::Loop& loop, ConnectionOwner& owner, Arrival arrival,
                   std::shared_ptr<const tls::ServerContext> context, observe::ListenerStats& stats,
                   std::span<const char> came)
    : loop_(loop),
      owner_(owner),
      stats_(stats),
      arrival_(std::move(arrival)),
      stream_(tls::TlsStream::Accept(loop, std::move(arrival_.stream), std::move(context), this,
                                     {came.data(), came.size()})) {
  loop_.Arm(deadline_, arrival_.listener->tls->handshake_timeout);
}

void TlsGuest::OnHandshakeDone(const tls::HandshakeInfo& info) {
  stats_.handshakes.Add();
  if (info.resumed) stats_.resumed.Add();
  deadline_.Cancel();
  over_ = true;
  arrival_.tls =
      std::make_unique<const TlsPeer>(TlsPeer{.version = info.version,
                                              .cipher = info.cipher,
                                              .server_name = std::string(info.server_name),
                                              .ja4 = std::string(info.ja4),
                                              .verified = info.peer_verified,
                                              .subject = info.peer_subject,
                                              .rejected = info.peer_rejected});
  arrival_.peer.tls = arrival_.tls.get();
  arrival_.stream = std::move(stream_);
  if (info.alpn == "h2") {
    owner_.BeginHttp2(std::move(arrival_), {});
  } else {
    owner_.BeginHttp1(std::move(arrival_), {});
  }
  owner_.Release(*this);
}

void TlsGuest::OnHandshakeFailed(const tls::HandshakeFailure& failure) {
  stats_.failed_handshakes.Add();
  static log::Site site;
  log::Debug(site, "listener %s: %s: no TLS: %s", arrival_.listener->name,
             arrival_.peer.ip.ToString(), failure.reason);
  if (failure.error == tls::HandshakeError::kLeft) return End();
  lower_ = stream_->TakeLower();
  if (failure.error == tls::HandshakeError::kPlainHttp) lower_->Write(kSpeakTls);
  lower_->SetEvents(this);
  lower_->FinishWriting();
  lower_->StartReading();
  loop_.Arm(deadline_, kLingerTime);
}

void TlsGuest::OnDeadline() {
  if (lower_ == nullptr) stats_.failed_handshakes.Add();
  End();
}

void TlsGuest::End() {
  if (std::exchange(over_, true)) return;
  deadline_.Cancel();
  owner_.Release(*this);
}

}  // namespace sluice::server
