#include "proxy/admin/metrics.h"

#include <array>
#include <chrono>
#include <string_view>
#include <vector>

#include "proxy/admin/exposition.h"
#include "proxy/base/block.h"
#include "proxy/base/log.h"
#include "proxy/observe/stats.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx", "none"};

struct RouteRow {
  std::string_view name;
  observe::RouteTotals totals;
};

struct ServerRow {
  const upstream::Server* server;
  bool secure;
  const upstream::Prober::Report* checks;  // null: there are none
  observe::ServerTotals totals;
};

uint64_t Positive(int64_t value) { return value > 0 ? static_cast<uint64_t>(value) : 0; }

void AddProcess(const server::Supervisor& supervisor, Exposition& out) {
  out.Family("sluice_build_info", "gauge", "1, with the version as a label.");
  out.Sample({{"version", SLUICE_VERSION}}, uint64_t{1});
  out.Family("sluice_start_time_seconds", "gauge", "When the process started, Unix time.");
  out.Sample({}, std::chrono::duration<double>(supervisor.started().time_since_epoch()).count());
  out.Family("sluice_ready", "gauge", "1 while /readyz says yes.");
  out.Sample({}, uint64_t{supervisor.ready()});
  out.Family("sluice_workers", "gauge", "Worker threads.");
  out.Sample({}, uint64_t{supervisor.workers()});
  out.Family("sluice_reloads_total", "counter", "Configurations taken over since the start.");
  out.Sample({{"result", "applied"}}, supervisor.reloads());
  out.Sample({{"result", "refused"}}, supervisor.failed_reloads());
  out.Family("sluice_buffer_bytes", "gauge", "Memory in buffers, and its limit.");
  out.Sample({{"kind", "used"}}, uint64_t{BufferBudget::used()});
  out.Sample({{"kind", "limit"}}, uint64_t{BufferBudget::limit()});
  out.Family("sluice_log_lines_dropped_total", "counter", "Log lines that found no room.");
  out.Sample({{"log", "access"}}, supervisor.log_lines_dropped());
  out.Sample({{"log", "operational"}}, log::Dropped());
  out.Family("sluice_loop_lag_seconds", "histogram",
             "How much later than meant the event loops ran their tick.");
  out.Samples({}, observe::Sum(supervisor.process_stats()).loop_lag);
}

void AddAccess(const server::AccessFiles& access, Exposition& out) {
  if (access.list() == nullptr) return;
  out.Family("sluice_access_networks", "gauge", "Networks that are denied or allowed.");
  out.Sample({}, uint64_t{access.list()->size()});
  out.Family("sluice_access_current", "gauge",
             "0 while a file of [access] is gone or wrong, and what it said before is in force.");
  out.Sample({}, uint64_t{access.good()});
}

void AddListeners(const server::ListenerSet& listeners, Exposition& out) {
  out.Family("sluice_listener_connections", "gauge", "Open client connections, and their limit.");
  for (const auto& listening : listeners.all()) {
    const std::string_view name = listening->spec->name;
    out.Sample({{"listener", name}, {"kind", "open"}}, uint64_t{listening->open.active()});
    out.Sample({{"listener", name}, {"kind", "limit"}}, uint64_t{listening->open.limit()});
  }
  out.Family("sluice_listener_accepted_total", "counter", "Connections accepted.");
  for (const auto& listening : listeners.all()) {
    out.Sample({{"listener", listening->spec->name}}, observe::Sum(listening->stats).accepted);
  }
  out.Family("sluice_proxy_headers_total", "counter",
             "Connections that had to begin with a PROXY header, by what became of that.");
  for (const auto& listening : listeners.all()) {
    if (listening->spec->proxy_protocol.empty()) continue;
    const observe::ListenerTotals totals = observe::Sum(listening->stats);
    for (size_t i = 0; i < totals.proxy_headers.size(); ++i) {
      const std::string_view result = observe::ProxyEndName(static_cast<observe::ProxyEnd>(i));
      out.Sample({{"listener", listening->spec->name}, {"result", result}},
                 totals.proxy_headers[i]);
    }
  }
  out.Family("sluice_tls_handshakes_total", "counter",
             "TLS handshakes by how they ended: whole, resumed from a session, or failed.");
  for (const auto& listening : listeners.all()) {
    if (listening->tls == nullptr) continue;
    const observe::ListenerTotals totals = observe::Sum(listening->stats);
    const std::string_view name = listening->spec->name;
    out.Sample({{"listener", name}, {"end", "whole"}}, totals.handshakes - totals.resumed);
    out.Sample({{"listener", name}, {"end", "resumed"}}, totals.resumed);
    out.Sample({{"listener", name}, {"end", "failed"}}, totals.failed_handshakes);
  }
  out.Family("sluice_connections_refused_total", "counter",
             "Connections reset when they began, by reason.");
  for (const auto& listening : listeners.all()) {
    out.Sample({{"listener", listening->spec->name}, {"reason", "address"}},
               observe::Sum(listening->stats).refused_connections);
  }
  out.Family("sluice_tls_handshakes_refused_total", "counter",
             "TLS handshakes refused before they began, by reason.");
  for (const auto& listening : listeners.all()) {
    if (listening->tls == nullptr) continue;
    out.Sample({{"listener", listening->spec->name}, {"reason", "address"}},
               observe::Sum(listening->stats).refused_handshakes);
  }
  out.Family("sluice_tls_handshake_pauses_total", "counter",
             "Times accepting paused because TLS handshakes were at their rate.");
  for (const auto& listening : listeners.all()) {
    if (listening->tls == nullptr) continue;
    out.Sample({{"listener", listening->spec->name}},
               observe::Sum(listening->stats).handshake_pauses);
  }
  out.Family("sluice_http2_cut_total", "counter",
             "HTTP/2 clients that were cut: a budget they spent, a limit, or a rule they broke.");
  for (const auto& listening : listeners.all()) {
    const observe::ListenerTotals totals = observe::Sum(listening->stats);
    for (size_t i = 0; i < observe::kHttp2Cuts.size(); ++i) {
      out.Sample({{"listener", listening->spec->name}, {"why", observe::kHttp2Cuts[i]}},
                 totals.http2_cuts[i]);
    }
  }
  out.Family(
      "sluice_http2_withdrawn_total", "counter",
      "HTTP/2 requests that their client cancelled in the same breath; not counted as such.");
  for (const auto& listening : listeners.all()) {
    out.Sample({{"listener", listening->spec->name}},
               observe::Sum(listening->stats).http2_withdrawn);
  }
  out.Family("sluice_tls_certificate_expiry_seconds", "gauge",
             "When the certificate that ends first does so, in Unix time.");
  for (const auto& listening : listeners.all()) {
    if (listening->tls == nullptr) continue;
    const auto end = listening->tls->earliest_expiry().not_after.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(end).count();
    out.Sample({{"listener", listening->spec->name}}, static_cast<uint64_t>(seconds));
  }
}

void AddRoutes(const std::vector<RouteRow>& routes, Exposition& out) {
  out.Family("sluice_requests_total", "counter", "Requests answered, by route and status class.");
  for (const RouteRow& row : routes) {
    for (size_t i = 0; i < row.totals.by_class.size(); ++i) {
      out.Sample({{"route", row.name}, {"class", kClasses[i]}}, row.totals.by_class[i]);
    }
  }
  out.Family("sluice_requests_in_flight", "gauge", "Requests being served.");
  for (const RouteRow& row : routes) {
    out.Sample({{"route", row.name}}, Positive(row.totals.in_flight));
  }
  out.Family("sluice_own_answers_total", "counter", "Answers made by sluice, not by a server.");
  for (const RouteRow& row : routes) out.Sample({{"route", row.name}}, row.totals.own_answers);
  out.Family("sluice_errors_total", "counter", "Requests that did not end well, by cause.");
  for (const RouteRow& row : routes) {
    for (size_t i = 1; i < row.totals.by_cause.size(); ++i) {
      const std::string_view cause = CauseName(static_cast<Cause>(i));
      if (row.totals.by_cause[i] > 0) {
        out.Sample({{"route", row.name}, {"cause", cause}}, row.totals.by_cause[i]);
      }
    }
  }
  out.Family("sluice_body_bytes_total", "counter", "Bytes of bodies passed on.");
  for (const RouteRow& row : routes) {
    out.Sample({{"route", row.name}, {"kind", "request"}}, row.totals.request_bytes);
    out.Sample({{"route", row.name}, {"kind", "response"}}, row.totals.response_bytes);
  }
  out.Family("sluice_request_duration_seconds", "histogram",
             "From a complete request head to the last byte of its answer.");
  for (const RouteRow& row : routes) out.Samples({{"route", row.name}}, row.totals.latency);
}

// `server` is the address, `name` as it is written in the configuration: one address may be reached
// by two names, and two series with the same labels would cost the whole scrape.
void AddServers(const std::vector<ServerRow>& servers, Exposition& out) {
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto value) {
    out.Family(name, type, help);
    for (const ServerRow& row : servers) {
      out.Sample(
          {{"pool", row.server->pool}, {"server", row.server->label}, {"name", row.server->name}},
          value(row));
    }
  };
  const TimePoint now = std::chrono::steady_clock::now();
  each("sluice_server_up", "gauge", "0 while the server rests, or fails its health checks.",
       [&](const ServerRow& row) { return uint64_t{!row.server->health->Away(now)}; });
  out.Family("sluice_server_checks_total", "counter",
             "Health checks, by result; discarded: sluice itself was too late to tell.");
  for (const ServerRow& row : servers) {
    if (row.checks == nullptr) continue;
    const auto sample = [&](std::string_view result, uint64_t count) {
      out.Sample({{"pool", row.server->pool},
                  {"server", row.server->label},
                  {"name", row.server->name},
                  {"result", result}},
                 count);
    };
    sample("passed", row.checks->passed);
    sample("failed", row.checks->failed);
    sample("discarded", row.checks->discarded);
  }
  each("sluice_server_requests_total", "counter", "Tries sent to the server.",
       [](const ServerRow& row) { return row.totals.requests; });
  each("sluice_server_requests_in_flight", "gauge", "Tries on their way.",
       [](const ServerRow& row) { return Positive(row.totals.in_flight); });
  each("sluice_server_limit", "gauge",
       "Requests it is given at once, found or stated; 0: as many as come.",
       [](const ServerRow& row) {
         return uint64_t{row.server->health->limit.load(std::memory_order_relaxed)};
       });
  each("sluice_server_slowness", "gauge",
       "Time to its answers over what their kinds take in calm; 1 where no limit is found.",
       [](const ServerRow& row) {
         return double{row.server->health->crowding.load(std::memory_order_relaxed)};
       });
  each("sluice_server_retries_total", "counter", "Tries that came after another had failed.",
       [](const ServerRow& row) { return row.totals.retries; });
  each("sluice_server_connections", "gauge", "Open connections to the server.",
       [](const ServerRow& row) { return Positive(row.totals.connections); });
  each("sluice_server_idle_connections", "gauge", "Of these, kept for the next request.",
       [](const ServerRow& row) { return Positive(row.totals.idle_connections); });
  each("sluice_server_connects_total", "counter", "Connections opened.",
       [](const ServerRow& row) { return row.totals.connects; });
  each("sluice_server_reuses_total", "counter", "Tries on a kept connection.",
       [](const ServerRow& row) { return row.totals.reuses; });
  out.Family("sluice_server_tls_handshakes_total", "counter",
             "TLS handshakes with the server by how they ended: whole, resumed from a session, or "
             "failed.");
  for (const ServerRow& row : servers) {
    if (!row.secure) continue;
    const auto sample = [&](std::string_view end, uint64_t count) {
      out.Sample({{"pool", row.server->pool},
                  {"server", row.server->label},
                  {"name", row.server->name},
                  {"end", end}},
                 count);
    };
    sample("whole", row.totals.handshakes - row.totals.resumed);
    sample("resumed", row.totals.resumed);
    sample("failed", row.totals.failed_handshakes);
  }
  out.Family("sluice_server_rests_total", "counter",
             "Times the server began to rest, by reason: it failed several times in a row, or more "
             "than the others, or took longer than they.");
  for (const ServerRow& row : servers) {
    const auto sample = [&](std::string_view reason, uint64_t count) {
      out.Sample({{"pool", row.server->pool},
                  {"server", row.server->label},
                  {"name", row.server->name},
                  {"reason", reason}},
                 count);
    };
    sample("in_a_row", row.totals.rests);
    for (size_t i = 0; i < observe::kEjections; ++i) {
      sample(observe::kEjectionReasons[i], row.totals.ejections[i]);
    }
  }
  out.Family("sluice_server_responses_total", "counter", "Answers of the server by class.");
  for (const ServerRow& row : servers) {
    for (size_t i = 0; i + 1 < row.totals.by_class.size(); ++i) {
      out.Sample({{"pool", row.server->pool},
                  {"server", row.server->label},
                  {"name", row.server->name},
                  {"class", kClasses[i]}},
                 row.totals.by_class[i]);
    }
  }
  out.Family("sluice_server_failures_total", "counter", "Tries the server failed, by cause.");
  for (const ServerRow& row : servers) {
    for (size_t i = 1; i < row.totals.failures.size(); ++i) {
      if (row.totals.failures[i] == 0) continue;
      out.Sample({{"pool", row.server->pool},
                  {"server", row.server->label},
                  {"name", row.server->name},
                  {"cause", CauseName(static_cast<Cause>(i))}},
                 row.totals.failures[i]);
    }
  }
  out.Family("sluice_server_first_byte_seconds", "histogram",
             "From the request sent to the head of the server's answer.");
  for (const ServerRow& row : servers) {
    out.Samples(
        {{"pool", row.server->pool}, {"server", row.server->label}, {"name", row.server->name}},
        row.totals.first_byte);
  }
}

void AddBreakers(const exchange::RuntimeView& view, Exposition& out) {
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto value) {
    out.Family(name, type, help);
    for (const auto& cluster : view.clusters) {
      if (!cluster->spec.breaker) continue;
      out.Sample({{"pool", cluster->spec.name}}, value(cluster->state->breaker));
    }
  };
  each("sluice_breaker_admitted_ratio", "gauge",
       "What the pool's circuit breaker lets in of the requests: 1 while it is closed.",
       [](const balancer::Breaker& breaker) {
         return static_cast<double>(breaker.share()) / balancer::kWhole;
       });
  each("sluice_breaker_opened_total", "counter", "Times it opened.",
       [](const balancer::Breaker& breaker) { return breaker.opened(); });
  each("sluice_breaker_refused_total", "counter", "Requests that it did not let in.",
       [](const balancer::Breaker& breaker) { return breaker.refused(); });
}

struct PoolRow {
  const upstream::PoolState& pool;
  const observe::PoolTotals totals;
  const upstream::Dispatch::Census queue;
};

void AddQueues(const std::vector<PoolRow>& rows, Exposition& out) {
  // Of the classes in which anybody ever asked for a place; of normal always.
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto add) {
    out.Family(name, type, help);
    for (const PoolRow& row : rows) {
      for (size_t i = 0; i < observe::kQueueClasses; ++i) {
        const observe::QueueTotals& totals = row.totals.queue[i];
        const bool asked = totals.queued > 0 || totals.ended[0] > 0;
        if (asked || i == static_cast<size_t>(ratelimit::Priority::kNormal)) {
          add(row.pool.name, ratelimit::kPriorityNames[i], row, i);
        }
      }
    }
  };
  using Text = std::string_view;
  each("sluice_pool_queue", "gauge", "Requests that wait for a server with room.",
       [&](Text pool, Text priority, const PoolRow& row, size_t i) {
         out.Sample({{"pool", pool}, {"priority", priority}}, uint64_t{row.queue.waiting[i]});
       });
  each("sluice_pool_queue_stands", "gauge",
       "1 while the queue is no burst but stands: the newest go first, the oldest are refused.",
       [&](Text pool, Text priority, const PoolRow& row, size_t i) {
         out.Sample({{"pool", pool}, {"priority", priority}}, uint64_t{row.queue.stands[i]});
       });
  each("sluice_pool_queued_total", "counter", "Requests that had to wait for one.",
       [&](Text pool, Text priority, const PoolRow& row, size_t i) {
         out.Sample({{"pool", pool}, {"priority", priority}}, row.totals.queue[i].queued);
       });
  each("sluice_pool_queue_left_total", "counter",
       "Requests that did not get to a server: the queue was full, others that go first "
       "pushed them out, they waited too long while it stood, or until their timeout, or their "
       "client left.",
       [&](Text pool, Text priority, const PoolRow& row, size_t i) {
         for (size_t end = 0; end < observe::kQueueEnds.size(); ++end) {
           out.Sample({{"pool", pool}, {"priority", priority}, {"why", observe::kQueueEnds[end]}},
                      row.totals.queue[i].ended[end]);
         }
       });
  each("sluice_pool_queue_wait_seconds", "histogram", "How long those waited that got to a server.",
       [&](Text pool, Text priority, const PoolRow& row, size_t i) {
         out.Samples({{"pool", pool}, {"priority", priority}}, row.totals.queue[i].wait);
       });
}

void AddPools(const exchange::RuntimeView& view, Exposition& out) {
  std::vector<PoolRow> rows;
  for (const auto& cluster : view.clusters) {
    rows.push_back(
        {*cluster->state, observe::Sum(cluster->state->stats), cluster->state->dispatch.Count()});
  }
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto value) {
    out.Family(name, type, help);
    for (const PoolRow& row : rows) out.Sample({{"pool", row.pool.name}}, value(row));
  };
  AddQueues(rows, out);
  each("sluice_pool_queue_bytes", "gauge", "Held of the bodies of those that wait.",
       [](const PoolRow& row) { return row.queue.bytes; });
  each("sluice_pool_limit", "gauge",
       "Requests that all servers together are given at once; 0: as many as come.",
       [](const PoolRow& row) { return uint64_t{row.pool.limit.load(std::memory_order_relaxed)}; });
  each(
      "sluice_pool_crowding", "gauge",
      "Time to the answers of most servers over that in calm, themselves compared with themselves.",
      [](const PoolRow& row) { return row.pool.adaptive.crowding(); });
  out.Family("sluice_pool_retries_total", "counter",
             "Requests tried again at another server, by what had gone wrong; answer: a status "
             "that retry.on names.");
  for (const PoolRow& row : rows) {
    for (size_t i = 0; i < row.totals.retries.size(); ++i) {
      if (row.totals.retries[i] == 0) continue;
      const std::string_view cause = i == 0 ? "answer" : CauseName(static_cast<Cause>(i));
      out.Sample({{"pool", row.pool.name}, {"cause", cause}}, row.totals.retries[i]);
    }
  }
  each("sluice_pool_retries_denied_total", "counter",
       "Retries and second tries that the retry budget did not allow.",
       [](const PoolRow& row) { return row.totals.retries_denied; });
  each("sluice_pool_hedges_total", "counter", "Second tries begun while the first had no answer.",
       [](const PoolRow& row) { return row.totals.hedges; });
  each("sluice_pool_hedges_won_total", "counter", "Those that were answered first.",
       [](const PoolRow& row) { return row.totals.hedges_won; });
  each("sluice_pool_hedge_delay_seconds", "gauge", "When a second try begins; 0: none does.",
       [](const PoolRow& row) {
         return std::chrono::duration<double>(row.pool.hedge.after()).count();
       });
}

// What is shared with other machines; nothing without a store.
void AddFleet(const server::Fleet& fleet, Exposition& out) {
  const store::Client* const client = fleet.client();
  if (client == nullptr) return;
  const store::Client::Stats& stats = client->stats();
  out.Family("sluice_store_up", "gauge", "1 while the shared store answers.");
  out.Sample({}, uint64_t{client->up()});
  out.Family("sluice_store_silent_seconds_total", "counter", "Time it did not.");
  out.Sample({}, std::chrono::duration<double>(client->silent()).count());
  out.Family("sluice_store_connections_total", "counter", "Connections to it that were made.");
  out.Sample({}, stats.connects);
  out.Family("sluice_store_failures_total", "counter", "What made it silent, by kind.");
  for (size_t i = 0; i < store::kTroubles; ++i) {
    out.Sample({{"kind", store::TroubleName(static_cast<store::Trouble>(i))}}, stats.troubles[i]);
  }
  out.Family("sluice_store_answers_total", "counter", "Answers of the store.");
  out.Sample({}, stats.answers);
  out.Family("sluice_store_round_trip_seconds_total", "counter", "What they took, together.");
  out.Sample({}, std::chrono::duration<double>(stats.round_trips).count());
  out.Family("sluice_store_instances", "gauge", "Machines that share it.");
  out.Sample({}, uint64_t{fleet.sync().instances()});
  std::vector<std::pair<std::string_view, admission::QuotaGate::Stats>> limits;
  for (const auto& gate : fleet.sync().gates()) limits.emplace_back(gate->name(), gate->stats());
  out.Family("sluice_quota_tokens_total", "counter",
             "Requests of limits of the fleet: leased from the store beforehand, told to it "
             "afterwards, leased and given back.");
  for (const auto& [name, limit] : limits) {
    out.Sample({{"limit", name}, {"how", "granted"}}, limit.granted);
    out.Sample({{"limit", name}, {"how", "owed"}}, limit.owed);
    out.Sample({{"limit", name}, {"how", "returned"}}, limit.returned);
  }
  out.Family("sluice_quota_words_total", "counter", "Times a key was told of to the store.");
  for (const auto& [name, limit] : limits) {
    out.Sample({{"limit", name}, {"result", "told"}}, limit.words);
    out.Sample({{"limit", name}, {"result", "lost"}}, limit.lost_words);
  }
  out.Family("sluice_quota_silent_decisions_total", "counter",
             "Requests decided without a word of the store, by when_silent.");
  for (const auto& [name, limit] : limits) out.Sample({{"limit", name}}, limit.silent_decisions);
  out.Family("sluice_quota_crowded_total", "counter",
             "Keys forgotten for others while they owed something, and requests of keys that found "
             "no room; where the latter grow the limit needs more keys.");
  for (const auto& [name, limit] : limits) {
    out.Sample({{"limit", name}, {"what", "forgotten"}}, limit.evicted);
    out.Sample({{"limit", name}, {"what", "unplaced"}}, limit.unplaced);
  }
}

}  // namespace

std::string AdminMetrics(const Tally& tally, size_t changes) {
  Exposition out;
  out.Family("sluice_admin_changes_total", "counter", "Changes made at run time, by what they do.");
  for (size_t i = 0; i < tally.servers.size(); ++i) {
    out.Sample({{"of", "server"}, {"do", server::kDeeds[i]}}, tally.servers[i]);
  }
  for (size_t i = 0; i < tally.limits.size(); ++i) {
    out.Sample({{"of", "limit"}, {"do", server::kLimitDeeds[i]}}, tally.limits[i]);
  }
  for (size_t i = 0; i < tally.bans.size(); ++i) {
    out.Sample({{"of", "key"}, {"do", server::kBanDeeds[i]}}, tally.bans[i]);
  }
  for (size_t i = 0; i < tally.panics.size(); ++i) {
    out.Sample({{"of", "panic"}, {"do", server::kPanicDeeds[i]}}, tally.panics[i]);
  }
  for (size_t i = 0; i < tally.rooms.size(); ++i) {
    out.Sample({{"of", "room"}, {"do", server::kRoomDeeds[i]}}, tally.rooms[i]);
  }
  out.Family("sluice_admin_refused_total", "counter", "Admin requests refused, by why.");
  for (size_t i = 0; i < tally.refused.size(); ++i) {
    out.Sample({{"why", kBars[i]}}, tally.refused[i]);
  }
  out.Family("sluice_changes", "gauge", "Changes made at run time that are in force.");
  out.Sample({}, uint64_t{changes});
  return out.Take();
}

std::string Metrics(const server::Supervisor& supervisor) {
  Exposition out;
  AddProcess(supervisor, out);
  AddListeners(supervisor.listeners(), out);
  AddAccess(supervisor.access(), out);
  AddFleet(supervisor.fleet(), out);
  const exchange::RuntimeView* const view = supervisor.view();
  if (view == nullptr) return out.Take();
  std::vector<RouteRow> routes;
  for (const route::Route& route : view->router->routes()) {
    routes.push_back({route.conf.name, observe::Sum(*view->routes[route.index])});
  }
  routes.push_back({"", observe::Sum(*view->unrouted)});
  AddRoutes(routes, out);
  AddPools(*view, out);
  std::vector<ServerRow> servers;
  for (const auto& cluster : view->clusters) {
    for (const auto& server : cluster->servers) {
      servers.push_back({server.get(), cluster->transport->secure(),
                         supervisor.prober().Find(*server), observe::Sum(server->stats)});
    }
  }
  AddServers(servers, out);
  AddBreakers(*view, out);
  return out.Take();
}

}  // namespace sluice::admin
