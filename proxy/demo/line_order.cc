#include "proxy/demo/line_order.h"

#include <algorithm>

namespace sluice::demo {

LineOrder MeasureLine(std::vector<Outcome> outcomes) {
  std::erase_if(outcomes, [](const Outcome& outcome) {
    return outcome.bot || outcome.first_page == TimePoint();
  });
  std::ranges::sort(outcomes, [](const Outcome& a, const Outcome& b) { return a.came > b.came; });
  LineOrder line;
  TimePoint first_of_later = TimePoint::max();
  for (const Outcome& outcome : outcomes) {
    if (outcome.lined_up) {
      ++line.shoppers;
      line.longest = std::max(line.longest, outcome.first_page - outcome.came);
      if (outcome.first_page > first_of_later) {
        const Duration by = outcome.first_page - first_of_later;
        line.most_overtaken = std::max(line.most_overtaken, by);
        line.overtaken += by > outcome.longest_told ? 1 : 0;
      }
    }
    first_of_later = std::min(first_of_later, outcome.first_page);
  }
  return line;
}

}  // namespace sluice::demo
