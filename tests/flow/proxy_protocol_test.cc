// Listeners behind balancers that say by the PROXY protocol who the client is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "proxy/net/acceptor.h"
#include "tests/support/flow/h2_wire.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/proxy_header_bytes.h"

namespace sluice::test {
namespace {

using observe::ProxyEnd;
using testing::HasSubstr;

constexpr char kHere[] = "proxy_protocol = [\"127.0.0.0/8\"]\n";
constexpr char kElsewhere[] = "proxy_protocol = [\"10.0.0.0/8\", \"unix\"]\n";
constexpr std::string_view kLine = "PROXY TCP4 203.0.113.7 198.51.100.2 4711 443\r\n";
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n";

std::string Get(std::string_view header) { return std::string(header) + std::string(kGet); }

uint64_t Count(TestProxy& proxy, ProxyEnd end) {
  return proxy.ListenerCounts().proxy_headers[static_cast<size_t>(end)];
}
[[nodiscard]] bool AwaitCount(TestProxy& proxy, ProxyEnd end, uint64_t wanted) {
  return TestProxy::Eventually([&] { return Count(proxy, end) == wanted; });
}

TEST(ProxyProtocolFlowTest, TheServerIsToldTheClientThatTheHeaderNames) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  const auto client_by = [&](const std::string& header) {
    Wire wire = proxy.Connect();
    EXPECT_EQ(wire.Ask(Get(header)).body, "hello");
    EXPECT_EQ(wire.Get("/again").body, "hello");  // it is the connection's, not the request's
    return origin.last().Value("x-forwarded-for");
  };
  EXPECT_EQ(client_by(std::string(kLine)), "203.0.113.7");
  EXPECT_EQ(client_by("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), "2001:db8::1");
  EXPECT_EQ(client_by(Version2(0x21, 0x11, Inet())), "192.0.2.1");
  EXPECT_EQ(client_by(Version2(0x21, 0x21, Inet6())), "2001:db8::1");
  EXPECT_EQ(client_by(WithChecksum(Inet() + Tlv(0x02, "shop.example"))), "192.0.2.1");
  EXPECT_EQ(Count(proxy, ProxyEnd::kAccepted), 5u);
}

TEST(ProxyProtocolFlowTest, AConnectionOfTheBalancersOwnKeepsItsAddress) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  for (const std::string& header : {std::string("PROXY UNKNOWN\r\n"), Version2(0x20, 0x00, ""),
                                    Version2(0x20, 0x11, Inet()), Version2(0x21, 0x00, "")}) {
    EXPECT_EQ(proxy.Connect().Ask(Get(header)).body, "hello");
    EXPECT_EQ(origin.last().Value("x-forwarded-for"), "127.0.0.1");
  }
}

TEST(ProxyProtocolFlowTest, AClientOfTheBalancersUnixSocketHasNoAddress) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  const std::string header = Version2(0x21, 0x31, std::string(216, 'u'));
  EXPECT_EQ(proxy.Connect().Ask(Get(header)).body, "hello");
  EXPECT_FALSE(origin.last().Has("x-forwarded-for"));
}

TEST(ProxyProtocolFlowTest, ARequestThatComesInPiecesAnywhereIsServed) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  for (const std::string& all : {Get(kLine), Get(WithChecksum(Inet()))}) {
    for (size_t at = 1; at < all.size(); ++at) {
      Wire wire = proxy.Connect();
      ASSERT_TRUE(wire.Send(all.substr(0, at)));
      if (at % 8 == 0) ::usleep(1000);  // else the kernel may join them
      ASSERT_EQ(wire.Ask(all.substr(at)).body, "hello") << at;
    }
    Wire wire = proxy.Connect();
    ASSERT_TRUE(wire.SendByteByByte(all));
    EXPECT_EQ(wire.ReadResponse().body, "hello");
  }
}

TEST(ProxyProtocolFlowTest, APipelineAndAHalfCloseBehindTheHeaderAreServed) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  Wire wire = proxy.Connect();
  wire.Send(Get(Get(kLine)) + "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
            "3\r\nabc\r\n0\r\n\r\n");
  wire.FinishWriting();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(wire.ReadResponse().body, "hello");
  EXPECT_EQ(origin.last().body, "abc");
}

TEST(ProxyProtocolFlowTest, Http2WithPriorKnowledgeComesBehindTheHeader) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  const std::string all = std::string(kLine) + h2::Hello() + h2::Get(1);
  for (const size_t at : {size_t{0}, size_t{3}, kLine.size(), kLine.size() + 5, all.size()}) {
    Wire bare = proxy.Connect();
    bare.Send(all.substr(0, at));
    ::usleep(1000);
    bare.Send(all.substr(at));
    H2Wire client(std::move(bare), "");
    EXPECT_EQ(client.Await(1).body, "hello") << at;
    EXPECT_EQ(origin.last().Value("x-forwarded-for"), "203.0.113.7");
  }
}

TEST(ProxyProtocolFlowTest, AConnectionFromElsewhereIsClosedAndItsHeaderNotBelieved) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kElsewhere});
  Wire told = proxy.Connect();
  told.Send(Get(kLine));
  EXPECT_TRUE(told.EndsHere());
  Wire plain = proxy.Connect();
  EXPECT_TRUE(plain.EndsHere());
  EXPECT_TRUE(AwaitCount(proxy, ProxyEnd::kUntrusted, 2));
  EXPECT_TRUE(origin.requests().empty());
}

TEST(ProxyProtocolFlowTest, WithoutTheKeyNobodysHeaderIsBelieved) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  EXPECT_EQ(proxy.Connect().Ask(Get(kLine)).status(), 400);
  EXPECT_TRUE(origin.requests().empty());
}

TEST(ProxyProtocolFlowTest, AConnectionWithoutAGoodHeaderIsClosedWithoutAnAnswer) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  uint64_t count = 0;
  for (const std::string& bytes :
       {std::string(kGet), std::string("\x16\x03\x01"), std::string("PROXY TCP4 1\r\n"),
        Get("PROXY TCP4 203.0.113.07 198.51.100.2 4711 443\r\n"), Version2(0x21, 0x11, "short")}) {
    Wire wire = proxy.Connect();
    wire.Send(bytes);
    EXPECT_TRUE(wire.EndsHere());
    EXPECT_TRUE(AwaitCount(proxy, ProxyEnd::kMalformed, ++count));
  }
  EXPECT_TRUE(origin.requests().empty());
}

TEST(ProxyProtocolFlowTest, ASecondHeaderIsNoRequest) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  EXPECT_EQ(proxy.Connect().Ask(std::string(kLine) + Get(kLine)).status(), 400);
}

TEST(ProxyProtocolFlowTest, AHeaderThatDoesNotComeWholeInTimeEndsTheConnection) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()},
                       .listener = std::string(kHere) + "head_timeout = \"50ms\"\n"});
  Wire silent = proxy.Connect();
  EXPECT_TRUE(silent.EndsHere());
  Wire slow = proxy.Connect();
  slow.Send(kLine.substr(0, 20));
  EXPECT_TRUE(slow.EndsHere());
  EXPECT_TRUE(AwaitCount(proxy, ProxyEnd::kTimeout, 2));
}

TEST(ProxyProtocolFlowTest, ACheckThatOnlyConnectsIsCountedApart) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  proxy.Connect().Close();
  EXPECT_TRUE(AwaitCount(proxy, ProxyEnd::kLeft, 1));
  proxy.Connect().Reset();
  EXPECT_TRUE(AwaitCount(proxy, ProxyEnd::kLeft, 2));
}

TEST(ProxyProtocolFlowTest, AConnectionWithoutItsHeaderHoldsOneOfTheListenersPlaces) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()},
                       .listener = std::string(kHere) + "max_connections = 1\n"});
  Wire silent = proxy.Connect();
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.ListenerCounts().connections == 1; }));
  Wire waits = proxy.Connect();
  waits.Send(Get(kLine));
  EXPECT_EQ(proxy.ListenerCounts().proxy_headers[0], 0u);
  silent.Close();
  EXPECT_EQ(waits.ReadResponse().body, "hello");
}

TEST(ProxyProtocolFlowTest, OverAUnixSocketOnlyUnixIsTrusted) {
  Origin origin(Ok("hello"));
  const std::string path = testing::TempDir() + "sluice_pp_" + std::to_string(::getpid());
  Site site{.servers = {origin.address()}, .listener = kElsewhere, .address = "unix:" + path};
  {
    TestProxy proxy(site);
    EXPECT_EQ(proxy.Connect().Ask(Get(kLine)).body, "hello");
    EXPECT_EQ(origin.last().Value("x-forwarded-for"), "203.0.113.7");
  }
  site.listener = kHere;
  TestProxy proxy(site);
  Wire wire = proxy.Connect();
  EXPECT_TRUE(wire.EndsHere());
}

// The balancer's own address is no peer any more: trusted_proxies is asked about the header's.
TEST(ProxyProtocolFlowTest, XForwardedForIsBelievedOfTheAddressInTheHeader) {
  Origin origin(Ok("hello"));
  TestProxy proxy(
      Site{.servers = {origin.address()},
           .listener = kHere,
           .routes = "[client_ip]\ntrusted_proxies = [\"127.0.0.0/8\", \"192.0.2.0/24\"]\n"});
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.99\r\n\r\n";
  proxy.Connect().Ask(std::string(kLine) + request);
  EXPECT_EQ(origin.last().Value("x-forwarded-for"), "203.0.113.7");
  proxy.Connect().Ask(Version2(0x21, 0x11, Inet()) + request);
  EXPECT_EQ(origin.last().Value("x-forwarded-for"), "198.51.100.99, 192.0.2.1");
}

TEST(ProxyProtocolFlowTest, TheAccessLogHasTheClientOfTheHeader) {
  Origin origin(Ok("hello"));
  const std::string path = testing::TempDir() + "sluice_pp_log_" + std::to_string(::getpid());
  {
    TestProxy proxy(Site{.servers = {origin.address()},
                         .listener = kHere,
                         .access_log = "output = \"" + path + "\"\nformat = \"combined\"\n"});
    EXPECT_EQ(proxy.Connect().Ask(Get(kLine)).body, "hello");
  }
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, testing::StartsWith("203.0.113.7 - - ["));
  std::filesystem::remove(path);
}

TEST(ProxyProtocolFlowTest, AReloadAppliesToConnectionsThatStillOweTheirHeader) {
  Origin origin(Ok("hello"));
  Site site{.servers = {origin.address()}, .listener = kHere};
  TestProxy proxy(site);
  Wire early = proxy.Connect();
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.ListenerCounts().connections == 1; }));
  site.listener = "";
  ASSERT_TRUE(proxy.Reload(site.Text()));
  EXPECT_EQ(proxy.Connect().Ask(std::string(kGet)).body, "hello");
  EXPECT_EQ(early.Ask(Get(kLine)).body, "hello");
  EXPECT_EQ(origin.last().Value("x-forwarded-for"), "203.0.113.7");
}

// A real balancer, haproxy, whose clients all come from 203.0.113.7, as it says.
class Haproxy {
 public:
  // `how`: keywords of its server line.
  Haproxy(const Address& server, const std::string& how)
      : folder_(std::filesystem::temp_directory_path() /
                ("sluice-haproxy-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    const Address any = *Address::Parse("127.0.0.1:0");
    // Inherited by haproxy, so that the port needs no guessing.
    listener_ = net::Fd(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(::bind(listener_.get(), any.get(), any.size()), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    const std::string config = (folder_ / "haproxy.cfg").string();
    std::ofstream(config) << "defaults\n mode tcp\n timeout connect 5s\n timeout client 10s\n"
                             " timeout server 10s\nlisten l\n bind fd@"
                          << listener_.get()
                          << "\n tcp-request connection set-src ipv4(203.0.113.7)\n server s "
                          << server.ToString() << " " << how << "\n";
    const std::string command =
        "haproxy -D -f " + config + " -p " + PidFile() + " >" + config + ".out 2>&1";
    if (std::system(command.c_str()) != 0) {
      std::ifstream said(config + ".out");
      ADD_FAILURE() << std::string(std::istreambuf_iterator<char>(said), {});
    }
  }
  ~Haproxy() {
    pid_t pid = 0;
    if (std::ifstream(PidFile()) >> pid && pid > 1) ::kill(pid, SIGKILL);
    std::filesystem::remove_all(folder_);
  }
  Wire Connect() { return Wire::To(net::BoundAddress(listener_.get())); }

  static bool Installed() { return std::system("command -v haproxy >/dev/null") == 0; }

 private:
  std::string PidFile() const { return (folder_ / "pid").string(); }

  const std::filesystem::path folder_;
  net::Fd listener_;
};

TEST(ProxyProtocolFlowTest, HaproxyInFrontNamesItsClients) {
  if (!Haproxy::Installed()) GTEST_SKIP() << "haproxy is not installed";
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  uint64_t connections = 0;
  for (const char* const how :
       {"send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"}) {
    Haproxy haproxy(proxy.address(), how);
    Wire wire = haproxy.Connect();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(wire.Get("/").body, "hello") << how;
    EXPECT_EQ(origin.last().Value("x-forwarded-for"), "203.0.113.7") << how;
    H2Wire h2(haproxy.Connect());
    EXPECT_EQ(h2.Ask(h2::Get(1), 1).body, "hello") << how;
    EXPECT_EQ(Count(proxy, ProxyEnd::kAccepted), connections += 2);
  }
}

TEST(ProxyProtocolFlowTest, HaproxysChecksAreOfItsOwnAddress) {
  if (!Haproxy::Installed()) GTEST_SKIP() << "haproxy is not installed";
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = kHere});
  Haproxy haproxy(proxy.address(), "send-proxy-v2 check inter 20ms check-send-proxy");
  EXPECT_TRUE(TestProxy::Eventually([&] { return Count(proxy, ProxyEnd::kAccepted) >= 3; }));
  EXPECT_EQ(Count(proxy, ProxyEnd::kMalformed), 0u);
}

TEST(ProxyProtocolFlowTest, TheAdminListenerTellsWhatBecameOfHeaders) {
  Origin origin(Ok("hello"));
  TestProxy proxy(
      Site{.servers = {origin.address()}, .listener = std::string(kHere) + "name = \"public\"\n"});
  EXPECT_EQ(proxy.Connect().Ask(Get(kLine)).body, "hello");
  Wire bad = proxy.Connect();
  bad.Send("nonsense");
  EXPECT_TRUE(bad.EndsHere());
  const std::string metrics = proxy.AskAdmin("/metrics").body;
  for (const char* const line :
       {"{listener=\"public\",result=\"accepted\"} 1",
        "{listener=\"public\",result=\"malformed\"} 1",
        "{listener=\"public\",result=\"untrusted\"} 0",
        "{listener=\"public\",result=\"timeout\"} 0", "{listener=\"public\",result=\"left\"} 0"}) {
    EXPECT_THAT(metrics, HasSubstr("sluice_proxy_headers_total" + std::string(line)));
  }
  EXPECT_THAT(proxy.AskAdmin("/status").body, HasSubstr("\"proxy_headers\""));
}

}  // namespace
}  // namespace sluice::test
