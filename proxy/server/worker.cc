#include "proxy/server/worker.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "proxy/base/check.h"
#include "proxy/exchange/exchange.h"

namespace sluice::server {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(100);

}  // namespace

Worker::Worker(uint32_t shard, observe::Writer& log, observe::Sharded<observe::ProcessStats>& stats,
               upstream::Peers& peers)
    : shard_(shard),
      log_(log),
      stats_(stats.shard(shard)),
      pool_(loop_, shard, &peers),
      context_(loop_, pool_, shard, *this) {}

Worker::~Worker() { SLUICE_CHECK(!thread_.joinable()); }

void Worker::Start() {
  thread_ = std::thread([this] {
    tick_ = std::make_unique<net::Ticker>(loop_, kTick, [this] { OnTick(); });
    loop_.Run();
  });
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::Adopt(std::shared_ptr<const exchange::RuntimeView> view,
                   std::vector<Binding> bindings) {
  loop_.Post([this, view = std::move(view), bindings = std::move(bindings)]() mutable {
    AdoptHere(std::move(view), std::move(bindings));
  });
}

void Worker::AdoptHere(std::shared_ptr<const exchange::RuntimeView> view,
                       std::vector<Binding> bindings) {
  auto mine = std::make_shared<exchange::WorkerView>();
  mine->shared = std::move(view);
  absl::flat_hash_set<const upstream::Server*> servers;
  for (const std::shared_ptr<const upstream::Cluster>& cluster : mine->shared->clusters) {
    exchange::WorkerCluster& here = mine->clusters.emplace_back();
    here.shared = cluster;
    here.picker = balancer::MakePicker(cluster->spec.picker, cluster->hosts);
    SLUICE_CHECK(here.picker != nullptr);  // the loader knows the names
    here.affinity = exchange::Affinity(cluster->spec);
    for (const std::shared_ptr<upstream::Server>& server : cluster->servers) {
      here.slots.push_back(pool_.SlotFor(server, cluster->transport));
      servers.insert(server.get());
    }
  }
  pool_.Retain([&](const upstream::Server* server) { return servers.contains(server); });
  context_.SetView(std::move(mine));
  AdoptGates(std::move(bindings));
}

void Worker::AdoptGates(std::vector<Binding> bindings) {
  for (const std::unique_ptr<Gate>& gate : gates_) {
    const bool stays = std::any_of(bindings.begin(), bindings.end(), [&](const Binding& binding) {
      return binding.listening.get() == &gate->listening();
    });
    if (!stays) gate->CloseListener();
  }
  for (Binding& binding : bindings) {
    const auto same = std::find_if(gates_.begin(), gates_.end(), [&](const auto& gate) {
      return &gate->listening() == binding.listening.get();
    });
    if (same == gates_.end()) {
      Service& service = *this;
      gates_.push_back(std::make_unique<Gate>(loop_, service, binding, shard_));
    } else {
      (*same)->SetSpec(binding);
    }
  }
}

http::DownstreamEvents* Worker::Open(const Opening& opening) {
  void* const memory = opening.arena.Allocate(sizeof(exchange::Exchange));
  auto* const exchange = new (memory) exchange::Exchange(
      context_, opening.arena, opening.downstream, opening.head, opening.peer, opening.listener);
  if (opening.refusal != nullptr) {
    exchange->Refuse(*opening.refusal);
  } else {
    exchange->Start();
  }
  return exchange;
}

void Worker::Record(const observe::ExchangeRecord& record, const exchange::RuntimeView& view) {
  if (!view.log_format || !record.logged) return;
  line_.clear();
  view.log_format->Append(record, line_);
  log_.Add(line_);
}

void Worker::OnTick() {
  log_.Flush();
  stats_.turns.Add();
  stats_.loop_lag.Record(loop_.lag());
  std::erase_if(gates_, [](const std::unique_ptr<Gate>& gate) {
    return !gate->accepting() && gate->connections() == 0;
  });
  if (drained_ != nullptr && connections() == 0) std::exchange(drained_, nullptr)();
}

size_t Worker::connections() const {
  size_t count = 0;
  for (const std::unique_ptr<Gate>& gate : gates_) count += gate->connections();
  return count;
}

void Worker::Drain(absl::AnyInvocable<void()> done) {
  loop_.Post([this, done = std::move(done)]() mutable {
    draining_ = true;
    drained_ = std::move(done);
    for (const std::unique_ptr<Gate>& gate : gates_) {
      gate->CloseListener();
      gate->DrainConnections();
    }
  });
}

void Worker::Cut() {
  loop_.Post([this] {
    draining_ = true;
    for (const std::unique_ptr<Gate>& gate : gates_) {
      gate->CloseListener();
      gate->CutConnections();
    }
    // The connections are destroyed at the end of this turn, and with them go their leases.
    loop_.Post([this] {
      gates_.clear();
      pool_.CloseAll();
      context_.SetView(nullptr);
      tick_.reset();
      log_.Flush();
      loop_.Post([this] { loop_.Stop(); });
    });
  });
}

}  // namespace sluice::server
