// Ledger: what one server of a load_farm has seen since it began. Pure; times are arguments.
#ifndef SLUICE_BENCH_LOAD_FARM_LEDGER_H_
#define SLUICE_BENCH_LOAD_FARM_LEDGER_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proxy/base/time.h"

namespace sluice::load {

class Ledger {
 public:
  explicit Ledger(TimePoint begin) : begin_(begin) {}

  // A request that asks for work. What asks for none (a health check) is not counted.
  void Take(TimePoint now) {
    ++taken_;
    peak_ = std::max(peak_, ++held_);
    const auto bucket = static_cast<size_t>(std::max<int64_t>((now - begin_) / kBucket, 0));
    if (bucket >= kMostBuckets) return;
    if (bucket >= timeline_.size()) timeline_.resize(bucket + 1);
    ++timeline_[bucket];
  }
  // It is done, after so much work and `held` after it came, `late` after it should have been;
  // `heard`: somebody still waited for it.
  void Finish(Duration work, Duration held, Duration late, bool heard) {
    --held_;
    worked_ += work;
    held_for_ += held;
    ++(heard ? answered_ : departed_);
    if (late > kLate) ++late_;
  }

  uint32_t held() const { return held_; }

  // peak: of the requests it held at once, those of the departed too; late: answers that left more
  // than 1 ms after they were due, by the farm's own fault; held_s: from coming to being done, so
  // that beside worked_s it tells how long they stood in the server's own queue; per_100ms:
  // requests by their arrival.
  std::string Json() const {
    return absl::StrFormat(
        R"({"taken":%d,"answered":%d,"departed":%d,"held":%d,"peak":%d,"late":%d,"worked_s":%.3f,)"
        R"("held_s":%.3f,"per_100ms":[%s]})",
        taken_, answered_, departed_, held_, peak_, late_,
        std::chrono::duration<double>(worked_).count(),
        std::chrono::duration<double>(held_for_).count(), absl::StrJoin(timeline_, ","));
  }

 private:
  static constexpr Duration kBucket = std::chrono::milliseconds(100);
  static constexpr Duration kLate = std::chrono::milliseconds(1);
  static constexpr size_t kMostBuckets = 6000;  // ten minutes

  TimePoint begin_;
  uint64_t taken_ = 0;
  uint64_t answered_ = 0;
  uint64_t departed_ = 0;
  uint64_t late_ = 0;
  Duration worked_{0};
  Duration held_for_{0};
  uint32_t held_ = 0;
  uint32_t peak_ = 0;
  std::vector<uint32_t> timeline_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_FARM_LEDGER_H_
