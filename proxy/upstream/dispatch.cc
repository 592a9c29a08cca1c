#include "proxy/upstream/dispatch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "balancer/roster.h"
#include "balancer/slow_start.h"
#include "proxy/upstream/cluster.h"

namespace sluice::upstream {

using balancer::HostIndex;

namespace {

// A server that fills up between the look at it and the grasp has let somebody else in; after so
// many times the request joins the queue, which looks once more.
constexpr int kGrasps = 8;

// Those of the last rank leave half of the queue to the others.
size_t RoomFor(Dispatch::Rank rank, const Cluster& cluster) {
  const size_t all = cluster.spec.queue;
  return rank == Dispatch::Rank::kLast ? all / 2 : all;
}

// Those who give places back carry no clock.
balancer::TimePoint Now() { return std::chrono::steady_clock::now(); }

}  // namespace

bool Permit::follows() const {
  return server_ != nullptr &&
         (follows_ || server_->health->limit.load(std::memory_order_relaxed) != 0);
}

// The number of requests falls first, then whoever waits is looked for: the order that Place()
// relies on.
void Permit::Release() {
  active_.reset();
  Dispatch& dispatch = server_->state->dispatch;
  if (dispatch.waiting() > 0) dispatch.Freed(*server_);
}

// `owner` and `loop` are for the thread of the loop alone; the rest is under the mutex.
struct Dispatch::Ticket {
  Ticket(Waiter& waiter, net::Loop& on, const Request& request)
      : owner(&waiter),
        loop(on),
        cluster(request.cluster),
        tried(request.in.tried.begin(), request.in.tried.end()) {}

  // May use this server of its cluster.
  bool Takes(HostIndex host, const balancer::InUse& in_use, balancer::TimePoint now) const {
    if (std::find(tried.begin(), tried.end(), host) != tried.end()) return false;
    // Who has tried the best takes what is left, as its picker would.
    return tried.empty() ? in_use.Takes(cluster->hosts, host, now) : cluster->hosts.Open(host);
  }

  Waiter* owner;
  net::Loop& loop;
  const std::shared_ptr<const Cluster> cluster;
  const absl::InlinedVector<HostIndex, 4> tried;
  bool queued = false;
  Queue::iterator place;
};

void Dispatch::Waiter::Leave() {
  if (ticket_ == nullptr) return;
  const std::shared_ptr<Ticket> ticket = std::move(ticket_);
  ticket->owner = nullptr;
  Dispatch& dispatch = ticket->cluster->state->dispatch;
  const MutexLock lock(dispatch.mutex_);
  if (!ticket->queued) return;  // its grant is on the way, and finds nobody
  ticket->queued = false;
  dispatch.Remove(ticket->place);
}

std::optional<Placed> Dispatch::TryAt(const Cluster& cluster, HostIndex host,
                                      balancer::TimePoint now) {
  Server& server = *cluster.servers[host];
  const uint32_t limit = balancer::LimitNow(*server.health, cluster.spec.picker.slow_start, now);
  auto active = balancer::ActiveRequest::TryBegin(*server.health, limit, now);
  if (!active) return std::nullopt;
  return Placed{.host = host, .permit = Permit(*std::move(active), server)};
}

std::optional<Placed> Dispatch::Take(const Request& request) {
  for (int grasp = 0; grasp < kGrasps; ++grasp) {
    const std::optional<HostIndex> host = request.picker.Pick(request.in, request.rng);
    if (!host) return std::nullopt;
    if (auto placed = TryAt(*request.cluster, *host, request.in.now)) return placed;
  }
  return std::nullopt;
}

std::optional<Placed> Dispatch::TryPlace(const Request& request) {
  if (waiting() > 0) return std::nullopt;
  return Take(request);
}

Dispatch::Result Dispatch::Place(const Request& request, Placed& placed, Waiter& waiter,
                                 net::Loop& loop, Rank rank) {
  if (auto now = TryPlace(request)) {
    placed = *std::move(now);
    return Result::kPlaced;
  }
  const Cluster& cluster = *request.cluster;
  if (!cluster.hosts.AnyLeft(request.in.tried)) return Result::kNobody;
  std::vector<Grant> grants;
  Result result = Result::kWaits;
  {
    const MutexLock lock(mutex_);
    waiting_.fetch_add(1);
    // What is free now no earlier waiter was offered, or none of them can use: they are asked.
    std::optional<Placed> free = Take(request);
    while (free && Hand(*free, request.in.now, grants)) free = Take(request);
    if (free) {
      placed = *std::move(free);
      result = Result::kPlaced;
    } else if (queue_.size() >= RoomFor(rank, cluster)) {
      result = Result::kQueueFull;
    } else {
      auto ticket = std::make_shared<Ticket>(waiter, loop, request);
      Insert(ticket, rank);
      ticket->queued = true;
      waiter.ticket_ = std::move(ticket);
    }
    if (result != Result::kWaits) waiting_.fetch_sub(1);
  }
  Deliver(std::move(grants));
  return result;
}

void Dispatch::Insert(const std::shared_ptr<Ticket>& ticket, Rank rank) {
  const auto before = rank == Rank::kNext    ? queue_.begin()
                      : rank == Rank::kUsual ? last_
                                             : queue_.end();
  ticket->place = queue_.insert(before, ticket);
  if (rank == Rank::kLast && last_ == queue_.end()) last_ = ticket->place;
}

void Dispatch::Remove(Queue::iterator place) {
  if (place == last_) ++last_;
  queue_.erase(place);
  waiting_.fetch_sub(1);
}

// Nearly always the first of all. Tickets of one cluster stand together, so what the cluster says
// of the server is asked for once.
Dispatch::Queue::iterator Dispatch::FirstFor(const Server& server, balancer::TimePoint now) {
  const Cluster* cluster = nullptr;
  std::optional<HostIndex> host;
  balancer::InUse in_use;
  for (auto it = queue_.begin(); it != queue_.end(); ++it) {
    const Ticket& ticket = **it;
    if (ticket.cluster.get() != cluster) {
      cluster = ticket.cluster.get();
      host = cluster->IndexOf(server);
      in_use = balancer::InUse::Of(cluster->hosts, cluster->spec.picker.panic_percent, now);
    }
    if (host && ticket.Takes(*host, in_use, now)) return it;
  }
  return queue_.end();
}

// To the first who can use it; false when nobody can.
bool Dispatch::Hand(Placed& placed, balancer::TimePoint now, std::vector<Grant>& grants) {
  const auto first = FirstFor(placed.permit.server(), now);
  if (first == queue_.end()) return false;
  std::shared_ptr<Ticket> ticket = std::move(*first);
  Remove(first);
  ticket->queued = false;
  placed.host = *ticket->cluster->IndexOf(placed.permit.server());
  grants.push_back({.ticket = std::move(ticket), .placed = std::move(placed)});
  return true;
}

// Who takes the place says how many the server may have: clusters may differ in it.
void Dispatch::Serve(Server& server, balancer::TimePoint now, std::vector<Grant>& grants) {
  for (;;) {
    const auto first = FirstFor(server, now);
    if (first == queue_.end()) return;
    const Cluster& cluster = *(*first)->cluster;
    std::optional<Placed> placed = TryAt(cluster, *cluster.IndexOf(server), now);
    if (!placed) return;
    // Never false: nobody else is under the lock. A permit dropped here would wait for it forever.
    if (!Hand(*placed, now, grants))
      grants.push_back({.ticket = nullptr, .placed = *std::move(placed)});
  }
}

void Dispatch::Freed(Server& server) {
  std::vector<Grant> grants;
  {
    const MutexLock lock(mutex_);
    Serve(server, Now(), grants);
  }
  Deliver(std::move(grants));
}

void Dispatch::Offer() {
  if (waiting() == 0) return;
  std::vector<Grant> grants;
  {
    const MutexLock lock(mutex_);
    const balancer::TimePoint now = Now();
    std::vector<std::shared_ptr<const Cluster>> clusters;
    for (const std::shared_ptr<Ticket>& ticket : queue_) {
      if (std::find(clusters.begin(), clusters.end(), ticket->cluster) == clusters.end()) {
        clusters.push_back(ticket->cluster);
      }
    }
    for (const auto& cluster : clusters) {
      for (const std::shared_ptr<Server>& server : cluster->servers) Serve(*server, now, grants);
    }
  }
  Deliver(std::move(grants));
}

// Outside the mutex: a loop that is gone destroys its mail, and a permit with it.
void Dispatch::Deliver(std::vector<Grant> grants) {
  for (Grant& grant : grants) {
    if (grant.ticket == nullptr) continue;
    net::Loop& loop = grant.ticket->loop;
    loop.Post([grant = std::move(grant)]() mutable {
      Waiter* const waiter = grant.ticket->owner;
      if (waiter == nullptr) return;
      waiter->ticket_.reset();
      waiter->OnPlaced(std::move(grant.placed));
    });
  }
}

}  // namespace sluice::upstream
