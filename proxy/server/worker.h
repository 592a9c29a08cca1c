// Worker: one thread, one loop, and everything a request needs on its way: the gates it comes in
// by, the pool of connections to servers, and this worker's companion of the published view.
//
// Threads: the constructor, Start(), Join() and the destructor on the supervisor's; the commands
// (Adopt, Drain, Cut) from any thread, carried out on the worker's in the order given; the rest is
// private to the worker's thread.
#ifndef SLUICE_PROXY_SERVER_WORKER_H_
#define SLUICE_PROXY_SERVER_WORKER_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/exchange/context.h"
#include "proxy/exchange/runtime_view.h"
#include "proxy/net/loop.h"
#include "proxy/net/timer.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/stats.h"
#include "proxy/observe/writer.h"
#include "proxy/server/gate.h"
#include "proxy/server/listener_set.h"
#include "proxy/server/service.h"
#include "proxy/upstream/pool.h"

namespace sluice::server {

class Worker final : private Service, private exchange::Recorder {
 public:
  // `shard` is the worker's number; the references outlive it.
  Worker(uint32_t shard, observe::Writer& log, observe::Sharded<observe::ProcessStats>& stats,
         upstream::Peers& peers);
  ~Worker() override;

  void Start();
  void Join();

  // Serves by `view` and listens on `bindings` from now on.
  void Adopt(std::shared_ptr<const exchange::RuntimeView> view, std::vector<Binding> bindings);
  // Stops listening, lets what runs finish and ends connections as they fall idle; `done` runs on
  // the worker's thread when none is left.
  void Drain(absl::AnyInvocable<void()> done);
  // Cuts what is left and ends the thread.
  void Cut();

 private:
  // Service
  http::DownstreamEvents* Open(const Opening& opening) override;
  bool draining() const override { return draining_; }
  // exchange::Recorder
  void Record(const observe::ExchangeRecord& record, const exchange::RuntimeView& view) override;

  void AdoptHere(std::shared_ptr<const exchange::RuntimeView> view, std::vector<Binding> bindings);
  void AdoptGates(std::vector<Binding> bindings);
  void OnTick();
  size_t connections() const;

  const uint32_t shard_;
  net::Loop loop_;
  observe::LogFeed log_;
  observe::ProcessStats& stats_;
  upstream::Pool pool_;
  exchange::Context context_;
  std::vector<std::unique_ptr<Gate>> gates_;
  std::unique_ptr<net::Ticker> tick_;
  absl::AnyInvocable<void()> drained_;
  bool draining_ = false;
  std::string line_;  // the access log line being made; keeps its capacity
  std::thread thread_;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_WORKER_H_
