#include "proxy/observe/stats.h"

namespace sluice::observe {
namespace {

template <size_t kSize>
void AddCells(std::array<uint64_t, kSize>& totals, const std::array<Cell, kSize>& cells) {
  for (size_t i = 0; i < kSize; ++i) totals[i] += cells[i].value();
}

void AddCauses(std::array<uint64_t, kCauses>& totals, const CauseCells& cells) {
  for (size_t i = 0; i < kCauses; ++i) totals[i] += cells.value(static_cast<Cause>(i));
}

}  // namespace

std::string_view ProxyEndName(ProxyEnd end) {
  switch (end) {
    case ProxyEnd::kAccepted:
      return "accepted";
    case ProxyEnd::kUntrusted:
      return "untrusted";
    case ProxyEnd::kMalformed:
      return "malformed";
    case ProxyEnd::kTimeout:
      return "timeout";
    case ProxyEnd::kLeft:
      return "left";
  }
  return "";
}

void RouteStats::Add(const ExchangeRecord& record) {
  by_class[StatusClass(record.status)].Add();
  if (record.status != 0 && record.status != record.server_status) own_answers.Add();
  by_cause.Add(record.end);
  request_bytes.Add(record.request_bytes);
  response_bytes.Add(record.response_bytes);
  latency.Record(record.total);
}

RouteTotals Sum(const Sharded<RouteStats>& stats) {
  RouteTotals totals;
  stats.ForEach([&totals](const RouteStats& shard) {
    totals.in_flight += shard.in_flight.value();
    AddCells(totals.by_class, shard.by_class);
    totals.own_answers += shard.own_answers.value();
    AddCauses(totals.by_cause, shard.by_cause);
    totals.request_bytes += shard.request_bytes.value();
    totals.response_bytes += shard.response_bytes.value();
    totals.latency += shard.latency.Snapshot();
  });
  return totals;
}

ServerTotals Sum(const Sharded<ServerStats>& stats) {
  ServerTotals totals;
  stats.ForEach([&totals](const ServerStats& shard) {
    totals.in_flight += shard.in_flight.value();
    totals.connections += shard.connections.value();
    totals.idle_connections += shard.idle_connections.value();
    totals.requests += shard.requests.value();
    AddCells(totals.by_class, shard.by_class);
    AddCauses(totals.failures, shard.failures);
    totals.retries += shard.retries.value();
    totals.connects += shard.connects.value();
    totals.reuses += shard.reuses.value();
    totals.handshakes += shard.handshakes.value();
    totals.resumed += shard.resumed.value();
    totals.failed_handshakes += shard.failed_handshakes.value();
    totals.rests += shard.rests.value();
    for (size_t i = 0; i < kEjections; ++i) totals.ejections[i] += shard.ejections[i].value();
    totals.first_byte += shard.first_byte.Snapshot();
  });
  return totals;
}

QueueTotals& QueueTotals::operator+=(const QueueTotals& other) {
  queued += other.queued;
  for (size_t i = 0; i < ended.size(); ++i) ended[i] += other.ended[i];
  wait += other.wait;
  return *this;
}

QueueTotals PoolTotals::AllClasses() const {
  QueueTotals all;
  for (const QueueTotals& one : queue) all += one;
  return all;
}

PoolTotals Sum(const Sharded<PoolStats>& stats) {
  PoolTotals totals;
  stats.ForEach([&totals](const PoolStats& shard) {
    for (size_t i = 0; i < kQueueClasses; ++i) {
      totals.queue[i].queued += shard.queue[i].queued.value();
      AddCells(totals.queue[i].ended, shard.queue[i].ended);
      totals.queue[i].wait += shard.queue[i].wait.Snapshot();
    }
    AddCauses(totals.retries, shard.retries);
    totals.retries_denied += shard.retries_denied.value();
    totals.hedges += shard.hedges.value();
    totals.hedges_won += shard.hedges_won.value();
  });
  return totals;
}

ListenerTotals Sum(const Sharded<ListenerStats>& stats) {
  ListenerTotals totals;
  stats.ForEach([&totals](const ListenerStats& shard) {
    totals.connections += shard.connections.value();
    totals.accepted += shard.accepted.value();
    totals.handshakes += shard.handshakes.value();
    totals.resumed += shard.resumed.value();
    totals.failed_handshakes += shard.failed_handshakes.value();
    totals.refused_connections += shard.refused_connections.value();
    totals.refused_handshakes += shard.refused_handshakes.value();
    totals.handshake_pauses += shard.handshake_pauses.value();
    AddCells(totals.proxy_headers, shard.proxy_headers);
    AddCells(totals.http2_cuts, shard.http2_cuts);
    totals.http2_withdrawn += shard.http2_withdrawn.value();
  });
  return totals;
}

ProcessTotals Sum(const Sharded<ProcessStats>& stats) {
  ProcessTotals totals;
  stats.ForEach([&totals](const ProcessStats& shard) {
    totals.turns += shard.turns.value();
    totals.loop_lag += shard.loop_lag.Snapshot();
  });
  return totals;
}

}  // namespace sluice::observe
