#include "proxy/demo/database.h"

namespace sluice::demo {

Duration Database::TimeFor(uint32_t queries) const {
  double factor = 1;
  if (visits_ > options_.knee && options_.knee > 0) {
    factor += options_.contention * (visits_ - options_.knee) / options_.knee;
  }
  const auto one = Duration(
      static_cast<Duration::rep>(static_cast<double>(options_.query_time.count()) * factor));
  return (one + slow()) * queries;
}

bool Database::Take(size_t product, int64_t count) {
  if (stock_[product] < count) return false;
  stock_[product] -= count;
  return true;
}

}  // namespace sluice::demo
