#include "proxy/demo/sale_mode.h"

#include <algorithm>
#include <iterator>

namespace sluice::demo {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kNames[] = {"web", "database", "ceiling", "crash"};
constexpr uint32_t kServers = 4;
constexpr uint32_t kWorkers = 8;
// Deeper than any sale here fills: what a real server's listen queue turns away as a connection
// that hangs would be told here by a 503, which such servers do not send.
constexpr uint32_t kQueue = 20'000;

}  // namespace

std::vector<std::string> SaleModeNames() { return {std::begin(kNames), std::end(kNames)}; }

std::optional<SaleMode> ParseSaleMode(std::string_view name) {
  const auto* const at = std::ranges::find(kNames, name);
  if (at == std::end(kNames)) return std::nullopt;
  return static_cast<SaleMode>(at - std::begin(kNames));
}

std::string_view NameOf(SaleMode mode) { return kNames[static_cast<size_t>(mode)]; }

std::string_view Describe(SaleMode mode) {
  switch (mode) {
    case SaleMode::kWeb:
      return "four servers of eight workers; a page takes a worker 80 ms";
    case SaleMode::kDatabase:
      return "four servers of eight workers, and one database for all: three queries at once, and "
             "slower the more are in flight";
    case SaleMode::kCeiling:
      return "four servers; three have eight workers, the fourth was set up with one";
    case SaleMode::kCrash:
      return "four servers of eight workers; one that has 400 requests waiting crashes";
  }
  return "";
}

StorefrontOptions ShopFor(SaleMode mode, uint64_t seed) {
  StorefrontOptions shop;
  shop.servers = kServers;
  shop.workers = kWorkers;
  shop.queue = kQueue;
  shop.seed = seed;
  shop.works_for_departed = true;
  // 32 workers, a mean of 91 ms (the median is 80): 353 pages a second.
  shop.page_cost = PageCost{.web_time = 80ms, .queries = 0};
  switch (mode) {
    case SaleMode::kWeb:
      break;
    case SaleMode::kDatabase:
      shop.page_cost = PageCost{.web_time = 8ms, .queries = 1};
      // Three parallel queries: 400 a second while just three are in flight, 370 with four, 130
      // with 32; each one beyond the knee costs 7 % of a query.
      shop.database = {.query_time = 7'500us, .knee = 3, .contention = 3 * 0.07, .parallel = 3};
      break;
    case SaleMode::kCeiling:
      shop.workers_of = {kWorkers, kWorkers, kWorkers, 1};
      break;
    case SaleMode::kCrash:
      shop.crash_at = 400;
      shop.crash_for = 8s;
      break;
  }
  return shop;
}

}  // namespace sluice::demo
