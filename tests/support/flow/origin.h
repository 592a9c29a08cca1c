// Origin: a server that does what its script says, on a port of its own. Each connection runs the
// script in a thread; when the script returns the connection is closed.
//
// Threads: the script's own for each connection; the rest any. The destructor stops accepting, ends
// what scripts wait for on their wires, and joins.
#ifndef SLUICE_TESTS_SUPPORT_FLOW_ORIGIN_H_
#define SLUICE_TESTS_SUPPORT_FLOW_ORIGIN_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/net/fd.h"
#include "tests/support/flow/wire.h"

namespace sluice::test {

class Origin {
 public:
  // `index` counts connections from 0.
  using Script = std::function<void(Wire& wire, Origin& origin, uint32_t index)>;
  explicit Origin(Script script, const std::string& where = "127.0.0.1:0");
  // Answers every request with these bytes and keeps the connection.
  explicit Origin(const std::string& answer);
  ~Origin();

  // "127.0.0.1:4711", as a pool's server.
  const std::string& address() const { return address_; }
  uint16_t port() const { return bound_.port(); }
  // Refuses connections from now on; those it has go on.
  void Leave();

  // Reads one request and keeps a copy; false when the connection ended instead.
  bool Take(Wire& wire);
  // All requests taken so far, in order.
  std::vector<Message> requests();
  Message last();
  uint32_t accepted();
  // Connections whose script has returned.
  [[nodiscard]] bool AwaitEnded(uint32_t count);
  [[nodiscard]] bool AwaitAccepted(uint32_t count);

 private:
  struct Guest {
    explicit Guest(net::Fd fd) : wire(std::move(fd)) {}
    Wire wire;
    std::thread thread;
  };

  void Accept();

  const Script script_;
  Address bound_;
  std::string address_;
  net::Fd listener_;
  net::Fd wake_read_, wake_write_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Guest> guests_;
  std::vector<Message> requests_;
  uint32_t accepted_ = 0;
  uint32_t ended_ = 0;
  std::thread thread_;
};

// "HTTP/1.1 200 OK" with this body.
std::string Ok(std::string_view body, std::string_view more_fields = "");

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_FLOW_ORIGIN_H_
