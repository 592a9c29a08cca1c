// H2Connection: one HTTP/2 client. Each of its streams is a Downstream of its own with an exchange
// behind it, which never learns that it shares a connection.
//
// What it defends against, besides what the session counts (http/h2_session.h): slow heads, slow
// bodies and slow readers (a minimum rate for each stream), and peers that let us hold more than
// the marks allow. A stream whose own window is shut answers for itself; one that waits for the
// connection is judged by what the connection moves.
//
// Output gathers during a turn and leaves in one go; while the kernel takes no more, frames are
// not made. Memory: a stream has an arena and the body bytes its client has no window for.
//
// Threads: one worker's. Ownership: the owner given to it; it asks to be let go through
// ConnectionOwner::Release, from the loop, once.
#ifndef SLUICE_PROXY_SERVER_H2_CONNECTION_H_
#define SLUICE_PROXY_SERVER_H2_CONNECTION_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/base/deadline.h"
#include "proxy/http/h2_server_session.h"
#include "proxy/net/loop.h"
#include "proxy/server/guest.h"
#include "proxy/server/service.h"
#include "ratelimit/min_rate.h"

namespace sluice::server {

class H2Connection final : public Guest,
                           private net::StreamEvents,
                           private net::Deferred,
                           private http::H2ServerSession::Events {
 public:
  H2Connection(net::Loop& loop, Service& service, ConnectionOwner& owner, Arrival arrival);
  ~H2Connection() override;

  // `came`: what was read of the client before, if anything.
  void Start(std::string_view came);
  void Drain() override;
  void Cut() override;

 private:
  class Request;

  // How far the end of the connection has come.
  enum class Phase : uint8_t {
    kOpen,
    kAnnounced,  // the client was told, and what it sent meanwhile is served
    kRefusing,   // further streams are not served; those that are there are finished
    kLinger,     // our direction is closed
    kClosed,
  };

  // http::H2ServerSession::Events
  http::H2ServerStream* OnStream() override;

  // net::StreamEvents
  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override;
  void OnFlushed() override;
  void OnDeferred() override;

  void Wake();
  void Feed(std::string_view bytes);
  void OpenRequests();
  void Pump();
  void Settle(Request& request);
  void FinishSettled();
  void Finish(Request& request);
  void FailAll(Cause cause, std::string_view why);
  void BeginShutdown();
  void OnAnnounced();
  void EndSession();
  void Close();
  void ArmDeadline();
  void OnDeadline();
  void CheckRates();

  net::Loop& loop_;
  Service& service_;
  ConnectionOwner& owner_;
  const std::shared_ptr<const conf::Listener> listener_;
  const std::unique_ptr<net::Stream> stream_;
  const Peer peer_;
  const std::unique_ptr<const TlsPeer> tls_;  // what peer_ points to
  std::optional<ratelimit::Permit> permit_;

  http::H2ServerSession session_;
  Request* first_ = nullptr;         // of all there are
  std::vector<Request*> unopened_;   // during Feed(): those that came
  std::vector<Request*> settled_;    // over, or wholly in the output
  std::vector<Request*> unflushed_;  // done as soon as the kernel has what was written
  std::vector<Request*> finishing_;  // the batch at hand; keeps its capacity
  TimePoint begun_{};
  uint32_t requests_ = 0;
  TimePoint head_since_{};  // when the head began that has not ended
  uint64_t rate_mark_ = 0;  // bytes of bodies that had left at the last look
  Phase phase_ = Phase::kOpen;
  bool awaiting_flush_ : 1 = false;
  bool idle_armed_ : 1 = false;
  bool stuck_ : 1 = false;  // a whole answer waits for a client that does not read

  // For the next look at the rates, or the end of an idle connection.
  BoundDeadline<H2Connection, &H2Connection::OnDeadline> deadline_{this};
  BoundDeadline<H2Connection, &H2Connection::OnAnnounced> announced_{this};
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_H2_CONNECTION_H_
