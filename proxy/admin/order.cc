#include "proxy/admin/order.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "proxy/admin/json.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kKeys[] = {"pool", "server", "do", "weight", "backup", "reason"};

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::Status ReadDeed(const Json& value, server::Deed& deed) {
  std::string name;
  if (absl::Status status = ReadText(value, "do", name); !status.ok()) return status;
  const std::optional<server::Deed> known = server::ParseDeed(name);
  if (!known) {
    return Wrong(
        absl::StrFormat("do: there is no '%s'%s", name, conf::MayBe(name, server::kDeeds)));
  }
  deed = *known;
  return absl::OkStatus();
}

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
  if (key == "do") return ReadDeed(value, order.deed);
  if (key == "weight") return ReadWeight(value, order.weight);
  if (key == "backup") {
    if (!value.is_boolean()) return Wrong("backup must be true or false");
    order.backup = value.get<bool>();
    return absl::OkStatus();
  }
  return Wrong(absl::StrFormat("unknown key '%s'%s", key, conf::MayBe(key, kKeys)));
}

}  // namespace

absl::StatusOr<server::Order> ParseOrder(std::string_view json) {
  const absl::StatusOr<Json> parsed = ParseObject(json, "{\"pool\": …, \"server\": …, \"do\": …}");
  if (!parsed.ok()) return parsed.status();
  server::Order order;
  for (const auto& [key, value] : parsed->items()) {
    if (absl::Status status = ReadKey(key, value, order); !status.ok()) return status;
  }
  for (const std::string_view key : {"pool", "server", "do"}) {
    if (!parsed->contains(std::string(key))) return Wrong(absl::StrFormat("%s is missing", key));
  }
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
