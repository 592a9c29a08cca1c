// TlsStreamTest: a loop, a server's TlsStream on one end of a TCP connection, and on the other a
// client's TlsStream or a RawClient, which is OpenSSL without any of our code and driven by hand.
#ifndef SLUICE_TESTS_TLS_STREAM_FIXTURE_H_
#define SLUICE_TESTS_TLS_STREAM_FIXTURE_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "proxy/net/error.h"
#include "proxy/tls/client_context.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/tls_stream.h"
#include "tests/support/loop_fixture.h"
#include "tests/support/test_certificates.h"

namespace sluice::tls {

// One end: its stream, what the handshake came to, and what the stream told.
struct End final : HandshakeEvents {
  void OnHandshakeDone(const HandshakeInfo& told_info) override {
    ++done;
    info = told_info;
    alpn = info.alpn;
    server_name = info.server_name;
    ja4 = info.ja4;
    if (on_done) on_done();
  }
  void OnHandshakeFailed(const HandshakeFailure& failure) override {
    ++failed;
    error = failure.error;
    reason = failure.reason;
    server_name = failure.server_name;
  }
  bool over() const { return done + failed > 0; }

  net::Recorder told;
  std::unique_ptr<TlsStream> stream;
  int done = 0;
  int failed = 0;
  HandshakeInfo info;
  HandshakeError error{};
  std::string reason, alpn, server_name, ja4;
  absl::AnyInvocable<void()> on_done;
};

class RawClient {
 public:
  explicit RawClient(net::Fd fd, int version = 0)
      : fd_(std::move(fd)), context_(SSL_CTX_new(TLS_client_method())) {
    const int nodelay = 1;  // what is sent bytewise shall arrive so
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay);
    if (version != 0) SSL_CTX_set_max_proto_version(context_.get(), version);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_connect_state(ssl_.get());
    SetServerName(ssl_.get(), "shop.example");
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }

  // Takes in what arrived and goes on with the handshake. What is to be sent stays inside.
  void Step() {
    char block[16 * 1024];
    for (ssize_t n; (n = ::recv(fd_.get(), block, sizeof block, 0)) > 0;) {
      BIO_write(SSL_get_rbio(ssl()), block, static_cast<int>(n));
      arrived += static_cast<size_t>(n);
    }
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl())) SSL_do_handshake(ssl());
    for (int n; SSL_is_init_finished(ssl()) && (n = SSL_read(ssl(), block, sizeof block)) > 0;) {
      text.append(block, static_cast<size_t>(n));
    }
  }
  std::string TakeOutput() {
    char* start = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl()), &start);
    std::string out(start, static_cast<size_t>(size));
    BIO_reset(SSL_get_wbio(ssl()));
    return out;
  }
  void Flush() { Send(TakeOutput()); }
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  void Write(std::string_view plain) {
    ASSERT_EQ(SSL_write(ssl(), plain.data(), static_cast<int>(plain.size())),
              static_cast<int>(plain.size()));
  }
  bool finished() { return SSL_is_init_finished(ssl()) == 1; }

  SSL* ssl() { return ssl_.get(); }
  net::Fd& fd() { return fd_; }

  std::string text;
  size_t arrived = 0;

 private:
  net::Fd fd_;
  SslCtxPtr context_;
  SslPtr ssl_;
};

class TlsStreamTest : public net::LoopTest {
 protected:
  TlsStreamTest() {
    server_spec_.certificates = {test::PemOf(shop_)};
    client_spec_.authorities = authority_.certificate_pem;
    client_spec_.authorities_label = "ca.crt";
    client_spec_.alpn = {"h2", "http/1.1"};
  }

  void Accept(std::unique_ptr<net::Stream> lower) {
    if (server_context_ == nullptr) {
      const auto built = ServerContext::Build(server_spec_, tickets_);
      ASSERT_TRUE(built.ok()) << built.status();
      server_context_ = *built;
    }
    server_.done = server_.failed = 0;
    server_.stream = TlsStream::Accept(loop_, std::move(lower), server_context_, &server_);
    server_.stream->SetEvents(&server_.told);
    if (server_reads_) server_.stream->StartReading();
  }
  void Connect(std::unique_ptr<net::Stream> lower, std::string_view name = "shop.example") {
    if (client_context_ == nullptr) {
      const auto built = ClientContext::Build(client_spec_);
      ASSERT_TRUE(built.ok()) << built.status();
      client_context_ = *built;
    }
    client_.done = client_.failed = 0;
    client_.stream =
        TlsStream::Connect(loop_, std::move(lower), client_context_, name, name, &client_);
    client_.stream->SetEvents(&client_.told);
    client_.stream->StartReading();
  }

  // Both ends ours.
  void Join(std::string_view name = "shop.example", int receive_buffer = 0) {
    Pair pair = TcpPair(receive_buffer);
    Accept(std::move(pair.socket));
    Connect(net::Socket::Adopt(loop_, std::move(pair.peer), {}), name);
  }
  void Shake(std::string_view name = "shop.example", int receive_buffer = 0) {
    Join(name, receive_buffer);
    RunUntil([&] { return server_.over() && client_.over(); });
  }
  // The server's end ours.
  std::unique_ptr<RawClient> JoinRaw(int version = 0) {
    Pair pair = TcpPair();
    Accept(std::move(pair.socket));
    return std::make_unique<RawClient>(std::move(pair.peer), version);
  }
  std::unique_ptr<RawClient> ShakeRaw(int version = 0) {
    auto raw = JoinRaw(version);
    RunUntil([&] {
      raw->Step();
      raw->Flush();
      return raw->finished() && server_.over();
    });
    return raw;
  }
  // Turns for about `length`. Never waits inside a turn: a deadline that is due when the turn
  // begins runs before the turn waits, and it would then wait for the next one.
  void RunFor(Duration length) {
    const auto until = std::chrono::steady_clock::now() + length;
    do {
      Turn();
      ::poll(nullptr, 0, 1);
    } while (std::chrono::steady_clock::now() < until);
    Turn();
  }
  void Retire(End& end) { loop_.Retire(std::move(end.stream)); }

  const WallTime now_ = std::chrono::system_clock::now();
  const test::Made authority_ =
      test::MakeCertificate({.subject = "authority", .names = {}, .authority = true});
  const test::Made shop_ = test::MakeCertificate(
      {.subject = "shop", .names = {"shop.example", "IP:127.0.0.1"}, .issuer = &authority_});
  std::shared_ptr<TicketKeys> tickets_ = std::make_shared<TicketKeys>(now_);
  ServerSpec server_spec_;
  ClientSpec client_spec_;
  std::shared_ptr<const ServerContext> server_context_;
  std::shared_ptr<const ClientContext> client_context_;
  bool server_reads_ = true;
  End server_;
  End client_;
};

inline std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

}  // namespace sluice::tls

#endif  // SLUICE_TESTS_TLS_STREAM_FIXTURE_H_
