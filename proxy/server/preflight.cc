#include "proxy/server/preflight.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/lint.h"
#include "proxy/observe/access_log.h"
#include "proxy/server/hooks.h"
#include "proxy/server/tls_setup.h"
#include "proxy/upstream/transport.h"

namespace sluice::server {
namespace {

std::shared_ptr<const upstream::Transport> Fitting(const Transports& known,
                                                   const conf::Pool& pool) {
  const auto fits = [&](const auto& one) { return one != nullptr && one->Fits(pool); };
  const auto found = std::find_if(known.begin(), known.end(), fits);
  return found == known.end() ? nullptr : *found;
}

// Priorities order the requests of one pool among themselves.
std::string ConcernOfPriorities(const conf::Config& config, const conf::Pool& pool) {
  std::string_view all;
  for (const conf::Route& route : config.routes) {
    if (route.pool != pool.name) continue;
    if (route.priority == conf::Route().priority) return {};
    if (!all.empty() && all != route.priority) return {};
    all = route.priority;
  }
  if (all.empty()) return {};
  return absl::StrFormat(
      "pool %s: every route to it has priority = \"%s\", so none of them goes before another",
      pool.name, all);
}

}  // namespace

absl::StatusOr<Prepared> Preflight(const conf::Config& config,
                                   const std::shared_ptr<const tls::TicketKeys>& tickets,
                                   const Transports& kept) {
  Prepared prepared;
  std::string wrong;
  const auto note = [&wrong](const std::string& what) {
    wrong += absl::StrFormat("%s%s", wrong.empty() ? "" : "\n", what);
  };
  const auto format = observe::LogFormat::Parse(config.access_log.format);
  if (!format.ok()) {
    note(absl::StrFormat("access_log.format: %s", std::string(format.status().message())));
  }
  for (const conf::Listener& listener : config.listeners) {
    prepared.tls.emplace_back();
    if (!listener.tls) continue;
    auto context = BuildTls(listener, tickets);
    if (context.ok()) {
      prepared.tls.back() = *std::move(context);
    } else {
      note(std::string(context.status().message()));
    }
  }
  for (const conf::Pool& pool : config.pools) {
    std::shared_ptr<const upstream::Transport> fitting = Fitting(kept, pool);
    if (fitting == nullptr) fitting = Fitting(prepared.transports, pool);
    prepared.transports.push_back(fitting);
    if (fitting != nullptr) continue;
    auto transport = upstream::Transport::Build(pool);
    if (transport.ok()) {
      prepared.transports.back() = *std::move(transport);
    } else {
      note(std::string(transport.status().message()));
    }
  }
  if (auto access = admission::AccessList::Build(config.access); access.ok()) {
    prepared.access = std::make_shared<const admission::AccessList>(*std::move(access));
  } else {
    note(std::string(access.status().message()));
  }
  for (const conf::WaitingRoom& room : config.waiting_rooms) {
    prepared.waiting_pages.emplace_back();
    if (auto page = admission::WaitingPage::Make(room); page.ok()) {
      prepared.waiting_pages.back() =
          std::make_shared<const admission::WaitingPage>(*std::move(page));
    } else {
      note(absl::StrFormat("waiting_room %s: %s", room.name, std::string(page.status().message())));
    }
  }
  if (!wrong.empty()) return absl::InvalidArgumentError(wrong);
  return prepared;
}

std::vector<std::string> Warnings(const conf::Config& config, const Prepared& prepared,
                                  WallTime now) {
  std::vector<std::string> warnings;
  const auto add = [&](std::vector<Concern> concerns) {
    for (Concern& concern : concerns) warnings.push_back(std::move(concern.text));
  };
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    if (prepared.tls[i] != nullptr) add(ConcernsOf(config.listeners[i], *prepared.tls[i], now));
  }
  for (size_t i = 0; i < config.pools.size(); ++i) {
    add(ConcernsOf(config.pools[i], *prepared.transports[i], now));
    std::string equal = ConcernOfPriorities(config, config.pools[i]);
    if (!equal.empty()) warnings.push_back(std::move(equal));
  }
  for (std::string& line : conf::Lint(config, std::chrono::floor<std::chrono::seconds>(now))) {
    warnings.push_back(std::move(line));
  }
  for (std::string& line : HookConcerns(config, now)) warnings.push_back(std::move(line));
  return warnings;
}

std::vector<std::string_view> NeedsRestart(const conf::Config& before, const conf::Config& after) {
  std::vector<std::string_view> keys;
  const conf::Process& old_process = before.process;
  const conf::Process& new_process = after.process;
  if (old_process.workers != new_process.workers) keys.push_back("process.workers");
  if (old_process.user != new_process.user) keys.push_back("process.user");
  if (old_process.group != new_process.group) keys.push_back("process.group");
  if (old_process.pid_file != new_process.pid_file) keys.push_back("process.pid_file");
  if (before.access_log.output != after.access_log.output) keys.push_back("access_log.output");
  if (before.access_log.queue != after.access_log.queue) keys.push_back("access_log.queue");
  if (before.log.output != after.log.output) keys.push_back("log.output");
  if (before.admin.address != after.admin.address) keys.push_back("admin.address");
  if (before.admin.socket != after.admin.socket) keys.push_back("admin.socket");
  if (before.state != after.state) keys.push_back("state.dir");
  if (before.resolver.servers != after.resolver.servers) keys.push_back("resolver.servers");
  for (const conf::Listener& listener : after.listeners) {
    for (const conf::Listener& old : before.listeners) {
      if (old.address != listener.address) continue;
      if (old.backlog != listener.backlog) keys.push_back("listener.backlog");
      if (old.unix_mode != listener.unix_mode) keys.push_back("listener.unix_mode");
    }
  }
  return keys;
}

}  // namespace sluice::server
