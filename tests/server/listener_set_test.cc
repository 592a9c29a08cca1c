#include "proxy/server/listener_set.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace sluice::server {
namespace {

conf::Listener On(const std::string& address, uint32_t max_connections = 0) {
  conf::Listener listener;
  listener.name = listener.address = address;
  listener.max_connections = max_connections;
  return listener;
}

TEST(ListenerSetTest, EachWorkerHasItsOwnSocketOnTheSamePort) {
  ListenerSet set(3);
  ASSERT_TRUE(set.Apply({On("127.0.0.1:0")}, {nullptr}, 100).ok());
  const uint16_t port = set.all().front()->bound.port();
  EXPECT_NE(port, 0);
  std::vector<int> sockets;
  for (size_t worker = 0; worker < 3; ++worker) {
    const std::vector<Binding> bindings = set.BindingsFor(worker);
    ASSERT_EQ(bindings.size(), 1u);
    EXPECT_EQ(net::BoundAddress(bindings[0].socket->get()).port(), port);
    for (const int other : sockets) EXPECT_NE(bindings[0].socket->get(), other);
    sockets.push_back(bindings[0].socket->get());
  }
}

TEST(ListenerSetTest, AnAddressThatStaysKeepsItsSocketsAndItsConnectionCount) {
  ListenerSet set(1);
  ASSERT_TRUE(set.Apply({On("127.0.0.1:0")}, {nullptr}, 100).ok());
  const std::shared_ptr<Listening> before = set.all().front();
  ASSERT_TRUE(set.Apply({On("127.0.0.1:0", 7)}, {nullptr}, 100).ok());
  EXPECT_EQ(set.all().front(), before);
  EXPECT_EQ(before->open.limit(), 7u);
  EXPECT_EQ(set.BindingsFor(0)[0].spec->max_connections, 7u);
}

TEST(ListenerSetTest, WithoutALimitOfItsOwnAListenerHasTheDerivedOne) {
  ListenerSet set(1);
  ASSERT_TRUE(set.Apply({On("127.0.0.1:0")}, {nullptr}, 123).ok());
  EXPECT_EQ(set.all().front()->open.limit(), 123u);
}

TEST(ListenerSetTest, AnErrorChangesNothing) {
  ListenerSet set(1), other(1);
  ASSERT_TRUE(other.Apply({On("127.0.0.1:0")}, {nullptr}, 100).ok());
  ASSERT_TRUE(set.Apply({On("127.0.0.1:0")}, {nullptr}, 100).ok());
  const std::shared_ptr<Listening> before = set.all().front();
  const std::string taken = other.all().front()->bound.ToString();
  const absl::Status status = set.Apply({On("127.0.0.2:0"), On(taken)}, {nullptr, nullptr}, 100);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find(taken), std::string::npos);
  ASSERT_EQ(set.all().size(), 1u);
  EXPECT_EQ(set.all().front(), before);
  EXPECT_FALSE(before->sockets.empty());
}

TEST(ListenerSetTest, APortMayChangeTheFormOfItsAddress) {
  ListenerSet set(2);
  ASSERT_TRUE(set.Apply({On("127.0.0.1:0")}, {nullptr}, 100).ok());
  const std::string port = ":" + std::to_string(set.all().front()->bound.port());
  ASSERT_TRUE(set.Apply({On("127.0.0.1" + port)}, {nullptr}, 100).ok());
  std::vector<std::string> forms = {"0.0.0.0", "127.0.0.1", "0.0.0.0"};
  if (net::BindListener(*Address::Parse("[::]:0"), {}).ok()) forms.push_back("[::]");
  for (const std::string& form : forms) {
    const absl::Status status = set.Apply({On(form + port)}, {nullptr}, 100);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(set.all().front()->bound.ToString(), form + port);
  }
  const std::string beside = "127.0.0.2" + port;
  const absl::Status both =
      set.Apply({On(forms.back() + port), On(beside)}, {nullptr, nullptr}, 100);
  EXPECT_FALSE(both.ok()) << "one of them would take the other's connections";
}

TEST(ListenerSetTest, WhoWasTurnedToASocketKeepsItThoughTheSetLetsGo) {
  ListenerSet set(1);
  ASSERT_TRUE(set.Apply({On("127.0.0.1:0")}, {nullptr}, 100).ok());
  const Binding late = set.BindingsFor(0).front();
  set.CloseAll();
  EXPECT_TRUE(set.all().empty());
  EXPECT_NE(net::BoundAddress(late.socket->get()).port(), 0);
}

TEST(ListenerSetTest, TheFileOfAUnixSocketGoesWithItUnlessAnotherHasTakenItsPlace) {
  const std::string path =
      testing::TempDir() + "sluice_" + std::to_string(::getpid()) + "_listener";
  const auto there = [&] { return ::access(path.c_str(), F_OK) == 0; };
  ListenerSet set(1);
  ASSERT_TRUE(set.Apply({On("unix:" + path)}, {nullptr}, 100).ok());
  ASSERT_TRUE(set.Apply({On("unix:" + path, 7)}, {nullptr}, 100).ok());
  EXPECT_TRUE(there());
  ASSERT_TRUE(set.Apply({On("127.0.0.1:0")}, {nullptr}, 100).ok());
  EXPECT_FALSE(there());

  ASSERT_TRUE(set.Apply({On("unix:" + path)}, {nullptr}, 100).ok());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ListenerSet successor(1);
  ASSERT_TRUE(successor.Apply({On("unix:" + path)}, {nullptr}, 100).ok());
  set.CloseAll();
  EXPECT_TRUE(there());
  successor.CloseAll();
  EXPECT_FALSE(there());
}

}  // namespace
}  // namespace sluice::server
