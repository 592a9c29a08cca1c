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
using ratelimit::AdmissionQueue;

namespace {

// A server that fills up between the look at it and the grasp has let somebody else in; after so
// many times the request joins the queue, which looks once more.
constexpr int kGrasps = 8;

// What the queue keeps of an entry beside itself: its client with the slot in the table, and its
// deadline in a tree whose nodes are half full at the least.
constexpr size_t kBesideTicket = 200;
constexpr size_t kMostOfTicket = 512;

// Those who give places back carry no clock.
balancer::TimePoint Now() { return std::chrono::steady_clock::now(); }

// The requests at each server are read in the order of all that is done to them and to `waiting_`:
// who finds the pool full and waits is seen by whoever makes it less full afterwards.
bool PoolFull(const Cluster& cluster) {
  const uint32_t limit = cluster.state->limit.load(std::memory_order_relaxed);
  if (limit == 0) return false;
  uint64_t active = 0;
  for (HostIndex host = 0; host < cluster.hosts.size(); ++host) {
    active += cluster.hosts.stats(host).active.load();
  }
  return active >= limit;
}

uint32_t LimitAt(const Cluster& cluster, HostIndex host, balancer::TimePoint now) {
  return balancer::LimitNow(cluster.hosts.stats(host), cluster.spec.picker.slow_start, now);
}

// A place at this server, whatever the pool has.
std::optional<Placed> Grasp(const Cluster& cluster, HostIndex host, balancer::TimePoint now) {
  Server& server = *cluster.servers[host];
  auto active = balancer::ActiveRequest::TryBegin(*server.health, LimitAt(cluster, host, now), now);
  if (!active) return std::nullopt;
  return Placed{.host = host, .permit = Permit(*std::move(active), server)};
}

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
  if (dispatch.waiting() > 0) dispatch.Freed(*server_, turn_);
}

// `owner` and `loop` are for the thread of the loop alone; the rest is under the mutex.
struct Dispatch::Ticket final : AdmissionQueue::Entry, std::enable_shared_from_this<Ticket> {
  Ticket(Waiter& waiter, net::Loop& on, const Request& request, const Rank& as)
      : owner(&waiter),
        loop(on),
        cluster(request.cluster),
        tried(request.in.tried.begin(), request.in.tried.end()) {
    priority = as.priority;
    client = as.client;
    again = as.again;
    holder = as.holder;
    bytes = as.bytes;
    deadline = as.deadline;
  }

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
};

void Dispatch::Waiter::Leave() {
  if (ticket_ == nullptr) return;
  const std::shared_ptr<Ticket> ticket = std::move(ticket_);
  ticket->owner = nullptr;
  Dispatch& dispatch = ticket->cluster->state->dispatch;
  const MutexLock lock(dispatch.mutex_);
  if (!ticket->waits) return;  // a letter is on the way, and finds nobody
  dispatch.queue_.Leave(*ticket, Now());
  dispatch.Forget(*ticket);
}

std::optional<Placed> Dispatch::TryAt(const Cluster& cluster, HostIndex host,
                                      balancer::TimePoint now) {
  if (PoolFull(cluster)) return std::nullopt;
  return Grasp(cluster, host, now);
}

std::optional<Placed> Dispatch::Take(const Request& request) {
  if (PoolFull(*request.cluster)) return std::nullopt;
  for (int grasp = 0; grasp < kGrasps; ++grasp) {
    const std::optional<HostIndex> host = request.picker.Pick(request.in, request.rng);
    if (!host) return std::nullopt;
    if (auto placed = Grasp(*request.cluster, *host, request.in.now)) return placed;
  }
  return std::nullopt;
}

std::optional<Placed> Dispatch::TryPlace(const Request& request) {
  if (waiting() > 0) return std::nullopt;
  return Take(request);
}

Dispatch::Answer Dispatch::Place(const Request& request, const Rank& as, Waiter& waiter,
                                 net::Loop& loop) {
  if (!request.cluster->hosts.AnyLeft(request.in.tried)) return {.result = Result::kNobody};
  Answer answer;
  Mail mail;
  {
    const MutexLock lock(mutex_);
    waiting_.fetch_add(1);
    Expire(request.in.now, mail);
    // What is free now no earlier waiter was offered, or none of them can use: they are asked.
    std::optional<Placed> free = Take(request);
    while (free) {
      Ticket* const first = FirstFor(free->permit.server(), request.in.now);
      if (first == nullptr) break;
      Hand(*first, *std::move(free), request.in.now, mail);
      free = Take(request);
    }
    if (free) {
      answer = {.result = Result::kPlaced, .placed = *std::move(free)};
    } else {
      Join(std::make_shared<Ticket>(waiter, loop, request, as), waiter, answer, mail);
    }
    if (answer.result != Result::kWaits) waiting_.fetch_sub(1);
  }
  Deliver(std::move(mail));
  return answer;
}

void Dispatch::Join(const std::shared_ptr<Ticket>& ticket, Waiter& waiter, Answer& answer,
                    Mail& mail) {
  static_assert(sizeof(Ticket) + kBesideTicket <= kMostOfTicket);
  const conf::Pool& spec = ticket->cluster->spec;
  const balancer::TimePoint now = Now();
  const bool joined =
      queue_.Join(*ticket, {.entries = spec.queue, .bytes = spec.queue_bytes}, now,
                  [&](AdmissionQueue::Entry& out) SLUICE_NO_THREAD_SAFETY {
                    Refuse(static_cast<Ticket&>(out), Refusal::kPushedOut, now, mail);
                  });
  if (!joined) {
    answer.result = Result::kRefused;
    answer.refused.why = ticket->deadline <= now ? Refusal::kDeadline : Refusal::kFull;
    answer.refused.drain = queue_.DrainTime(now);
    return;
  }
  const auto of_cluster = [&](const Crowd& crowd) { return crowd.cluster == ticket->cluster; };
  const auto crowd = std::find_if(crowds_.begin(), crowds_.end(), of_cluster);
  if (crowd != crowds_.end()) {
    ++crowd->waiting;
  } else {
    crowds_.push_back({ticket->cluster, 1});
  }
  waiter.ticket_ = ticket;
  answer.result = Result::kWaits;
  answer.ahead = queue_.Ahead(*ticket, now);
}

// It is out of the queue already.
void Dispatch::Forget(const Ticket& ticket) {
  waiting_.fetch_sub(1);
  const auto of_cluster = [&](const Crowd& crowd) { return crowd.cluster == ticket.cluster; };
  const auto crowd = std::find_if(crowds_.begin(), crowds_.end(), of_cluster);
  if (--crowd->waiting == 0) crowds_.erase(crowd);
}

// Tickets of one cluster mostly stand together, so what the cluster says of the server is asked for
// once.
Dispatch::Ticket* Dispatch::FirstFor(const Server& server, balancer::TimePoint now) {
  const Cluster* cluster = nullptr;
  std::optional<HostIndex> host;
  balancer::InUse in_use;
  const auto takes = [&](const AdmissionQueue::Entry& entry) {
    const auto& ticket = static_cast<const Ticket&>(entry);
    if (ticket.cluster.get() != cluster) {
      cluster = ticket.cluster.get();
      host = cluster->IndexOf(server);
      in_use = balancer::InUse::Of(cluster->hosts, cluster->spec.picker.panic_percent, now);
    }
    return host && ticket.Takes(*host, in_use, now);
  };
  return static_cast<Ticket*>(queue_.Next(now, takes));
}

void Dispatch::Hand(Ticket& ticket, Placed placed, balancer::TimePoint now, Mail& mail) {
  placed.permit.ForTurn(queue_.Serve(ticket, now));
  Forget(ticket);
  placed.host = *ticket.cluster->IndexOf(placed.permit.server());
  mail.push_back({ticket.shared_from_this(), std::move(placed), std::nullopt});
}

// It is out of the queue already.
void Dispatch::Refuse(Ticket& ticket, Refusal why, balancer::TimePoint now, Mail& mail) {
  Forget(ticket);
  mail.push_back(
      {ticket.shared_from_this(), Placed(), Refused{.why = why, .drain = queue_.DrainTime(now)}});
}

// Whether anybody got a place there. Who takes the place says how many the server may have:
// clusters may differ in it.
bool Dispatch::Serve(Server& server, balancer::TimePoint now, Mail& mail) {
  bool served = false;
  while (Ticket* const first = FirstFor(server, now)) {
    std::optional<Placed> placed = TryAt(*first->cluster, *first->cluster->IndexOf(server), now);
    if (!placed) break;
    Hand(*first, *std::move(placed), now, mail);
    served = true;
  }
  return served;
}

void Dispatch::ServeAnywhere(balancer::TimePoint now, Mail& mail) {
  const std::vector<Crowd> crowds = crowds_;  // the last of one may be served meanwhile
  for (const Crowd& crowd : crowds) {
    while (ServeOne(*crowd.cluster, now, mail)) {
    }
  }
}

// Where there is most room, for what the server can carry. False when there is none, or nobody
// takes it.
bool Dispatch::ServeOne(const Cluster& cluster, balancer::TimePoint now, Mail& mail) {
  if (queue_.size() == 0 || PoolFull(cluster)) return false;
  struct Room {
    double load;
    HostIndex host;
  };
  absl::InlinedVector<Room, 16> rooms;
  for (HostIndex host = 0; host < cluster.hosts.size(); ++host) {
    const uint32_t limit = LimitAt(cluster, host, now);
    const uint32_t active = cluster.hosts.active(host);
    if (!cluster.hosts.Open(host) || (limit != 0 && active >= limit)) continue;
    rooms.push_back({(active + 0.5) / (limit != 0 ? limit : cluster.hosts.weight(host)), host});
  }
  std::sort(rooms.begin(), rooms.end(),
            [](const Room& a, const Room& b) { return a.load < b.load; });
  for (const Room& room : rooms) {
    const Server& server = *cluster.servers[room.host];
    Ticket* const first = FirstFor(server, now);
    if (first == nullptr) continue;
    std::optional<Placed> placed = TryAt(*first->cluster, *first->cluster->IndexOf(server), now);
    if (!placed) continue;
    Hand(*first, *std::move(placed), now, mail);
    return true;
  }
  return false;
}

void Dispatch::Expire(balancer::TimePoint now, Mail& mail) {
  queue_.Expire(now, [&](AdmissionQueue::Entry& entry, Refusal why) SLUICE_NO_THREAD_SAFETY {
    Refuse(static_cast<Ticket&>(entry), why, now, mail);
  });
}

void Dispatch::Freed(Server& server, const std::optional<ratelimit::Served>& turn) {
  Mail mail;
  {
    const MutexLock lock(mutex_);
    const balancer::TimePoint now = Now();
    if (turn) queue_.Done(*turn, now);
    Expire(now, mail);
    const bool of_pool = server.state->limit.load(std::memory_order_relaxed) != 0;
    // A server whose limit has shrunk takes nobody; another may have grown since the last tick.
    if (of_pool || !Serve(server, now, mail)) ServeAnywhere(now, mail);
  }
  Deliver(std::move(mail));
}

void Dispatch::Offer(bool finding) {
  if (waiting() == 0) return;
  Mail mail;
  {
    const MutexLock lock(mutex_);
    const balancer::TimePoint now = Now();
    if (finding) queue_.NoteCalm(now);
    Expire(now, mail);
    ServeAnywhere(now, mail);
  }
  Deliver(std::move(mail));
}

Duration Dispatch::DrainTime() {
  const MutexLock lock(mutex_);
  return queue_.DrainTime(Now());
}

Dispatch::Census Dispatch::Count() {
  Census census;
  if (waiting() == 0) return census;
  const MutexLock lock(mutex_);
  const balancer::TimePoint now = Now();
  for (size_t i = 0; i < census.waiting.size(); ++i) {
    const auto priority = static_cast<ratelimit::Priority>(i);
    census.waiting[i] = queue_.size(priority);
    census.stands[i] = queue_.Stands(priority, now);
  }
  census.bytes = queue_.bytes();
  return census;
}

// Outside the mutex: a loop that is gone destroys its mail, and a permit with it.
void Dispatch::Deliver(Mail mail) {
  for (Letter& letter : mail) {
    net::Loop& loop = letter.ticket->loop;
    loop.Post([letter = std::move(letter)]() mutable {
      Waiter* const waiter = letter.ticket->owner;
      if (waiter == nullptr) return;
      waiter->ticket_.reset();
      if (letter.refused) {
        waiter->OnRefused(*letter.refused);
      } else {
        waiter->OnPlaced(std::move(letter.placed));
      }
    });
  }
}

}  // namespace sluice::upstream
