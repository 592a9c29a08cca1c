#include "bench/load/tunnel/tunnel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/load/http_head.h"
#include "bench/load/loopback.h"
#include "bench/load/tunnel/frame.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMostConnecting = 5s;
constexpr size_t kMostHeadBytes = 8192;
// A mask is there to keep a browser's script from choosing the bytes on the wire; no browser here.
constexpr MaskKey kMask = {0x37, 0xfa, 0x21, 0x3d};

struct Connection {
  net::Fd fd;
  TimePoint sent_at = {};
  size_t sent = 0;      // bytes of the message that have gone out
  size_t received = 0;  // bytes of its echo that have come back
  bool waits = false;   // for an echo
};

// Printable and without a short period, so that a shifted or repeated piece shows.
std::string Payload(size_t bytes) {
  std::string payload(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) payload[i] = static_cast<char>('!' + (i * i / 7 + i) % 89);
  return payload;
}

// Reads the head of the answer, waiting until then; empty when none came.
std::string AwaitHead(const net::Fd& fd, TimePoint until) {
  std::string head;
  while (head.size() < kMostHeadBytes && !head.ends_with("\r\n\r\n")) {
    pollfd readable{fd.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Now()).count();
    if (::poll(&readable, 1, static_cast<int>(std::max<int64_t>(left, 0))) <= 0) return "";
    // Byte by byte: what follows the head belongs to the frames.
    char byte = 0;
    if (::recv(fd.get(), &byte, 1, 0) <= 0) return "";
    head += byte;
  }
  return head;
}

absl::Status Upgrade(const net::Fd& fd, uint16_t port, TimePoint until) {
  const std::string request = absl::StrFormat(
      "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
      port, kSampleKey);
  const std::string where = absl::StrFormat("127.0.0.1:%d", port);
  if (!AwaitConnected(fd, until)) {
    return absl::UnavailableError(
        absl::StrFormat("cannot connect to %s: %s", where, std::strerror(errno)));
  }
  Send(fd.get(), request.data(), request.size());
  const std::string head = AwaitHead(fd, until);
  if (head.empty()) return absl::UnavailableError(where + " did not answer the upgrade");
  if (StatusOf(head) != 101 || FieldOf(head, "Sec-WebSocket-Accept") != kSampleAccept) {
    return absl::UnavailableError(
        absl::StrFormat("%s did not upgrade: %s", where, head.substr(0, head.find("\r\n"))));
  }
  return absl::OkStatus();
}

class Tunnel {
 public:
  Tunnel(const TunnelPlan& plan, std::vector<Connection> connections)
      : connections_(std::move(connections)) {
    std::string payload = Payload(plan.size_bytes);
    AppendFrameHead(echo_, 0x82, payload.size());
    echo_ += payload;
    AppendFrameHead(message_, 0x82, payload.size(), kMask);
    ApplyMask(kMask, payload.data(), payload.size());
    message_ += payload;
    // Taken up only as far as it is filled; more than 100,000 a second just grows it.
    tally_.latencies.reserve(static_cast<size_t>(std::min(plan.seconds, 100.0) * 100'000));
    for (Connection& connection : connections_) {
      poll_.Add(connection.fd.get(), EPOLLIN, &connection);
    }
  }

  TunnelTally Run(Duration sending, Duration drain) {
    const TimePoint start = Now();
    stop_ = start + sending;
    for (Connection& connection : connections_) Begin(connection, start);
    const TimePoint end = stop_ + drain;
    for (TimePoint now = start; waiting_ > 0 && now < end; now = Now()) {
      for (const epoll_event& event : poll_.Wait(end - now)) {
        auto& connection = *static_cast<Connection*>(event.data.ptr);
        if ((event.events & EPOLLOUT) != 0) SendRest(connection, /*was_stuck=*/true);
        if ((event.events & EPOLLIN) != 0) Receive(connection);
      }
    }
    tally_.errors += waiting_;
    tally_.took = last_ - start;
    return std::move(tally_);
  }

 private:
  void Begin(Connection& connection, TimePoint now) {
    connection.sent_at = now;
    connection.sent = connection.received = 0;
    connection.waits = true;
    ++waiting_;
    SendRest(connection, /*was_stuck=*/false);
  }

  void SendRest(Connection& connection, bool was_stuck) {
    const ssize_t sent = Send(connection.fd.get(), message_.data() + connection.sent,
                              message_.size() - connection.sent);
    if (sent < 0) return Fail(connection);
    connection.sent += static_cast<size_t>(sent);
    const bool stuck = connection.sent < message_.size();
    if (stuck != was_stuck) {
      poll_.Change(connection.fd.get(), stuck ? EPOLLIN | EPOLLOUT : EPOLLIN, &connection);
    }
  }

  void Receive(Connection& connection) {
    if (!connection.fd.valid()) return;
    const ssize_t count = ::recv(connection.fd.get(), block_, sizeof block_, 0);
    if (count < 0 && errno == EAGAIN) return;
    const auto bytes = static_cast<size_t>(std::max<ssize_t>(count, 0));
    const std::string_view expected = std::string_view(echo_).substr(connection.received);
    const bool right = expected.starts_with(std::string_view(block_, bytes));
    if (bytes == 0 || !right) return Fail(connection);
    connection.received += bytes;
    if (connection.received < echo_.size()) return;
    last_ = Now();
    tally_.latencies.push_back(last_ - connection.sent_at);
    connection.waits = false;
    --waiting_;
    if (last_ < stop_) Begin(connection, last_);
  }

  // The connection is of no more use; without a message under way that is no error.
  void Fail(Connection& connection) {
    if (connection.waits) {
      --waiting_;
      ++tally_.errors;
    }
    connection.waits = false;
    connection.fd = net::Fd();
  }

  Poll poll_;
  std::vector<Connection> connections_;
  std::string message_;  // as sent: masked
  std::string echo_;     // as it must come back
  TimePoint stop_;       // no new message from then on
  TimePoint last_;       // when the last echo was whole
  size_t waiting_ = 0;   // connections that wait for an echo
  TunnelTally tally_;
  char block_[64 * 1024];
};

}  // namespace

absl::StatusOr<TunnelTally> RunTunnel(const TunnelPlan& plan) {
  const TimePoint patience = Now() + kMostConnecting;
  std::vector<Connection> connections(plan.connections);
  for (Connection& connection : connections) connection.fd = Connect(plan.port);
  for (const Connection& connection : connections) {
    const absl::Status upgraded = Upgrade(connection.fd, plan.port, patience);
    if (!upgraded.ok()) return upgraded;
  }
  const Duration sending(std::llround(plan.seconds * 1e9));
  return std::make_unique<Tunnel>(plan, std::move(connections))->Run(sending, plan.drain);
}

}  // namespace sluice::load
