// LoopTest: a fixture with one loop that the test turns by hand until something is true, and that
// demands a clean close: ~Loop aborts when a handle is left open.
//
// Members of a test that live on the loop are declared in the test or its own fixture, so they are
// gone before the loop. Helpers make connected pairs: one end a Socket, the other a bare descriptor
// driven with plain system calls.
#ifndef SLUICE_TESTS_SUPPORT_LOOP_FIXTURE_H_
#define SLUICE_TESTS_SUPPORT_LOOP_FIXTURE_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <uv.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "proxy/net/acceptor.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"

namespace sluice::net {

// What a stream told, in the order it told it: "abc", "[end]", "[error -104]", "[writable]",
// "[flushed]".
class Recorder : public StreamEvents {
 public:
  void OnRead(std::span<char> bytes) override {
    text.append(bytes.data(), bytes.size());
    if (on_read) on_read(std::string_view(bytes.data(), bytes.size()));
  }
  void OnReadEnd(int code) override {
    ended = true;
    error = code;
    text += code == 0 ? std::string("[end]") : "[error " + std::to_string(code) + "]";
  }
  void OnWritable() override {
    ++writable;
    if (on_writable) on_writable();
  }
  void OnFlushed() override {
    ++flushed;
    if (on_flushed) on_flushed();
  }

  std::string text;
  bool ended = false;
  int error = 0;
  int writable = 0;
  int flushed = 0;
  absl::AnyInvocable<void(std::string_view)> on_read;
  absl::AnyInvocable<void()> on_writable;
  absl::AnyInvocable<void()> on_flushed;
};

class LoopTest : public testing::Test {
 protected:
  // Turns the loop until `done()`; the test fails if that takes ten seconds.
  template <typename Done>
  void RunUntil(Done done) {
    // libuv runs timers before it polls: what a timer made true would else be looked at only after
    // a poll that sleeps until the next event, so none sleeps longer than the time between rings.
    struct Guard final : Deadline {
      explicit Guard(Loop& of) : loop(of) {}
      void OnDeadline() override {
        if (++rings < 1000) loop.Arm(*this, std::chrono::milliseconds(10));
      }
      Loop& loop;
      int rings = 0;
    } guard(loop_);
    loop_.Arm(guard, std::chrono::milliseconds(10));
    loop_.EndCallback();
    while (!done() && guard.rings < 1000) uv_run(loop_.uv(), UV_RUN_ONCE);
    ASSERT_LT(guard.rings, 1000) << "the loop waited ten seconds in vain";
  }

  // One turn that does not wait.
  void Turn() {
    loop_.EndCallback();
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
  }

  // Turns until a deadline armed now has run: everything that was ready has been handled.
  void RunFor(Duration length) {
    struct Bell final : Deadline {
      void OnDeadline() override { rung = true; }
      bool rung = false;
    } bell;
    loop_.Arm(bell, length);
    RunUntil([&] { return bell.rung; });
  }

  struct Pair {
    std::unique_ptr<Socket> socket;
    Fd peer;  // non-blocking
  };

  Pair MakePair(const Address& listen_on, int receive_buffer = 0) {
    absl::StatusOr<Fd> listener = BindListener(listen_on, {});
    if (!listener.ok()) {
      ADD_FAILURE() << listener.status();
      return {};
    }
    Fd peer(::socket(listen_on.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) {
      ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const Address at = BoundAddress(listener->get());
    EXPECT_EQ(::connect(peer.get(), at.get(), at.size()), 0);
    Fd ours(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
    ::fcntl(peer.get(), F_SETFL, O_NONBLOCK);
    return {Socket::Adopt(loop_, std::move(ours), {}), std::move(peer)};
  }

  Pair TcpPair(int receive_buffer = 0) {
    return MakePair(*Address::Parse("127.0.0.1:0"), receive_buffer);
  }

  // What the peer has received so far; empty at end of file too.
  static std::string Take(const Fd& peer) {
    std::string all;
    char block[16 * 1024];
    for (ssize_t n; (n = ::recv(peer.get(), block, sizeof block, 0)) > 0;) {
      all.append(block, static_cast<size_t>(n));
    }
    return all;
  }

  static void Send(const Fd& peer, std::string_view bytes) {
    ASSERT_EQ(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // Ends the connection with RST, whatever is still queued.
  static void Reset(Fd& peer) {
    const linger now{1, 0};
    ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    peer = Fd();
  }

  Loop loop_;
};

}  // namespace sluice::net

#endif  // SLUICE_TESTS_SUPPORT_LOOP_FIXTURE_H_
