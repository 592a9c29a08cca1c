// Supervisor: the main thread. Owns the listening sockets, the workers and the live state; turns a
// Config into the view that workers serve by; and brings the process through its life: start,
// reload, drain, exit. It serves no requests but those of the admin listener.
//
// Threads: Run() is the main thread; Shutdown(), Reload() and ReopenLogs() from any (they post);
// everything else on the main thread.
#ifndef SLUICE_PROXY_SERVER_SUPERVISOR_H_
#define SLUICE_PROXY_SERVER_SUPERVISOR_H_

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "conf/config.h"
#include "proxy/exchange/runtime_view.h"
#include "proxy/net/loop.h"
#include "proxy/net/signals.h"
#include "proxy/net/timer.h"
#include "proxy/observe/stats.h"
#include "proxy/observe/writer.h"
#include "proxy/server/access_files.h"
#include "proxy/server/discovery.h"
#include "proxy/server/fleet.h"
#include "proxy/server/gate.h"
#include "proxy/server/hooks.h"
#include "proxy/server/limit_overlay.h"
#include "proxy/server/listener_set.h"
#include "proxy/server/orders.h"
#include "proxy/server/overlay.h"
#include "proxy/server/panic.h"
#include "proxy/server/preflight.h"
#include "proxy/server/process.h"
#include "proxy/server/registry.h"
#include "proxy/server/rooms.h"
#include "proxy/server/servers_file.h"
#include "proxy/server/spare_memory.h"
#include "proxy/server/state_dir.h"
#include "proxy/server/worker.h"
#include "proxy/upstream/prober.h"

namespace sluice::server {

class Supervisor {
 public:
  enum class State : uint8_t {
    kStarting,  // names are being resolved, workers have no view yet
    kServing,
    kLeaving,   // /readyz fails; listeners are still open for shutdown_delay
    kDraining,  // listeners are closed; what runs finishes
    kStopped,
  };

  // Reads the configuration again: the new one, or all that is wrong with it, already in words.
  using ReadConfig =
      absl::AnyInvocable<absl::StatusOr<std::shared_ptr<const conf::Config>>() const>;

  // `read` serves SIGHUP; null where there is no file.
  Supervisor(std::shared_ptr<const conf::Config> config, ReadConfig read);
  ~Supervisor();

  // Takes signals from now on: SIGTERM and SIGINT drain, SIGHUP reloads, SIGUSR1 reopens logs.
  void TakeSignals();
  // What answers on the admin listener; outlives the supervisor's Run().
  void ServeAdmin(Service& service) { admin_service_ = &service; }

  // Binds, drops privileges, starts workers. After an error nothing is left behind.
  absl::Status Start();
  // Until shutdown is complete.
  void Run();

  void Shutdown();
  void Reload();
  void ReopenLogs();

  // Does what is ordered of a server, and logs it or why not. The error is for who ordered it.
  // Main thread, like what follows.
  absl::Status Obey(const Order& order, const Author& author);
  const Overlay& overlay() const { return overlay_; }
  const AccessFiles& access() const { return access_; }
  // The same of a limit.
  absl::Status Obey(const LimitOrder& order, const Author& author);
  const LimitOverlay& limit_overlay() const { return limit_overlay_; }
  // The same of a waiting room.
  absl::Status Obey(const RoomOrder& order, const Author& author);
  const Rooms& rooms() const { return rooms_; }
  const Hooks& hooks() const { return hooks_; }
  // The same of one key.
  absl::Status Obey(const BanOrder& order, const Author& author);
  const admission::Bans& bans() const { return *bans_; }
  // The panic switch.
  absl::Status Obey(const PanicOrder& order, const Author& author);
  const std::optional<PanicState>& panic() const { return panic_; }
  // Of a limit that holds: the key that is meant by `text`, as in BanOrder.
  absl::StatusOr<ratelimit::KeyHash> KeyOf(std::string_view limit, std::string_view text) const;
  // Null when there is none.
  const admission::Limit* FindLimit(std::string_view name) const;

  // For the admin API and the tests.
  const conf::Config& config() const { return *config_; }
  State state() const { return state_; }
  bool ready() const { return state_ == State::kServing; }
  // Null before the first view.
  const exchange::RuntimeView* view() const { return view_.get(); }
  const ListenerSet& listeners() const { return listeners_; }
  // REQUIRES: Start() succeeded, Run() has not returned.
  const upstream::Prober& prober() const { return *prober_; }
  const Fleet& fleet() const { return *fleet_; }
  // Null while there was neither a waiting room nor an order to keep.
  const StateDir* state_dir() const { return state_dir_.get(); }
  // Of admin.address; an empty Address when it is off.
  Address admin_address() const;
  uint64_t log_lines_dropped() const { return writer_ == nullptr ? 0 : writer_->dropped(); }
  const observe::Sharded<observe::ProcessStats>& process_stats() const { return process_stats_; }
  size_t workers() const { return workers_.size(); }
  WallTime started() const { return started_; }
  uint64_t reloads() const { return reloads_; }
  uint64_t failed_reloads() const { return failed_reloads_; }
  net::Loop& loop() { return loop_; }

 private:
  absl::Status OpenOutputs(const conf::Config& config);
  StateDir& OpenState();
  void OpenRooms();
  void RestoreOrders();
  Orders OrdersInForce() const;
  void KeepOrders();
  absl::Status OpenAdmin();
  absl::Status OpenAdmin(const conf::Listener& listener);
  void OnSignal(int signal);
  void OnTick();
  absl::Status Apply(std::shared_ptr<const conf::Config> config);
  absl::Status ObeyHere(const Order& order, const Author& author);
  absl::Status ObeyHere(const BanOrder& order, const Author& author);
  absl::Status NoSuchLimit(std::string_view name) const;
  absl::Status ServingNow() const;
  void SetPanic(exchange::RuntimeView& view) const;
  void LookAtOrders();
  void ReportLimits();
  // What the overlay says, to the servers of a view.
  void SetDuties(const exchange::RuntimeView& view);
  void Discover();
  void LookAtFiles();
  void LookAtServersFiles();
  void DropGone(std::string_view because);
  std::unique_ptr<exchange::RuntimeView> BuildView();
  void SetLimits(exchange::RuntimeView& view);
  std::vector<upstream::Member> ServersOf(const conf::Pool& pool);
  // Serves by the configuration as soon as its names are known, or have had their time to be.
  void PublishWhenSettled();
  void Publish();
  void NoteReady();
  void Upkeep();
  void LogConcerns() const;
  void OnNamesInHand();
  void BeginDrain();
  void OnWorkerDrained();
  void Finish();

  std::shared_ptr<const conf::Config> config_;
  ReadConfig read_;
  const size_t worker_count_;
  net::Loop loop_;
  State state_ = State::kStarting;
  std::unique_ptr<observe::Writer> writer_;
  observe::Sharded<observe::ProcessStats> process_stats_;
  Registry registry_;
  std::unique_ptr<StateDir> state_dir_;
  Rooms rooms_{registry_};
  Hooks hooks_{loop_};
  Overlay overlay_;
  LimitOverlay limit_overlay_;
  uint32_t limit_looks_ = 0;
  std::optional<PanicState> panic_;
  SipKey fleet_secret_{};  // of the keys of limits in `view_`
  const std::shared_ptr<admission::Bans> bans_ = std::make_shared<admission::Bans>();
  ServersFiles servers_files_;
  AccessFiles access_;
  std::array<char, 32> secret_{};  // of sticky sessions whose pool has none of its own
  const std::shared_ptr<tls::TicketKeys> tickets_;
  ListenerSet listeners_;
  Transports transports_;       // of `config_`
  uint32_t derived_limit_ = 0;  // connections per listener that states no limit
  std::shared_ptr<const exchange::RuntimeView> view_;
  uint64_t version_ = 0;
  upstream::Peers peers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t drained_workers_ = 0;
  Service* admin_service_ = nullptr;
  std::vector<std::unique_ptr<Gate>> admin_gates_;
  std::unique_ptr<PidFile> pid_file_;
  std::unique_ptr<Discovery> discovery_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<net::SignalWatcher> signals_;
  std::unique_ptr<upstream::Prober> prober_;
  std::unique_ptr<net::Ticker> tick_;
  BoundDeadline<Supervisor, &Supervisor::BeginDrain> leave_{this};
  BoundDeadline<Supervisor, &Supervisor::Finish> deadline_{this};
  BoundDeadline<Supervisor, &Supervisor::OnNamesInHand> first_names_{this};
  BoundDeadline<Supervisor, &Supervisor::Upkeep> upkeep_{this};
  SpareMemory spare_memory_;
  uint32_t ticks_ = 0;
  uint32_t hours_ = 0;
  bool unpublished_ = false;  // a view waits for names
  WallTime started_{};
  uint64_t reloads_ = 0;
  uint64_t failed_reloads_ = 0;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_SUPERVISOR_H_
