// What a sale comes to, as one line of JSON for bench/flashsale. Pure.
#ifndef SLUICE_BENCH_LOAD_SALE_REPORT_H_
#define SLUICE_BENCH_LOAD_SALE_REPORT_H_

#include <span>
#include <string>

#include "proxy/demo/sale.h"

namespace sluice::load {

// Totals, and `seconds`: a list of lists, each in the order of `columns`.
std::string SaleJson(const demo::SaleFigures& figures, const demo::CrowdCounts& counts,
                     std::span<const demo::SaleSecond> seconds);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SALE_REPORT_H_
