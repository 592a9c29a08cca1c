#include "proxy/tls/server_context.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <thread>

#include "tests/support/test_certificates.h"

namespace sluice::tls {
namespace {

using namespace std::chrono_literals;
using test::Made;
using test::MakeCertificate;
using test::PemOf;

// A client of OpenSSL's own, joined to the server by a pair of memory BIOs.
class Client {
 public:
  Client() : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_session_cache_mode(ctx(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_app_data(ctx(), this);
    SSL_CTX_sess_set_new_cb(ctx(), [](SSL* of, SSL_SESSION* made) {
      static_cast<Client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(of)))->Keep(made);
      return 0;
    });
  }
  SSL_CTX* ctx() { return context_.get(); }
  void Only(int version) {
    SSL_CTX_set_min_proto_version(ctx(), version);
    SSL_CTX_set_max_proto_version(ctx(), version);
  }
  void Presents(const Made& made) {
    SSL_CTX_use_certificate(ctx(), made.certificate.get());
    SSL_CTX_use_PrivateKey(ctx(), made.key.get());
  }

  // True: the handshake came about, for both.
  bool Connect(const ServerContext& server, const char* name = "shop.example") {
    ERR_clear_error();
    reason.clear();
    server_ = server.NewSsl();
    ssl_.reset(SSL_new(ctx()));
    SSL_set_connect_state(ssl());
    if (name != nullptr) SetServerName(ssl(), name);
    if (ask_status) SSL_set_tlsext_status_type(ssl(), TLSEXT_STATUSTYPE_ocsp);
    if (!session_.empty()) {
      const unsigned char* from = session_.data();
      const SessionPtr session(d2i_SSL_SESSION(nullptr, &from, static_cast<long>(session_.size())));
      SSL_set_session(ssl(), session.get());
    }
    BIO* ours = nullptr;
    BIO* theirs = nullptr;
    BIO_new_bio_pair(&ours, 0, &theirs, 0);
    SSL_set_bio(ssl(), ours, ours);
    SSL_set_bio(server_.get(), theirs, theirs);
    for (int turn = 0; turn < 10; ++turn) {
      SSL_do_handshake(ssl());
      SSL_do_handshake(server_.get());
      if (reason.empty() && ERR_peek_error() != 0) {
        reason = ERR_reason_error_string(ERR_peek_error());
      }
    }
    char byte;
    SSL_read(ssl(), &byte, 1);  // tickets of TLS 1.3, and alerts after our Finished
    const bool done = SSL_is_init_finished(ssl()) == 1 && SSL_is_init_finished(server_.get()) == 1;
    // An orderly end, without which the session would not be resumed.
    SSL_set_shutdown(ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_set_shutdown(server_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    return done;
  }

  SSL* ssl() { return ssl_.get(); }
  SSL* server() { return server_.get(); }
  bool resumed() { return SSL_session_reused(ssl()) == 1; }
  // What the server showed: its subject.
  std::string Shown() { return SubjectOf(SSL_get0_peer_certificate(ssl())); }
  int ShownType() {
    return EVP_PKEY_get_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(ssl())));
  }

  bool ask_status = false;
  std::string reason;  // of the server's failure

 private:
  // As bytes: OpenSSL strikes the object once it was resumed.
  void Keep(SSL_SESSION* session) {
    session_.resize(static_cast<size_t>(i2d_SSL_SESSION(session, nullptr)));
    unsigned char* to = session_.data();
    i2d_SSL_SESSION(session, &to);
  }

  std::vector<unsigned char> session_;
  SslCtxPtr context_;
  SslPtr ssl_;
  SslPtr server_;
};

class ServerContextTest : public testing::Test {
 protected:
  std::shared_ptr<const ServerContext> Build() {
    absl::StatusOr<std::shared_ptr<const ServerContext>> built =
        ServerContext::Build(spec_, tickets_);
    if (!built.ok()) {
      ADD_FAILURE() << built.status();
      return nullptr;
    }
    return *std::move(built);
  }
  std::string BuildError() {
    const auto built = ServerContext::Build(spec_, tickets_);
    return built.ok() ? "built" : std::string(built.status().message());
  }
  void Use(const test::Wanted& wanted, const std::string& label = "shop.crt") {
    made_.push_back(MakeCertificate(wanted));
    spec_.certificates.push_back(PemOf(made_.back(), label));
  }
  void UseShop() { Use({.subject = "shop", .names = {"shop.example"}}); }

  const WallTime now_ = std::chrono::system_clock::now();
  std::shared_ptr<TicketKeys> tickets_ = std::make_shared<TicketKeys>(now_);
  ServerSpec spec_;
  std::vector<Made> made_;
};

TEST_F(ServerContextTest, SpeaksBothVersionsAndNothingOlder) {
  UseShop();
  const auto context = Build();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Client client;
    client.Only(version);
    EXPECT_TRUE(client.Connect(*context)) << client.reason;
    EXPECT_EQ(SSL_version(client.ssl()), version);
  }
  Client old;
  SSL_CTX_set_security_level(old.ctx(), 0);
  SSL_CTX_set_cipher_list(old.ctx(), "ALL:@SECLEVEL=0");
  old.Only(TLS1_1_VERSION);
  EXPECT_FALSE(old.Connect(*context));
}

TEST_F(ServerContextTest, AnswersEachNameWithItsCertificate) {
  Use({.subject = "default", .names = {"shop.example"}});
  Use({.subject = "wild", .names = {"*.shop.example"}});
  Use({.subject = "www", .names = {"www.shop.example", "WWW.Other.example"}});
  const auto context = Build();
  const auto shown = [&](const char* name) {
    Client client;
    return client.Connect(*context, name) ? client.Shown() : client.reason;
  };
  EXPECT_EQ(shown("shop.example"), "CN=default");
  EXPECT_EQ(shown("www.shop.example"), "CN=www");
  EXPECT_EQ(shown("WwW.oTher.Example"), "CN=www");
  EXPECT_EQ(shown("img.shop.example"), "CN=wild");
  EXPECT_EQ(shown("IMG.shop.example."), "CN=wild");
  // A wildcard stands for one label.
  EXPECT_EQ(shown("a.img.shop.example"), "CN=default");
  EXPECT_EQ(shown("other.example"), "CN=default");
  EXPECT_EQ(shown("example"), "CN=default");
  EXPECT_EQ(shown(nullptr), "CN=default");
}

TEST_F(ServerContextTest, NamesGivenReplaceThoseOfTheCertificate) {
  UseShop();
  Use({.subject = "second", .names = {"a.example"}});
  spec_.certificates[1].names = {"b.example"};
  const auto context = Build();
  Client client;
  ASSERT_TRUE(client.Connect(*context, "b.example"));
  EXPECT_EQ(client.Shown(), "CN=second");
  Client other;
  ASSERT_TRUE(other.Connect(*context, "a.example"));
  EXPECT_EQ(other.Shown(), "CN=shop");
}

TEST_F(ServerContextTest, StrictlyRefusesNamesItHasNoCertificateFor) {
  UseShop();
  spec_.unknown_name = UnknownName::kRefuse;
  const auto context = Build();
  for (const char* const name : {"other.example", static_cast<const char*>(nullptr)}) {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
      Client client;
      client.Only(version);
      EXPECT_FALSE(client.Connect(*context, name));
      // The first error is the server's; the client is told by the alert of that name.
      EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()),
                SSL_AD_REASON_OFFSET + SSL_AD_UNRECOGNIZED_NAME);
    }
  }
  Client client;
  EXPECT_TRUE(client.Connect(*context, "shop.example"));
}

TEST_F(ServerContextTest, PrefersEcdsaAndFallsBackToRsa) {
  Use({.subject = "rsa", .names = {"shop.example"}, .rsa = true});
  Use({.subject = "ecdsa", .names = {"shop.example"}});
  const auto context = Build();
  for (const char* const name : {"shop.example", "unknown.example"}) {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
      Client modern;
      modern.Only(version);
      ASSERT_TRUE(modern.Connect(*context, name)) << modern.reason;
      EXPECT_EQ(modern.Shown(), "CN=ecdsa");
      Client old;
      old.Only(version);
      SSL_CTX_set1_sigalgs_list(old.ctx(), "RSA-PSS+SHA256:RSA+SHA256");
      ASSERT_TRUE(old.Connect(*context, name)) << old.reason;
      EXPECT_EQ(old.Shown(), "CN=rsa");
    }
  }
}

TEST_F(ServerContextTest, ARsaWildcardAnswersBesideAnEcdsaCertificateOfOneName) {
  Use({.subject = "rsa", .names = {"*.shop.example"}, .rsa = true});
  Use({.subject = "ecdsa", .names = {"www.shop.example"}});
  const auto context = Build();
  Client modern;
  ASSERT_TRUE(modern.Connect(*context, "www.shop.example"));
  EXPECT_EQ(modern.ShownType(), EVP_PKEY_EC);
  Client old;
  SSL_CTX_set1_sigalgs_list(old.ctx(), "RSA-PSS+SHA256:RSA+SHA256");
  ASSERT_TRUE(old.Connect(*context, "www.shop.example"));
  EXPECT_EQ(old.ShownType(), EVP_PKEY_RSA);
}

TEST_F(ServerContextTest, ChoosesTheProtocolInItsOwnOrder) {
  UseShop();
  const auto context = Build();
  const auto chosen = [&](std::vector<std::string> offered) {
    Client client;
    const std::string wire = AlpnWire(offered);
    SSL_CTX_set_alpn_protos(client.ctx(), reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
    if (!client.Connect(*context)) return std::string("refused");
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &protocol, &size);
    return std::string(reinterpret_cast<const char*>(protocol), size);
  };
  EXPECT_EQ(chosen({"http/1.1", "h2"}), "h2");
  EXPECT_EQ(chosen({"http/1.1"}), "http/1.1");
  EXPECT_EQ(chosen({"acme", "http/1.1"}), "http/1.1");
  EXPECT_EQ(chosen({"acme"}), "refused");
  EXPECT_EQ(chosen({}), "");
}

TEST_F(ServerContextTest, ASessionGoesOnAfterAReloadAndARotationOfKeys) {
  UseShop();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Client client;
    client.Only(version);
    ASSERT_TRUE(client.Connect(*Build()));
    EXPECT_FALSE(client.resumed());
    ASSERT_TRUE(client.Connect(*Build()));
    EXPECT_TRUE(client.resumed());
    tickets_->Rotate(now_ + 10h);
    ASSERT_TRUE(client.Connect(*Build()));
    EXPECT_TRUE(client.resumed());
    // By now its ticket is of the current key; the former one is no longer needed.
    tickets_->Adopt({tickets_->Snapshot()->front()});
    ASSERT_TRUE(client.Connect(*Build()));
    EXPECT_TRUE(client.resumed());
  }
}

TEST_F(ServerContextTest, ATicketOfForgottenKeysCostsAFullHandshakeAndNoMore) {
  UseShop();
  Client client;
  ASSERT_TRUE(client.Connect(*Build()));
  tickets_ = std::make_shared<TicketKeys>(now_);
  ASSERT_TRUE(client.Connect(*Build()));
  EXPECT_FALSE(client.resumed());
}

TEST_F(ServerContextTest, ResumesWithoutTicketsFromItsCache) {
  UseShop();
  const auto context = Build();
  Client client;
  client.Only(TLS1_2_VERSION);
  SSL_CTX_set_options(client.ctx(), SSL_OP_NO_TICKET);
  ASSERT_TRUE(client.Connect(*context));
  ASSERT_TRUE(client.Connect(*context));
  EXPECT_TRUE(client.resumed());
}

TEST_F(ServerContextTest, TheCacheForgetsTheOldestSessionsFirst) {
  UseShop();
  spec_.session_cache = 2;
  const auto context = Build();
  Client clients[3];
  for (Client& client : clients) {
    client.Only(TLS1_2_VERSION);
    SSL_CTX_set_options(client.ctx(), SSL_OP_NO_TICKET);
    ASSERT_TRUE(client.Connect(*context));
  }
  ASSERT_TRUE(clients[2].Connect(*context));
  EXPECT_TRUE(clients[2].resumed());
  ASSERT_TRUE(clients[0].Connect(*context));
  EXPECT_FALSE(clients[0].resumed());
}

class ClientCertificateTest : public ServerContextTest {
 protected:
  void SetUp() override {
    UseShop();
    spec_.client_ca = authority_.certificate_pem;
    spec_.client_ca_label = "clients.crt";
  }
  const Made authority_ = MakeCertificate({.subject = "clients", .authority = true});
  const Made alice_ = MakeCertificate({.subject = "alice", .issuer = &authority_});
  const Made mallory_ = MakeCertificate({.subject = "alice"});
};

TEST_F(ClientCertificateTest, RequiredLetsInOnlyThoseOfTheAuthority) {
  spec_.client_certificates = ClientCertificates::kRequired;
  const auto context = Build();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Client alice;
    alice.Only(version);
    alice.Presents(alice_);
    ASSERT_TRUE(alice.Connect(*context)) << alice.reason;
    EXPECT_EQ(SubjectOf(SSL_get0_peer_certificate(alice.server())), "CN=alice");
    // And once more with the session, where no certificate is sent.
    ASSERT_TRUE(alice.Connect(*context));
    EXPECT_TRUE(alice.resumed());
    EXPECT_EQ(SubjectOf(SSL_get0_peer_certificate(alice.server())), "CN=alice");

    Client nobody;
    nobody.Only(version);
    EXPECT_FALSE(nobody.Connect(*context));
    EXPECT_EQ(nobody.reason, "peer did not return a certificate");

    Client mallory;
    mallory.Only(version);
    mallory.Presents(mallory_);
    EXPECT_FALSE(mallory.Connect(*context));
    EXPECT_EQ(mallory.reason, "certificate verify failed");
  }
}

TEST_F(ClientCertificateTest, OptionalLetsEverybodyInAndKeepsTheVerdict) {
  spec_.client_certificates = ClientCertificates::kOptional;
  const auto context = Build();
  Client alice;
  alice.Presents(alice_);
  ASSERT_TRUE(alice.Connect(*context));
  EXPECT_EQ(SSL_get_verify_result(alice.server()), X509_V_OK);

  Client nobody;
  ASSERT_TRUE(nobody.Connect(*context));
  EXPECT_EQ(SSL_get0_peer_certificate(nobody.server()), nullptr);

  Client mallory;
  mallory.Presents(mallory_);
  ASSERT_TRUE(mallory.Connect(*context));
  EXPECT_NE(SSL_get_verify_result(mallory.server()), X509_V_OK);
  // A resumed session doesn't launder it.
  ASSERT_TRUE(mallory.Connect(*context));
  EXPECT_TRUE(mallory.resumed());
  EXPECT_NE(SSL_get_verify_result(mallory.server()), X509_V_OK);
}

TEST_F(ClientCertificateTest, ASessionMadeWithoutACertificateIsNotResumedWhereOneIsRequired) {
  Client client;
  ASSERT_TRUE(client.Connect(*Build()));
  spec_.client_certificates = ClientCertificates::kRequired;
  EXPECT_FALSE(client.Connect(*Build()));
}

TEST_F(ServerContextTest, StaplesTheResponseOfTheCertificateShown) {
  const Made authority = MakeCertificate({.subject = "authority", .authority = true});
  Use({.subject = "ecdsa", .names = {"shop.example"}, .issuer = &authority});
  Use({.subject = "rsa", .names = {"shop.example"}, .rsa = true, .issuer = &authority});
  const std::string ocsp = test::MakeOcsp(made_[0], authority, 1h);
  spec_.certificates[0].ocsp = ocsp;
  const auto context = Build();
  const auto stapled = [&](Client& client) {
    client.ask_status = true;
    EXPECT_TRUE(client.Connect(*context));
    const unsigned char* der = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(client.ssl(), &der);
    return der == nullptr ? std::string() : std::string(der, der + size);
  };
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Client modern;
    modern.Only(version);
    EXPECT_EQ(stapled(modern), ocsp);
    Client old;
    old.Only(version);
    SSL_CTX_set1_sigalgs_list(old.ctx(), "RSA-PSS+SHA256:RSA+SHA256");
    EXPECT_EQ(stapled(old), "");
  }
  EXPECT_LE(context->certificates()[0].ocsp_until, now_ + 1h + 1s);
}

TEST_F(ServerContextTest, StaplesNoResponseThatHasExpired) {
  const Made authority = MakeCertificate({.subject = "authority", .authority = true});
  Use({.names = {"shop.example"}, .issuer = &authority});
  spec_.certificates[0].ocsp = test::MakeOcsp(made_[0], authority, -1s);
  Client client;
  client.ask_status = true;
  ASSERT_TRUE(client.Connect(*Build())) << client.reason;
  const unsigned char* der = nullptr;
  EXPECT_LE(SSL_get_tlsext_status_ocsp_resp(client.ssl(), &der), 0);
}

TEST_F(ServerContextTest, SaysWhichCertificateIsWrongAndHow) {
  const auto error_of = [&](const CertificatePem& pem) {
    spec_.certificates = {pem};
    return BuildError();
  };
  const Made shop = MakeCertificate({.names = {"shop.example"}});
  const Made other = MakeCertificate({.names = {"shop.example"}});
  EXPECT_EQ(error_of(PemOf(shop)), "built");

  CertificatePem pem = PemOf(shop);
  pem.key = other.key_pem;
  EXPECT_EQ(error_of(pem), "shop.crt: the key in shop.crt.key belongs to another certificate");
  pem.key = "nonsense";
  EXPECT_EQ(error_of(pem), "shop.crt.key: no private key in PEM");
  pem.key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_EQ(error_of(pem), "shop.crt.key: the key is encrypted; store it without a passphrase");

  pem = PemOf(shop);
  pem.chain = "";
  EXPECT_EQ(error_of(pem), "shop.crt: no certificate in PEM");
  pem.chain = shop.certificate_pem + "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(error_of(pem).substr(0, 23), "shop.crt: certificate 2");

  pem = PemOf(shop);
  pem.ocsp = "nonsense";
  EXPECT_EQ(error_of(pem), "shop.crt: its OCSP response is not one in DER");

  spec_.certificates = {};
  EXPECT_EQ(BuildError(), "TLS without a certificate");
}

TEST_F(ServerContextTest, ServesACertificateOfAnyDateAndTellsWhoAsks) {
  Use({.names = {"shop.example"}, .until = -1h});
  Use({.names = {"early.example"}, .from = 1h});
  Use({.names = {"never.example"}, .until = std::chrono::years(1000)});
  const auto context = Build();
  Client client;
  EXPECT_TRUE(client.Connect(*context)) << client.reason;
  const auto told = [&](size_t which) {
    return std::string(CheckDates(context->certificates()[which], now_).message());
  };
  EXPECT_EQ(told(0).substr(0, 21), "shop.crt: expired at ");
  EXPECT_EQ(told(1).substr(0, 27), "shop.crt: not valid before ");
  EXPECT_EQ(told(2), "");
  EXPECT_EQ(context->earliest_expiry().names[0], "shop.example");
}

TEST_F(ServerContextTest, SaysWhichSettingIsWrong) {
  UseShop();
  const ServerSpec good = spec_;
  spec_.ciphers = "nonsense";
  EXPECT_EQ(BuildError(), "TLS 1.2 ciphers \"nonsense\": no cipher match");
  spec_ = good;
  spec_.groups = "nonsense";
  EXPECT_EQ(BuildError().substr(0, 21), "TLS groups \"nonsense\"");
  spec_ = good;
  spec_.client_certificates = ClientCertificates::kRequired;
  spec_.client_ca_label = "clients.crt";
  EXPECT_EQ(BuildError(), "clients.crt: no certificate in PEM");
}

TEST_F(ServerContextTest, KnowsTheCertificateThatExpiresFirst) {
  Use({.names = {"a.example"}, .until = 20h}, "a.crt");
  Use({.names = {"b.example"}, .until = 10h}, "b.crt");
  const auto context = Build();
  EXPECT_EQ(context->earliest_expiry().label, "b.crt");
  EXPECT_LE(context->earliest_expiry().not_after, now_ + 10h + 1s);
  EXPECT_GE(context->earliest_expiry().not_after, now_ + 9h);
}

TEST_F(ServerContextTest, ServesManyThreadsWhileKeysRotate) {
  UseShop();
  const auto context = Build();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Client client;
      client.Only(i % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION);
      if (i == 3) SSL_CTX_set_options(client.ctx(), SSL_OP_NO_TICKET);
      int resumed = 0;
      for (int turn = 0; turn < 20; ++turn) {
        EXPECT_TRUE(client.Connect(*context)) << client.reason;
        resumed += client.resumed() ? 1 : 0;
      }
      EXPECT_EQ(resumed, 19);
    });
  }
  for (int turn = 1; turn <= 10; ++turn) tickets_->Rotate(now_ + turn * 1h);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sluice::tls
