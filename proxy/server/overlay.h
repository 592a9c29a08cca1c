// Overlay: the run-time layer over the file: what operators have changed about the servers of a
// running sluice. The file stays what it is; the layer is kept through reloads, and restarts
// (orders.h), until it is undone or its server is gone, and each change in it tells who made it,
// when, and why.
//
// A server is meant as it is written in the file ("shop.internal:9000": all its addresses), or by
// one address of it. What is said of all addresses takes the place of what was said of single
// ones; what is said of one afterwards goes before it.
//
// Threads: the supervisor's. Time and authors are arguments; nothing here does I/O.
// Cost: an operation is logarithmic in the changes and linear in the pool's servers; memory some
// 1 KiB a change, of which there are kMostChanges at most.
#ifndef SLUICE_PROXY_SERVER_OVERLAY_H_
#define SLUICE_PROXY_SERVER_OVERLAY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "balancer/host.h"
#include "conf/config.h"
#include "proxy/base/time.h"
#include "proxy/upstream/cluster.h"

namespace sluice::server {

// What can be done to a server. The names are those of the admin API.
enum class Deed : uint8_t {
  kDrain,        // no new requests or sessions
  kMaintenance,  // nothing goes there any more
  kReady,        // the end of both
  kWeight,
  kAdd,
  kRemove,
  kUndo,  // everything said of the server: what the file says holds again
};
inline constexpr std::string_view kDeeds[] = {"drain", "maintenance", "ready", "weight",
                                              "add",   "remove",      "undo"};
constexpr std::string_view DeedName(Deed deed) { return kDeeds[static_cast<size_t>(deed)]; }
std::optional<Deed> ParseDeed(std::string_view name);

// Whether `text` means the server: as written, its address, or another spelling of that.
bool IsNamed(const upstream::Server& server, std::string_view text);

// "ready", "draining", "maintenance".
std::string_view DutyName(balancer::Duty duty);

struct Author {
  std::string who;   // "root (uid 0, process 4711)"
  std::string from;  // "the admin socket"
  WallTime when{};
};

struct Order {
  Deed deed = Deed::kReady;
  std::string pool;
  std::string server;              // as written in the file, or one address of it
  std::optional<uint32_t> weight;  // kWeight: required; kAdd: 1 without
  bool backup = false;             // kAdd only
  std::string reason;              // any text of up to kLongestReason bytes
};

// One thing that is other than the file says.
struct Change {
  enum class Kind : uint8_t { kAdded, kRemoved, kWeight, kDuty };

  Kind kind = Kind::kDuty;
  uint64_t number = 0;  // in the order in which they were made
  std::string pool;
  std::string name;                              // the server, as written
  std::string label = {};                        // the one address of it that is meant; empty: all
  uint32_t weight = 1;                           // kAdded, kWeight
  bool backup = false;                           // kAdded
  balancer::Duty duty = balancer::Duty::kReady;  // kDuty
  std::string reason = {};
  Author author;

  const std::string& server() const { return label.empty() ? name : label; }
  // "weight 3", "draining", "added, weight 2".
  std::string What() const;
};

class Overlay {
 public:
  static constexpr size_t kMostChanges = 10'000;
  static constexpr size_t kLongestReason = 500;

  // Does what is ordered of `pool`, which is Order::pool as the file has it. `servers`: those it
  // has at present, by which single addresses are found. After an error, which is a sentence for
  // who ordered it, nothing has changed.
  absl::Status Apply(const conf::Pool& pool,
                     std::span<const std::shared_ptr<upstream::Server>> servers, const Order& order,
                     const Author& author);

  // The servers of the pool: those of the file, then the added ones in their order.
  std::vector<conf::Server> ServersOf(const conf::Pool& pool) const;
  // Takes out what is removed, and weighs anew what is reweighed.
  void Adjust(std::vector<upstream::Member>& members) const;
  balancer::Duty DutyOf(const upstream::Server& server) const;
  bool Added(const upstream::Server& server) const;

  // Drops what is said of servers that `config` no longer has, and additions that it has now.
  // What is dropped, in sentences for the log.
  std::vector<std::string> DropGone(const conf::Config& config);

  // Those of a start before this one, in their order. REQUIRES: there are none yet.
  void Restore(std::vector<Change> changes);
  // In the order in which they were made.
  std::vector<const Change*> changes() const;
  size_t size() const { return changes_.size(); }

 private:
  struct Target {
    std::string name;
    std::string label;  // empty: all addresses
  };

  std::optional<Target> Find(const conf::Pool& pool,
                             std::span<const std::shared_ptr<upstream::Server>> servers,
                             std::string_view text) const;
  absl::Status NoSuchServer(const conf::Pool& pool,
                            std::span<const std::shared_ptr<upstream::Server>> servers,
                            std::string_view text) const;
  absl::Status Add(const conf::Pool& pool, const Order& order, Change change);
  absl::Status Remove(Change change);
  absl::Status Ready(Change change);
  absl::Status Put(Change change);
  // Of one address of it when `label` is not empty; of any kind when `kind` is nothing.
  size_t Erase(const Change& of, std::optional<Change::Kind> kind);
  const Change* Get(const Change& of, std::string_view label, Change::Kind kind) const;
  const Change* Get(const upstream::Server& server, Change::Kind kind) const;

  // By pool, name, label and kind, in that order: what is said of a server stands together.
  std::map<std::string, Change, std::less<>> changes_;
  uint64_t last_number_ = 0;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_OVERLAY_H_
