#include "proxy/admin/exposition.h"

#include <chrono>

#include "absl/strings/str_format.h"

namespace sluice::admin {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void AppendLabel(std::string_view name, std::string_view value, bool first, std::string& out) {
  if (!first) out += ',';
  out += name;
  out += "=\"";
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

void Exposition::Family(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name;
  absl::StrAppendFormat(&text_, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void Exposition::Name(std::string_view suffix, const Labels& labels, std::string_view le) {
  text_ += family_;
  text_ += suffix;
  if (labels.size() > 0 || !le.empty()) {
    text_ += '{';
    bool first = true;
    for (const auto& [name, value] : labels) {
      AppendLabel(name, value, first, text_);
      first = false;
    }
    if (!le.empty()) AppendLabel("le", le, first, text_);
    text_ += '}';
  }
  text_ += ' ';
}

void Exposition::Sample(const Labels& labels, double value) {
  Name("", labels, "");
  absl::StrAppendFormat(&text_, "%.15g\n", value);
}

void Exposition::Sample(const Labels& labels, uint64_t value) {
  Name("", labels, "");
  absl::StrAppendFormat(&text_, "%d\n", value);
}

void Exposition::Samples(const Labels& labels, const observe::HistogramSnapshot& histogram) {
  for (const Duration bound : observe::kLatencyBounds) {
    Name("_bucket", labels, absl::StrFormat("%.9g", Seconds(bound)));
    absl::StrAppendFormat(&text_, "%d\n", histogram.CountUpTo(bound));
  }
  Name("_bucket", labels, "+Inf");
  absl::StrAppendFormat(&text_, "%d\n", histogram.count());
  Name("_sum", labels, "");
  absl::StrAppendFormat(&text_, "%.9g\n", Seconds(histogram.sum()));
  Name("_count", labels, "");
  absl::StrAppendFormat(&text_, "%d\n", histogram.count());
}

}  // namespace sluice::admin
