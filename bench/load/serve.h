// ServeForever: the loop of a program that answers its clients by itself (floor_refuse, load_echo).
// One thread, 127.0.0.1, until SIGTERM. Costs one epoll_wait for all that are ready, and what
// `serve` does.
#ifndef SLUICE_BENCH_LOAD_SERVE_H_
#define SLUICE_BENCH_LOAD_SERVE_H_

#include <cstdint>
#include <utility>

#include "bench/load/loopback.h"

namespace sluice::load {

// A Client is an aggregate whose first member is its net::Fd; it is made when it comes, with poll's
// eyes on EPOLLIN. serve(poll, client, events) does what can be done now, and changes those events
// where it must; false when the client has gone or is done with, and is then deleted.
template <typename Client, typename Serve>
[[noreturn]] void ServeForever(uint16_t port, Serve serve) {
  Poll poll;
  const net::Fd listener = Listen(port);
  poll.Add(listener.get(), EPOLLIN, nullptr);
  for (;;) {
    for (const epoll_event& event : poll.Wait()) {
      if (auto* const client = static_cast<Client*>(event.data.ptr); client != nullptr) {
        // A round has one event for each client: none can come after this.
        if (!serve(poll, *client, event.events)) delete client;
      } else if (net::Fd fd = Accept(listener); fd.valid()) {
        auto* const fresh = new Client{std::move(fd)};
        poll.Add(fresh->fd.get(), EPOLLIN, fresh);
      }
    }
  }
}

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SERVE_H_
