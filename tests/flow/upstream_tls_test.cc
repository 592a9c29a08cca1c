// TLS to servers: what is verified, what is shown, what is resumed, and what a client gets when
// there is no TLS with a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/flow/h2_wire.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/flow/tls_wire.h"
#include "tests/support/test_certificates.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

class UpstreamTlsFlowTest : public testing::Test {
 protected:
  UpstreamTlsFlowTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("sluice-uptls-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    Write("ca.pem", authority_.certificate_pem);
    Write("shop.crt", shop_.certificate_pem);
    Write("shop.key", shop_.key_pem);
  }
  ~UpstreamTlsFlowTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(File(name), std::ios::binary) << content;
  }
  std::string File(const std::string& name) const { return (folder_ / name).string(); }

  // A pool that trusts our authority and asks for our name. `more`: further keys of `tls`.
  std::string Tls(const std::string& more = "") const {
    return "outlier.failures = 0\ntries = 1\ntls = { ca = \"" + File("ca.pem") +
           "\", server_name = \"shop.example\"" + more + " }\n";
  }
  Site SiteOf(const Origin& origin, const std::string& pool) const {
    return {.servers = {origin.address()}, .pool = pool, .workers = 1};
  }
  // A listener that speaks TLS with our certificate.
  std::string Listener() const {
    return "tls = { certificates = [{ cert = \"" + File("shop.crt") + "\", key = \"" +
           File("shop.key") + "\" }] }\n";
  }

  // Answers each request with `answer`, and notes what each handshake was like.
  Origin::Script Serve(const TlsIdentity& identity, const std::string& answer = Ok("hello")) {
    return [this, &identity, answer](Wire& wire, Origin&, uint32_t) {
      TlsWire tls(wire, identity);
      if (!tls.Accept()) return;
      {
        const std::lock_guard lock(mutex_);
        server_name_ = tls.server_name();
        client_ = tls.client();
        ++(tls.resumed() ? resumed_ : whole_);
      }
      while (!tls.ReadUntil("\r\n\r\n").empty()) {
        if (!tls.Send(answer)) return;
        if (answer.find("Connection: close") == std::string::npos) continue;
        tls.CloseNotify();
        return;
      }
    };
  }
  std::string server_name() {
    const std::lock_guard lock(mutex_);
    return server_name_;
  }
  int resumed() {
    const std::lock_guard lock(mutex_);
    return resumed_;
  }
  int whole() {
    const std::lock_guard lock(mutex_);
    return whole_;
  }

  // What a client is told when a server with `identity` is asked through `pool`.
  std::string WhyNot(const TlsIdentity& identity, const std::string& pool) {
    Origin origin(Serve(identity));
    TestProxy proxy(SiteOf(origin, pool));
    const Message answer = proxy.Get("/");
    EXPECT_EQ(answer.status(), 502);
    EXPECT_THAT(proxy.AskAdmin("/metrics").body, HasSubstr("cause=\"tls_failed\"} 1"));
    EXPECT_EQ(proxy.ServerCounts().failed_handshakes, 1u);
    return answer.body;
  }

  const std::filesystem::path folder_;
  const Made authority_ = MakeCertificate({.subject = "authority", .authority = true});
  const Made shop_ = MakeCertificate(
      {.subject = "shop", .names = {"shop.example", "IP:127.0.0.1"}, .issuer = &authority_});
  const TlsIdentity identity_{shop_, {"http/1.1"}};
  std::mutex mutex_;
  std::string server_name_, client_;
  int whole_ = 0, resumed_ = 0;
};

// Whom to trust.

TEST_F(UpstreamTlsFlowTest, AServerThatVerifiesIsAskedForByName) {
  Origin origin(Serve(identity_));
  TestProxy proxy(SiteOf(origin, Tls()));
  EXPECT_EQ(proxy.Get("/").body, "hello");
  EXPECT_EQ(server_name(), "shop.example");
  EXPECT_EQ(proxy.Get("/").body, "hello");
  EXPECT_EQ(origin.accepted(), 1u) << "kept";
  const observe::ServerTotals counts = proxy.ServerCounts();
  EXPECT_EQ(counts.handshakes, 1u);
  EXPECT_EQ(counts.connects, 1u);
  EXPECT_EQ(counts.reuses, 1u);
  EXPECT_THAT(proxy.AskAdmin("/status").body, HasSubstr("\"handshakes\": 1"));
}

TEST_F(UpstreamTlsFlowTest, AnAddressIsVerifiedAndNotAskedForByName) {
  Origin origin(Serve(identity_));
  TestProxy proxy(SiteOf(origin, "tls.ca = \"" + File("ca.pem") + "\"\n"));
  EXPECT_EQ(proxy.Get("/").body, "hello");
  EXPECT_EQ(server_name(), "");
}

TEST_F(UpstreamTlsFlowTest, ACertificateThatDoesNotVerifyIsA502ThatSaysWhy) {
  const Made stranger = MakeCertificate({.subject = "stranger", .authority = true});
  const auto why = [&](const Wanted& wanted) {
    const TlsIdentity identity(MakeCertificate(wanted));
    return WhyNot(identity, Tls());
  };
  EXPECT_THAT(why({.names = {"shop.example"}, .issuer = &stranger}),
              HasSubstr("certificate: unable to get local issuer certificate"));
  EXPECT_THAT(why({.names = {"shop.example"}}), HasSubstr("certificate: self-signed certificate"));
  EXPECT_THAT(why({.names = {"other.example"}, .issuer = &authority_}),
              HasSubstr("certificate: hostname mismatch"));
  EXPECT_THAT(
      why({.names = {"shop.example"}, .issuer = &authority_, .until = -std::chrono::hours(1)}),
      HasSubstr("certificate: certificate has expired"));
}

TEST_F(UpstreamTlsFlowTest, AnybodyIsTrustedOnlyWhenToldTo) {
  const TlsIdentity identity(MakeCertificate({.names = {"other.example"}}));
  Origin origin(Serve(identity));
  TestProxy proxy(SiteOf(origin, "tls = { verify = false, server_name = \"asked.example\" }\n"));
  EXPECT_EQ(proxy.Get("/").body, "hello");
  EXPECT_EQ(server_name(), "asked.example");
}

TEST_F(UpstreamTlsFlowTest, ACertificateOfOursIsShownToWhoDemandsOne) {
  const TlsIdentity demanding(shop_, {}, &authority_);
  const Made ours = MakeCertificate({.subject = "sluice", .issuer = &authority_});
  Write("ours.crt", ours.certificate_pem);
  Write("ours.key", ours.key_pem);
  Origin origin(Serve(demanding));
  TestProxy without(SiteOf(origin, Tls()));
  const Message refused = without.Get("/");
  EXPECT_EQ(refused.status(), 502);
  EXPECT_THAT(refused.body, HasSubstr("tlsv13 alert certificate required"));
  TestProxy with(SiteOf(
      origin, Tls(", cert = \"" + File("ours.crt") + "\", key = \"" + File("ours.key") + "\"")));
  EXPECT_EQ(with.Get("/").body, "hello");
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(client_, "CN=sluice");
}

TEST_F(UpstreamTlsFlowTest, AFileThatIsNoneIsAnErrorThatNamesIt) {
  Origin origin(Serve(identity_));
  TestProxy proxy(SiteOf(origin, Tls()));
  Write("empty.pem", "");
  const Site with_empty = SiteOf(origin, "tls.ca = \"" + File("empty.pem") + "\"\n");
  EXPECT_FALSE(proxy.Reload(with_empty.Text())) << "and not the system's authorities instead";
  EXPECT_EQ(proxy.Get("/").body, "hello");
}

// Another server, and the rest of the first.

TEST_F(UpstreamTlsFlowTest, AFailedHandshakeMaySendAnyRequestToAnotherServer) {
  const TlsIdentity wrong(MakeCertificate({.names = {"shop.example"}}));
  Origin bad(Serve(wrong));
  Origin good(Serve(identity_));
  const Site site{.servers = {bad.address(), good.address()},
                  .pool =
                      "strategy = \"round_robin\"\noutlier = { failures = 2, rest = \"30s\", "
                      "rest_max = \"60s\" }\ntls = { ca = \"" +
                      File("ca.pem") + "\", server_name = \"shop.example\" }\n",
                  .workers = 1};
  TestProxy proxy(site);
  for (int i = 0; i < 6; ++i) {
    const Message answer = proxy.Connect().Ask(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(answer.body, "hello");
  }
  EXPECT_EQ(proxy.ServerCounts(0).failed_handshakes, 2u) << "then it rests";
  EXPECT_EQ(proxy.ServerCounts(0).rests, 1u);
}

// Sessions.

TEST_F(UpstreamTlsFlowTest, ASecondConnectionResumesTheSessionOfTheFirst) {
  Origin origin(Serve(identity_, Ok("hello", "Connection: close\r\n")));
  const Site site = SiteOf(origin, Tls());
  TestProxy proxy(site);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.Get("/").body, "hello");
  EXPECT_EQ(whole(), 1);
  EXPECT_EQ(resumed(), 2);
  EXPECT_EQ(proxy.ServerCounts().resumed, 2u);
  EXPECT_THAT(proxy.AskAdmin("/metrics").body, HasSubstr("end=\"resumed\"} 2"));

  ASSERT_TRUE(proxy.Reload(site.Text()));
  EXPECT_EQ(proxy.Get("/").body, "hello");
  EXPECT_EQ(resumed(), 3) << "a reload that changes nothing of it keeps sessions";

  ASSERT_TRUE(proxy.Reload(SiteOf(origin, Tls(", min_version = \"1.3\"")).Text()));
  EXPECT_TRUE(TestProxy::Eventually([&] {
    EXPECT_EQ(proxy.Get("/").body, "hello");
    return whole() == 2;
  })) << "other settings, other sessions";
}

// Protocols.

TEST_F(UpstreamTlsFlowTest, AllFourPairingsOfVersionsWorkWithTlsOnBothSides) {
  Origin origin(Echo);
  TestProxy inner(Site{.servers = {origin.address()}, .listener = Listener()});
  for (const char* const protocol : {"http1", "h2", "auto"}) {
    TestProxy middle(Site{.servers = {inner.address().ToString()},
                          .listener = Listener(),
                          .pool = Tls() + "protocol = \"" + protocol + "\"\n"});
    for (const char* const to_middle : {"http1", "h2"}) {
      TestProxy outer(Site{.servers = {middle.address().ToString()},
                           .pool = Tls() + "protocol = \"" + to_middle + "\"\n"});
      const std::string path = std::string("/") + to_middle + "-" + protocol;
      EXPECT_EQ(outer.Get(path).body, path);
      const std::string large(300'000, 'x');
      const Message posted = outer.Connect().Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                                 std::to_string(large.size()) + "\r\n\r\n" + large);
      EXPECT_EQ(posted.body, large) << path;
    }
  }
}

TEST_F(UpstreamTlsFlowTest, OneConnectionOfHttp2ServesManyAtOnce) {
  Origin origin(Echo);
  for (const char* const protocol : {"h2", "auto"}) {
    TestProxy inner(Site{.servers = {origin.address()}, .listener = Listener(), .workers = 1});
    TestProxy outer(Site{.servers = {inner.address().ToString()},
                         .pool = Tls() + "protocol = \"" + protocol + "\"\n",
                         .workers = 1});
    H2Wire client(outer.Connect());
    std::string all;
    for (uint32_t id = 1; id < 100; id += 2) all += h2::Get(id, "/" + std::to_string(id));
    client.Send(all);
    for (uint32_t id = 1; id < 100; id += 2) {
      ASSERT_EQ(client.Await(id).body, "/" + std::to_string(id));
    }
    EXPECT_EQ(inner.ListenerCounts().accepted, 1u) << protocol;
  }
}

TEST_F(UpstreamTlsFlowTest, WhoWaitedTogetherForHttp2GetsConnectionsOfHttp1WhereThereIsNone) {
  Origin origin(Serve(identity_));
  TestProxy proxy(SiteOf(origin, Tls() + "protocol = \"auto\"\nconcurrency = 0\n"));
  H2Wire client(proxy.Connect());
  std::string all;
  for (uint32_t id = 1; id < 12; id += 2) all += h2::Get(id, "/");
  client.Send(all);
  for (uint32_t id = 1; id < 12; id += 2) EXPECT_EQ(client.Await(id).body, "hello");
  EXPECT_EQ(origin.accepted(), 6u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.Get("/").body, "hello");
  EXPECT_EQ(origin.accepted(), 6u) << "kept, and used again";
}

TEST_F(UpstreamTlsFlowTest, AServerWithoutHttp2IsA502WhereOnlyThatIsSpoken) {
  const std::string pool = Tls() + "protocol = \"h2\"\n";
  EXPECT_THAT(WhyNot(identity_, pool), HasSubstr("tlsv1 alert no application protocol"));
  const TlsIdentity mute(shop_);
  EXPECT_THAT(WhyNot(mute, pool), HasSubstr("the server did not agree to HTTP/2"));
}

// Who speaks something else.

TEST_F(UpstreamTlsFlowTest, APlainServerBehindTlsIsToldOf) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    wire.ReadSome();
    wire.Send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  TestProxy proxy(SiteOf(origin, Tls()));
  const Message answer = proxy.Get("/");
  EXPECT_EQ(answer.status(), 502);
  EXPECT_THAT(answer.body, HasSubstr("the server does not speak TLS: HTTP without TLS"));

  Origin closing([](Wire& wire, Origin&, uint32_t) { wire.ReadSome(); });
  TestProxy other(SiteOf(closing, Tls()));
  EXPECT_THAT(other.Get("/").body, HasSubstr("does the server speak TLS?"));
}

// By its alert; OpenSSL's servers just close, or answer 400 in clear text.
TEST_F(UpstreamTlsFlowTest, ATlsServerBehindAPlainPoolIsToldOf) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    wire.ReadSome();
    wire.Send(std::string_view("\x15\x03\x01\0\x02\x02\x0a", 7));
  });
  for (const char* const protocol : {"http1", "h2"}) {
    TestProxy proxy(SiteOf(origin, std::string("protocol = \"") + protocol + "\"\ntries = 1\n"));
    const Message answer = proxy.Get("/");
    EXPECT_EQ(answer.status(), 502);
    EXPECT_THAT(answer.body, HasSubstr("the server speaks TLS, and its pool has no tls"))
        << protocol;
  }
}

TEST_F(UpstreamTlsFlowTest, AHandshakeThatHangsEndsWithTheTimeToConnect) {
  Origin origin([](Wire& wire, Origin&, uint32_t) { wire.ReadAll(); });
  TestProxy proxy(SiteOf(origin, Tls() + "connect_timeout = \"100ms\"\n"));
  const Message answer = proxy.Get("/");
  EXPECT_EQ(answer.status(), 504);
  EXPECT_THAT(answer.body, HasSubstr("no TLS handshake: not within connect_timeout"));
  EXPECT_EQ(proxy.ServerCounts().failures[static_cast<size_t>(Cause::kConnectTimeout)], 1u);
}

TEST_F(UpstreamTlsFlowTest, AClientThatLeavesDuringTheHandshakeEndsIt) {
  Origin origin([](Wire& wire, Origin&, uint32_t) { wire.ReadAll(); });
  TestProxy proxy(SiteOf(origin, Tls() + "connect_timeout = \"60s\"\n"));
  Wire client = proxy.Connect();
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(origin.AwaitAccepted(1));
  client.Reset();
  EXPECT_TRUE(origin.AwaitEnded(1));
}

// Ends.

TEST_F(UpstreamTlsFlowTest, ABodyUpToTheEndOfTheConnectionIsCompleteOnlyWithCloseNotify) {
  for (const bool complete : {true, false}) {
    Origin origin([&](Wire& wire, Origin&, uint32_t) {
      TlsWire tls(wire, identity_);
      if (!tls.Accept()) return;
      tls.ReadUntil("\r\n\r\n");
      tls.Send("HTTP/1.1 200 OK\r\n\r\nhalf of it");
      if (complete) tls.CloseNotify();
    });
    TestProxy proxy(SiteOf(origin, Tls()));
    const Message answer = proxy.Get("/");
    EXPECT_EQ(answer.status() == 200 && answer.complete, complete);
    if (!complete) continue;  // some of it may have come, or a 502
    EXPECT_EQ(answer.body, "half of it");
  }
}

TEST_F(UpstreamTlsFlowTest, AnIdleConnectionMayEndWithoutCloseNotify) {
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    TlsWire tls(wire, identity_);
    if (!tls.Accept()) return;
    tls.ReadUntil("\r\n\r\n");
    tls.Send(Ok("hello"));
  });
  TestProxy proxy(SiteOf(origin, Tls()));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(proxy.Get("/").body, "hello");
  EXPECT_EQ(proxy.ServerCounts().failures, decltype(observe::ServerTotals::failures){});
}

TEST_F(UpstreamTlsFlowTest, AnIdleConnectionIsEndedWithCloseNotify) {
  std::atomic<bool> in_order = false;
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    TlsWire tls(wire, identity_);
    if (!tls.Accept()) return;
    tls.ReadUntil("\r\n\r\n");
    tls.Send(Ok("hello"));
    in_order = tls.ClosedByPeer();
  });
  TestProxy proxy(SiteOf(origin, Tls() + "max_idle_time = \"20ms\"\n"));
  EXPECT_EQ(proxy.Get("/").body, "hello");
  ASSERT_TRUE(origin.AwaitEnded(1));
  EXPECT_TRUE(in_order);
}

// A server of somebody else's making.

// nginx with this configuration, in a process of its own for as long as this lives.
class Nginx {
 public:
  Nginx(const std::string& folder, const std::string& config) {
    std::ofstream(folder + "/nginx.conf") << config;
    std::vector<std::string> words = {"nginx", "-p", folder, "-e", "error.log", "-c", "nginx.conf"};
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    // Nothing of the test's: an Origin ends when its pipe does.
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (::posix_spawnp(&pid_, "nginx", &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Nginx() {
    if (!installed()) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  bool installed() const { return pid_ > 0; }

 private:
  pid_t pid_ = -1;
};

TEST_F(UpstreamTlsFlowTest, NginxIsSpokenToInBothVersionsOfHttp) {
  const std::string socket = File("nginx.sock");
  const Nginx nginx(folder_.string(),
                    "daemon off; master_process off; pid nginx.pid;\n"
                    "events {}\nhttp { access_log off; server { listen unix:" +
                        socket +
                        " ssl http2; ssl_certificate shop.crt; "
                        "ssl_certificate_key shop.key; return 200 \"$scheme "
                        "$server_protocol $ssl_server_name\"; } }\n");
  if (!nginx.installed()) GTEST_SKIP() << "there is no nginx here";
  ASSERT_TRUE(TestProxy::Eventually([&] { return std::filesystem::exists(socket); }));
  const auto said = [&](const std::string& protocol) {
    TestProxy proxy(
        Site{.servers = {"unix:" + socket}, .pool = Tls() + "protocol = \"" + protocol + "\"\n"});
    (void)TestProxy::Eventually([&] { return proxy.Get("/").status() == 200; });
    return proxy.Get("/").body;
  };
  EXPECT_EQ(said("http1"), "https HTTP/1.1 shop.example");
  EXPECT_EQ(said("h2"), "https HTTP/2.0 shop.example");
  EXPECT_EQ(said("auto"), "https HTTP/2.0 shop.example");
}

// Reload.

TEST_F(UpstreamTlsFlowTest, AConnectionMadeWithFormerSettingsServesNoFurtherRequest) {
  Origin origin(Echo);
  TestProxy inner(Site{.servers = {origin.address()}, .listener = Listener()});
  const auto site = [&](const std::string& pool) {
    return Site{.servers = {inner.address().ToString()}, .pool = pool, .workers = 1}.Text();
  };
  TestProxy outer(site(Tls() + "protocol = \"h2\"\n"));
  EXPECT_EQ(outer.Get("/").body, "/");
  EXPECT_EQ(outer.Get("/").body, "/");
  EXPECT_EQ(inner.ListenerCounts().accepted, 1u);
  uint64_t accepted = 1;
  for (const std::string& pool :
       {Tls() + "protocol = \"http1\"\n", Tls(", min_version = \"1.3\""),
        std::string("tls.verify = false\n"), Tls() + "protocol = \"h2\"\n"}) {
    ASSERT_TRUE(outer.Reload(site(pool)));
    ++accepted;
    EXPECT_TRUE(TestProxy::Eventually([&] {
      EXPECT_EQ(outer.Get("/").body, "/");
      return inner.ListenerCounts().accepted == accepted;
    })) << pool;
    EXPECT_EQ(outer.ServerCounts().connections, 1) << "the former is closed";
  }
}

}  // namespace
}  // namespace sluice::test
