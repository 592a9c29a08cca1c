// HTTPS, by curl: who knows what a browser would see.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "proxy/server/config_file.h"
#include "proxy/server/preflight.h"
#include "proxy/server/process.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/test_certificates.h"

namespace sluice::test {
namespace {

constexpr std::string_view kHost = "shop.example";

std::string OutputOf(const std::string& command) {
  std::string output;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> block;
  for (size_t n; (n = std::fread(block.data(), 1, block.size(), pipe)) > 0;) {
    output.append(block.data(), n);
  }
  ::pclose(pipe);
  return output;
}

class TlsFlowTest : public testing::Test {
 protected:
  TlsFlowTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("sluice-tls-" + std::to_string(::getpid()))),
        authority_(MakeCertificate({.subject = "authority", .authority = true})) {
    std::filesystem::create_directories(folder_);
    Write("ca.pem", authority_.certificate_pem);
    WriteCertificate("first");
  }
  ~TlsFlowTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  // A new certificate for kHost in the same two files.
  void WriteCertificate(const std::string& subject,
                        std::chrono::seconds until = std::chrono::hours(24)) {
    const Made made = MakeCertificate(
        {.subject = subject, .names = {std::string(kHost)}, .issuer = &authority_, .until = until});
    Write("shop.crt", made.certificate_pem);
    Write("shop.key", made.key_pem);
  }
  std::string File(const std::string& name) const { return (folder_ / name).string(); }

  Site HttpsSite(const Origin& origin, const std::string& more = "") const {
    return {.servers = {origin.address()},
            .listener = "tls = { certificates = [{ cert = \"" + File("shop.crt") + "\", key = \"" +
                        File("shop.key") + "\" }]" + more + " }\n"};
  }

  // What curl says of https://shop.example/, asked with these options.
  std::string Curl(TestProxy& proxy, const std::string& options, size_t listener = 0) const {
    return CurlAt(proxy.address(listener).port(), options);
  }
  std::string CurlAt(uint16_t at, const std::string& options) const {
    const std::string port = std::to_string(at);
    const std::string host(kHost);
    return OutputOf("curl -s --max-time 10 --cacert " + File("ca.pem") + " --resolve " + host +
                    ":" + port + ":127.0.0.1 " + options + " https://" + host + ":" + port +
                    "/ 2>&1");
  }

  // Whether OpenSSL's client, asked with these options, says that it resumed a session.
  bool Resumes(TestProxy& proxy, const std::string& options) const {
    const std::string said = OutputOf(
        "printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' | "
        "timeout 10 openssl s_client -ign_eof -connect " +
        proxy.address().ToString() + " -servername " + std::string(kHost) + " -CAfile " +
        File("ca.pem") + " " + options + " 2>&1");
    EXPECT_NE(said.find("hello"), std::string::npos) << said;
    return said.find("Reused, ") != std::string::npos;
  }

  const std::filesystem::path folder_;
  const Made authority_;
};

TEST_F(TlsFlowTest, HttpsIsServedInBothVersionsOfHttp) {
  Origin origin(Ok("hello"));
  TestProxy proxy(HttpsSite(origin));
  EXPECT_EQ(Curl(proxy, "--http1.1 -w ' %{http_version}'"), "hello 1.1");
  EXPECT_EQ(origin.last().Value("x-forwarded-proto"), "https");
  EXPECT_EQ(Curl(proxy, "--http2 -w ' %{http_version}'"), "hello 2");
  EXPECT_EQ(Curl(proxy, "--tls-max 1.2 -d abc"), "hello");
  EXPECT_EQ(origin.last().body, "abc");
}

TEST_F(TlsFlowTest, WithoutHttp2OnlyHttp1IsAgreedOn) {
  Origin origin(Ok("hello"));
  TestProxy proxy(HttpsSite(origin, ", http2 = false"));
  EXPECT_EQ(Curl(proxy, "--http2 -w ' %{http_version}'"), "hello 1.1");
}

TEST_F(TlsFlowTest, ALargeAnswerArrivesWhole) {
  const std::string body(4 << 20, 'd');
  Origin origin(Ok(body));
  TestProxy proxy(HttpsSite(origin));
  EXPECT_EQ(Curl(proxy, "--http1.1").size(), body.size());
  EXPECT_EQ(Curl(proxy, "--http2").size(), body.size());
}

TEST_F(TlsFlowTest, PlainHttpIsToldWhatThePortSpeaks) {
  Origin origin(Ok("hello"));
  TestProxy proxy(HttpsSite(origin));
  const Message answer = proxy.Get("/");
  EXPECT_EQ(answer.status(), 400);
  EXPECT_NE(answer.body.find("https://"), std::string::npos);
}

TEST_F(TlsFlowTest, AReloadServesTheNewCertificateAndKeepsConnections) {
  Origin origin(Ok("hello"));
  const Site site = HttpsSite(origin);
  TestProxy proxy(site);
  const auto subject = [&] {
    const std::string said = Curl(proxy, "-v -o /dev/null");
    return said.find("CN=second") != std::string::npos ? "second" : "first";
  };
  EXPECT_STREQ(subject(), "first");
  WriteCertificate("second");
  EXPECT_TRUE(proxy.Reload(site.Text()));
  EXPECT_TRUE(TestProxy::Eventually([&] { return subject() == std::string("second"); }));
}

// A worker's own count of what it resumed.
uint64_t ResumedBy(TestProxy& proxy, size_t worker) {
  uint64_t resumed = 0;
  proxy.OnSupervisor([&](server::Supervisor& supervisor) {
    resumed = supervisor.listeners().all().front()->stats.shard(worker).resumed.value();
  });
  return resumed;
}

TEST_F(TlsFlowTest, ASessionGoesOnAfterAReloadAndOnEveryWorkerInBothVersions) {
  Origin origin(Ok("hello"));
  const Site site = HttpsSite(origin);
  for (const std::string version : {"-tls1_3 ", "-tls1_2 "}) {
    TestProxy proxy(site);
    EXPECT_FALSE(Resumes(proxy, version + "-sess_out " + File("session")));
    WriteCertificate("second");
    EXPECT_TRUE(proxy.Reload(site.Text()));
    // The kernel draws the worker; that one of two is never drawn in 50 times does not happen.
    for (int i = 0; i < 50 && (ResumedBy(proxy, 0) == 0 || ResumedBy(proxy, 1) == 0); ++i) {
      EXPECT_TRUE(Resumes(proxy, version + "-sess_in " + File("session"))) << version;
    }
    EXPECT_GT(ResumedBy(proxy, 0), 0u) << version;
    EXPECT_GT(ResumedBy(proxy, 1), 0u) << version;
  }
}

TEST_F(TlsFlowTest, AReloadWithTheKeyOfAnotherCertificateChangesNothing) {
  Origin origin(Ok("hello"));
  const Site site = HttpsSite(origin);
  TestProxy proxy(site);
  Write("shop.key", MakeCertificate({.subject = "other"}).key_pem);
  EXPECT_FALSE(proxy.Reload(site.Text()));
  EXPECT_EQ(Curl(proxy, ""), "hello");
}

TEST_F(TlsFlowTest, ACertificateThatHasExpiredIsWarnedOfAndStopsNeitherAStartNorAReload) {
  Origin origin(Ok("hello"));
  WriteCertificate("late", -std::chrono::hours(1));
  const Site site = HttpsSite(origin);
  const auto config = server::ReadConfigText("test.toml", site.Text());
  ASSERT_TRUE(config.ok()) << config.status();
  const auto prepared = server::Preflight(**config, nullptr);
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  const auto warnings = server::Warnings(**config, *prepared, server::WallNow());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("shop.crt: expired at "), std::string::npos) << warnings[0];

  TestProxy proxy(site);
  EXPECT_EQ(Curl(proxy, ""), "") << "who verifies goes away";
  EXPECT_EQ(Curl(proxy, "-k"), "hello");
  EXPECT_TRUE(proxy.Reload(site.Text()));
  EXPECT_EQ(Curl(proxy, "-k"), "hello");
}

TEST_F(TlsFlowTest, HstsIsSaidOverTlsAndThePlainListenerRedirects) {
  Origin origin(Ok("hello"));
  Site site = HttpsSite(origin, ", hsts = \"24h\"");
  site.routes =
      "[[listener]]\naddress = \"127.0.0.1:0\"\nname = \"plain\"\n"
      "redirect_https = true\n";
  TestProxy proxy(site);
  EXPECT_NE(Curl(proxy, "--http1.1 -i").find("Strict-Transport-Security: max-age=86400"),
            std::string::npos);
  Wire plain = proxy.Connect(1);
  const Message away = plain.Ask(
      "POST /a?b HTTP/1.1\r\nHost: shop.example:80\r\n"
      "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(away.status(), 308);
  EXPECT_EQ(away.Value("location"), "https://shop.example/a?b");
  EXPECT_FALSE(away.Has("strict-transport-security"));
  const Message challenge = plain.Get("/.well-known/acme-challenge/x");
  EXPECT_EQ(challenge.status(), 200);
}

TEST_F(TlsFlowTest, AnUnknownNameIsRefusedWhereThatIsAskedFor) {
  Origin origin(Ok("hello"));
  TestProxy proxy(HttpsSite(origin, ", unknown_name = \"refuse\""));
  EXPECT_EQ(Curl(proxy, ""), "hello");
  const std::string port = std::to_string(proxy.address().port());
  EXPECT_NE(OutputOf("curl -s -S --max-time 10 -k https://127.0.0.1:" + port + "/ 2>&1")
                .find("unrecognized name"),
            std::string::npos);
}

TEST_F(TlsFlowTest, BehindABalancerTheHandshakeFollowsThePROXYHeader) {
  Origin origin(Ok("hello"));
  Site site = HttpsSite(origin);
  site.listener += "proxy_protocol = [\"127.0.0.1\"]\n";
  TestProxy proxy(site);
  EXPECT_EQ(Curl(proxy, "--haproxy-protocol --http1.1"), "hello");
  EXPECT_EQ(Curl(proxy, "--haproxy-protocol --http2 -w ' %{http_version}'"), "hello 2");
  EXPECT_EQ(Curl(proxy, "--http1.1"), "");
}

TEST_F(TlsFlowTest, AHandshakeMayComeWithThePROXYHeaderInAnyPieces) {
  constexpr std::string_view kLine = "PROXY TCP4 203.0.113.7 198.51.100.2 4711 443\r\n";
  Origin origin(Ok("hello"));
  Site site = HttpsSite(origin);
  site.listener += "proxy_protocol = [\"127.0.0.1\"]\n";
  TestProxy proxy(site);
  // A balancer that writes the header and the client's first bytes as two pieces, cut at `cut`.
  std::atomic<size_t> cut = 0;  // read by the balancer's thread
  const Origin balancer([&](Wire& client, Origin&, uint32_t) {
    Wire server = proxy.Connect();
    const std::string first = std::string(kLine) + client.ReadSome();
    server.Send(first.substr(0, cut));
    ::usleep(2000);
    server.Send(first.substr(cut));
    while (client.end() == Wire::End::kOpen && server.end() == Wire::End::kOpen) {
      if (client.HasNews()) server.Send(client.ReadSome());
      if (server.HasNews()) client.Send(server.ReadSome());
      ::usleep(200);
    }
  });
  for (cut = 0; cut < 2 * kLine.size(); cut += 15) {
    EXPECT_EQ(CurlAt(balancer.port(), cut % 2 == 0 ? "--http1.1" : "--http2"), "hello") << cut;
    EXPECT_EQ(origin.last().Value("x-forwarded-for"), "203.0.113.7");
    EXPECT_EQ(origin.last().Value("x-forwarded-proto"), "https");
  }
}

TEST_F(TlsFlowTest, AHandshakeThatDoesNotComeIsEnded) {
  Origin origin(Ok("hello"));
  TestProxy proxy(HttpsSite(origin, ", handshake_timeout = \"50ms\""));
  Wire silent = proxy.Connect();
  EXPECT_TRUE(silent.EndsHere());
}

TEST_F(TlsFlowTest, ServersLearnWhoShowedAGoodCertificate) {
  const Made alice = MakeCertificate({.subject = "alice", .issuer = &authority_});
  Write("alice.crt", alice.certificate_pem);
  Write("alice.key", alice.key_pem);
  const Made mallory = MakeCertificate({.subject = "alice"});
  Write("mallory.crt", mallory.certificate_pem);
  Write("mallory.key", mallory.key_pem);
  const auto shows = [this](const std::string& who) {
    return "--cert " + File(who + ".crt") + " --key " + File(who + ".key");
  };
  Origin origin(Ok("hello"));
  Site site = HttpsSite(
      origin, ", client_certificates = \"optional\", client_ca = \"" + File("ca.pem") + "\"");
  site.routes =
      "[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\nrequest_headers = { set = { "
      "\"X-Client\" = \"{client_subject}\", \"X-Checked\" = \"{client_certificate}\" } }\n";
  TestProxy proxy(site);
  for (const std::string version : {"1.2", "1.3"}) {
    EXPECT_EQ(Curl(proxy, shows("alice") + " --tls-max " + version), "hello");
    EXPECT_EQ(origin.last().Value("x-client"), "CN=alice");
    EXPECT_EQ(origin.last().Value("x-checked"), "verified");
    EXPECT_EQ(Curl(proxy, "-H 'X-Client: CN=alice' --tls-max " + version), "hello");
    EXPECT_EQ(origin.last().Value("x-client"), "");
    EXPECT_EQ(origin.last().Value("x-checked"), "none");
    EXPECT_EQ(Curl(proxy, shows("mallory") + " --tls-max " + version), "hello");
    EXPECT_EQ(origin.last().Value("x-client"), "");
    EXPECT_EQ(origin.last().Value("x-checked"), "self-signed certificate");
  }
}

}  // namespace
}  // namespace sluice::test
