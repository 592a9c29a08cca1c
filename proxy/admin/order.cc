#include "proxy/admin/order.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/nearest.h"

namespace sluice::admin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kKeys[] = {"pool", "server", "do", "weight", "backup", "reason"};

// Longer than any name, address or reason that means something; errors and the log repeat them.
constexpr size_t kLongestText = 1000;

absl::Status Wrong(std::string what) { return absl::InvalidArgumentError(std::move(what)); }

// The library's sentence without its own name and number: "parse error at line 1, column 5: …".
std::string Sentence(std::string_view what) {
  const size_t end = what.find("] ");
  return std::string(end == std::string_view::npos ? what : what.substr(end + 2));
}

absl::Status Read(const Json& value, std::string_view key, std::string& text) {
  if (!value.is_string()) return Wrong(absl::StrFormat("%s must be a text", key));
  text = value.get<std::string>();
  if (text.size() <= kLongestText) return absl::OkStatus();
  return Wrong(absl::StrFormat("%s is too long; it may have %d bytes", key, kLongestText));
}

absl::Status ReadDeed(const Json& value, server::Deed& deed) {
  std::string name;
  if (absl::Status status = Read(value, "do", name); !status.ok()) return status;
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
  if (key == "pool") return Read(value, key, order.pool);
  if (key == "server") return Read(value, key, order.server);
  if (key == "reason") return Read(value, key, order.reason);
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
  Json parsed;
  try {
    parsed = Json::parse(json);
  } catch (const Json::exception& error) {
    return Wrong("not JSON: " + Sentence(error.what()));
  }
  if (!parsed.is_object())
    return Wrong("a change is an object: {\"pool\": …, \"server\": …, \"do\": …}");
  server::Order order;
  for (const auto& [key, value] : parsed.items()) {
    if (absl::Status status = ReadKey(key, value, order); !status.ok()) return status;
  }
  for (const std::string_view key : {"pool", "server", "do"}) {
    if (!parsed.contains(std::string(key))) return Wrong(absl::StrFormat("%s is missing", key));
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
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::admin
