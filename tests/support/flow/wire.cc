#include "tests/support/flow/wire.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "proxy/base/text.h"

namespace sluice::test {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string Word(const std::string& line, size_t which) {
  size_t at = 0;
  for (; which > 0; --which) {
    at = line.find(' ', at);
    if (at == std::string::npos) return "";
    ++at;
  }
  return line.substr(at, line.find(' ', at) - at);
}

void ParseHead(const std::string& head, Message& message) {
  size_t at = head.find("\r\n");
  message.start = head.substr(0, at);
  while (at != std::string::npos && at + 2 < head.size()) {
    at += 2;
    const size_t end = head.find("\r\n", at);
    const std::string_view line = std::string_view(head).substr(at, end - at);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      message.fields.emplace_back(line.substr(0, colon), TrimSpace(line.substr(colon + 1)));
    }
    at = end;
  }
}

}  // namespace

int Message::status() const {
  return start.rfind("HTTP/", 0) == 0 ? std::atoi(Word(start, 1).c_str()) : 0;
}

std::string Message::method() const { return Word(start, 0); }
std::string Message::target() const { return Word(start, 1); }

bool Message::Has(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return EqualsIgnoreCase(field.first, name); });
}

std::string Message::Value(std::string_view name) const {
  std::string all;
  for (const auto& [field, value] : fields) {
    if (!EqualsIgnoreCase(field, name)) continue;
    if (!all.empty()) all += ", ";
    all += value;
  }
  return all;
}

Wire::Wire(net::Fd fd) : fd_(std::move(fd)) {
  if (fd_.valid()) {
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  } else {
    end_ = End::kReset;
  }
}

Wire::Wire(Wire&& other) noexcept
    : fd_(std::move(other.fd_)), buffer_(std::move(other.buffer_)), end_(other.end_) {}

Wire Wire::To(const Address& to, int receive_buffer, std::optional<Ip> from) {
  net::Fd fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  if (from) {
    const Address here = Address::From(*from, 0);
    if (::bind(fd.get(), here.get(), here.size()) != 0) return Wire(net::Fd());
  }
  if (::connect(fd.get(), to.get(), to.size()) != 0) return Wire(net::Fd());
  return Wire(std::move(fd));
}

bool Wire::Ready(short events) {
  pollfd poll_for{fd_.get(), events, 0};
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
  int got = 0;
  do {
    got = ::poll(&poll_for, 1, static_cast<int>(milliseconds.count()));
  } while (got < 0 && errno == EINTR);
  if (got > 0) return true;
  end_ = End::kLate;
  ADD_FAILURE() << "the other side did nothing for " << kPatience.count() << " s";
  return false;
}

bool Wire::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    bytes.remove_prefix(SendWhatFits(bytes));
    if (bytes.empty()) break;
    if (errno != EAGAIN || !Ready(POLLOUT)) return false;
  }
  return true;
}

size_t Wire::SendWhatFits(std::string_view bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    sent += static_cast<size_t>(n);
  }
  return sent;
}

size_t Wire::SendUntilStuck(std::string_view bytes, std::chrono::milliseconds quiet) {
  size_t sent = 0;
  for (;;) {
    sent += SendWhatFits(bytes.substr(sent));
    if (sent == bytes.size() || errno != EAGAIN) return sent;
    pollfd room{fd_.get(), POLLOUT, 0};
    if (::poll(&room, 1, static_cast<int>(quiet.count())) == 0) return sent;
  }
}

bool Wire::HasNews() {
  pollfd news{fd_.get(), POLLIN, 0};
  return !buffer_.empty() || ::poll(&news, 1, 0) > 0;
}

bool Wire::SendByteByByte(std::string_view bytes) {
  for (const char& byte : bytes) {
    if (!Send({&byte, 1})) return false;
  }
  return true;
}

void Wire::FinishWriting() { ::shutdown(fd_.get(), SHUT_WR); }

void Wire::Close() {
  const std::lock_guard lock(mutex_);
  fd_ = net::Fd();
  end_ = End::kReset;
}

void Wire::Reset() {
  const linger now{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  Close();
}

void Wire::Interrupt() {
  const std::lock_guard lock(mutex_);
  if (fd_.valid()) ::shutdown(fd_.get(), SHUT_RDWR);
}

// False at the end.
bool Wire::Fill() {
  char block[16 * 1024];
  while (end_ == End::kOpen) {
    const ssize_t n = ::recv(fd_.get(), block, sizeof block, 0);
    if (n > 0) {
      buffer_.append(block, static_cast<size_t>(n));
      return true;
    }
    if (n == 0) {
      end_ = End::kFin;
    } else if (errno == EAGAIN) {
      if (!Ready(POLLIN)) return false;
    } else if (errno != EINTR) {
      end_ = End::kReset;
    }
  }
  return false;
}

std::string Wire::ReadSome() {
  if (buffer_.empty()) Fill();
  return std::exchange(buffer_, std::string());
}

std::string Wire::ReadExactly(size_t bytes) {
  while (buffer_.size() < bytes && Fill()) {
  }
  const size_t got = std::min(bytes, buffer_.size());
  std::string taken = buffer_.substr(0, got);
  buffer_.erase(0, got);
  return taken;
}

std::string Wire::ReadUntil(std::string_view mark) {
  size_t searched = 0;
  for (;;) {
    const size_t at = buffer_.find(mark, searched);
    if (at != std::string::npos) return ReadExactly(at + mark.size());
    searched = buffer_.size() < mark.size() ? 0 : buffer_.size() - mark.size() + 1;
    if (!Fill()) return std::exchange(buffer_, std::string());
  }
}

std::string Wire::ReadAll() {
  while (Fill()) {
  }
  return std::exchange(buffer_, std::string());
}

bool Wire::EndsHere() {
  while (buffer_.empty() && Fill()) {
  }
  return buffer_.empty() && end_ != End::kLate;
}

Message Wire::ReadHead() {
  Message message;
  const std::string head = ReadUntil(kHeadEnd);
  if (head.size() < kHeadEnd.size() || !head.ends_with(kHeadEnd)) return message;
  ParseHead(head, message);
  return message;
}

Message Wire::ReadMessage(bool response, std::string_view method) {
  Message message = ReadHead();
  std::vector<int> interims;
  while (response && message.status() >= 100 && message.status() < 200 && message.status() != 101) {
    interims.push_back(message.status());
    message = ReadHead();
  }
  message.interims = std::move(interims);
  if (message.start.empty()) return message;
  const int status = message.status();
  const bool bodiless =
      response && (method == "HEAD" || status == 204 || status == 304 || status == 101);
  if (bodiless) {
    message.complete = true;
  } else {
    ReadBody(message, response);
  }
  return message;
}

void Wire::ReadBody(Message& message, bool until_close) {
  if (EqualsIgnoreCase(message.Value("transfer-encoding"), "chunked")) return ReadChunks(message);
  if (message.Has("content-length")) {
    const size_t length = std::strtoul(message.Value("content-length").c_str(), nullptr, 10);
    message.body = ReadExactly(length);
    message.complete = message.body.size() == length;
  } else if (until_close) {
    message.body = ReadAll();
    message.complete = end_ == End::kFin;
  } else {
    message.complete = true;
  }
}

void Wire::ReadChunks(Message& message) {
  message.chunked = true;
  for (;;) {
    const std::string line = ReadUntil("\r\n");
    if (!line.ends_with("\r\n")) return;
    const size_t size = std::strtoul(line.c_str(), nullptr, 16);
    if (size == 0) break;
    const std::string data = ReadExactly(size);
    message.body += data;
    if (data.size() < size || ReadExactly(2) != "\r\n") return;
  }
  for (;;) {
    const std::string line = ReadUntil("\r\n");
    if (!line.ends_with("\r\n")) return;
    if (line == "\r\n") break;
    message.trailers += line;
  }
  message.complete = true;
}

Message Wire::Ask(std::string_view request, std::string_view method) {
  Send(request);
  return ReadResponse(method);
}

Message Wire::Get(std::string_view path) {
  return Ask(std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: shop.example\r\n\r\n"));
}

}  // namespace sluice::test
