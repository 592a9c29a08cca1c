// QuotaSync: tells the store what passed on this machine of the limits of scope "fleet", and brings
// back what it grants: kTick by kTick, for all QuotaGates, in the background. No request waits for
// it. A gate has one exchange with the store at a time; one that is slow only makes the next later.
//
// A beat, once a second: the fleet's secret is made known or read, and instances tell that they are
// there, so that each knows how many share a limit.
//
// Bounds: kMostKeys keys of a gate per tick (the most active first; the others wait for theirs,
// and until then go on with their share), in calls of kKeysPerCall keys, some 16 KiB each.
//
// Threads: the main loop's. Cost: a look at a bit for each of a gate's buckets, and some 2 us a key
// told. Errors: an answer that makes no sense ends the connection (store/client.h); the gates are
// then silent until one makes sense again.
#ifndef SLUICE_PROXY_ADMISSION_QUOTA_SYNC_H_
#define SLUICE_PROXY_ADMISSION_QUOTA_SYNC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admission/fleet_hash.h"
#include "proxy/admission/quota_gate.h"
#include "proxy/base/time.h"
#include "proxy/store/client.h"

namespace sluice::admission {

class QuotaSync {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(50);
  static constexpr Duration kBeat = std::chrono::seconds(1);
  // An instance not heard of for so long is gone.
  static constexpr Duration kGoneAfter = std::chrono::seconds(5);
  static constexpr size_t kKeysPerCall = 256;
  static constexpr size_t kMostKeys = 1024;

  // `secret` is random: the fleet's, should this instance be the first. `instance` tells it from
  // all others.
  QuotaSync(const SipKey& secret, std::string instance);
  ~QuotaSync();  // what the store answers later goes nowhere
  QuotaSync(const QuotaSync&) = delete;
  QuotaSync& operator=(const QuotaSync&) = delete;

  // Exactly these from now on; those that were there go on where they are.
  void Adopt(std::vector<std::shared_ptr<QuotaGate>> gates);
  // By this store from now on, whose script is kQuotaScript; null: none, and every gate is silent.
  // The client outlives its use. Calls under way at another one are lost. `prefix` begins the name
  // of every key there; so many instances there are until the store has told.
  void Use(store::Client* client, std::string prefix, uint32_t instances);
  // Every kTick.
  void Tick(TimePoint now);
  // The client is up, or no longer.
  void OnStoreChanged();

  // Lives as long as this; for any thread.
  const FleetHash& hash() const { return hash_; }
  const std::vector<std::shared_ptr<QuotaGate>>& gates() const { return gates_; }
  uint32_t instances() const { return instances_; }
  bool secret_known() const { return secret_known_; }

 private:
  struct Batch;
  struct Synced;

  void Beat(TimePoint now);
  void OnSecret(const store::Reply* reply);
  void Sync(Synced& synced, TimePoint now);
  bool Say(std::shared_ptr<Batch> batch);
  void OnAnswer(Batch& batch, const store::Reply* reply);
  static bool MakesSense(const Batch& batch, const store::Reply& reply);
  void Silence();

  FleetHash hash_;
  const std::string instance_;
  std::string prefix_;
  bool secret_known_ = false;
  uint32_t instances_ = 1;
  store::Client* client_ = nullptr;
  TimePoint next_beat_{};
  std::vector<std::shared_ptr<QuotaGate>> gates_;
  std::vector<std::unique_ptr<Synced>> synced_;  // beside `gates_`
  size_t first_ = 0;                             // whose turn it is
  // An answer that outlives this finds that here.
  std::shared_ptr<QuotaSync*> self_;
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_QUOTA_SYNC_H_
