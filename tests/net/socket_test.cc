#include "proxy/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cstdlib>
#include <thread>

#include "absl/strings/str_format.h"
#include "proxy/net/error.h"
#include "tests/support/loop_fixture.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kPeerFull = PauseReason::kPeerFull;
constexpr auto kBacklog = PauseReason::kBacklog;

class SocketTest : public LoopTest {
 protected:
  void Open(int receive_buffer = 0) { Use(TcpPair(receive_buffer)); }
  void OpenUnix() {
    path_ = absl::StrFormat("/tmp/sluice-socket-test-%d", ::getpid());
    Use(MakePair(*Address::Parse("unix:" + path_)));
    ::unlink(path_.c_str());
  }
  void Use(Pair pair) {
    socket_ = std::move(pair.socket);
    peer_ = std::move(pair.peer);
    ASSERT_NE(socket_, nullptr);
    socket_->SetEvents(&told_);
    socket_->StartReading();
  }

  // Writes until the kernel takes no more and `bytes` wait in the socket.
  void Fill(size_t bytes) {
    const std::string block(64 * 1024, 'f');
    while (socket_->buffered() < bytes) socket_->Write(block);
  }

  std::string ReceiveAll(size_t bytes) {
    std::string all;
    RunUntil([&] {
      all += Take(peer_);
      return all.size() >= bytes;
    });
    return all;
  }

  bool PeerSeesEnd() {
    char byte;
    return ::recv(peer_.get(), &byte, 1, MSG_PEEK) == 0;
  }

  std::string path_;
  Recorder told_;
  Fd peer_;
  std::unique_ptr<Socket> socket_;
};

std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

TEST_F(SocketTest, ReadsWhatThePeerSends) {
  Open();
  Send(peer_, "hello");
  RunUntil([&] { return told_.text == "hello"; });
}

TEST_F(SocketTest, SmallWritesOfOneCallbackLeaveTogetherWhenItReturns) {
  Open();
  std::string during = "?";
  loop_.Post([&] {
    socket_->Write("one ");
    socket_->Staging().Append("two ");
    socket_->Write("three");
    during = Take(peer_);
  });
  RunUntil([&] { return during != "?"; });
  EXPECT_EQ(during, "");
  // Loopback delivers before write() returns, so all of it is there.
  EXPECT_EQ(Take(peer_), "one two three");
  EXPECT_EQ(socket_->buffered(), 0u);
}

TEST_F(SocketTest, ALargeWriteLeavesAtOnceBehindWhatWasGathered) {
  Open();
  const std::string large = Pattern(Socket::kAtOnce);
  std::string during;
  loop_.Post([&] {
    socket_->Write("first ");
    socket_->Write(large);
    during = Take(peer_);
  });
  RunUntil([&] { return !during.empty(); });
  EXPECT_EQ(during, "first " + large);
}

TEST_F(SocketTest, EightMebibytesReachASlowReaderByteForByteInBoundedMemory) {
  Open(/*receive_buffer=*/16 * 1024);
  const std::string all = Pattern(8 << 20);
  size_t next = 0;
  size_t peak = 0;
  const auto pump = [&] {
    // Sizes around every edge: gathered, at once, more than four blocks.
    static constexpr size_t kSizes[] = {1, 700, 5000, 16384, 40000, 100000};
    for (int i = 0; next < all.size() && !socket_->Full(); ++i) {
      const size_t count = std::min(kSizes[i % 6], all.size() - next);
      socket_->Write(std::string_view(all).substr(next, count));
      next += count;
      peak = std::max(peak, socket_->buffered());
    }
    if (next == all.size()) socket_->FinishWriting();
  };
  told_.on_writable = pump;
  loop_.Post(pump);
  std::string got;
  RunUntil([&] {
    char block[3000];
    const ssize_t n = ::recv(peer_.get(), block, sizeof block, 0);
    if (n > 0) got.append(block, static_cast<size_t>(n));
    // Behind for a while, then quick: both short writes and empty queues happen.
    if (got.size() > all.size() / 8) got += Take(peer_);
    Turn();
    loop_.Post([] {});  // the next turn must not wait for an event
    return got.size() >= all.size() && PeerSeesEnd();
  });
  EXPECT_TRUE(got == all);
  EXPECT_LT(peak, Socket::kHighMark + 100000u);
  EXPECT_GT(told_.writable, 0);
}

TEST_F(SocketTest, FullAtTheHighMarkAndWritableBelowAQuarterOfIt) {
  Open();
  socket_->SetHighMark(256 * 1024);
  loop_.Post([&] {
    Fill(200 * 1024);
    EXPECT_FALSE(socket_->Full());
    Fill(256 * 1024);
    EXPECT_TRUE(socket_->Full());
  });
  size_t left = SIZE_MAX;
  told_.on_writable = [&] { left = socket_->buffered(); };
  RunUntil([&] { return socket_->Full(); });
  EXPECT_EQ(told_.writable, 0);
  RunUntil([&] {
    Take(peer_);
    return told_.writable > 0;
  });
  EXPECT_LE(left, 64u * 1024);
  EXPECT_EQ(told_.writable, 1);
}

TEST_F(SocketTest, WithoutAskingFullNobodyIsToldWritable) {
  Open();
  loop_.Post([&] { Fill(256 * 1024); });
  RunUntil([&] { return socket_->buffered() > 0; });
  RunUntil([&] {
    Take(peer_);
    return socket_->buffered() == 0;
  });
  EXPECT_EQ(told_.writable, 0);
}

TEST_F(SocketTest, AnExhaustedBudgetMakesItFullAboveOneBlockAndDrainingUnFull) {
  Open();
  socket_->SetHighMark(100 << 20);
  const size_t limit = BufferBudget::limit();
  BufferBudget::SetLimit(1);
  loop_.Post([&] {
    Fill(64 * 1024);
    EXPECT_TRUE(socket_->Full());
  });
  RunUntil([&] { return socket_->buffered() > 0; });
  RunUntil([&] {
    Take(peer_);
    return told_.writable > 0;
  });
  EXPECT_LE(socket_->buffered(), kLargeBlock);
  BufferBudget::SetLimit(limit);
}

TEST_F(SocketTest, FlushedIsToldOnceFromTheLoopWhenAllWasHandedOver) {
  Open();
  int during = -1;
  loop_.Post([&] {
    socket_->Write("small");
    socket_->NotifyFlushed();
    during = told_.flushed;
  });
  RunUntil([&] { return told_.flushed > 0; });
  EXPECT_EQ(during, 0);
  loop_.Post([&] { socket_->Write("more"); });
  RunUntil([&] { return Take(peer_).ends_with("more"); });
  EXPECT_EQ(told_.flushed, 1);
}

TEST_F(SocketTest, FlushedWaitsForAPeerThatDoesNotRead) {
  Open(/*receive_buffer=*/4096);
  loop_.Post([&] {
    Fill(300 * 1024);
    socket_->NotifyFlushed();
  });
  RunFor(5ms);
  EXPECT_EQ(told_.flushed, 0);
  RunUntil([&] {
    Take(peer_);
    return told_.flushed == 1;
  });
  EXPECT_EQ(socket_->buffered(), 0u);
}

TEST_F(SocketTest, AFinIsToldAndOurDirectionStaysOpen) {
  Open();
  Send(peer_, "request");
  ::shutdown(peer_.get(), SHUT_WR);
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.text, "request[end]");
  loop_.Post([&] {
    socket_->Write("answer");
    socket_->FinishWriting();
  });
  RunUntil([&] { return Take(peer_) == "answer"; });
  RunUntil([&] { return PeerSeesEnd(); });
}

TEST_F(SocketTest, OurFinFollowsTheLastByteAndReadingGoesOn) {
  Open(/*receive_buffer=*/4096);
  const std::string large = Pattern(1 << 20);
  loop_.Post([&] {
    socket_->Write(large);
    socket_->FinishWriting();
  });
  std::string got;
  RunUntil([&] {
    got += Take(peer_);
    return got.size() >= large.size() && PeerSeesEnd();
  });
  EXPECT_TRUE(got == large);
  Send(peer_, "still here");
  RunUntil([&] { return told_.text == "still here"; });
}

TEST_F(SocketTest, AbortMakesThePeerSeeAReset) {
  Open();
  loop_.Post([&] {
    socket_->Write("half an answ");
    loop_.FlushPending();
    socket_->Abort();
    socket_->Write("never");
    EXPECT_EQ(socket_->buffered(), 0u);
  });
  int error = 0;
  RunUntil([&] {
    char byte;
    while (::recv(peer_.get(), &byte, 1, 0) > 0) {
    }
    error = errno;
    return error != EAGAIN;
  });
  EXPECT_EQ(error, ECONNRESET);
  EXPECT_EQ(told_.text, "");
}

TEST_F(SocketTest, AWriteToAPeerThatResetIsAnErrorToldOnceFromTheLoop) {
  Open();
  socket_->Pause(kPeerFull);
  Reset(peer_);
  bool told_inside = true;
  loop_.Post([&] {
    socket_->Write(Pattern(100000));
    told_inside = told_.ended;
    socket_->Write("and more");
  });
  RunUntil([&] { return told_.ended; });
  EXPECT_FALSE(told_inside);
  EXPECT_LT(told_.error, 0);
  EXPECT_EQ(socket_->buffered(), 0u);
  const std::string once = told_.text;
  loop_.Post([&] { socket_->Write("again"); });
  RunFor(5ms);
  EXPECT_EQ(told_.text, once);
}

TEST_F(SocketTest, BytesThatArrivedBeforeAResetAreDeliveredBeforeTheWriteError) {
  Open();
  Send(peer_, "413 before you were done");
  Reset(peer_);
  // No turn in between: the write fails before the loop has seen the bytes.
  socket_->Write(Pattern(100000));
  RunUntil([&] { return told_.ended; });
  EXPECT_TRUE(told_.text.starts_with("413 before you were done[error ")) << told_.text;
}

TEST_F(SocketTest, AResetTogetherWithBytesIsNoFin) {
  Open();
  Send(peer_, "half of an answer");
  Reset(peer_);
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.text, absl::StrFormat("half of an answer[error %d]", kConnReset));
}

TEST_F(SocketTest, AResetWhileReadingIsAnError) {
  Open();
  Reset(peer_);
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.error, kConnReset);
}

TEST_F(SocketTest, APausedSocketReadsNothingUntilEveryReasonIsGone) {
  Open();
  socket_->Pause(kPeerFull);
  socket_->Pause(kBacklog);
  Send(peer_, "held");
  RunFor(5ms);
  EXPECT_EQ(told_.text, "");
  loop_.Post([&] { socket_->Resume(kPeerFull); });
  RunFor(5ms);
  EXPECT_EQ(told_.text, "");
  loop_.Post([&] { socket_->Resume(kBacklog); });
  RunUntil([&] { return told_.text == "held"; });
}

TEST_F(SocketTest, PausingInsideOnReadStopsAfterThatRead) {
  Open();
  const std::string all = Pattern(300 * 1024);
  int reads = 0;
  told_.on_read = [&](std::string_view) {
    ++reads;
    socket_->Pause(kPeerFull);
  };
  std::thread sender([&] {
    size_t sent = 0;
    while (sent < all.size()) {
      const ssize_t n = ::send(peer_.get(), all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
      if (n > 0) sent += static_cast<size_t>(n);
      if (n < 0) {
        pollfd wait{peer_.get(), POLLOUT, 0};
        ::poll(&wait, 1, 1000);
      }
    }
  });
  while (told_.text.size() < all.size()) {
    const int before = reads;
    loop_.Post([&] { socket_->Resume(kPeerFull); });
    RunUntil([&] { return reads > before; });
    ASSERT_EQ(reads, before + 1);
  }
  sender.join();
  EXPECT_TRUE(told_.text == all);
}

TEST_F(SocketTest, APauseThatIsOverBeforeThePeerSendsLosesNothing) {
  Open();
  for (int i = 0; i < 100; ++i) {
    socket_->Pause(kPeerFull);
    socket_->Resume(kPeerFull);
    Send(peer_, "x");
    RunUntil([&] { return told_.text.size() == static_cast<size_t>(i + 1); });
  }
}

TEST_F(SocketTest, AResetIsNoticedWhilePaused) {
  Open();
  socket_->Pause(kBacklog);
  Send(peer_, "pipelined");
  RunFor(5ms);
  Reset(peer_);
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.text, absl::StrFormat("[error %d]", kConnReset));
}

TEST_F(SocketTest, AResetDuringALongPauseForAFullPeerIsToldAfterTheBytesThatCame) {
  Open();
  socket_->Pause(kPeerFull);
  Send(peer_, "the whole answer");
  RunFor(Socket::kWatchAfter + 20ms);
  Reset(peer_);
  RunFor(20ms);
  EXPECT_EQ(told_.text, "");
  loop_.Post([&] { socket_->Resume(kPeerFull); });
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.text, absl::StrFormat("the whole answer[error %d]", kConnReset));
}

TEST_F(SocketTest, AFinDuringAPauseWaitsForReading) {
  Open();
  socket_->Pause(kBacklog);
  Send(peer_, "last words");
  ::shutdown(peer_.get(), SHUT_WR);
  RunFor(Socket::kWatchAfter + 20ms);
  EXPECT_EQ(told_.text, "");
  loop_.Post([&] { socket_->Resume(kBacklog); });
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.text, "last words[end]");
}

TEST_F(SocketTest, UrgentDataDuringAPauseIsNoHangUp) {
  Open();
  socket_->Pause(kBacklog);
  Send(peer_, "plain");
  ASSERT_EQ(::send(peer_.get(), "!", 1, MSG_OOB), 1);
  RunFor(Socket::kWatchAfter + 20ms);
  EXPECT_FALSE(told_.ended);
  loop_.Post([&] { socket_->Resume(kBacklog); });
  RunUntil([&] { return told_.text == "plain"; });
}

TEST_F(SocketTest, AnEndThatNobodyHeardIsToldToTheNextListener) {
  Open();
  socket_->SetEvents(nullptr);
  ::shutdown(peer_.get(), SHUT_WR);
  RunFor(5ms);
  loop_.Post([&] { socket_->SetEvents(&told_); });
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.text, "[end]");
}

TEST_F(SocketTest, ASocketMayGoWhileItsBytesAreInFlight) {
  Open(/*receive_buffer=*/4096);
  loop_.Post([&] { Fill(1 << 20); });
  RunUntil([&] { return socket_->buffered() > 0; });
  loop_.Post([&] { loop_.Retire(std::move(socket_)); });
  RunUntil([&] { return socket_ == nullptr; });
  RunFor(2ms);
  EXPECT_EQ(BufferBudget::used(), 0u);
}

TEST_F(SocketTest, ASocketMayGoWhilePausedAndWatched) {
  Open();
  socket_->Pause(kBacklog);
  Send(peer_, "x");
  RunFor(Socket::kWatchAfter + 20ms);
  socket_->Abort();
  RunFor(2ms);
  // The duplicate that the watch polled must not keep the connection open.
  char byte;
  EXPECT_EQ(::recv(peer_.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(SocketTest, AConnectionCanMoveToAnotherLoop) {
  Open();
  Send(peer_, "moved");
  Fd moved = Socket::Release(std::move(socket_));
  Turn();
  Loop other;
  Recorder heard;
  std::unique_ptr<Socket> socket = Socket::Adopt(other, std::move(moved), {});
  ASSERT_NE(socket, nullptr);
  socket->SetEvents(&heard);
  socket->StartReading();
  heard.on_read = [&](std::string_view) {
    socket->Write("and answered");
    other.Stop();
  };
  other.Run();
  EXPECT_EQ(heard.text, "moved");
  EXPECT_EQ(Take(peer_), "and answered");
}

TEST_F(SocketTest, AdoptRefusesWhatIsNoSocket) {
  EXPECT_EQ(Socket::Adopt(loop_, Fd(), {}), nullptr);
  EXPECT_EQ(Socket::Adopt(loop_, Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)), {}), nullptr);
}

TEST_F(SocketTest, OptionsReachTheKernel) {
  absl::StatusOr<Fd> listener = BindListener(*Address::Parse("127.0.0.1:0"), {});
  ASSERT_TRUE(listener.ok());
  const Address at = BoundAddress(listener->get());
  Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(fd.get(), at.get(), at.size()), 0);
  const int raw = fd.get();
  socket_ = Socket::Adopt(loop_, std::move(fd), {.nodelay = true, .keepalive = 7s});
  int value = 0;
  socklen_t size = sizeof value;
  ASSERT_EQ(::getsockopt(raw, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
  EXPECT_NE(value, 0);
  ASSERT_EQ(::getsockopt(raw, IPPROTO_TCP, TCP_KEEPIDLE, &value, &size), 0);
  EXPECT_EQ(value, 7);
  EXPECT_EQ(socket_->peer(), at);
  EXPECT_EQ(socket_->local().ip(), at.ip());
}

TEST_F(SocketTest, UnixSocketsReadWriteAndEndAlike) {
  OpenUnix();
  Send(peer_, "over a file");
  RunUntil([&] { return told_.text == "over a file"; });
  const std::string large = Pattern(2 << 20);
  loop_.Post([&] {
    socket_->Write(large);
    socket_->FinishWriting();
  });
  std::string got;
  RunUntil([&] {
    got += Take(peer_);
    return got.size() >= large.size() && PeerSeesEnd();
  });
  EXPECT_TRUE(got == large);
  peer_ = Fd();
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.error, 0);
}

TEST_F(SocketTest, AUnixPeerThatClosesIsNoticedByWhoWaitsWithABacklog) {
  OpenUnix();
  socket_->Pause(kBacklog);
  Send(peer_, "x");
  RunFor(2ms);
  peer_ = Fd();
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.error, kConnReset);
}

TEST_F(SocketTest, AUnixPeerThatClosesIsReadToTheEndByWhoWaitsForAFullPeer) {
  OpenUnix();
  socket_->Pause(kPeerFull);
  Send(peer_, "complete");
  RunFor(2ms);
  peer_ = Fd();
  RunFor(Socket::kWatchAfter + 20ms);
  EXPECT_EQ(told_.text, "");
  loop_.Post([&] { socket_->Resume(kPeerFull); });
  RunUntil([&] { return told_.ended; });
  EXPECT_EQ(told_.text, "complete[end]");
}

}  // namespace
}  // namespace sluice::net
