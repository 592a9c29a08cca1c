#include "proxy/net/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/net/error.h"
#include "tests/support/loop_fixture.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

class AcceptorTest : public LoopTest {
 protected:
  void Listen(std::string_view address = "127.0.0.1:0", ListenOptions options = {}) {
    absl::StatusOr<Fd> listener = BindListener(*Address::Parse(address), options);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    at_ = BoundAddress(listener_.get());
  }
  void StartAccepting(const SocketOptions& options = {}) {
    acceptor_ = std::make_unique<Acceptor>(
        loop_, listener_.get(), options,
        Acceptor::OnAccept([this](std::unique_ptr<Socket> socket, const Address& peer) {
          accepted_.push_back(std::move(socket));
          peers_.push_back(peer);
          if (on_accept_) on_accept_();
        }));
  }
  Fd Connect() { return ConnectTo(at_); }
  static Fd ConnectTo(const Address& at) {
    Fd fd(::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), at.get(), at.size()) != 0) return Fd();
    return fd;
  }
  void Connect(int count) {
    for (int i = 0; i < count; ++i) clients_.push_back(Connect());
  }

  Fd listener_;
  Address at_;
  std::vector<Fd> clients_;
  std::vector<std::unique_ptr<Socket>> accepted_;
  std::vector<Address> peers_;
  absl::AnyInvocable<void()> on_accept_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsOverEachConnectionWithItsPeersAddress) {
  Listen();
  StartAccepting();
  Connect(1);
  RunUntil([&] { return accepted_.size() == 1; });
  EXPECT_EQ(peers_[0], BoundAddress(clients_[0].get()));
  EXPECT_EQ(accepted_[0]->peer(), peers_[0]);
  Recorder told;
  accepted_[0]->SetEvents(&told);
  accepted_[0]->StartReading();
  Send(clients_[0], "hello");
  RunUntil([&] { return told.text == "hello"; });
}

TEST_F(AcceptorTest, ABurstLargerThanATurnIsAcceptedWhole) {
  Listen();
  StartAccepting();
  Connect(200);
  RunUntil([&] { return accepted_.size() == 200; });
}

TEST_F(AcceptorTest, WhilePausedConnectionsWaitInTheBacklog) {
  Listen();
  StartAccepting();
  acceptor_->Pause();
  Connect(5);
  Send(clients_[3], "patient");
  RunFor(5ms);
  EXPECT_EQ(accepted_.size(), 0u);
  loop_.Post([&] { acceptor_->Resume(); });
  RunUntil([&] { return accepted_.size() == 5; });
  Recorder told;
  accepted_[3]->SetEvents(&told);
  accepted_[3]->StartReading();
  RunUntil([&] { return told.text == "patient"; });
}

TEST_F(AcceptorTest, PausingInTheMiddleOfABurstStopsIt) {
  Listen();
  on_accept_ = [&] {
    if (accepted_.size() == 3) acceptor_->Pause();
  };
  StartAccepting();
  Connect(8);
  RunUntil([&] { return accepted_.size() >= 3; });
  RunFor(5ms);
  EXPECT_EQ(accepted_.size(), 3u);
  loop_.Post([&] { acceptor_->Resume(); });
  RunUntil([&] { return accepted_.size() == 8; });
}

TEST_F(AcceptorTest, DrainAndCloseServesTheQueueEvenWhilePausedAndRefusesWhatComesLater) {
  Listen();
  StartAccepting();
  acceptor_->Pause();
  Connect(4);
  listener_ = Fd();
  loop_.Post([&] { acceptor_->DrainAndClose(); });
  RunUntil([&] { return accepted_.size() == 4; });
  EXPECT_FALSE(Connect().valid());
  EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_F(AcceptorTest, DrainAndCloseMayBeCalledFromTheCallback) {
  Listen();
  on_accept_ = [&] {
    if (accepted_.size() == 1) acceptor_->DrainAndClose();
  };
  StartAccepting();
  Connect(3);
  RunUntil([&] { return accepted_.size() == 3; });
  RunFor(2ms);
  EXPECT_EQ(accepted_.size(), 3u);
}

// The undefined-behaviour sanitizer opens pipes for its own checks and takes their failure for a
// finding, so there it has to go without this test.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define SLUICE_NEEDS_DESCRIPTORS 1
#endif
#endif
#ifndef SLUICE_NEEDS_DESCRIPTORS
TEST_F(AcceptorTest, OutOfDescriptorsItRestsAndLosesNoConnection) {
  Listen();
  StartAccepting();
  Connect(2);
  const Fd next_free(::dup(listener_.get()));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next_free.get());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  RunUntil([&] { return acceptor_->exhausted() > 0; });
  EXPECT_EQ(accepted_.size(), 0u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  RunUntil([&] { return accepted_.size() == 2; });
  Recorder told;
  accepted_[1]->SetEvents(&told);
  accepted_[1]->StartReading();
  Send(clients_[1], "still here");
  RunUntil([&] { return told.text == "still here"; });
}
#endif

TEST_F(AcceptorTest, OptionsSetOnTheListenerHoldForWhatItAccepts) {
  Listen();
  StartAccepting({.nodelay = true, .keepalive = 9s});
  Connect(1);
  RunUntil([&] { return accepted_.size() == 1; });
  const Fd copy = Socket::Release(std::move(accepted_[0]));
  int value = 0;
  socklen_t size = sizeof value;
  ASSERT_EQ(::getsockopt(copy.get(), IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
  EXPECT_NE(value, 0);
  ASSERT_EQ(::getsockopt(copy.get(), SOL_SOCKET, SO_KEEPALIVE, &value, &size), 0);
  EXPECT_NE(value, 0);
  ASSERT_EQ(::getsockopt(copy.get(), IPPROTO_TCP, TCP_KEEPIDLE, &value, &size), 0);
  EXPECT_EQ(value, 9);
}

TEST_F(AcceptorTest, BareDescriptorsCanBeHadForAnotherLoop) {
  Listen();
  Fd got;
  acceptor_ = std::make_unique<Acceptor>(
      loop_, listener_.get(), SocketOptions{},
      Acceptor::OnDescriptor([&](Fd fd, const Address&) { got = std::move(fd); }));
  Connect(1);
  RunUntil([&] { return got.valid(); });
  EXPECT_EQ(BoundAddress(got.get()), at_);
}

TEST_F(AcceptorTest, TheDualStackSocketServesIpv4ClientsAsThemselves) {
  Listen("[::]:0");
  StartAccepting();
  clients_.push_back(ConnectTo(Address::From(*Ip::Parse("127.0.0.1"), at_.port())));
  RunUntil([&] { return accepted_.size() == 1; });
  EXPECT_TRUE(peers_[0].ip().is_v4());
  EXPECT_EQ(peers_[0].ip().ToString(), "127.0.0.1");
}

TEST_F(AcceptorTest, SeveralListenersShareAPort) {
  Listen();
  absl::StatusOr<Fd> second = BindListener(at_, {});
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST_F(AcceptorTest, AnAddressInUseIsSaidPlainly) {
  Listen("127.0.0.1:0", {.reuse_port = false});
  const absl::Status status = BindListener(at_, {.reuse_port = false}).status();
  EXPECT_EQ(status.message(),
            absl::StrFormat("cannot listen on %s: address already in use", at_.ToString()));
}

TEST_F(AcceptorTest, ExclusiveRefusesAPortThatOthersShare) {
  Listen();
  EXPECT_FALSE(BindListener(at_, {.exclusive = true}).ok());
  listener_ = Fd();
  EXPECT_TRUE(BindListener(at_, {.exclusive = true}).ok());
}

TEST_F(AcceptorTest, AForeignAddressIsRefusedWithItsReason) {
  const absl::Status status = BindListener(*Address::Parse("192.0.2.1:0"), {}).status();
  EXPECT_EQ(status.message(), "cannot listen on 192.0.2.1:0: address not available");
}

class UnixListenerTest : public AcceptorTest {
 protected:
  UnixListenerTest()
      : path_(absl::StrFormat("%s/sluice-listener-%d", testing::TempDir(), ::getpid())),
        address_(*Address::Parse("unix:" + path_)) {
    ::unlink(path_.c_str());
  }
  ~UnixListenerTest() override { ::unlink(path_.c_str()); }

  const std::string path_;
  const Address address_;
};

TEST_F(UnixListenerTest, AcceptsFromAFile) {
  Listen("unix:" + path_);
  StartAccepting();
  clients_.push_back(ConnectTo(address_));
  RunUntil([&] { return accepted_.size() == 1; });
  Send(clients_[0], "x");
}

TEST_F(UnixListenerTest, ReplacesAFileThatNobodyAnswersOn) {
  ASSERT_TRUE(BindListener(address_, {}).ok());  // closed at once, but the file stays
  absl::StatusOr<Fd> again = BindListener(address_, {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(ConnectTo(address_).valid());
}

TEST_F(UnixListenerTest, LeavesALiveListenerAlone) {
  Listen("unix:" + path_);
  EXPECT_FALSE(BindListener(address_, {}).ok());
  EXPECT_TRUE(ConnectTo(address_).valid());
}

TEST_F(UnixListenerTest, NeverRemovesAFileThatIsNoSocket) {
  { const Fd file(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); }
  EXPECT_FALSE(BindListener(address_, {}).ok());
  struct stat info {};
  EXPECT_EQ(::stat(path_.c_str(), &info), 0);
}

}  // namespace
}  // namespace sluice::net
