// LineOrder: what became of the line before a shop, as its shoppers saw it: how long they stood in
// it, and whether who came first came in first.
//
// Pure. Cost: a sort.
#ifndef SLUICE_PROXY_DEMO_LINE_ORDER_H_
#define SLUICE_PROXY_DEMO_LINE_ORDER_H_

#include <cstdint>
#include <vector>

#include "proxy/base/time.h"
#include "proxy/demo/crowd.h"

namespace sluice::demo {

// Of those that were told to wait before their first page, and saw it.
struct LineOrder {
  uint64_t shoppers = 0;
  Duration longest{};  // from coming to that page
  // Somebody who came later, whether he had to wait or not, saw his first page so long before.
  Duration most_overtaken{};
  // By more than the longest that one answer told them to stay away for. Within it a place may have
  // been called and its owner not there.
  uint64_t overtaken = 0;
};

// Bots count for nothing.
LineOrder MeasureLine(std::vector<Outcome> outcomes);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_LINE_ORDER_H_
