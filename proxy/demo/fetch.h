// Fetch: one GET over a connection of its own, the answer's body as text: what the demo asks
// sluice's admin listener. HTTP/1.0, so that the end of the connection is the end of the answer.
//
// Threads: the loop's. Bounded: an answer beyond kMostBytes or after `timeout` is none.
#ifndef SLUICE_PROXY_DEMO_FETCH_H_
#define SLUICE_PROXY_DEMO_FETCH_H_

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/functional/any_invocable.h"
#include "proxy/base/address.h"
#include "proxy/base/deadline.h"
#include "proxy/net/dialer.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"

namespace sluice::demo {

class Fetch final : private net::StreamEvents {
 public:
  static constexpr size_t kMostBytes = size_t{1} << 20;

  // Exactly once, from the loop, unless the Fetch is destroyed before; it may destroy the Fetch.
  // Nothing: no answer, or one that is not a 200.
  using Done = absl::AnyInvocable<void(std::optional<std::string> body)>;
  Fetch(net::Loop& loop, const Address& from, const std::string& path, Duration timeout, Done done);
  ~Fetch() override;
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

 private:
  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override {}
  void OnFlushed() override {}
  void OnDialed(std::unique_ptr<net::Socket> socket, int error);
  void OnTimeout() { Finish(false); }
  void Finish(bool whole);

  net::Loop& loop_;
  const std::string request_;
  Done done_;
  std::string answer_;
  std::unique_ptr<net::Socket> socket_;
  std::unique_ptr<net::Dial> dial_;
  BoundDeadline<Fetch, &Fetch::OnTimeout> timeout_{this};
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_FETCH_H_
