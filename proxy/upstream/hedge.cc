#include "proxy/upstream/hedge.h"

#include <algorithm>

namespace sluice::upstream {
namespace {

// Fewer answers do not tell a percentile.
constexpr uint64_t kLeastAnswers = 100;
constexpr Duration kWindow = std::chrono::seconds(10);

}  // namespace

void HedgeDelay::Update(const conf::Hedge& spec, const observe::HistogramSnapshot& answers,
                        TimePoint now) {
  if (spec.percentile == 0) return after_ns_.store(0, std::memory_order_relaxed);
  if (answers.count() < counted_.count()) counted_ = {};
  const observe::HistogramSnapshot recent = answers.Since(counted_);
  if (recent.count() < kLeastAnswers) return;
  const Duration usual = recent.Quantile(spec.percentile / 100.0);
  after_ns_.store(std::max(usual, spec.least).count(), std::memory_order_relaxed);
  if (now - counted_at_ < kWindow) return;
  counted_ = answers;
  counted_at_ = now;
}

}  // namespace sluice::upstream
