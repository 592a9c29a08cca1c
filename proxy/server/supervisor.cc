#include "proxy/server/supervisor.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_format.h"
#include "balancer/slow_start.h"
#include "conf/diff.h"
#include "proxy/base/block.h"
#include "proxy/base/check.h"
#include "proxy/base/log.h"
#include "proxy/crypto/random.h"
#include "proxy/server/preflight.h"
#include "proxy/server/process.h"
#include "proxy/server/tls_setup.h"

namespace sluice::server {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(100);
constexpr uint32_t kTicksPerSecond = 10;
// How long a start waits for the first answer of the resolver before it serves without.
constexpr Duration kFirstNames = std::chrono::seconds(5);
// Descriptors that are not connections: listeners, logs, loops, the resolver.
constexpr uint64_t kReservedFiles = 256;
constexpr uint32_t kAdminConnections = 64;
constexpr std::string_view kAdminName = "admin";

// An HTTP/1 connection serves one request at a time, so a cap on connections is one on requests.
uint32_t LimitOf(const conf::Pool& pool, const conf::Server& server) {
  const uint32_t requests =
      server.concurrency != 0 ? server.concurrency : pool.concurrency.value_or(0);
  if (pool.max_connections == 0 || pool.protocol != "http1") return requests;
  return requests == 0 ? pool.max_connections : std::min(requests, pool.max_connections);
}

void UpdateHedge(const upstream::Cluster& cluster, TimePoint now) {
  observe::HistogramSnapshot answers;
  if (cluster.spec.hedge.percentile != 0) {
    for (const auto& server : cluster.servers) {
      server->stats.ForEach(
          [&](const observe::ServerStats& stats) { answers += stats.first_byte.Snapshot(); });
    }
  }
  cluster.state->hedge.Update(cluster.spec.hedge, answers, now);
}

// A server that joins others of its pool comes up slowly. When all are new there is nobody to take
// the load meanwhile.
void StartSlowly(const exchange::RuntimeView& before, const exchange::RuntimeView& after,
                 TimePoint now) {
  for (const auto& cluster : after.clusters) {
    const auto old =
        std::find_if(before.clusters.begin(), before.clusters.end(),
                     [&](const auto& other) { return other->state == cluster->state; });
    if (old == before.clusters.end()) continue;
    const auto was_there = [&](const auto& server) { return (*old)->IndexOf(*server).has_value(); };
    if (std::none_of(cluster->servers.begin(), cluster->servers.end(), was_there)) continue;
    for (const std::shared_ptr<upstream::Server>& server : cluster->servers) {
      if (!was_there(server)) balancer::BeginSlowStart(*server->health, now);
    }
  }
}

// What redirect_https stands for.
conf::Config ToHttps() {
  conf::Config config;
  conf::Route& all = config.routes.emplace_back();
  all.name = "(to https)";
  all.redirect = {.status = 308, .to = "https://{host}{path}{query}"};
  return config;
}

}  // namespace

Supervisor::Supervisor(std::shared_ptr<const conf::Config> config, ReadConfig read)
    : config_(std::move(config)),
      read_(std::move(read)),
      worker_count_(config_->process.workers != 0 ? config_->process.workers : UsableProcessors()),
      process_stats_(worker_count_ + 1),
      registry_(worker_count_ + 1),
      tickets_(std::make_shared<tls::TicketKeys>(WallNow())),
      listeners_(worker_count_),
      peers_(worker_count_) {
  crypto::FillRandom({reinterpret_cast<uint8_t*>(secret_.data()), secret_.size()});
}

Supervisor::~Supervisor() { SLUICE_CHECK(workers_.empty() || state_ == State::kStopped); }

void Supervisor::TakeSignals() {
  signals_ = std::make_unique<net::SignalWatcher>(
      loop_, std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP, SIGUSR1},
      [this](int signal) { OnSignal(signal); });
}

void Supervisor::OnSignal(int signal) {
  switch (signal) {
    case SIGHUP:
      return Reload();
    case SIGUSR1:
      return ReopenLogs();
    default:
      // The second time somebody means it.
      if (state_ == State::kLeaving || state_ == State::kDraining) return Finish();
      return Shutdown();
  }
}

absl::Status Supervisor::Start() {
  absl::StatusOr<Prepared> prepared = Preflight(*config_, tickets_);
  if (!prepared.ok()) return prepared.status();
  transports_ = std::move(prepared->transports);
  access_.Take(config_->access, std::move(prepared->access));
  rooms_.Take(std::move(prepared->waiting_pages));
  BufferBudget::SetLimit(config_->process.buffer_budget);
  // A client may need a connection to a server: two descriptors each.
  const uint64_t files = RaiseFileLimit();
  const uint64_t for_clients =
      files > 2 * kReservedFiles ? (files - kReservedFiles) / 2 : files / 4;
  derived_limit_ = static_cast<uint32_t>(
      std::max<uint64_t>(for_clients / std::max<size_t>(config_->listeners.size(), 1), 16));
  if (absl::Status status =
          listeners_.Apply(config_->listeners, std::move(prepared->tls), derived_limit_);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = OpenAdmin(); !status.ok()) return status;
  if (!config_->process.pid_file.empty()) {
    auto written = PidFile::Write(config_->process.pid_file);
    if (!written.ok()) return written.status();
    pid_file_ = *std::move(written);
  }
  if (absl::Status status = DropPrivileges(config_->process.user, config_->process.group);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = OpenOutputs(*config_); !status.ok()) return status;
  OpenRooms();
  RestoreOrders();
  started_ = WallNow();
  for (size_t i = 0; i < worker_count_; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(static_cast<uint32_t>(i), *writer_, process_stats_, peers_));
    workers_.back()->Start();
  }
  prober_ = std::make_unique<upstream::Prober>(loop_);
  fleet_ = std::make_unique<Fleet>(loop_, *config_);
  tick_ = std::make_unique<net::Ticker>(loop_, kTick, [this] { OnTick(); });
  discovery_ = std::make_unique<Discovery>(loop_, config_->resolver, [this] {
    if (state_ == State::kServing) PublishWhenSettled();
  });
  Discover();
  loop_.Arm(first_names_, kFirstNames);
  if (discovery_->settled()) NoteReady();
  return absl::OkStatus();
}

absl::Status Supervisor::OpenOutputs(const conf::Config& config) {
  log::Options options{.output = config.log.output};
  options.level = log::ParseLevel(config.log.level).value_or(log::Level::kInfo);
  if (absl::Status status = log::Open(options); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<observe::Writer>> writer = observe::Writer::Open(
      {.output = config.access_log.output, .queue_lines = config.access_log.queue});
  if (!writer.ok()) return writer.status();
  writer_ = *std::move(writer);
  return absl::OkStatus();
}

// Made when there is something to keep, so that who has nothing hears nothing of it.
StateDir& Supervisor::OpenState() {
  if (state_dir_ == nullptr) {
    state_dir_ = std::make_unique<StateDir>(StateDirOptions{.path = config_->state.dir});
  }
  return *state_dir_;
}

void Supervisor::OpenRooms() {
  if (rooms_.IsOpen() || config_->waiting_rooms.empty()) return;
  rooms_.Open(OpenState());
  hooks_.Open(OpenState());
}

absl::Status Supervisor::OpenAdmin() {
  const conf::Admin& admin = config_->admin;
  if (admin_service_ == nullptr) return absl::OkStatus();
  if (admin.address != "off") {
    const conf::Listener listener{.name = std::string(kAdminName), .address = admin.address};
    if (absl::Status status = OpenAdmin(listener); !status.ok()) return status;
  }
  if (admin.socket == "off") return absl::OkStatus();
  absl::Status status =
      OpenAdmin({.name = "admin socket", .address = "unix:" + admin.socket, .unix_mode = "0600"});
  if (status.ok() || admin.socket != conf::Admin().socket) return status;
  log::Warn(log::kUnlimited, "%s; sluice ctl can change nothing without",
            std::string(status.message()));
  return absl::OkStatus();
}

absl::Status Supervisor::OpenAdmin(const conf::Listener& listener) {
  ListenerSet own(1);
  if (absl::Status status = own.Apply({listener}, {nullptr}, kAdminConnections); !status.ok()) {
    return absl::Status(status.code(), absl::StrFormat("admin: %s", status.message()));
  }
  admin_gates_.push_back(
      std::make_unique<Gate>(loop_, *admin_service_, own.BindingsFor(0).front(), 0));
  return absl::OkStatus();
}

Address Supervisor::admin_address() const {
  for (const std::unique_ptr<Gate>& gate : admin_gates_) {
    if (gate->listening().spec->name == kAdminName) return gate->listening().bound;
  }
  return {};
}

void Supervisor::NoteReady() {
  if (state_ != State::kStarting) return;
  state_ = State::kServing;
  Publish();
  LogConcerns();
  loop_.Arm(upkeep_, std::chrono::hours(1));
  for (const std::shared_ptr<Listening>& listening : listeners_.all()) {
    log::Info(log::kUnlimited, "listener %s: open on %s, at most %d connections",
              listening->spec->name, listening->bound.ToString(), listening->open.limit());
  }
  NotifyManager("READY=1");
}

void Supervisor::Run() { loop_.Run(); }

void Supervisor::LogConcerns() const {
  const WallTime now = WallNow();
  listeners_.LogConcerns(now);
  for (size_t i = 0; i < transports_.size(); ++i) {
    LogAll(ConcernsOf(config_->pools[i], *transports_[i], now));
  }
  for (const std::string& concern : HookConcerns(*config_, now)) {
    log::Warn(log::kUnlimited, "%s", concern);
  }
}

void Supervisor::Upkeep() {
  tickets_->Rotate(WallNow());
  if (++hours_ % 24 == 0) LogConcerns();
  loop_.Arm(upkeep_, std::chrono::hours(1));
}

void Supervisor::OnTick() {
  observe::ProcessStats& stats = process_stats_.shard(worker_count_);
  stats.turns.Add();
  stats.loop_lag.Record(loop_.lag());
  const bool second = ++ticks_ % kTicksPerSecond == 0;
  if (second) spare_memory_.Look();
  if (view_ != nullptr) {
    for (const auto& cluster : view_->clusters) {
      cluster->state->judge.Tick(*cluster, static_cast<uint32_t>(worker_count_), loop_.now());
      cluster->state->adaptive.Tick(*cluster, loop_.now());
      cluster->state->dispatch.Offer(cluster->state->adaptive.finding());
      if (second) UpdateHedge(*cluster, loop_.now());
    }
  }
  if (view_ != nullptr && rooms_.Tick(*view_, loop_.now(), WallNow())) Publish();
  registry_.OfferPlaces();
  prober_->Tick();
  if (second) LookAtOrders();
  if (second && state_ == State::kServing) hooks_.Look(*config_, WallNow());
  // The secret of the fleet comes from the store, some time after the start.
  if (state_ == State::kServing && fleet_secret_ != fleet_->hash().key()) Publish();
  if (ticks_ % (kTicksPerSecond / WatchedFile::kLooksPerSecond) == 0) LookAtFiles();
  if (discovery_->settled()) OnNamesInHand();
}

// The names are settled, or have had kFirstNames to be.
void Supervisor::OnNamesInHand() {
  NoteReady();
  if (unpublished_ && state_ == State::kServing) Publish();
}

// The view.

void Supervisor::Discover() {
  std::vector<conf::Server> servers;
  for (const conf::Pool& pool : config_->pools) {
    const std::vector<conf::Server> of_pool = overlay_.ServersOf(pool);
    servers.insert(servers.end(), of_pool.begin(), of_pool.end());
  }
  discovery_->Watch(std::move(servers), config_->resolver);
}

void Supervisor::LookAtFiles() {
  if (access_.Look() && state_ == State::kServing) PublishWhenSettled();
  LookAtServersFiles();
}

// Servers that come and go in files are a small reload, of their list alone.
void Supervisor::LookAtServersFiles() {
  std::shared_ptr<const conf::Config> now = servers_files_.Look(config_);
  if (now == config_) return;
  config_ = std::move(now);
  DropGone("servers_file");
  Discover();
  if (state_ == State::kServing) PublishWhenSettled();
}

std::vector<upstream::Member> Supervisor::ServersOf(const conf::Pool& pool) {
  std::vector<upstream::Member> members;
  const std::vector<conf::Server> written = overlay_.ServersOf(pool);
  for (const Discovery::Found& found : discovery_->Find(pool.name, written)) {
    members.push_back(
        {.server = registry_.ServerOf(pool.name, found.as->address, found.address, found.host),
         .weight = found.weight,
         .tier = found.tier});
    upstream::Server& server = *members.back().server;
    balancer::HostStats& host = *server.health;
    const uint32_t stated = LimitOf(pool, *found.as);
    host.adaptive = !pool.concurrency && stated == 0;
    // What is found from answers is the tick's to set.
    if (!host.adaptive) {
      host.limit = stated;
      host.crowding = 1;
      host.at_rest = true;
    }
    server.connections.SetLimit(pool.max_connections != 0 ? pool.max_connections
                                                          : ratelimit::Concurrency::kUnlimited);
  }
  overlay_.Adjust(members);
  return members;
}

std::unique_ptr<exchange::RuntimeView> Supervisor::BuildView() {
  auto view = std::make_unique<exchange::RuntimeView>();
  view->version = ++version_;
  view->config = config_;
  view->router = std::make_unique<const route::Router>(*config_);
  view->trusted = admission::TrustedProxies(config_->client_ip);
  view->access = access_.list();
  view->answers = exchange::Answers(config_->answers);
  registry_.BeginView();
  for (size_t i = 0; i < config_->pools.size(); ++i) {
    const conf::Pool& pool = config_->pools[i];
    view->clusters.push_back(std::make_shared<const upstream::Cluster>(
        config_, pool, transports_[i], registry_.PoolOf(pool.name), ServersOf(pool),
        std::string_view(secret_.data(), secret_.size())));
  }
  for (const route::Route& route : view->router->routes()) {
    view->routes.push_back(registry_.RouteOf(route.conf.name));
  }
  SetLimits(*view);
  SetPanic(*view);
  rooms_.SetEntrances(*view, loop_.now(), WallNow());
  view->unrouted = registry_.RouteOf("");
  view->to_https = std::make_unique<const route::Router>(ToHttps());
  view->redirected = registry_.RouteOf(view->to_https->routes().front().conf.name);
  registry_.EndView();
  fleet_->Share(registry_.Quotas());
  fleet_->Share(rooms_.Shared(*view));
  if (config_->access_log.output != "off") {
    absl::StatusOr<observe::LogFormat> format =
        observe::LogFormat::Parse(config_->access_log.format);
    if (format.ok()) view->log_format = *std::move(format);
  }
  return view;
}

void Supervisor::PublishWhenSettled() {
  if (discovery_->settled()) return Publish();
  // Armed once: changes that keep coming must not put off what has changed.
  if (!std::exchange(unpublished_, true)) loop_.Arm(first_names_, kFirstNames);
}

void Supervisor::Publish() {
  first_names_.Cancel();
  unpublished_ = false;
  std::shared_ptr<const exchange::RuntimeView> view = BuildView();
  if (view_ != nullptr) StartSlowly(*view_, *view, loop_.now());
  view_ = std::move(view);
  SetDuties(*view_);
  for (const auto& cluster : view_->clusters) {
    cluster->state->judge.Adopt(*cluster, loop_.now());
    cluster->state->adaptive.Adopt(*cluster);
  }
  prober_->Adopt(view_->clusters);
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->Adopt(view_, listeners_.BindingsFor(i));
  }
}

// Reload.

void Supervisor::Reload() {
  loop_.Post([this] {
    if (read_ == nullptr) return;
    absl::StatusOr<std::shared_ptr<const conf::Config>> config = read_();
    absl::Status status = config.ok() ? Apply(*std::move(config)) : config.status();
    if (status.ok()) return;
    ++failed_reloads_;
    log::Error(log::kUnlimited, "reload: nothing was changed: %s", std::string(status.message()));
  });
}

absl::Status Supervisor::Apply(std::shared_ptr<const conf::Config> config) {
  if (state_ != State::kServing && state_ != State::kStarting) {
    return absl::FailedPreconditionError("shutting down");
  }
  NotifyManager("RELOADING=1");
  absl::StatusOr<Prepared> prepared = Preflight(*config, tickets_, transports_);
  absl::Status status = prepared.status();
  if (status.ok()) {
    status = listeners_.Apply(config->listeners, std::move(prepared->tls), derived_limit_);
  }
  if (!status.ok()) {
    NotifyManager("READY=1");
    return status;
  }
  for (const std::string& change : conf::Diff(*config_, *config)) {
    log::Info(log::kUnlimited, "reload: %s", change);
  }
  for (const std::string_view key : NeedsRestart(*config_, *config)) {
    log::Warn(log::kUnlimited, "reload: %s takes effect at the next start", key);
  }
  log::SetLevel(log::ParseLevel(config->log.level).value_or(log::Level::kInfo));
  BufferBudget::SetLimit(config->process.buffer_budget);
  config_ = std::move(config);
  transports_ = std::move(prepared->transports);
  access_.Take(config_->access, std::move(prepared->access));
  rooms_.Take(std::move(prepared->waiting_pages));
  OpenRooms();
  fleet_->Adopt(*config_);
  DropGone("reload");
  LogConcerns();
  ++reloads_;
  log::Info(log::kUnlimited, "reload: done (%d since the start)", reloads_);
  Discover();
  if (state_ == State::kServing) PublishWhenSettled();
  NotifyManager("READY=1");
  return absl::OkStatus();
}

// Changes at run time.

void Supervisor::ReopenLogs() {
  loop_.Post([this] {
    if (absl::Status status = log::Reopen(); !status.ok()) {
      log::Error(log::kUnlimited, "log: %s", std::string(status.message()));
    }
    writer_->Reopen();
  });
}

// Shutdown.

void Supervisor::Shutdown() {
  loop_.Post([this] {
    if (state_ != State::kServing && state_ != State::kStarting) return;
    state_ = State::kLeaving;
    NotifyManager("STOPPING=1");
    log::Info(log::kUnlimited, "shutdown: not ready any more; listeners close in %d ms",
              std::chrono::duration_cast<std::chrono::milliseconds>(config_->process.shutdown_delay)
                  .count());
    if (config_->process.shutdown_delay > Duration::zero()) {
      loop_.Arm(leave_, config_->process.shutdown_delay);
    } else {
      BeginDrain();
    }
  });
}

void Supervisor::BeginDrain() {
  state_ = State::kDraining;
  listeners_.CloseAll();
  loop_.Arm(deadline_, config_->process.shutdown_timeout);
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->Drain([this] { loop_.Post([this] { OnWorkerDrained(); }); });
  }
}

void Supervisor::OnWorkerDrained() {
  if (++drained_workers_ == workers_.size() && state_ == State::kDraining) Finish();
}

void Supervisor::Finish() {
  if (state_ == State::kStopped) return;
  if (state_ != State::kDraining) listeners_.CloseAll();
  state_ = State::kStopped;
  deadline_.Cancel();
  leave_.Cancel();
  for (const std::unique_ptr<Worker>& worker : workers_) worker->Cut();
  for (const std::unique_ptr<Worker>& worker : workers_) worker->Join();
  for (const std::unique_ptr<Gate>& gate : admin_gates_) {
    gate->CloseListener();
    gate->CutConnections();
  }
  fleet_->Leave();
  rooms_.Close(view_.get(), loop_.now());
  hooks_.Close();
  if (state_dir_ != nullptr) state_dir_->Flush(std::chrono::seconds(1));
  loop_.Post([this] {
    workers_.clear();
    admin_gates_.clear();
    discovery_.reset();
    fleet_.reset();
    tick_.reset();
    prober_.reset();
    signals_.reset();
    pid_file_.reset();
    writer_.reset();  // writes what is queued
    log::Info(log::kUnlimited, "shutdown: complete");
    log::Flush(std::chrono::seconds(1));
    loop_.Stop();
  });
}

}  // namespace sluice::server
