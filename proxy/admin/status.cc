#include "proxy/admin/status.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "proxy/admin/rooms.h"
#include "proxy/base/block.h"
#include "proxy/base/log.h"
#include "proxy/observe/stats.h"

namespace sluice::admin {
namespace {

using Json = nlohmann::ordered_json;

double Milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

Json Quantiles(const observe::HistogramSnapshot& latency) {
  return {{"p50_ms", Milliseconds(latency.Quantile(0.5))},
          {"p90_ms", Milliseconds(latency.Quantile(0.9))},
          {"p99_ms", Milliseconds(latency.Quantile(0.99))}};
}

Json Causes(const std::array<uint64_t, observe::kCauses>& counts) {
  Json causes = Json::object();
  for (size_t i = 0; i < counts.size(); ++i) {
    const auto cause = static_cast<Cause>(i);
    if (cause != Cause::kNone && counts[i] > 0) causes[std::string(CauseName(cause))] = counts[i];
  }
  return causes;
}

Json Classes(const std::array<uint64_t, observe::kStatusClasses>& counts) {
  static constexpr const char* kNames[] = {"1xx", "2xx", "3xx", "4xx", "5xx", "none"};
  Json classes = Json::object();
  for (size_t i = 0; i < counts.size(); ++i) classes[kNames[i]] = counts[i];
  return classes;
}

Json Ejections(const observe::ServerTotals& totals) {
  Json reasons = Json::object();
  for (size_t i = 0; i < observe::kEjections; ++i) {
    reasons[std::string(observe::kEjectionReasons[i])] = totals.ejections[i];
  }
  return reasons;
}

Json HandshakesJson(uint64_t handshakes, uint64_t resumed, uint64_t failed) {
  return {{"handshakes", handshakes}, {"resumed", resumed}, {"failed", failed}};
}

Json HealthJson(const upstream::Prober::Report& checks, TimePoint now) {
  Json json = {{"up", checks.up},
               {"passed", checks.passed},
               {"failed", checks.failed},
               {"discarded", checks.discarded}};
  if (checks.last_at != TimePoint{}) {
    json["last"] = {{"passed", checks.last_passed},
                    {"why", checks.last},
                    {"took_ms", Milliseconds(checks.last_took)},
                    {"ago_ms", Milliseconds(now - checks.last_at)}};
  }
  return json;
}

Json BreakerJson(const balancer::Breaker& breaker) {
  static constexpr const char* kStates[] = {"closed", "open", "half_open"};
  return {{"state", kStates[static_cast<size_t>(breaker.state())]},
          {"admitted", static_cast<double>(breaker.share()) / balancer::kWhole},
          {"opened", breaker.opened()},
          {"refused", breaker.refused()}};
}

const char* AwayName(const balancer::HostStats& host, TimePoint now) {
  if (host.down.load(std::memory_order_relaxed)) return "down";
  return host.Resting(now) ? "resting" : "up";
}

double Hundredths(double number) { return std::round(number * 100) / 100; }

Json ServerJson(const upstream::Server& server, uint32_t weight, bool secure,
                const upstream::Prober::Report* checks, TimePoint now) {
  const observe::ServerTotals totals = observe::Sum(server.stats);
  Json json = {{"address", server.label},
               {"name", server.name},
               {"weight", weight},
               {"state", AwayName(*server.health, now)},
               {"failures_in_a_row", server.health->failures.load(std::memory_order_relaxed)},
               {"active", totals.in_flight},
               {"connections", totals.connections},
               {"idle_connections", totals.idle_connections},
               {"requests", totals.requests},
               {"answers", Classes(totals.by_class)},
               {"failures", Causes(totals.failures)},
               {"retries", totals.retries},
               {"rests", totals.rests},
               {"limit", server.health->limit.load(std::memory_order_relaxed)},
               {"limit_is", server.health->adaptive ? "found" : "stated"},
               {"slowness", Hundredths(server.health->crowding.load(std::memory_order_relaxed))},
               {"ejections", Ejections(totals)},
               {"first_byte", Quantiles(totals.first_byte)}};
  if (checks != nullptr) json["health"] = HealthJson(*checks, now);
  if (secure) {
    json["tls"] = HandshakesJson(totals.handshakes, totals.resumed, totals.failed_handshakes);
  }
  if (server.health->Resting(now)) {
    json["rest_left_ms"] = Milliseconds(balancer::RestLeft(*server.health, now));
  }
  return json;
}

Json QueueJson(upstream::PoolState& pool) {
  const observe::PoolTotals totals = observe::Sum(pool.stats);
  const upstream::Dispatch::Census census = pool.dispatch.Count();
  const auto describe = [](const observe::QueueTotals& of) {
    Json ended;
    for (size_t i = 0; i < of.ended.size(); ++i) ended[observe::kQueueEnds[i]] = of.ended[i];
    return Json{{"waited", of.queued}, {"refused", ended}, {"wait", Quantiles(of.wait)}};
  };
  Json json = describe(totals.AllClasses());
  json["waiting"] = pool.dispatch.waiting();
  json["bytes"] = census.bytes;
  for (size_t i = 0; i < observe::kQueueClasses; ++i) {
    const observe::QueueTotals& of = totals.queue[i];
    if (of.queued == 0 && of.ended[0] == 0) continue;
    Json& one = json["classes"][ratelimit::kPriorityNames[i]] = describe(of);
    one["waiting"] = census.waiting[i];
    one["stands"] = census.stands[i];
  }
  return json;
}

Json RetriesJson(const upstream::PoolState& pool) {
  const observe::PoolTotals totals = observe::Sum(pool.stats);
  Json causes = Causes(totals.retries);
  if (totals.retries[0] > 0) causes["answer"] = totals.retries[0];
  return {{"by_cause", std::move(causes)},   {"running", pool.retries.retries()},
          {"denied", totals.retries_denied}, {"hedges", totals.hedges},
          {"hedges_won", totals.hedges_won}, {"hedge_delay_ms", Milliseconds(pool.hedge.after())}};
}

Json PoolsJson(const exchange::RuntimeView& view, const upstream::Prober& prober, TimePoint now) {
  Json pools = Json::array();
  for (const auto& cluster : view.clusters) {
    Json servers = Json::array();
    for (size_t i = 0; i < cluster->servers.size(); ++i) {
      servers.push_back(ServerJson(
          *cluster->servers[i], cluster->hosts.weight(static_cast<balancer::HostIndex>(i)),
          cluster->transport->secure(), prober.Find(*cluster->servers[i]), now));
    }
    pools.push_back({{"name", cluster->spec.name},
                     {"strategy", cluster->spec.picker.strategy},
                     {"limit", cluster->state->limit.load(std::memory_order_relaxed)},
                     {"crowding", Hundredths(cluster->state->adaptive.crowding())},
                     {"queue", QueueJson(*cluster->state)},
                     {"retries", RetriesJson(*cluster->state)},
                     {"servers", std::move(servers)}});
    if (cluster->spec.breaker) {
      pools.back()["breaker"] = BreakerJson(cluster->state->breaker);
    }
  }
  return pools;
}

Json RouteJson(std::string_view name, std::string_view pool, const exchange::RouteCounters& stats) {
  const observe::RouteTotals totals = observe::Sum(stats);
  return {{"name", name},
          {"pool", pool},
          {"active", totals.in_flight},
          {"answers", Classes(totals.by_class)},
          {"own_answers", totals.own_answers},
          {"errors", Causes(totals.by_cause)},
          {"request_bytes", totals.request_bytes},
          {"response_bytes", totals.response_bytes},
          {"latency", Quantiles(totals.latency)}};
}

Json ListenersJson(const server::ListenerSet& listeners) {
  Json json = Json::array();
  for (const auto& listening : listeners.all()) {
    const observe::ListenerTotals totals = observe::Sum(listening->stats);
    json.push_back({{"name", listening->spec->name},
                    {"address", listening->bound.ToString()},
                    {"connections", listening->open.active()},
                    {"max_connections", listening->open.limit()},
                    {"accepted", totals.accepted}});
    if (!listening->spec->proxy_protocol.empty()) {
      Json& ends = json.back()["proxy_headers"];
      for (size_t i = 0; i < totals.proxy_headers.size(); ++i) {
        const auto end = static_cast<observe::ProxyEnd>(i);
        ends[std::string(observe::ProxyEndName(end))] = totals.proxy_headers[i];
      }
    }
    if (listening->tls == nullptr) continue;
    json.back()["tls"] =
        HandshakesJson(totals.handshakes, totals.resumed, totals.failed_handshakes);
    json.back()["tls"]["refused"] = totals.refused_handshakes;
    json.back()["tls"]["pauses"] = totals.handshake_pauses;
    if (listening->handshakes != nullptr) {
      json.back()["tls"]["unplaced"] = listening->handshakes->unplaced();
    }
  }
  return json;
}

}  // namespace

std::string_view StateName(server::Supervisor::State state) {
  using State = server::Supervisor::State;
  switch (state) {
    case State::kStarting:
      return "starting";
    case State::kServing:
      return "serving";
    case State::kLeaving:
      return "leaving";
    case State::kDraining:
      return "draining";
    case State::kStopped:
      return "stopped";
  }
  return "";
}

Json QuotaJson(const admission::QuotaGate& gate) {
  const admission::QuotaGate::Stats stats = gate.stats();
  return {
      {"name", gate.name()},
      {"silent", gate.standing().silent},
      {"tokens", {{"granted", stats.granted}, {"owed", stats.owed}, {"returned", stats.returned}}},
      {"words", {{"told", stats.words}, {"lost", stats.lost_words}}},
      {"decided_in_silence", stats.silent_decisions}};
}

// Null without a store.
Json StoreJson(const server::Fleet& fleet) {
  const store::Client* const client = fleet.client();
  if (client == nullptr) return nullptr;
  const store::Client::Stats& stats = client->stats();
  Json json = {{"url", fleet.url()},
               {"up", client->up()},
               {"silent_s", std::chrono::duration<double>(client->silent()).count()},
               {"instances", fleet.sync().instances()},
               {"answers", stats.answers},
               {"limits", Json::array()}};
  if (!client->reason().empty()) json[client->up() ? "last_trouble" : "why"] = client->reason();
  if (stats.answers > 0) {
    json["round_trip_ms"] = Milliseconds(stats.round_trips) / static_cast<double>(stats.answers);
  }
  for (const auto& gate : fleet.sync().gates()) json["limits"].push_back(QuotaJson(*gate));
  return json;
}

std::string Status(const server::Supervisor& supervisor) {
  const TimePoint now = std::chrono::steady_clock::now();
  const auto uptime = std::chrono::system_clock::now() - supervisor.started();
  Json json = {
      {"version", SLUICE_VERSION},
      {"state", StateName(supervisor.state())},
      {"uptime_s", std::chrono::duration_cast<std::chrono::seconds>(uptime).count()},
      {"workers", supervisor.workers()},
      {"reloads", supervisor.reloads()},
      {"failed_reloads", supervisor.failed_reloads()},
      {"buffers", {{"used_bytes", BufferBudget::used()}, {"limit_bytes", BufferBudget::limit()}}},
      {"access_log_dropped", supervisor.log_lines_dropped()},
      {"loop_lag", Quantiles(observe::Sum(supervisor.process_stats()).loop_lag)},
      {"listeners", ListenersJson(supervisor.listeners())},
      {"pools", Json::array()},
      {"routes", Json::array()},
  };
  if (Json rooms = RoomsJson(supervisor); !rooms["rooms"].empty()) {
    json["waiting_rooms"] = rooms["rooms"];
    json["state_dir"] = rooms["state_dir"];
  }
  if (Json store = StoreJson(supervisor.fleet()); !store.is_null()) json["store"] = store;
  if (const exchange::RuntimeView* const view = supervisor.view(); view != nullptr) {
    json["view"] = view->version;
    json["pools"] = PoolsJson(*view, supervisor.prober(), now);
    for (const route::Route& route : view->router->routes()) {
      json["routes"].push_back(
          RouteJson(route.conf.name, route.conf.pool, *view->routes[route.index]));
    }
    json["routes"].push_back(RouteJson("", "", *view->unrouted));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::admin
