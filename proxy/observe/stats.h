// What sluice counts: one struct per kind of thing, one copy of it per worker (Sharded), and the
// sum over the workers as a plain value (Sum). The structs carry no names; whoever owns the route,
// server or listener knows what to call it in /metrics.
//
// Threads: the structs by one worker each; Sum() by any.
// Units: bytes, counts; durations in the histograms.
// Cost: 1 to 2 KiB per struct and worker, nearly all of it the histogram.
#ifndef SLUICE_PROXY_OBSERVE_STATS_H_
#define SLUICE_PROXY_OBSERVE_STATS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/failure.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/histogram.h"
#include "proxy/observe/record.h"

namespace sluice::observe {

inline constexpr size_t kCauses = static_cast<size_t>(Cause::kShutdown) + 1;
// 1xx to 5xx at 0 to 4; 5: nothing was sent to the client.
inline constexpr size_t kStatusClasses = 6;
constexpr size_t StatusClass(int status) {
  return status >= 100 && status < 600 ? static_cast<size_t>(status) / 100 - 1 : 5;
}

// One counter per Cause; kNone counts what ended well.
class CauseCells {
 public:
  void Add(Cause cause) { cells_[static_cast<size_t>(cause)].Add(); }
  uint64_t value(Cause cause) const { return cells_[static_cast<size_t>(cause)].value(); }

 private:
  std::array<Cell, kCauses> cells_;
};

// What became of connections to a listener that wants a PROXY header first.
enum class ProxyEnd : uint8_t {
  kAccepted,   // a header that names the client, or says that there is none
  kUntrusted,  // from where none is believed: closed unread
  kMalformed,
  kTimeout,
  kLeft,  // closed by the peer before its header was whole
};
inline constexpr size_t kProxyEnds = static_cast<size_t>(ProxyEnd::kLeft) + 1;
std::string_view ProxyEndName(ProxyEnd end);  // "accepted", ...

// Why a server rests that failed not in a row, but more than the others; as /metrics says it, and
// in the order of balancer::Ejection::Reason.
inline constexpr std::array<std::string_view, 3> kEjectionReasons = {"error_share",
                                                                     "error_deviation", "latency"};
inline constexpr size_t kEjections = kEjectionReasons.size();

struct RouteStats {
  Gauge in_flight;  // the exchange adds and takes off
  std::array<Cell, kStatusClasses> by_class;
  Cell own_answers;  // made by sluice itself, not by a server
  CauseCells by_cause;
  Cell request_bytes;
  Cell response_bytes;
  Histogram latency;  // ExchangeRecord::total

  // All of the above but in_flight.
  void Add(const ExchangeRecord& record);
};

struct ServerStats {
  Gauge in_flight;
  Gauge connections;       // open ones, idle ones included
  Gauge idle_connections;  // kept, with no request on them
  Cell requests;           // tries, so a request retried here counts twice
  std::array<Cell, kStatusClasses> by_class;
  CauseCells failures;
  Cell retries;     // tries that came here after another try had failed
  Cell connects;    // connections opened
  Cell reuses;      // tries sent on a kept connection
  Cell handshakes;  // of TLS with it, that succeeded
  Cell resumed;     // of those, with a session from before
  Cell failed_handshakes;
  Cell rests;                              // times it was found failing (balancer/outlier.h)
  std::array<Cell, kEjections> ejections;  // by comparison with the others
  Histogram first_byte;  // ExchangeRecord::first_byte, of every try that got an answer
};

// The classes of a pool's queue, in the order of ratelimit::Priority.
inline constexpr size_t kQueueClasses = 4;
// How it ends without a place there, as /metrics says it: those before the last in the order of
// ratelimit::AdmissionQueue::Refusal.
inline constexpr std::array<std::string_view, 5> kQueueEnds = {"full", "pushed_out", "too_long",
                                                               "timeout", "client_left"};
inline constexpr size_t kQueueLeft = kQueueEnds.size() - 1;

// Of one class.
struct QueueStats {
  Cell queued;  // requests that waited for a server
  std::array<Cell, kQueueEnds.size()> ended;
  Histogram wait;  // of those that got a place
};

struct PoolStats {
  std::array<QueueStats, kQueueClasses> queue;
  CauseCells retries;   // by what had gone wrong; kNone: an answer that is tried again
  Cell retries_denied;  // by the retry budget
  Cell hedges;          // second tries while the first ran
  Cell hedges_won;      // of which the second answered first
};

// Why an HTTP/2 client was cut, as /metrics says it; in the order of http::H2Cut.
inline constexpr std::array<std::string_view, 9> kHttp2Cuts = {
    "reset", "fault", "settings", "ping", "empty", "window", "other", "limit", "protocol"};

struct ListenerStats {
  Gauge connections;  // open now
  Cell accepted;
  Cell handshakes;  // of TLS, that succeeded
  Cell resumed;     // of those, with a session from before
  Cell failed_handshakes;
  Cell refused_connections;  // their address began too many
  Cell refused_handshakes;   // of those that never began: their address began too many
  Cell handshake_pauses;     // times accepting waited for the rate of all handshakes
  std::array<Cell, kProxyEnds> proxy_headers;  // by ProxyEnd
  std::array<Cell, kHttp2Cuts.size()> http2_cuts;
  Cell http2_withdrawn;  // requests that were cancelled before they were looked at
};

struct ProcessStats {
  Cell turns;          // of the worker's loop
  Histogram loop_lag;  // how much longer than meant the loop kept events waiting
};

struct RouteTotals {
  int64_t in_flight = 0;
  std::array<uint64_t, kStatusClasses> by_class{};
  uint64_t own_answers = 0;
  std::array<uint64_t, kCauses> by_cause{};
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
  HistogramSnapshot latency;
};

struct ServerTotals {
  int64_t in_flight = 0;
  int64_t connections = 0;
  int64_t idle_connections = 0;
  uint64_t requests = 0;
  std::array<uint64_t, kStatusClasses> by_class{};
  std::array<uint64_t, kCauses> failures{};
  uint64_t retries = 0;
  uint64_t connects = 0;
  uint64_t reuses = 0;
  uint64_t handshakes = 0;
  uint64_t resumed = 0;
  uint64_t failed_handshakes = 0;
  uint64_t rests = 0;
  std::array<uint64_t, kEjections> ejections{};
  HistogramSnapshot first_byte;
};

struct QueueTotals {
  uint64_t queued = 0;
  std::array<uint64_t, kQueueEnds.size()> ended{};
  HistogramSnapshot wait;

  QueueTotals& operator+=(const QueueTotals& other);
};

struct PoolTotals {
  std::array<QueueTotals, kQueueClasses> queue{};
  std::array<uint64_t, kCauses> retries{};
  uint64_t retries_denied = 0;
  uint64_t hedges = 0;
  uint64_t hedges_won = 0;

  QueueTotals AllClasses() const;
};

struct ListenerTotals {
  int64_t connections = 0;
  uint64_t accepted = 0;
  uint64_t handshakes = 0;
  uint64_t resumed = 0;
  uint64_t failed_handshakes = 0;
  uint64_t refused_connections = 0;
  uint64_t refused_handshakes = 0;
  uint64_t handshake_pauses = 0;
  std::array<uint64_t, kProxyEnds> proxy_headers{};
  std::array<uint64_t, kHttp2Cuts.size()> http2_cuts{};
  uint64_t http2_withdrawn = 0;
};

struct ProcessTotals {
  uint64_t turns = 0;
  HistogramSnapshot loop_lag;
};

RouteTotals Sum(const Sharded<RouteStats>& stats);
ServerTotals Sum(const Sharded<ServerStats>& stats);
PoolTotals Sum(const Sharded<PoolStats>& stats);
ListenerTotals Sum(const Sharded<ListenerStats>& stats);
ProcessTotals Sum(const Sharded<ProcessStats>& stats);

}  // namespace sluice::observe

#endif  // SLUICE_PROXY_OBSERVE_STATS_H_
