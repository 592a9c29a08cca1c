// H2Upstream: one HTTP/2 connection to a server, serving many exchanges at once: each is lent one
// stream as its Leasable.
//
// It trusts the server no more than a client (http/h2_session.h). A server that goes away is let
// finish what it has begun; what it has not looked at may be sent again, whatever the method.
//
// Threads: one worker's. Ownership: its own; it is in the list of its slot while further streams
// can be had, and is retired when it is dead or superfluous and no stream is lent.
#ifndef SLUICE_PROXY_UPSTREAM_H2_UPSTREAM_H_
#define SLUICE_PROXY_UPSTREAM_H2_UPSTREAM_H_

#include <memory>
#include <string_view>

#include "proxy/base/deadline.h"
#include "proxy/http/h2_client_session.h"
#include "proxy/net/stream.h"
#include "proxy/upstream/pool.h"

namespace sluice::upstream {

class H2Upstream final : private net::StreamEvents, private net::Deferred {
 public:
  H2Upstream(Pool& pool, std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
             ratelimit::Permit seat, std::unique_ptr<net::Stream> stream);
  ~H2Upstream() override;

  // Another stream can be had, and the connection was used at most `max_rest` ago.
  bool MayLend(Duration max_rest) const;
  // REQUIRES: MayLend().
  Lease Lend();
  // Lends no more; gone as soon as nothing is lent.
  void Retire();

  // The slot's list.
  H2Upstream* next = nullptr;
  H2Upstream** link = nullptr;

 private:
  class Stream;

  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override { Leaves(); }
  void OnFlushed() override {}
  void OnDeferred() override;

  // RFC 9113 section 8.3.1: the scheme of the request that is passed on, but for servers that hold
  // it against the connection it comes by.
  std::string_view SchemeOf(const http::RequestHead& head) const {
    return slot_->transport->secure() ? "https" : head.scheme;
  }
  void Leaves() { pool_.loop().DeferToTurnEnd(*this); }
  void Returned(Stream& stream);
  void FailAll(std::string_view why);
  void Unlink();
  void Vanish();
  void OnIdleTooLong() { Retire(); }

  Pool& pool_;
  const std::shared_ptr<ServerSlot> slot_;
  const ratelimit::Permit seat_;  // one of the connections the server may have
  const std::unique_ptr<net::Stream> stream_;
  http::H2ClientSession session_;
  BoundDeadline<H2Upstream, &H2Upstream::OnIdleTooLong> idle_deadline_{this};
  const TimePoint born_;
  const Duration max_idle_time_;
  const Duration max_age_;
  TimePoint rests_since_{};

  Stream* first_ = nullptr;  // of those that are lent
  uint32_t lent_ = 0;
  uint64_t served_ = 0;
  bool heard_ = false;
  bool dead_ = false;  // nothing goes over it any more
  bool gone_ = false;  // retired
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_H2_UPSTREAM_H_
