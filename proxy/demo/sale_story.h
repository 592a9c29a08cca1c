// SaleStory: a sale in plain words, a line a second and one at each event. Every number in it was
// counted: by the shoppers, by the shop's servers, or by sluice, whose own come out of its
// /metrics. What is not there is not told.
//
// Pure: seconds in, text out.
#ifndef SLUICE_PROXY_DEMO_SALE_STORY_H_
#define SLUICE_PROXY_DEMO_SALE_STORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/demo/demo_config.h"
#include "proxy/demo/sale.h"
#include "proxy/demo/sale_mode.h"

namespace sluice::demo {

// What sluice says of itself.
struct ProxyNumbers {
  uint64_t waiting = 0;          // in its line
  std::vector<uint64_t> limits;  // requests at once at each server, in its order; empty: not told
  uint64_t limit = 0;            // in the whole pool; 0: none
};

// Out of Prometheus text.
ProxyNumbers ReadMetrics(std::string_view metrics);

class SaleStory {
 public:
  SaleStory(SaleMode mode, SaleGuard guard, const SaleOptions& options);

  std::string Opening() const;
  // One or more lines about the second that has passed.
  std::string Tell(const SaleSecond& second, const std::optional<ProxyNumbers>& proxy);
  // Of the switch, as it is turned.
  std::string Panic(bool on);
  std::string Summary(const SaleFigures& figures) const;

 private:
  std::string WhoComes() const;
  std::string NewPhase(const SaleSecond& second) const;
  bool gathers() const { return options_.gather > Duration::zero(); }

  const SaleMode mode_;
  const SaleGuard guard_;
  const SaleOptions options_;
  SalePhase phase_ = SalePhase::kCalm;
  uint64_t down_ = 0;
  // While the panic is on.
  bool panics_ = false;
  double panic_s_ = 0;
  SaleSecond panic_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SALE_STORY_H_
