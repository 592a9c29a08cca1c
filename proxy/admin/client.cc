#include "proxy/admin/client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "proxy/net/fd.h"

namespace sluice::admin {
namespace {

absl::Status Failed(const Address& to, std::string_view what) {
  return absl::UnavailableError(
      absl::StrFormat("%s: %s: %s", to.ToString(), what, std::strerror(errno)));
}

std::string Head(const Address& to, const Ask& ask) {
  // On a Unix socket any Host will do.
  const std::string host = to.family() == AF_UNIX ? "localhost" : to.ToString();
  std::string head = absl::StrFormat("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n",
                                     ask.order.empty() ? "GET" : "POST", ask.path, host);
  if (!ask.token.empty()) absl::StrAppendFormat(&head, "Authorization: Bearer %s\r\n", ask.token);
  if (!ask.order.empty()) {
    absl::StrAppendFormat(&head, "Content-Type: application/json\r\nContent-Length: %d\r\n",
                          ask.order.size());
  }
  return head + "\r\n";
}

// Cut short: less than the head says.
absl::StatusOr<Reply> Read(std::string_view text) {
  const size_t end = text.find("\r\n\r\n");
  const absl::Status bad = absl::DataLossError("the answer is no whole HTTP answer");
  if (end == std::string_view::npos || !text.starts_with("HTTP/1.1 ") || end < 12) return bad;
  Reply reply;
  reply.status = static_cast<int>(ParseDecimal(text.substr(9, 3)).value_or(0));
  reply.body = text.substr(end + 4);
  std::string_view fields = text.substr(0, end);
  while (!fields.empty()) {
    std::string_view value = CutNext(fields, '\n');
    if (!EqualsIgnoreCase(CutNext(value, ':'), "content-length")) continue;
    value = value.substr(0, value.find('\r'));
    if (ParseDecimal(TrimSpace(value)) != reply.body.size()) return bad;
  }
  return reply;
}

}  // namespace

absl::StatusOr<Reply> Send(const Address& to, const Ask& ask) {
  const net::Fd fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd.get(), to.get(), to.size()) != 0) return Failed(to, "cannot connect");
  const std::string request = Head(to, ask).append(ask.order);
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t count =
        ::send(fd.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    // It may have answered and closed before it took all.
    if (count <= 0) break;
    sent += static_cast<size_t>(count);
  }
  std::string text;
  char block[16 * 1024];
  for (;;) {
    const ssize_t count = ::recv(fd.get(), block, sizeof block, 0);
    if (count == 0) return Read(text);
    if (count < 0) return Failed(to, "no answer");
    text.append(block, static_cast<size_t>(count));
    if (text.size() > kMostBytes) return absl::DataLossError("the answer has no end");
  }
}

}  // namespace sluice::admin
