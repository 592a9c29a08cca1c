#include "proxy/server/order_line.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "conf/percent.h"

namespace sluice::server {
namespace {

bool IsPlain(char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '%'; }

}  // namespace

void OrderLine::Add(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  absl::StrAppendFormat(&text_, " %s=", name);
  for (const char c : value) {
    if (IsPlain(c)) {
      text_ += c;
    } else {
      absl::StrAppendFormat(&text_, "%%%02X", static_cast<unsigned char>(c));
    }
  }
}

std::optional<OrderFields> OrderFields::Parse(std::string_view line) {
  OrderFields fields;
  fields.word_ = CutNext(line, ' ');
  while (!line.empty()) {
    std::string_view value = CutNext(line, ' ');
    const std::string_view name = CutNext(value, '=');
    std::optional<std::string> plain = conf::DecodePercent(value);
    if (!plain || plain->empty()) return std::nullopt;
    fields.values_[std::string(name)] = *std::move(plain);
  }
  return fields;
}

std::string_view OrderFields::Get(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace sluice::server
