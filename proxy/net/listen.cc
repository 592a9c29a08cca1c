#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "proxy/net/acceptor.h"
#include "proxy/net/error.h"

namespace sluice::net {
namespace {

absl::Status Refused(const Address& address, int error) {
  return absl::Status(
      absl::ErrnoToStatusCode(error),
      absl::StrFormat("cannot listen on %s: %s", address.ToString(), ErrorText(-error)));
}

Fd NewSocket(const Address& address) {
  return Fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

bool Turn(int fd, int level, int option, int on) {
  return ::setsockopt(fd, level, option, &on, sizeof on) == 0;
}

// Removes the file at a Unix address if it is a socket that nobody listens on.
bool RemoveStale(const Address& address) {
  const char* const path = reinterpret_cast<const sockaddr_un*>(address.get())->sun_path;
  struct stat info {};
  if (::lstat(path, &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const Fd probe = NewSocket(address);
  if (::connect(probe.get(), address.get(), address.size()) == 0 || errno != ECONNREFUSED) {
    return false;
  }
  return ::unlink(path) == 0;
}

int Bind(const Fd& fd, const Address& address) {
  if (::bind(fd.get(), address.get(), address.size()) == 0) return 0;
  const int error = errno;
  if (error != EADDRINUSE || address.family() != AF_UNIX || !RemoveStale(address)) return error;
  return ::bind(fd.get(), address.get(), address.size()) == 0 ? 0 : errno;
}

// A bind without SO_REUSEPORT fails beside any listener, and is gone again when this returns.
int ProbeFree(const Address& address) {
  const Fd probe = NewSocket(address);
  if (!probe.valid() || !Turn(probe.get(), SOL_SOCKET, SO_REUSEADDR, 1)) return errno;
  if (address.family() == AF_INET6) Turn(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  return Bind(probe, address);
}

}  // namespace

absl::StatusOr<Fd> BindListener(const Address& address, const ListenOptions& options) {
  const bool tcp = address.family() != AF_UNIX;
  if (tcp && options.exclusive && address.port() != 0) {
    if (const int error = ProbeFree(address); error != 0) return Refused(address, error);
  }
  Fd fd = NewSocket(address);
  if (!fd.valid()) return Refused(address, errno);
  if (tcp && !Turn(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) return Refused(address, errno);
  if (tcp && options.reuse_port && !Turn(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) {
    return Refused(address, errno);
  }
  // Only [::] is affected; the system's default (net.ipv6.bindv6only) must not decide.
  if (address.family() == AF_INET6 && !Turn(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0)) {
    return Refused(address, errno);
  }
  if (const int error = Bind(fd, address); error != 0) return Refused(address, error);
  if (::listen(fd.get(), options.backlog) != 0) return Refused(address, errno);
  return fd;
}

Address BoundAddress(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(fd, address, &size) != 0) return {};
  return Address::From(address, size);
}

}  // namespace sluice::net
