#include "proxy/demo/sale_story.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"

namespace sluice::demo {

namespace {

constexpr std::string_view kWaiting = "sluice_pool_queue";
constexpr std::string_view kServerLimit = "sluice_server_limit";
constexpr std::string_view kPoolLimit = "sluice_pool_limit";

// More pages made than seen in one second, and yet none wasted: those on their way at its end.
constexpr uint64_t kUnderWay = 16;

// The values of a family, in the order of the text: "name{labels} value".
std::vector<uint64_t> Samples(std::string_view metrics, std::string_view name) {
  std::vector<uint64_t> values;
  while (!metrics.empty()) {
    const std::string_view line = CutNext(metrics, '\n');
    if (!line.starts_with(name) || line.size() == name.size()) continue;
    if (line[name.size()] != '{' && line[name.size()] != ' ') continue;
    const std::string value(line.substr(line.rfind(' ') + 1));
    values.push_back(static_cast<uint64_t>(std::strtod(value.c_str(), nullptr)));
  }
  return values;
}

uint64_t Sum(const std::vector<uint64_t>& values) {
  uint64_t sum = 0;
  for (const uint64_t value : values) sum += value;
  return sum;
}

std::string WaitingRoom(const SaleSecond& second) {
  std::string text =
      absl::StrFormat("in the waiting room %5d, let in %3d", second.waiting, second.let_in);
  if (second.let_in > 0) {
    absl::StrAppendFormat(&text, " (after %d s)", second.let_in_after_ms / second.let_in / 1000);
  }
  return text + "; ";
}

// Empty when sluice tells of none.
std::string Limits(const ProxyNumbers& proxy) {
  if (proxy.limits.empty()) return "";
  std::string text = "; limits";
  for (const uint64_t limit : proxy.limits) absl::StrAppendFormat(&text, " %d", limit);
  if (proxy.limit > 0) absl::StrAppendFormat(&text, ", %d in all", proxy.limit);
  return text;
}

std::string_view Describe(SaleGuard guard) {
  switch (guard) {
    case SaleGuard::kNothing:
      return "told to let everything through, as a proxy without limits does";
    case SaleGuard::kLimits:
      return "which was told where the servers are and which pages go first, but no limit";
    case SaleGuard::kRoom:
      return "with a waiting room; it was told where the servers are and which pages go first, "
             "but no\nlimit, and not how many shoppers fit in";
  }
  return "";
}

double SecondsOf(Duration time) { return static_cast<double>(time.count()) / 1e9; }

double Percent(uint64_t part, uint64_t all) {
  return all == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(all);
}

}  // namespace

ProxyNumbers ReadMetrics(std::string_view metrics) {
  ProxyNumbers numbers;
  numbers.waiting = Sum(Samples(metrics, kWaiting));
  numbers.limits = Samples(metrics, kServerLimit);
  numbers.limit = Sum(Samples(metrics, kPoolLimit));
  return numbers;
}

SaleStory::SaleStory(SaleMode mode, SaleGuard guard, const SaleOptions& options)
    : mode_(mode), guard_(guard), options_(options) {}

std::string SaleStory::Opening() const {
  return absl::StrFormat(
      "The shop: %s.\n"
      "Before it: sluice, %s.\n"
      "Who comes: %s.\n"
      "Each wants four pages: home, a product, the cart, the checkout; gives a page up after %.0f "
      "s "
      "and\ntries it %d times again, and waits up to %.0f s when told how long.\n%s\n",
      Describe(mode_), Describe(guard_), WhoComes(), SecondsOf(options_.crowd.page_patience),
      options_.crowd.retries, SecondsOf(options_.crowd.told_patience),
      guard_ != SaleGuard::kNothing
          ? "Limits are what sluice finds that each server takes at once, and all of them.\n"
          : "");
}

std::string SaleStory::WhoComes() const {
  std::string text = absl::StrFormat("%.0f shoppers a second, ", options_.calm_rate);
  if (gathers()) {
    absl::StrAppendFormat(&text, "%.0f who have heard of the sale, %.0f s from now for %.0f s,\n",
                          options_.gather_rate, SecondsOf(options_.calm),
                          SecondsOf(options_.gather));
  }
  absl::StrAppendFormat(&text, "and %.0f while the sale lasts, %.0f s from now for %.0f s",
                        options_.spike_rate, SecondsOf(options_.calm + options_.gather),
                        SecondsOf(options_.spike));
  return text;
}

std::string SaleStory::NewPhase(const SaleSecond& second) const {
  switch (second.phase) {
    case SalePhase::kGather:
      return absl::StrFormat(
          "\n       THE DOOR IS SHUT: the sale begins in %.0f s. Who comes sees a countdown, and\n"
          "       nobody is let in; who was inside already goes on.\n\n",
          SecondsOf(options_.gather));
    case SalePhase::kSpike: {
      std::string text = absl::StrFormat("\n       THE SALE BEGINS: %.0f shoppers a second.\n",
                                         options_.spike_rate);
      if (gathers()) {
        absl::StrAppendFormat(&text,
                              "       Lots are drawn for the places of those who have gathered; "
                              "who comes from now on\n       is behind them.\n");
      }
      return text + "\n";
    }
    case SalePhase::kAfter:
      return absl::StrFormat(
          "\n       No more come for the sale; %d shoppers are still in the shop%s.\n\n",
          second.inside, guard_ == SaleGuard::kRoom ? " or wait for it" : "");
    default:
      return "";
  }
}

std::string SaleStory::Panic(bool on) {
  panics_ = on;
  if (on) {
    panic_ = SaleSecond();
    panic_s_ = 0;
    return "\n       PANIC: an operator keeps the checkout alone: sluice ctl panic on critical.\n"
           "       Who is there pays; every other page waits, and so does the line.\n\n";
  }
  return absl::StrFormat(
      "\n       THE PANIC IS OVER after %.0f s: sluice ctl panic off. Meanwhile %d bought, %d gave "
      "up and\n       %d saw an error. Who was told to wait comes back within 20 s.\n\n",
      panic_s_, panic_.bought, panic_.gave_up, panic_.errors);
}

std::string SaleStory::Tell(const SaleSecond& second, const std::optional<ProxyNumbers>& proxy) {
  std::string text;
  if (second.phase != phase_) {
    phase_ = second.phase;
    text = NewPhase(second);
  }
  if (panics_) {
    panic_s_ += 1;
    panic_.bought += second.bought;
    panic_.gave_up += second.gave_up;
    panic_.errors += second.errors;
  }
  absl::StrAppendFormat(&text, "%4.0f s  came %3d, bought %3d, gave up %3d; inside %5d; ",
                        second.at_s, second.came, second.bought, second.gave_up,
                        second.inside - std::min(second.inside, second.waiting));
  if (guard_ == SaleGuard::kRoom) text += WaitingRoom(second);
  absl::StrAppendFormat(&text, "at the servers %d working, %d waiting", second.shop_working,
                        second.shop_waiting);
  if (proxy) absl::StrAppendFormat(&text, "; in sluice's line %d", proxy->waiting);
  if (proxy) text += Limits(*proxy);
  if (second.errors > 0) absl::StrAppendFormat(&text, "; %d errors", second.errors);
  if (second.told > 0 && guard_ != SaleGuard::kRoom) {
    absl::StrAppendFormat(&text, "; %d told when to come back", second.told);
  }
  if (second.made > second.pages + kUnderWay) {
    absl::StrAppendFormat(&text, "; of %d pages made %d were for nobody", second.made,
                          second.made - second.pages);
  }
  text += '\n';
  if (second.down > down_) {
    absl::StrAppendFormat(&text, "       A SERVER CRASHED: too many waited at it. %d of 4 down.\n",
                          second.down);
  } else if (second.down < down_) {
    absl::StrAppendFormat(&text, "       A server is back; %d of 4 down.\n", second.down);
  }
  down_ = second.down;
  return text;
}

std::string SaleStory::Summary(const SaleFigures& figures) const {
  std::string text = absl::StrFormat(
      "\nOf %d shoppers who came to the sale %d bought (%.1f %%), and %d (%.1f %%) had a bad "
      "time:\n"
      "  %5d gave up\n"
      "  %5d saw an error that did not say when to come back\n"
      "  %5d waited over %.0f s for a page\n",
      figures.shoppers, figures.bought, Percent(figures.bought, figures.shoppers), figures.affected,
      Percent(figures.affected, figures.shoppers), figures.gave_up, figures.saw_error,
      figures.waited, SecondsOf(options_.crowd.slow_page));
  absl::StrAppendFormat(
      &text,
      "Sold: %.1f a second, from %.0f s after it began until the line was empty "
      "(%.0f s).\nThe servers made %d pages for nobody, and crashed %d times.\n",
      figures.window_s > 0 ? static_cast<double>(figures.purchases) / figures.window_s : 0,
      SecondsOf(Sale::kSettle), figures.window_s, figures.wasted, figures.crashes);
  if (figures.line.shoppers > 0) {
    absl::StrAppendFormat(
        &text,
        "%d shoppers waited before the shop, %.0f s at most; nobody was let in more than %.0f s "
        "before\nsomebody who had come earlier.\n",
        figures.line.shoppers, SecondsOf(figures.line.longest),
        std::ceil(SecondsOf(figures.line.most_overtaken)));
  }
  if (figures.gathered.shoppers > 0) {
    absl::StrAppendFormat(&text,
                          "%d had gathered before it began and got their places by lot: the half "
                          "who had come first\nwere in after %.0f s on average, the others after "
                          "%.0f s.\n",
                          figures.gathered.shoppers, SecondsOf(figures.gathered.early),
                          SecondsOf(figures.gathered.late));
  }
  const std::pair<SaleGuard, std::string_view> others[] = {
      {SaleGuard::kRoom,
       "The same shop and shoppers with a waiting room: sluice demo --sale --mode "},
      {SaleGuard::kLimits, "... without one: sluice demo --sale --no-room --mode "},
      {SaleGuard::kNothing,
       "... with a proxy that holds nothing back: sluice demo --sale --unheld --mode "}};
  text += '\n';
  for (const auto& [guard, how] : others) {
    if (guard != guard_) absl::StrAppendFormat(&text, "%s%s\n", how, NameOf(mode_));
  }
  if (!gathers()) {
    absl::StrAppendFormat(&text,
                          "... announced, with lots, and a panic in the middle: sluice demo --sale "
                          "--event --panic --mode %s\n",
                          NameOf(mode_));
  }
  text += "Against nginx and HAProxy: bench/flashsale\n";
  return text;
}

}  // namespace sluice::demo
