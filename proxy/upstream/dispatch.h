// Dispatch: gives each request of a pool a server and one of its places in one step, or a place in
// the pool's queue. One object per pool, shared by all workers.
//
// The fast path is a pick and one compare-and-swap on the server's number of requests. The slow
// path, taken only when the servers to be used are full or somebody waits already, is one mutex:
// the number of those who wait is raised, and the servers are looked at again, before a request is
// put to sleep; whoever gives a place back lowers the server's number first and then looks whether
// anybody waits. So no wake-up is lost, limits are exact over all workers, and a place that falls
// free goes to the first who can use it, whichever worker serves it.
//
// A place that is handed on travels in the mailbox of the waiter's worker; if nobody is there any
// more when it arrives it goes to the next.
//
// Threads: any. The owner of a Waiter is on one worker, and so are its calls.
// Bounds: pool.queue waiting requests; how long each waits is its owner's to say.
#ifndef SLUICE_PROXY_UPSTREAM_DISPATCH_H_
#define SLUICE_PROXY_UPSTREAM_DISPATCH_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "balancer/picker.h"
#include "proxy/base/mutex.h"
#include "proxy/net/loop.h"
#include "proxy/upstream/permit.h"

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
    // From the loop; it waits no more.
    virtual void OnPlaced(Placed placed) = 0;
    std::shared_ptr<Ticket> ticket_;
  };

  struct Request {
    const std::shared_ptr<const Cluster>& cluster;
    balancer::Picker& picker;
    const balancer::PickInput& in;
    absl::BitGenRef rng;
  };

  // Where in the queue it waits.
  enum class Rank : uint8_t {
    kNext,  // it had its turn before: in front of all
    kUsual,
    kLast,  // behind all others, whenever they come, and in half of the queue at most
  };

  enum class Result : uint8_t {
    kPlaced,
    kWaits,
    kQueueFull,
    kNobody,  // no server is left that could ever serve it
  };

  // A place now, or nothing: when the servers are full, or others wait for them.
  std::optional<Placed> TryPlace(const Request& request);
  // At this server, if it has room; whoever waits was told to wait for any.
  static std::optional<Placed> TryAt(const Cluster& cluster, balancer::HostIndex host,
                                     balancer::TimePoint now);
  // kPlaced: `placed` has it. kWaits: `waiter` hears of it on `loop`.
  Result Place(const Request& request, Placed& placed, Waiter& waiter, net::Loop& loop, Rank rank);

  // A place at `server` may have fallen free.
  void Freed(Server& server);
  // The same of any server: limits, rests and duties change without anybody telling. Every tick.
  void Offer();

  uint32_t waiting() const { return waiting_.load(); }

 private:
  using Queue = std::list<std::shared_ptr<Ticket>>;
  struct Grant {
    std::shared_ptr<Ticket> ticket;  // null: nobody could use it
    Placed placed;
  };

  std::optional<Placed> Take(const Request& request);
  void Insert(const std::shared_ptr<Ticket>& ticket, Rank rank) SLUICE_REQUIRES(mutex_);
  void Remove(Queue::iterator place) SLUICE_REQUIRES(mutex_);
  Queue::iterator FirstFor(const Server& server, balancer::TimePoint now) SLUICE_REQUIRES(mutex_);
  bool Hand(Placed& placed, balancer::TimePoint now, std::vector<Grant>& grants)
      SLUICE_REQUIRES(mutex_);
  void Serve(Server& server, balancer::TimePoint now, std::vector<Grant>& grants)
      SLUICE_REQUIRES(mutex_);
  static void Deliver(std::vector<Grant> grants);

  std::atomic<uint32_t> waiting_{0};  // those in the queue, and those about to be
  Mutex mutex_;
  // In order of rank and arrival; those of the last rank begin at `last_`.
  Queue queue_ SLUICE_GUARDED_BY(mutex_);
  Queue::iterator last_ SLUICE_GUARDED_BY(mutex_) = queue_.end();
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_DISPATCH_H_
