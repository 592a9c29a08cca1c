#include "bench/load/sale/report.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/load/quantile.h"

namespace sluice::load {

namespace {

using demo::SaleSecond;

constexpr std::pair<std::string_view, uint64_t SaleSecond::*> kColumns[] = {
    {"came", &SaleSecond::came},
    {"bought", &SaleSecond::bought},
    {"gave_up", &SaleSecond::gave_up},
    {"pages", &SaleSecond::pages},
    {"errors", &SaleSecond::errors},
    {"told", &SaleSecond::told},
    {"made", &SaleSecond::made},
    {"crashes", &SaleSecond::crashes},
    {"inside", &SaleSecond::inside},
    {"asking", &SaleSecond::asking},
    {"waiting", &SaleSecond::waiting},
    {"let_in", &SaleSecond::let_in},
    {"let_in_after_ms", &SaleSecond::let_in_after_ms},
    {"shop_waiting", &SaleSecond::shop_waiting},
    {"shop_working", &SaleSecond::shop_working},
    {"down", &SaleSecond::down},
};

double Milliseconds(Duration time) { return static_cast<double>(time.count()) / 1e6; }

}  // namespace

std::string SaleJson(const demo::SaleFigures& figures, const demo::CrowdCounts& counts,
                     std::span<const SaleSecond> seconds) {
  std::string text = absl::StrFormat(
      R"({"shoppers":%d,"bought":%d,"affected":%d,"gave_up":%d,"saw_error":%d,"waited":%d,)"
      R"("unfinished":%d,"kept_out":%d,"wasted":%d,"crashes":%d,"window_s":%.2f,"purchases":%d,"late_ms":%.1f,)"
      R"("lined_up":%d,"most_line_s":%.1f,"most_overtaken_s":%.1f,"overtaken":%d,)"
      R"("lost_place":%d,"reloads":%d)",
      figures.shoppers, figures.bought, figures.affected, figures.gave_up, figures.saw_error,
      figures.waited, figures.unfinished, figures.kept_out, figures.wasted, figures.crashes,
      figures.window_s, figures.purchases, Milliseconds(figures.most_late), figures.line.shoppers,
      Seconds(figures.line.longest), Seconds(figures.line.most_overtaken), figures.line.overtaken,
      figures.lost_place, counts.reloads);
  for (size_t step = 0; step < demo::kSteps; ++step) {
    absl::StrAppendFormat(&text, R"(,"%s":{"asked":%d,"seen":%d,"rest_p99_ms":%.1f,"p99_ms":%.1f})",
                          demo::kStepNames[step], counts.asked[step], counts.pages[step],
                          Milliseconds(figures.rest_p99[step]),
                          Milliseconds(figures.sale_p99[step]));
  }
  text += R"(,"columns":["at_s")";
  for (const auto& [name, part] : kColumns) absl::StrAppendFormat(&text, R"(,"%s")", name);
  text += R"(],"seconds":[)";
  for (const SaleSecond& second : seconds) {
    absl::StrAppendFormat(&text, "%s[%.1f", &second == seconds.data() ? "" : ",", second.at_s);
    for (const auto& [name, part] : kColumns) absl::StrAppendFormat(&text, ",%d", second.*part);
    text += ']';
  }
  return text + "]}";
}

}  // namespace sluice::load
