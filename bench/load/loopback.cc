#include "bench/load/loopback.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "proxy/base/text.h"

namespace sluice::load {
namespace {

sockaddr_in Loopback(uint16_t port, uint8_t host = 1) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl((INADDR_LOOPBACK & 0xffffff00) | host);
  return address;
}

void NoDelay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) Die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) Die("setrlimit");
}

void Die(const char* what) {
  std::fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, std::strerror(errno));
  std::exit(1);
}

std::vector<uint16_t> PortArguments(int argc, char** argv,
                                    std::initializer_list<const char*> names) {
  std::vector<uint16_t> ports;
  for (int i = 1; i < argc; ++i) {
    const auto port = ParseDecimal(argv[i]);
    if (port.has_value() && *port <= 65535) ports.push_back(static_cast<uint16_t>(*port));
  }
  if (ports.size() != names.size() || static_cast<size_t>(argc) != names.size() + 1) {
    std::fprintf(stderr, "usage: %s", program_invocation_short_name);
    for (const char* name : names) std::fprintf(stderr, " %s", name);
    std::fprintf(stderr, "   (ports of 127.0.0.1)\n");
    std::exit(2);
  }
  RaiseDescriptorLimit();
  // Nothing is to be saved, so the handler may end the process where it stands.
  std::signal(SIGTERM, [](int) { ::_exit(0); });
  return ports;
}

net::Fd Listen(uint16_t port) {
  net::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) Die("socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = Loopback(port);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, size) != 0) Die("bind");
  if (::listen(fd.get(), 4096) != 0) Die("listen");
  if (port == 0) {
    if (::getsockname(fd.get(), generic, &size) != 0) Die("getsockname");
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }
  return fd;
}

net::Fd Accept(const net::Fd& listener) {
  net::Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.valid()) {
    NoDelay(fd.get());
  } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    Die("accept");
  }
  return fd;
}

net::Fd TryConnect(uint16_t port, uint8_t host) {
  net::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) Die("socket");
  NoDelay(fd.get());
  if (host != 1) {
    // Its port is chosen when it connects, as without a bind().
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const sockaddr_in own = Loopback(0, host);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) Die("bind");
  }
  const sockaddr_in address = Loopback(port);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(fd.get(), generic, sizeof address) != 0 && errno == EADDRNOTAVAIL) return {};
  return fd;
}

net::Fd Connect(uint16_t port, uint8_t host) {
  net::Fd fd = TryConnect(port, host);
  // The range of local ports is used up: waiting for TIME_WAIT is no figure either.
  if (!fd.valid()) Die("connect");
  return fd;
}

bool AwaitConnected(const net::Fd& fd, TimePoint until) {
  pollfd writable{fd.get(), POLLOUT, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Now()).count();
  const int ready = ::poll(&writable, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
  errno = ready == 0 ? ETIMEDOUT : errno;
  if (ready <= 0) return false;
  socklen_t size = sizeof errno;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &errno, &size);
  return errno == 0;
}

ssize_t Send(int fd, const char* bytes, size_t count) {
  const ssize_t sent = ::send(fd, bytes, count, MSG_NOSIGNAL);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

Poll::Poll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!fd_.valid()) Die("epoll_create1");
  // Otherwise the kernel may add 50 us to every sleep, which is half the distance of two requests
  // at 10,000 a second.
  if (::prctl(PR_SET_TIMERSLACK, 1) != 0) Die("prctl");
}

std::span<const epoll_event> Poll::Wait(Duration most) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(most);
  const timespec limit{.tv_sec = whole.count(), .tv_nsec = (most - whole).count()};
  const int count = ::epoll_pwait2(fd_.get(), events_.data(), static_cast<int>(events_.size()),
                                   most == Duration::max() ? nullptr : &limit, nullptr);
  if (count < 0 && errno != EINTR) Die("epoll_pwait2");
  return std::span(events_).first(static_cast<size_t>(std::max(count, 0)));
}

void Poll::Control(int operation, int fd, uint32_t events, void* who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = who;
  if (::epoll_ctl(fd_.get(), operation, fd, &event) != 0) Die("epoll_ctl");
}

}  // namespace sluice::load
