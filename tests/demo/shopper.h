// Shopper: a blocking HTTP client of the simplest kind, for tests of the storefront: what it sends
// is the test's text, what it reads it reads whole. Ten seconds without a byte fail the test.
#ifndef SLUICE_TESTS_DEMO_SHOPPER_H_
#define SLUICE_TESTS_DEMO_SHOPPER_H_

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <string_view>

#include "proxy/base/address.h"
#include "proxy/base/text.h"

namespace sluice::demo {

struct Reply {
  int status = 0;  // 0: the connection ended before a head
  std::string head;
  std::string body;
  bool complete = false;  // the body came to its end

  std::string Field(std::string_view name) const {
    std::string_view rest = head;
    while (!rest.empty()) {
      std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(std::min(line.size() + 2, rest.size()));
      const std::string_view key = line.substr(0, line.find(':'));
      if (EqualsIgnoreCase(key, name)) return std::string(TrimSpace(line.substr(key.size() + 1)));
    }
    return "";
  }
};

class Shopper {
 public:
  explicit Shopper(const Address& server) : fd_(::socket(server.family(), SOCK_STREAM, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connected_ = ::connect(fd_, server.get(), server.size()) == 0;
  }
  ~Shopper() { ::close(fd_); }
  Shopper(const Shopper&) = delete;
  Shopper& operator=(const Shopper&) = delete;

  bool connected() const { return connected_; }
  void Send(std::string_view text) { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // From now on leaving is with RST.
  void Reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  void FinishSending() { ::shutdown(fd_, SHUT_WR); }

  // Sends a request without a body and reads the answer.
  Reply Get(std::string_view target, std::string_view fields = "") {
    Ask("GET", target, fields);
    return Read();
  }
  Reply Post(std::string_view target, std::string_view body, std::string_view fields = "") {
    Ask("POST", target,
        "Content-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields), body);
    return Read();
  }
  void Ask(std::string_view method, std::string_view target, std::string_view fields = "",
           std::string_view body = "") {
    Send(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: shop.example\r\n" +
         std::string(fields) + "\r\n" + std::string(body));
  }

  // One answer; what follows it stays for the next call.
  Reply Read(bool to_head = false) {
    Reply reply;
    const size_t end = Until("\r\n\r\n");
    if (end == std::string::npos) return reply;
    reply.head = Cut(end);
    std::from_chars(reply.head.data() + 9, reply.head.data() + 12, reply.status);
    if (reply.status < 200 || reply.status == 204 || reply.status == 304 || to_head) {
      reply.complete = true;
    } else if (reply.Field("Transfer-Encoding") == "chunked") {
      ReadChunks(reply);
    } else if (const auto length = ParseDecimal(reply.Field("Content-Length"))) {
      while (got_.size() < *length && More()) {
      }
      reply.complete = got_.size() >= *length;
      reply.body = Cut(std::min<size_t>(got_.size(), *length));
    } else {
      while (More()) {
      }
      reply.complete = ended_;
      reply.body = Cut(got_.size());
    }
    return reply;
  }

  // True when the server has closed in order: FIN and nothing before it.
  bool AtEnd() {
    while (got_.empty() && More()) {
    }
    return got_.empty() && ended_;
  }

 private:
  bool More() {
    char block[64 * 1024];
    const ssize_t n = ::recv(fd_, block, sizeof block, 0);
    ended_ = n == 0;
    if (n > 0) got_.append(block, static_cast<size_t>(n));
    return n > 0;
  }
  // The place behind `mark`.
  size_t Until(std::string_view mark) {
    size_t at;
    while ((at = got_.find(mark)) == std::string::npos) {
      if (!More()) return std::string::npos;
    }
    return at + mark.size();
  }
  std::string Cut(size_t size) {
    std::string front = got_.substr(0, size);
    got_.erase(0, size);
    return front;
  }
  void ReadChunks(Reply& reply) {
    for (;;) {
      const size_t end = Until("\r\n");
      if (end == std::string::npos) return;
      const std::string line = Cut(end);
      size_t size = 0;
      std::from_chars(line.data(), line.data() + line.size() - 2, size, 16);
      while (got_.size() < size + 2) {
        if (!More()) return;
      }
      reply.body += Cut(size);
      Cut(2);
      if (size == 0) break;
    }
    reply.complete = true;
  }

  const int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string got_;
};

}  // namespace sluice::demo

#endif  // SLUICE_TESTS_DEMO_SHOPPER_H_
