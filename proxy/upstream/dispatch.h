// Dispatch: gives each request of a pool a server and one of its places in one step, or a place in
// the pool's queue (ratelimit/admission_queue.h). One object per pool, shared by all workers.
//
// The fast path is a pick and one compare-and-swap on the server's number of requests. The slow
// path, taken only when the servers to be used are full or somebody waits already, is one mutex:
// the number of those who wait is raised, and the servers are looked at again, before a request is
// put to sleep; whoever gives a place back lowers the server's number first and then looks whether
// anybody waits. So no wake-up is lost, limits of servers are exact over all workers, and a place
// that falls free goes to the first who can use it, whichever worker serves it.
//
// PoolState::limit is for all servers together. It is looked at before a server's place is taken,
// so that workers who look at the same moment may go beyond it, by one each but one. Where it binds
// a place that falls free is not that server's but the pool's, and is given where there is most
// room.
//
// A place that is handed on travels in the mailbox of the waiter's worker; if nobody is there any
// more when it arrives it goes to the next. So does the word to one who has waited in vain.
//
// Threads: any. The owner of a Waiter is on one worker, and so are its calls.
// Bounds: pool.queue and pool.queue_bytes; a request that waits costs at most 512 bytes here.
#ifndef SLUICE_PROXY_UPSTREAM_DISPATCH_H_
#define SLUICE_PROXY_UPSTREAM_DISPATCH_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "balancer/picker.h"
#include "proxy/base/mutex.h"
#include "proxy/base/time.h"
#include "proxy/net/loop.h"
#include "proxy/upstream/permit.h"
#include "ratelimit/admission_queue.h"

namespace sluice::upstream {

struct Cluster;

struct Placed {
  balancer::HostIndex host = 0;  // in the cluster of the request
  Permit permit;
};

class Dispatch {
 private:
  struct Ticket;

 public:
  using Refusal = ratelimit::AdmissionQueue::Refusal;
  // Why it gets no place, and in about how long those who wait will have theirs.
  struct Refused {
    Refusal why = Refusal::kFull;
    Duration drain{};
  };

  // What waits for a place. Destroying it leaves the queue.
  class Waiter {
   public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    virtual ~Waiter() { Leave(); }
    bool waits() const { return ticket_ != nullptr; }
    void Leave();

   private:
    friend class Dispatch;
    // From the loop, one of the two; it waits no more.
    virtual void OnPlaced(Placed placed) = 0;
    virtual void OnRefused(const Refused& refused) = 0;
    std::shared_ptr<Ticket> ticket_;
  };

  struct Request {
    const std::shared_ptr<const Cluster>& cluster;
    balancer::Picker& picker;
    const balancer::PickInput& in;
    absl::BitGenRef rng;
  };

  // As what it waits, if it has to; as AdmissionQueue::Entry.
  struct Rank {
    ratelimit::Priority priority = ratelimit::Priority::kNormal;
    uint64_t client = 0;
    bool again = false;
    bool holder = false;
    uint64_t bytes = 0;
    TimePoint deadline = TimePoint::max();  // kept within a tick
  };

  enum class Result : uint8_t {
    kPlaced,
    kWaits,
    kRefused,
    kNobody,  // no server is left that could ever serve it
  };
  struct Answer {
    Result result = Result::kNobody;
    Placed placed = {};    // kPlaced
    size_t ahead = 0;      // kWaits: of it, as things are
    Refused refused = {};  // kRefused
  };

  // A place now, or nothing: when the servers are full, or others wait for them.
  std::optional<Placed> TryPlace(const Request& request);
  // At this server, if it has room; whoever waits was told to wait for any.
  static std::optional<Placed> TryAt(const Cluster& cluster, balancer::HostIndex host,
                                     balancer::TimePoint now);
  // For who got nothing from TryPlace(). kWaits: `waiter` hears of it on `loop`.
  Answer Place(const Request& request, const Rank& as, Waiter& waiter, net::Loop& loop);

  // A place at `server` may have fallen free, and `turn` have ended with it.
  void Freed(Server& server, const std::optional<ratelimit::Served>& turn);
  // The same of any server: limits, rests and duties change without anybody telling; and who has
  // waited too long is told, unless that is while limits are being found. Every tick.
  void Offer(bool finding = false);

  // In about how long all who wait now will have their places.
  Duration DrainTime();
  uint32_t waiting() const { return waiting_.load(); }
  // Of each class, at this moment.
  struct Census {
    std::array<size_t, ratelimit::AdmissionQueue::kPriorities> waiting{};
    std::array<bool, ratelimit::AdmissionQueue::kPriorities> stands{};
    uint64_t bytes = 0;
  };
  Census Count();

 private:
  // For the owner of a ticket, on its loop.
  struct Letter {
    std::shared_ptr<Ticket> ticket;
    Placed placed;  // unless:
    std::optional<Refused> refused;
  };
  using Mail = std::vector<Letter>;
  // The clusters of those who wait: one, but for a while after a reload.
  struct Crowd {
    std::shared_ptr<const Cluster> cluster;
    size_t waiting = 0;
  };

  std::optional<Placed> Take(const Request& request);
  void Join(const std::shared_ptr<Ticket>& ticket, Waiter& waiter, Answer& answer, Mail& mail)
      SLUICE_REQUIRES(mutex_);
  void Forget(const Ticket& ticket) SLUICE_REQUIRES(mutex_);
  Ticket* FirstFor(const Server& server, balancer::TimePoint now) SLUICE_REQUIRES(mutex_);
  void Hand(Ticket& ticket, Placed placed, balancer::TimePoint now, Mail& mail)
      SLUICE_REQUIRES(mutex_);
  void Refuse(Ticket& ticket, Refusal why, balancer::TimePoint now, Mail& mail)
      SLUICE_REQUIRES(mutex_);
  bool Serve(Server& server, balancer::TimePoint now, Mail& mail) SLUICE_REQUIRES(mutex_);
  void ServeAnywhere(balancer::TimePoint now, Mail& mail) SLUICE_REQUIRES(mutex_);
  bool ServeOne(const Cluster& cluster, balancer::TimePoint now, Mail& mail)
      SLUICE_REQUIRES(mutex_);
  void Expire(balancer::TimePoint now, Mail& mail) SLUICE_REQUIRES(mutex_);
  static void Deliver(Mail mail);

  std::atomic<uint32_t> waiting_{0};  // those in the queue, and those about to be
  Mutex mutex_;
  ratelimit::AdmissionQueue queue_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Crowd> crowds_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_DISPATCH_H_
