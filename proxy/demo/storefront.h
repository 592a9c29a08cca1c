// Storefront: a pretend shop of several web servers in one process, the origin for the demo, the
// tests and the benchmarks. Each server has its own listener, a finite number of workers with a
// bounded queue before them (503 beyond), service times drawn from a distribution, and switches to
// be slow, to fail and to crash. Behind all of them stands one pretend database whose time grows
// with load. A worker is held from the request's head until its answer has left, as in a prefork
// server, so slow clients hold workers unless somebody before the shop takes that from it.
//
// Pages: / /product/<id> /search?q= /cart /checkout /static/<name>.svg /api/stock/<id> /healthz
// /events?n=&ms= /bytes/<n>[?chunked=1] /upload /echo, and /_demo/... (control.h). Every answer
// names its server in X-Server.
//
// Threads: everything on the loop's thread unless said otherwise. No thread is ever blocked;
// service times are timers. Speaks HTTP/1.1 (RFC 9112).
#ifndef SLUICE_PROXY_DEMO_STOREFRONT_H_
#define SLUICE_PROXY_DEMO_STOREFRONT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/base/address.h"
#include "proxy/base/time.h"
#include "proxy/demo/database.h"
#include "proxy/demo/switches.h"
#include "proxy/net/loop.h"

namespace sluice::demo {

struct PageCost {
  Duration web_time{};   // median, in a worker
  uint32_t queries = 0;  // to the database, after it
};

struct StorefrontOptions {
  uint32_t servers = 3;  // at most 64
  // One for each server, in order; those that are missing get a free port on 127.0.0.1.
  std::vector<Address> listen;

  uint32_t workers = 8;  // per server: requests being worked on at once
  uint32_t queue = 64;   // per server: requests waiting for a worker; beyond: 503
  // One for each server, in order, instead of `workers`; those that are missing have `workers`.
  std::vector<uint32_t> workers_of;

  // What each page of the shop that asks the database costs; none: what the table in pages.cc says.
  std::optional<PageCost> page_cost;

  // A server at which so many wait crashes (0: none does), and is back after that time.
  uint32_t crash_at = 0;
  Duration crash_for = std::chrono::seconds(8);

  // A request whose client was cut off keeps its place in the queue and then its worker, as in
  // servers that look at the connection only when they write. Otherwise it leaves the queue.
  bool works_for_departed = false;

  // Factor on all service times, the database's included. 0: no pretence, as fast as it goes.
  double time_scale = 1.0;
  uint64_t seed = 1;  // the same seed draws the same service times and failures

  // A connection on which nothing happens for so long is closed. Above the 55 s for which a proxy
  // keeps one, so that the proxy is the side that closes.
  Duration idle_timeout = std::chrono::seconds(65);

  DatabaseOptions database;
};

// What has happened at one server since it was made.
struct ServerCounts {
  uint64_t requests = 0;     // heads received
  uint64_t answered = 0;     // answers begun, whatever their status
  uint64_t refused = 0;      // 503 because the queue was full
  uint64_t failed = 0;       // 500 because of the switch
  uint64_t made = 0;         // pages, for whomever
  uint64_t departed = 0;     // of these, for clients that were seen to have gone
  uint64_t crashes = 0;      // because too many waited
  uint64_t connections = 0;  // open now
  uint64_t accepted = 0;     // ever
  uint64_t working = 0;      // workers busy now
  uint64_t most_working = 0;
  uint64_t waiting = 0;  // requests queued now
  bool down = false;     // crashed, by whatever cause
};

struct Site;

class Storefront {
 public:
  // Listens before it returns. REQUIRES: the loop outlives the storefront; it may run already (then
  // call this on its thread) or later.
  static absl::StatusOr<std::unique_ptr<Storefront>> Open(net::Loop& loop,
                                                          const StorefrontOptions& options);
  // On the loop's thread, or after Run() has returned. Not from inside one of its own callbacks.
  ~Storefront();
  Storefront(const Storefront&) = delete;
  Storefront& operator=(const Storefront&) = delete;

  // The four below: any thread.
  const std::vector<Address>& addresses() const { return addresses_; }
  Switches& switches(size_t server);  // REQUIRES: server < addresses().size()
  Database& database();               // SetSlow() only
  ServerCounts counts(size_t server) const;

 private:
  explicit Storefront(std::unique_ptr<Site> site);

  std::unique_ptr<Site> site_;
  std::vector<Address> addresses_;
};

// A storefront with a loop and a thread of its own: from Start() to destruction.
class StorefrontThread {
 public:
  static absl::StatusOr<std::unique_ptr<StorefrontThread>> Start(const StorefrontOptions& options);
  ~StorefrontThread();  // connections are cut
  StorefrontThread(const StorefrontThread&) = delete;
  StorefrontThread& operator=(const StorefrontThread&) = delete;

  Storefront& storefront() { return *storefront_; }

 private:
  StorefrontThread() = default;

  net::Loop loop_;
  std::unique_ptr<Storefront> storefront_;
  std::thread thread_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_STOREFRONT_H_
