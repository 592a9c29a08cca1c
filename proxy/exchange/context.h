// Context: what the exchanges of one worker share.
//
// Threads: one worker's.
#ifndef SLUICE_PROXY_EXCHANGE_CONTEXT_H_
#define SLUICE_PROXY_EXCHANGE_CONTEXT_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/random/random.h"
#include "proxy/base/time.h"
#include "proxy/exchange/forward_head.h"
#include "proxy/exchange/runtime_view.h"
#include "proxy/net/loop.h"
#include "proxy/observe/record.h"
#include "proxy/upstream/lease.h"

namespace sluice::exchange {

// Where a finished exchange is reported.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void Record(const observe::ExchangeRecord& record, const RuntimeView& view) = 0;
};

class Context {
 public:
  Context(net::Loop& loop, upstream::Connector& pool, uint32_t shard, Recorder& recorder)
      : loop_(loop), pool_(pool), shard_(shard), recorder_(recorder) {}

  net::Loop& loop() { return loop_; }
  upstream::Connector& pool() { return pool_; }
  uint32_t shard() const { return shard_; }
  Recorder& recorder() { return recorder_; }
  absl::InsecureBitGen& random() { return random_; }

  const std::shared_ptr<WorkerView>& view() const { return view_; }
  void SetView(std::shared_ptr<WorkerView> view) { view_ = std::move(view); }

  // The calendar time of a moment, from one reading of the system clock a second.
  WallTime Wall(TimePoint at);
  // The Date field of this second; overwritten by the next one, so encode it in the same turn.
  std::string_view Date();

 private:
  void ReadClocks(TimePoint now);

  net::Loop& loop_;
  upstream::Connector& pool_;
  const uint32_t shard_;
  Recorder& recorder_;
  absl::InsecureBitGen random_;
  std::shared_ptr<WorkerView> view_;
  TimePoint clocks_read_{};
  WallTime wall_at_read_{};
  std::array<char, kHttpDateSize> date_{};
};

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_CONTEXT_H_
