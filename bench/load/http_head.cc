#include "bench/load/http_head.h"

#include "proxy/base/text.h"

namespace sluice::load {

int StatusOf(std::string_view head) {
  if (!head.starts_with("HTTP/1.") || head.size() < 13 || head[8] != ' ') return 0;
  const auto status = ParseDecimal(head.substr(9, 3));
  return status.has_value() && (head[12] == ' ' || head[12] == '\r') ? static_cast<int>(*status)
                                                                     : 0;
}

std::string_view FieldOf(std::string_view head, std::string_view name) {
  CutNext(head, '\n');
  while (!head.empty()) {
    std::string_view line = CutNext(head, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (EqualsIgnoreCase(line.substr(0, colon), name)) return TrimSpace(line.substr(colon + 1));
  }
  return {};
}

}  // namespace sluice::load
