#include "proxy/admin/order.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/admin/json.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kKeys[] = {"pool", "server", "do", "weight", "backup", "reason"};

absl::Status ReadWeight(const Json& value, std::optional<uint32_t>& weight) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > std::numeric_limits<uint32_t>::max()) {
    return Wrong("weight must be a whole number");
  }
  weight = value.get<uint32_t>();
  return absl::OkStatus();
}

absl::Status ReadKey(const std::string& key, const Json& value, server::Order& order) {
  if (key == "pool") return ReadText(value, key, order.pool);
  if (key == "server") return ReadText(value, key, order.server);
  if (key == "reason") return ReadText(value, key, order.reason);
  if (key == "do") {
    size_t which = 0;
    absl::Status status = ReadChoice(value, key, server::kDeeds, which);
    order.deed = static_cast<server::Deed>(which);
    return status;
  }
  if (key == "weight") return ReadWeight(value, order.weight);
  if (key == "backup") {
    if (!value.is_boolean()) return Wrong("backup must be true or false");
    order.backup = value.get<bool>();
    return absl::OkStatus();
  }
  return UnknownKey(key, kKeys);
}

}  // namespace

absl::StatusOr<server::Order> ParseOrder(std::string_view json) {
  const absl::StatusOr<Json> parsed = ParseObject(json, "{\"pool\": …, \"server\": …, \"do\": …}");
  if (!parsed.ok()) return parsed.status();
  server::Order order;
  for (const auto& [key, value] : parsed->items()) {
    if (absl::Status status = ReadKey(key, value, order); !status.ok()) return status;
  }
  if (absl::Status status = HasAll(*parsed, {"pool", "server", "do"}); !status.ok()) return status;
  return order;
}

std::string FormatOrder(const server::Order& order) {
  Json json = {{"pool", order.pool},
               {"server", order.server},
               {"do", std::string(server::DeedName(order.deed))}};
  if (order.weight) json["weight"] = *order.weight;
  if (order.backup) json["backup"] = true;
  if (!order.reason.empty()) json["reason"] = order.reason;
  return ToLine(json);
}

}  // namespace sluice::admin
