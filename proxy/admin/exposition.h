// Exposition: Prometheus text format 0.0.4, built family by family: one HELP and TYPE, then its
// samples. Pure string building; label values are escaped.
#ifndef SLUICE_PROXY_ADMIN_EXPOSITION_H_
#define SLUICE_PROXY_ADMIN_EXPOSITION_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/observe/histogram.h"

namespace sluice::admin {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Exposition {
 public:
  // Starts a family; `type` is "counter", "gauge" or "histogram".
  void Family(std::string_view name, std::string_view type, std::string_view help);
  // A sample of the family started last.
  void Sample(const Labels& labels, double value);
  void Sample(const Labels& labels, uint64_t value);
  // All buckets, sum and count; in seconds.
  void Samples(const Labels& labels, const observe::HistogramSnapshot& histogram);

  std::string Take() { return std::move(text_); }

 private:
  void Name(std::string_view suffix, const Labels& labels, std::string_view le);

  std::string text_;
  std::string family_;
};

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_EXPOSITION_H_
