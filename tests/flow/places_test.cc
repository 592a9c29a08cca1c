// Where listeners and servers may be: IPv6, Unix sockets, names.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

std::string UnixPath(const char* name) {
  return "unix:" + testing::TempDir() + "sluice_" + std::to_string(::getpid()) + "_" + name;
}

TEST(PlacesFlowTest, AUnixSocketListens) {
  Origin origin(Ok("x"));
  const std::string path = UnixPath("front");
  TestProxy proxy(
      Site{.servers = {origin.address()}, .listener = "unix_mode = \"0600\"", .address = path});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").status(), 200);
  EXPECT_EQ(client.Get("/").status(), 200);
  struct stat file {};
  ASSERT_EQ(::stat(path.c_str() + 5, &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  EXPECT_FALSE(origin.last().Value("x-forwarded-for").starts_with("127."));
}

TEST(PlacesFlowTest, AUnixSocketServes) {
  const std::string path = UnixPath("back");
  Origin origin(
      [](Wire& wire, Origin& self, uint32_t) {
        while (self.Take(wire)) wire.Send(Ok("unix"));
      },
      path);
  TestProxy proxy(Site{.servers = {path}});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").body, "unix");
  EXPECT_EQ(client.Get("/").body, "unix");
  EXPECT_EQ(origin.accepted(), 1u);
}

TEST(PlacesFlowTest, AnIpv6AddressListensAndServes) {
  const net::Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address loopback = *Address::Parse("[::1]:0");
  if (!probe.valid() || ::bind(probe.get(), loopback.get(), loopback.size()) != 0) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
  Origin origin(
      [](Wire& wire, Origin& self, uint32_t) {
        while (self.Take(wire)) wire.Send(Ok("six"));
      },
      "[::1]:0");
  TestProxy proxy(Site{.servers = {origin.address()}, .address = "[::1]:0"});
  EXPECT_EQ(proxy.Get("/").body, "six");
  EXPECT_EQ(origin.last().Value("x-forwarded-for"), "::1");
}

TEST(PlacesFlowTest, ADualStackListenerSeesIpv4ClientsAsSuch) {
  Origin origin(Ok("x"));
  const net::Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) GTEST_SKIP() << "this machine has no IPv6";
  TestProxy proxy(Site{.servers = {origin.address()}, .address = "[::]:0"});
  Wire client = Wire::To(Address::From(*Ip::Parse("127.0.0.1"), proxy.address().port()));
  EXPECT_EQ(client.Get("/").status(), 200);
  EXPECT_EQ(origin.last().Value("x-forwarded-for"), "127.0.0.1");
}

TEST(PlacesFlowTest, AReloadMayChangeTheFormOfAnAddress) {
  Origin origin(Ok("x"));
  Site site{.servers = {origin.address()}};
  TestProxy proxy(site);
  const std::string port = ":" + std::to_string(proxy.address().port());
  const auto ask = [&] { return Wire::To(*Address::Parse("127.0.0.1" + port)).Get("/").status(); };
  for (const char* form : {"127.0.0.1", "0.0.0.0", "127.0.0.1", "0.0.0.0"}) {
    site.address = form + port;
    EXPECT_TRUE(proxy.Reload(site.Text())) << form;
    // Who connects while a worker closes the old socket may still be reset by the kernel.
    int in_a_row = 0;
    EXPECT_TRUE(TestProxy::Eventually([&] {
      in_a_row = ask() == 200 ? in_a_row + 1 : 0;
      return in_a_row == 20;
    })) << form;
  }
}

TEST(PlacesFlowTest, AServerMayBeNamed) {
  Origin origin(Ok("by name"));
  TestProxy proxy(Site{.servers = {"localhost:" + std::to_string(origin.port())}});
  EXPECT_EQ(proxy.Get("/").body, "by name");
}

TEST(PlacesFlowTest, ANameThatDoesNotExistIs503) {
  TestProxy proxy(Site{.servers = {"no-such-host.invalid:80"},
                       .routes = "[resolver]\nservers = [\"127.0.0.1:9\"]\n"
                                 "timeout = \"50ms\"\ntries = 1\n"});
  EXPECT_EQ(proxy.Get("/").status(), 503);
}

}  // namespace
}  // namespace sluice::test
