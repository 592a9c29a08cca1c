#include "bench/load/handshake/handshake.h"

#include <openssl/err.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/load/http_head.h"
#include "bench/load/loopback.h"
#include "proxy/base/text.h"
#include "proxy/tls/openssl.h"

namespace sluice::load {
namespace {

// A server whose answers are longer is not the one that this is for.
constexpr size_t kMostAnswerBytes = 1 << 20;

// One connection and what it is for.
struct Visit {
  net::Fd fd = {};
  tls::SslPtr ssl = {};
  TimePoint began = {};
  TimePoint answered = {};
  uint32_t watched = EPOLLOUT;  // what epoll tells of it
  bool asked = false;
  std::string answer = {};
};

// Whether these bytes are an answer and all of it; the server must say how long its body is.
bool IsWhole(std::string_view answer) {
  const size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  const std::string_view head = answer.substr(0, end + 4);
  const auto length = ParseDecimal(FieldOf(head, "Content-Length"));
  return StatusOf(head) == 200 && length.has_value() && answer.size() == head.size() + *length;
}

class Handshakes {
 public:
  explicit Handshakes(const HandshakePlan& plan)
      : port_(plan.port),
        resume_(plan.resume),
        request_(absl::StrFormat("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n"
                                 "%s%s\r\n",
                                 plan.path, plan.port, plan.field,
                                 plan.field.empty() ? "" : "\r\n")),
        context_(SSL_CTX_new(TLS_client_method())),
        visits_(plan.connections) {
    if (context_ == nullptr) Die("SSL_CTX_new");
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  }

  HandshakeTally Run(Duration sending, Duration drain) {
    const TimePoint start = Now();
    stop_ = start + sending;
    const TimePoint end = stop_ + drain;
    for (Visit& visit : visits_) Begin(visit);
    for (TimePoint now = start; underway_ > 0 && now < end; now = Now()) {
      for (const epoll_event& event : poll_.Wait(end - now)) {
        Continue(*static_cast<Visit*>(event.data.ptr));
      }
    }
    tally_.errors += underway_;
    tally_.took = last_ - start;
    return std::move(tally_);
  }

 private:
  void Begin(Visit& visit) {
    visit = {.fd = Connect(port_), .ssl = tls::SslPtr(SSL_new(context_.get())), .began = Now()};
    if (visit.ssl == nullptr || SSL_set_fd(visit.ssl.get(), visit.fd.get()) != 1) Die("SSL_new");
    SSL_set_connect_state(visit.ssl.get());
    if (session_ != nullptr) SSL_set_session(visit.ssl.get(), session_.get());
    poll_.Add(visit.fd.get(), visit.watched, &visit);
    ++underway_;
  }

  // As far as the connection lets it.
  void Continue(Visit& visit) {
    ERR_clear_error();
    SSL* const ssl = visit.ssl.get();
    if (!visit.asked) {
      // Shakes hands first. The request fits in a record and that in an empty socket.
      const int sent = SSL_write(ssl, request_.data(), static_cast<int>(request_.size()));
      if (sent <= 0) return Wait(visit, sent);
      visit.asked = true;
      tally_.resumed += static_cast<uint64_t>(SSL_session_reused(ssl));
    }
    int count;
    while ((count = SSL_read(ssl, block_, sizeof block_)) > 0) {
      visit.answer.append(block_, static_cast<size_t>(count));
      visit.answered = Now();
      if (visit.answer.size() > kMostAnswerBytes) break;
    }
    Wait(visit, count);
  }

  // `result` is that of the last call, which is not done.
  void Wait(Visit& visit, int result) {
    const int why = SSL_get_error(visit.ssl.get(), result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return End(visit);
    const uint32_t wanted = why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT;
    if (wanted == visit.watched) return;
    visit.watched = wanted;
    poll_.Change(visit.fd.get(), wanted, &visit);
  }

  // However the connection ended: what counts is whether the answer was whole.
  void End(Visit& visit) {
    --underway_;
    last_ = Now();
    if (IsWhole(visit.answer)) {
      tally_.latencies.push_back(visit.answered - visit.began);
    } else {
      ++tally_.errors;
    }
    if (resume_) {
      // Without a farewell OpenSSL would not offer the session again.
      SSL_set_shutdown(visit.ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
      session_.reset(SSL_get1_session(visit.ssl.get()));
    }
    visit.ssl.reset();
    visit.fd = net::Fd();
    if (last_ < stop_) Begin(visit);
  }

  const uint16_t port_;
  const bool resume_;
  const std::string request_;
  const tls::SslCtxPtr context_;
  std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session_{nullptr, SSL_SESSION_free};
  Poll poll_;
  std::vector<Visit> visits_;
  TimePoint stop_;       // no new connection from then on
  TimePoint last_;       // when the last visit was over
  size_t underway_ = 0;  // visits
  HandshakeTally tally_;
  char block_[16 * 1024];
};

}  // namespace

absl::StatusOr<HandshakeTally> RunHandshakes(const HandshakePlan& plan) {
  HandshakePlan one = plan;
  one.connections = 1;
  if (const HandshakeTally tried = Handshakes(one).Run(Duration::zero(), plan.drain);
      tried.latencies.empty()) {
    return absl::UnavailableError(
        absl::StrFormat("127.0.0.1:%d gives no whole answer over TLS", plan.port));
  }
  return Handshakes(plan).Run(Duration(std::llround(plan.seconds * 1e9)), plan.drain);
}

}  // namespace sluice::load
