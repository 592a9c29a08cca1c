// Handshakes of TlsStream: what they tell, and how each way of failing is told.
#include "tests/tls/stream_fixture.h"

namespace sluice::tls {
namespace {

using namespace std::chrono_literals;
using HandshakeTest = TlsStreamTest;

TEST_F(HandshakeTest, TellsBothSidesWhatWasAgreedOn) {
  Shake();
  ASSERT_EQ(server_.done, 1) << server_.reason;
  ASSERT_EQ(client_.done, 1) << client_.reason;
  for (const End* const end : {&server_, &client_}) {
    EXPECT_EQ(end->info.version, "TLSv1.3");
    EXPECT_EQ(end->info.cipher, "TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(end->alpn, "h2");
    EXPECT_EQ(end->server_name, "shop.example");
    EXPECT_FALSE(end->info.resumed);
  }
  EXPECT_EQ(client_.info.peer_subject, "CN=shop");
  EXPECT_EQ(server_.info.peer_subject, "");
  EXPECT_EQ(client_.ja4, "");
  ASSERT_EQ(server_.ja4.size(), 36u);
  EXPECT_EQ(server_.ja4.substr(0, 4), "t13d");
  EXPECT_EQ(server_.ja4.substr(8, 3), "h2_");
}

TEST_F(HandshakeTest, SpeaksTls12WithWhoKnowsNothingNewer) {
  const auto raw = ShakeRaw(TLS1_2_VERSION);
  ASSERT_EQ(server_.done, 1) << server_.reason;
  EXPECT_EQ(server_.info.version, "TLSv1.2");
  EXPECT_EQ(server_.info.cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(server_.ja4.substr(0, 4), "t12d");
}

TEST_F(HandshakeTest, ComesAboutByteByByte) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    const auto raw = JoinRaw(version);
    for (int turn = 0; turn < 10'000 && !(raw->finished() && server_.over()); ++turn) {
      raw->Step();
      for (const char c : raw->TakeOutput()) {
        raw->Send({&c, 1});
        Turn();
      }
      Turn();
    }
    EXPECT_EQ(server_.done, 1) << server_.reason;
    EXPECT_EQ(server_.server_name, "shop.example");
  }
}

TEST_F(HandshakeTest, ResumesTheLastSessionAlsoAfterAReload) {
  Shake();
  EXPECT_FALSE(client_.info.resumed);
  RunUntil([&] { return client_context_->sessions() == 1; });
  server_context_ = nullptr;
  Shake();
  EXPECT_TRUE(client_.info.resumed);
  EXPECT_TRUE(server_.info.resumed);
  // The certificate is that of the session.
  EXPECT_EQ(client_.info.peer_subject, "CN=shop");
  RunFor(5ms);
  Shake();
  EXPECT_TRUE(client_.info.resumed);  // with the session that the second one was given
  // Another name is another server.
  client_.info = {};
  Shake("127.0.0.1");
  ASSERT_EQ(client_.done, 1) << client_.reason;
  EXPECT_FALSE(client_.info.resumed);
}

TEST_F(HandshakeTest, KeepsTheSessionsOfSoManyServersOnly) {
  client_spec_.session_cache = 1;
  Shake("shop.example");
  RunUntil([&] { return client_context_->sessions() == 1; });
  Shake("127.0.0.1");
  RunFor(20ms);
  EXPECT_EQ(client_context_->sessions(), 1u);
  Shake("shop.example");
  EXPECT_FALSE(client_.info.resumed);
}

TEST_F(HandshakeTest, FailsWhenTheServersCertificateIsForAnotherName) {
  Shake("other.example");
  ASSERT_EQ(client_.failed, 1);
  EXPECT_EQ(client_.error, HandshakeError::kCertificate);
  EXPECT_EQ(client_.reason, "hostname mismatch");
  ASSERT_EQ(server_.failed, 1);
  EXPECT_EQ(server_.error, HandshakeError::kPeerRefused);
}

TEST_F(HandshakeTest, FailsWhenTheServersAddressIsNotInItsCertificate) {
  Shake("127.0.0.2");
  ASSERT_EQ(client_.failed, 1);
  EXPECT_EQ(client_.reason, "IP address mismatch");
}

TEST_F(HandshakeTest, FailsWhenNobodyKnowsTheServersAuthority) {
  client_spec_.authorities = test::MakeCertificate({.authority = true}).certificate_pem;
  Shake();
  ASSERT_EQ(client_.failed, 1);
  EXPECT_EQ(client_.error, HandshakeError::kCertificate);
  EXPECT_EQ(client_.reason, "unable to get local issuer certificate");
}

TEST_F(HandshakeTest, TheSystemsAuthoritiesAreAskedWhereNoneAreGiven) {
  client_spec_.authorities = client_spec_.authorities_label = "";
  Shake();
  ASSERT_EQ(client_.failed, 1);
  EXPECT_EQ(client_.error, HandshakeError::kCertificate);
}

TEST_F(HandshakeTest, TrustsAnybodyOnlyWhenToldTo) {
  client_spec_.authorities = client_spec_.authorities_label = "";
  client_spec_.verify = false;
  Shake("other.example");
  ASSERT_EQ(client_.done, 1) << client_.reason;
  EXPECT_EQ(client_.info.peer_subject, "");
  EXPECT_NE(client_.info.peer_rejected, "");
}

TEST_F(HandshakeTest, TellsTheClientsVerifiedSubject) {
  const test::Made alice = test::MakeCertificate({.subject = "alice", .issuer = &authority_});
  server_spec_.client_certificates = ClientCertificates::kRequired;
  server_spec_.client_ca = authority_.certificate_pem;
  client_spec_.certificate = test::PemOf(alice);
  Shake();
  ASSERT_EQ(server_.done, 1) << server_.reason;
  EXPECT_EQ(server_.info.peer_subject, "CN=alice");
  EXPECT_TRUE(server_.info.peer_verified);
  EXPECT_EQ(server_.info.peer_rejected, "");
}

TEST_F(HandshakeTest, NeverTellsASubjectThatIsNotVerified) {
  const test::Made mallory = test::MakeCertificate({.subject = "alice"});
  server_spec_.client_certificates = ClientCertificates::kOptional;
  server_spec_.client_ca = authority_.certificate_pem;
  client_spec_.certificate = test::PemOf(mallory);
  Shake();
  ASSERT_EQ(server_.done, 1) << server_.reason;
  EXPECT_EQ(server_.info.peer_subject, "");
  EXPECT_EQ(server_.info.peer_rejected, "self-signed certificate");
}

TEST_F(HandshakeTest, FailsWithoutTheClientCertificateThatIsRequired) {
  server_spec_.client_certificates = ClientCertificates::kRequired;
  server_spec_.client_ca = authority_.certificate_pem;
  Join();
  RunUntil([&] { return server_.over(); });
  ASSERT_EQ(server_.failed, 1);
  EXPECT_EQ(server_.error, HandshakeError::kCertificate);
  EXPECT_EQ(server_.reason, "peer did not return a certificate");
  // In TLS 1.3 the client is done by then, and hears of it by an alert.
  RunUntil([&] { return client_.told.ended; });
  EXPECT_EQ(ErrorText(client_.told.error), "tlsv13 alert certificate required");
}

TEST_F(HandshakeTest, StrictlyRefusesANameItHasNoCertificateFor) {
  server_spec_.unknown_name = UnknownName::kRefuse;
  Shake("other.example");
  ASSERT_EQ(server_.failed, 1);
  EXPECT_EQ(server_.error, HandshakeError::kUnknownName);
  EXPECT_EQ(server_.reason, "no certificate for \"other.example\"");
  EXPECT_EQ(server_.server_name, "other.example");
  EXPECT_EQ(client_.error, HandshakeError::kPeerRefused);
  EXPECT_EQ(client_.reason, "tlsv1 unrecognized name");
}

TEST_F(HandshakeTest, FailsWhereNoProtocolIsInCommon) {
  client_spec_.alpn = {"acme"};
  Shake();
  EXPECT_EQ(server_.error, HandshakeError::kNothingInCommon);
  EXPECT_EQ(server_.reason, "no application protocol");
}

TEST_F(HandshakeTest, AnHttpClientCanBeAnsweredInPlainText) {
  for (const std::string_view request : {"GET / HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n"}) {
    Pair pair = TcpPair();
    Accept(std::move(pair.socket));
    Send(pair.peer, request);
    RunUntil([&] { return server_.over(); });
    ASSERT_EQ(server_.failed, 1);
    EXPECT_EQ(server_.error, HandshakeError::kPlainHttp);
    EXPECT_EQ(server_.reason, "HTTP without TLS");

    const std::unique_ptr<net::Stream> lower = server_.stream->TakeLower();
    Retire(server_);
    lower->Write("HTTP/1.1 400 Bad Request\r\n\r\nthis port speaks TLS\n");
    std::string answer;
    RunUntil([&] {
      answer += Take(pair.peer);
      return answer.ends_with("TLS\n");
    });
    EXPECT_EQ(answer.substr(0, 9), "HTTP/1.1 ");
  }
}

TEST_F(HandshakeTest, OtherProtocolsAreToldFromBrokenTls) {
  const auto error_of = [&](std::string_view sent) {
    Pair pair = TcpPair();
    Accept(std::move(pair.socket));
    Send(pair.peer, sent);
    RunUntil([&] { return server_.over(); });
    return server_.error;
  };
  EXPECT_EQ(error_of("SSH-2.0-OpenSSH_9.2\r\n"), HandshakeError::kNotTls);
  EXPECT_EQ(error_of(std::string_view("\0\0\0\0\0\0\0\0", 8)), HandshakeError::kNotTls);
  EXPECT_EQ(error_of(std::string_view("\x16\x03\x01\0\x04\x01\0\0\0", 9)),
            HandshakeError::kProtocol);
}

TEST_F(HandshakeTest, AServerWithoutTlsIsTold) {
  const auto reason_of = [&](std::string_view sent) {
    Pair pair = TcpPair();
    Connect(std::move(pair.socket));
    Send(pair.peer, sent);
    RunUntil([&] { return client_.over(); });
    return client_.reason;
  };
  EXPECT_EQ(reason_of("HTTP/1.1 400 Bad Request\r\n\r\n"), "HTTP without TLS");
  EXPECT_EQ(client_.error, HandshakeError::kPlainHttp);
  EXPECT_EQ(reason_of("220 mail.example ESMTP\r\n"), "wrong version number");
  EXPECT_EQ(client_.error, HandshakeError::kNotTls);
}

TEST_F(HandshakeTest, WhoLeavesInTheMiddleIsToldOf) {
  const auto raw = JoinRaw();
  raw->Step();
  raw->Send(raw->TakeOutput().substr(0, 100));
  RunFor(10ms);
  EXPECT_FALSE(server_.over());
  ::shutdown(raw->fd().get(), SHUT_WR);
  RunUntil([&] { return server_.over(); });
  EXPECT_EQ(server_.error, HandshakeError::kLeft);
  EXPECT_EQ(server_.reason, "the peer left during the handshake");

  const auto other = JoinRaw();
  other->Step();
  other->Send(other->TakeOutput().substr(0, 100));
  RunFor(10ms);
  Reset(other->fd());
  RunUntil([&] { return server_.over(); });
  EXPECT_EQ(server_.error, HandshakeError::kLeft);
  EXPECT_EQ(server_.reason, net::ErrorText(net::kConnReset));
}

TEST_F(HandshakeTest, AHalfFinishedOneCanBeAbandoned) {
  const auto raw = JoinRaw();
  raw->Step();
  raw->Send(raw->TakeOutput().substr(0, 100));
  RunFor(10ms);
  server_.stream->Abort();
  Retire(server_);
  RunFor(10ms);
  EXPECT_FALSE(server_.over());
}

TEST_F(HandshakeTest, IsNotRepeated) {
  const auto raw = ShakeRaw(TLS1_2_VERSION);
  SSL_renegotiate(raw->ssl());
  SSL_do_handshake(raw->ssl());
  raw->Flush();
  RunFor(20ms);
  // Refused by a warning, and the connection goes on or ends as the client likes.
  EXPECT_EQ(server_.done, 1);
  EXPECT_EQ(server_.told.text, "");
  raw->arrived = 0;
  server_.stream->Write("still here");
  RunUntil([&] {
    raw->Step();
    return raw->arrived > 0;
  });
}

}  // namespace
}  // namespace sluice::tls
