#include "proxy/net/dialer.h"

#include <unistd.h>

#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/net/error.h"
#include "tests/support/loop_fixture.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

class DialTest : public LoopTest {
 protected:
  void Listen(int backlog = 16, std::string_view address = "127.0.0.1:0") {
    absl::StatusOr<Fd> listener = BindListener(*Address::Parse(address), {.backlog = backlog});
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    at_ = BoundAddress(listener_.get());
  }
  void Start(Duration timeout = 5s) {
    dial_ = std::make_unique<Dial>(loop_, at_, timeout, SocketOptions{},
                                   [this](std::unique_ptr<Socket> socket, int error) {
                                     ++calls_;
                                     error_ = error;
                                     socket_ = std::move(socket);
                                     if (destroy_in_callback_) dial_.reset();
                                   });
  }

  Fd listener_;
  Address at_;
  int calls_ = 0;
  std::optional<int> error_;
  bool destroy_in_callback_ = false;
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<Dial> dial_;
};

TEST_F(DialTest, ConnectsAndTalks) {
  Listen();
  Start();
  EXPECT_EQ(calls_, 0);
  RunUntil([&] { return calls_ > 0; });
  EXPECT_EQ(error_, 0);
  ASSERT_NE(socket_, nullptr);
  EXPECT_EQ(socket_->peer(), at_);
  Recorder told;
  socket_->SetEvents(&told);
  socket_->StartReading();
  Fd server(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  Send(server, "hello");
  RunUntil([&] { return told.text == "hello"; });
  loop_.Post([&] { socket_->Write("hello yourself"); });
  RunUntil([&] { return Take(server) == "hello yourself"; });
}

TEST_F(DialTest, ARefusalIsTold) {
  Listen();
  listener_ = Fd();
  Start();
  EXPECT_EQ(calls_, 0);
  RunUntil([&] { return calls_ > 0; });
  EXPECT_EQ(error_, kConnRefused);
  EXPECT_EQ(socket_, nullptr);
  EXPECT_EQ(ErrorText(*error_), "connection refused");
}

TEST_F(DialTest, ASilentServerIsGivenUpAfterTheTimeout) {
  Listen(/*backlog=*/0);
  // A full backlog drops what comes: the nearest thing to a silent host on loopback.
  std::vector<Fd> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(fillers.back().get(), at_.get(), at_.size());
  }
  const TimePoint from = std::chrono::steady_clock::now();
  Start(30ms);
  RunUntil([&] { return calls_ > 0; });
  EXPECT_EQ(error_, kTimedOut);
  EXPECT_EQ(socket_, nullptr);
  EXPECT_GE(std::chrono::steady_clock::now() - from, 29ms);
}

TEST_F(DialTest, DestroyedItIsSilent) {
  Listen();
  Start(1ms);
  dial_.reset();
  RunFor(5ms);
  EXPECT_EQ(calls_, 0);
}

TEST_F(DialTest, ItMayBeDestroyedByItsOwnCallback) {
  Listen();
  destroy_in_callback_ = true;
  Start();
  RunUntil([&] { return calls_ > 0; });
  EXPECT_EQ(error_, 0);
  EXPECT_EQ(dial_, nullptr);
}

TEST_F(DialTest, AnAddressOfNoFamilyIsAnErrorFromTheLoop) {
  Start();
  EXPECT_EQ(calls_, 0);
  RunUntil([&] { return calls_ > 0; });
  EXPECT_LT(*error_, 0);
}

TEST_F(DialTest, UnixSocketsConnectToo) {
  const std::string path = absl::StrFormat("%s/sluice-dial-%d", testing::TempDir(), ::getpid());
  Listen(16, "unix:" + path);
  Start();
  EXPECT_EQ(calls_, 0);
  RunUntil([&] { return calls_ > 0; });
  ::unlink(path.c_str());
  EXPECT_EQ(error_, 0);
  ASSERT_NE(socket_, nullptr);
  Fd server(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  loop_.Post([&] { socket_->Write("over a file"); });
  RunUntil([&] { return Take(server) == "over a file"; });
}

TEST_F(DialTest, AMissingUnixSocketIsNotFound) {
  at_ = *Address::Parse("unix:/nonexistent/sluice.sock");
  Start();
  RunUntil([&] { return calls_ > 0; });
  EXPECT_EQ(error_, kNotFound);
}

}  // namespace
}  // namespace sluice::net
