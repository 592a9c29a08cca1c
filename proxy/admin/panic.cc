#include "proxy/admin/panic.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/strings/str_format.h"
#include "conf/units.h"
#include "proxy/admin/exposition.h"
#include "proxy/admin/json.h"

namespace sluice::admin {
namespace {

absl::Status ReadKept(const Json& value, server::PanicOrder& order) {
  if (!value.is_array()) return Wrong("keep is a list of classes, such as [\"critical\"]");
  for (const Json& name : value) {
    size_t which = 0;
    absl::Status status = ReadChoice(name, "keep", ratelimit::kPriorityNames, which);
    if (!status.ok()) return status;
    order.keeps[which] = true;
  }
  return absl::OkStatus();
}

absl::Status ReadKey(const std::string& key, const Json& value, server::PanicOrder& order) {
  constexpr std::string_view kKeys[] = {"do", "keep", "for", "reason"};
  if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) {
    return UnknownKey(key, kKeys);
  }
  if (key == "keep") return ReadKept(value, order);
  if (key == "do") {
    size_t which = 0;
    absl::Status status = ReadChoice(value, key, server::kPanicDeeds, which);
    order.on = which == 0;
    return status;
  }
  std::string text;
  if (absl::Status status = ReadText(value, key, text); !status.ok()) return status;
  if (key == "reason") {
    order.reason = text;
    return absl::OkStatus();
  }
  const absl::StatusOr<std::chrono::nanoseconds> lasts = conf::ParseDuration(text);
  if (!lasts.ok() || *lasts < std::chrono::seconds(1) || *lasts > server::kLongestChange) {
    return Wrong(
        absl::StrFormat("for: '%s' is no time such as \"10min\", of a second to a year", text));
  }
  order.lasts = *lasts;
  return absl::OkStatus();
}

}  // namespace

std::string PanicText(const server::Supervisor& supervisor) {
  const std::optional<server::PanicState>& panic = supervisor.panic();
  Json json = {{"panic", panic.has_value()}};
  if (panic) {
    Json keeps = Json::array();
    for (size_t i = 0; i < ratelimit::kPriorityNames.size(); ++i) {
      if (panic->order.keeps[i]) keeps.push_back(ratelimit::kPriorityNames[i]);
    }
    json["keep"] = std::move(keeps);
    json["who"] = panic->author.who;
    json["reason"] = panic->order.reason;
    if (panic->until != TimePoint::max()) {
      json["ends_in_s"] = Seconds(panic->until - std::chrono::steady_clock::now());
    }
  }
  return ToText(json);
}

std::string PanicMetrics(const server::Supervisor& supervisor) {
  Exposition out;
  out.Family("sluice_panic", "gauge", "1 while only the classes that a panic keeps are served.");
  out.Sample({}, uint64_t{supervisor.panic() ? 1u : 0u});
  return out.Take();
}

absl::StatusOr<server::PanicOrder> ParsePanicOrder(std::string_view json) {
  const absl::StatusOr<Json> parsed =
      ParseObject(json, "{\"do\": \"on\", \"keep\": [\"critical\"], \"for\": \"10min\"}");
  if (!parsed.ok()) return parsed.status();
  server::PanicOrder order;
  for (const auto& [key, value] : parsed->items()) {
    if (absl::Status status = ReadKey(key, value, order); !status.ok()) return status;
  }
  if (absl::Status status = HasAll(*parsed, {"do"}); !status.ok()) return status;
  if (order.on != parsed->contains("keep")) {
    return Wrong(order.on ? "keep is missing: the classes that go on, [] for none"
                          : "keep is for do = \"on\"");
  }
  if (!order.on && order.lasts > Duration::zero()) return Wrong("for is for do = \"on\"");
  return order;
}

}  // namespace sluice::admin
