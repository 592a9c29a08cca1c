// Sockets of 127.0.0.1 and an epoll, as the few functions that the programs of the comparison
// share: bench/floor and bench/load. One thread each, and nothing listens beyond loopback.
//
// Every program measures or is measured, so what the system refuses (a port, a descriptor) ends it
// by Die(): a message beats a figure that only looks like one. What a peer does never ends it.
#ifndef SLUICE_BENCH_LOAD_LOOPBACK_H_
#define SLUICE_BENCH_LOAD_LOOPBACK_H_

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "proxy/base/time.h"
#include "proxy/net/fd.h"

namespace sluice::load {

inline TimePoint Now() { return std::chrono::steady_clock::now(); }

// Says what failed and why (errno) on stderr; exit code 1.
[[noreturn]] void Die(const char* what);

// The ports of a command line that has nothing else, one for each of `names`. Anything else prints
// the usage; exit code 2. Also raises the limit of descriptors to the hard one and makes SIGTERM an
// orderly end (exit code 0).
std::vector<uint16_t> PortArguments(int argc, char** argv,
                                    std::initializer_list<const char*> names);

// To the hard one.
void RaiseDescriptorLimit();

// Port 0 takes a free one and prints it as a line on stdout.
net::Fd Listen(uint16_t port);

// Non-blocking and without delay for small writes. Accept: not valid() when nobody waits any more.
// Connect: under way; whether it works shows when the socket can be written.
net::Fd Accept(const net::Fd& listener);
// From 127.0.0.`host`.
net::Fd Connect(uint16_t port, uint8_t host = 1);
// As Connect(), but not valid() when the local ports are used up.
net::Fd TryConnect(uint16_t port, uint8_t host = 1);

// Whether that connect is through; waits for it until then. Leaves errno as the reason.
bool AwaitConnected(const net::Fd& fd, TimePoint until);

// Bytes written, 0 when the peer can take none now, -1 when it is gone. Never raises SIGPIPE.
ssize_t Send(int fd, const char* bytes, size_t count);

// Level triggered. A descriptor leaves by being closed; its events of the same Wait() may still
// come.
class Poll {
 public:
  Poll();

  void Add(int fd, uint32_t events, void* who) { Control(EPOLL_CTL_ADD, fd, events, who); }
  void Change(int fd, uint32_t events, void* who) { Control(EPOLL_CTL_MOD, fd, events, who); }
  // Until something happens, or `most` has passed. Sleeps to the nanosecond as far as the kernel
  // can. What is returned is valid until the next Wait().
  std::span<const epoll_event> Wait(Duration most = Duration::max());

 private:
  void Control(int operation, int fd, uint32_t events, void* who);

  const net::Fd fd_;
  std::array<epoll_event, 512> events_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_LOOPBACK_H_
