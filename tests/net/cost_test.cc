// What the hot path and an idle connection cost, as numbers that a change must not raise unseen.
#include <malloc.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "tests/support/loop_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLUICE_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUICE_OWN_MALLOC 0
#endif
#endif
#ifndef SLUICE_OWN_MALLOC
#define SLUICE_OWN_MALLOC 1
#endif

#if SLUICE_OWN_MALLOC
thread_local size_t t_allocations = 0;
// Counts, and leaves the work to glibc, whose free() goes with it.
extern "C" void* __libc_malloc(size_t bytes);  // NOLINT: glibc's own name
extern "C" void* malloc(size_t bytes) noexcept {
  ++t_allocations;
  return __libc_malloc(bytes);
}
#endif

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

size_t AllocationsOfThisThread() {
#if SLUICE_OWN_MALLOC
  return t_allocations;
#else
  return 0;  // a sanitizer counts its own way, and malloc is its
#endif
}

// read(2) calls of this thread, by the kernel's own count (proc(5), task/io).
uint64_t CountReads() {
  unsigned long long reads = 0;
  std::FILE* const file = std::fopen("/proc/thread-self/io", "re");
  if (file == nullptr) return 0;
  char line[128];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "syscr: %llu", &reads) == 1) break;
  }
  std::fclose(file);
  return reads;
}

// The kernel's struct tcp_info; glibc's copy of it ends before these.
struct Packets {
  char before[140];
  uint32_t in;
  uint32_t unsent_bytes;
  uint32_t min_rtt;
  uint32_t with_data_in;
};

Packets PacketsOf(const Fd& fd) {
  Packets packets{};
  socklen_t size = sizeof packets;
  EXPECT_EQ(::getsockopt(fd.get(), IPPROTO_TCP, TCP_INFO, &packets, &size), 0);
  EXPECT_EQ(size, sizeof packets);
  return packets;
}

// Passes on what it hears.
class Relay final : public StreamEvents {
 public:
  explicit Relay(Stream* to) : to_(to) {}
  void OnRead(std::span<char> bytes) override { to_->Write({bytes.data(), bytes.size()}); }
  void OnReadEnd(int) override {}
  void OnWritable() override {}
  void OnFlushed() override {}

 private:
  Stream* to_;
};

class CostTest : public LoopTest {
 protected:
  static void Await(const Fd& fd, size_t bytes) {
    char block[4096];
    while (bytes > 0) {
      pollfd wait{fd.get(), POLLIN, 0};
      ASSERT_EQ(::poll(&wait, 1, 5000), 1);
      const ssize_t n = ::recv(fd.get(), block, std::min(sizeof block, bytes), 0);
      ASSERT_GT(n, 0);
      bytes -= static_cast<size_t>(n);
    }
  }
};

TEST_F(CostTest, ASmallMessageIsOneReadAndOneWriteEachWay) {
  constexpr uint64_t kMessages = 500;
  Pair client = TcpPair();
  Pair origin = TcpPair();
  Relay forward(origin.socket.get());
  Relay back(client.socket.get());
  client.socket->SetEvents(&forward);
  origin.socket->SetEvents(&back);
  client.socket->StartReading();
  origin.socket->StartReading();

  bool done = false;
  uint64_t reads = 0;
  size_t allocations = 0;
  std::thread traffic([&] {
    const auto exchange = [&](uint64_t times) {
      for (uint64_t i = 0; i < times; ++i) {
        Send(client.peer, "a request of a few bytes");
        Await(origin.peer, 24);
        Send(origin.peer, "and its answer");
        Await(client.peer, 14);
      }
    };
    const auto on_loop = [&](Task task) {
      std::atomic<bool> ran = false;
      loop_.Post([&] {
        task();
        ran = true;
        ran.notify_one();
      });
      ran.wait(false);
    };
    exchange(10);  // blocks and lists are warm from here on
    on_loop([&] { reads = CountReads(), allocations = AllocationsOfThisThread(); });
    exchange(kMessages);
    on_loop([&] {
      allocations = AllocationsOfThisThread() - allocations;
      reads = CountReads() - reads;
    });
    loop_.Post([&] { done = true; });
  });
  RunUntil([&] { return done; });
  traffic.join();
  // Beside them: reading the counters and the wake-ups of the two posted tasks.
  EXPECT_GE(reads, 2 * kMessages);
  EXPECT_LE(reads, 2 * kMessages + 10);
  // Every write is a packet of its own: TCP_NODELAY.
  EXPECT_EQ(PacketsOf(client.peer).with_data_in, kMessages + 10);
  EXPECT_EQ(PacketsOf(origin.peer).with_data_in, kMessages + 10);
  EXPECT_EQ(allocations, 0u);
#if SLUICE_OWN_MALLOC
  EXPECT_GT(AllocationsOfThisThread(), 0u) << "nothing is being counted";
#endif
}

TEST_F(CostTest, TheLastBytesAndTheFinAreOnePacket) {
  Pair pair = TcpPair();
  const uint32_t before = PacketsOf(pair.peer).in;
  loop_.Post([&] {
    pair.socket->Write("the end");
    pair.socket->FinishWriting();
  });
  RunUntil([&] { return PacketsOf(pair.peer).in > before; });
  char block[16];
  EXPECT_EQ(::recv(pair.peer.get(), block, sizeof block, 0), 7);
  EXPECT_EQ(::recv(pair.peer.get(), block, sizeof block, 0), 0);
  EXPECT_EQ(PacketsOf(pair.peer).in, before + 1);
}

#if SLUICE_OWN_MALLOC
TEST_F(CostTest, AnIdleConnectionTakesAtMost480BytesOfHeap) {
  constexpr size_t kSockets = 400;
  std::vector<std::unique_ptr<Socket>> sockets;
  std::vector<Fd> peers;
  Recorder told;
  const auto open = [&] {
    Pair pair = TcpPair();
    pair.socket->SetEvents(&told);
    pair.socket->StartReading();
    sockets.push_back(std::move(pair.socket));
    peers.push_back(std::move(pair.peer));
  };
  sockets.reserve(kSockets + 1);
  peers.reserve(kSockets + 1);
  told.text.reserve(4 * kSockets);
  open();
  const size_t before = ::mallinfo2().uordblks;
  for (size_t i = 0; i < kSockets; ++i) open();
  // Idle after use: each has read and written once.
  for (const Fd& peer : peers) Send(peer, "ping");
  RunUntil([&] { return told.text.size() == 4 * (kSockets + 1); });
  loop_.Post([&] {
    for (const auto& socket : sockets) {
      socket->Write("pong");
      loop_.FlushPending();  // one block serves them all in turn
    }
  });
  RunFor(2ms);
  const size_t each = (::mallinfo2().uordblks - before) / kSockets;
  RecordProperty("heap_bytes_per_socket", static_cast<int>(each));
  EXPECT_LE(each, 480u);
  EXPECT_GE(each, sizeof(Socket));
}
#endif

}  // namespace
}  // namespace sluice::net
