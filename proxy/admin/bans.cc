#include "proxy/admin/bans.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/strings/str_format.h"
#include "conf/units.h"
#include "proxy/admin/exposition.h"
#include "proxy/admin/json.h"

namespace sluice::admin {
namespace {

constexpr size_t kMostShown = 1000;

}  // namespace

std::string Bans(const server::Supervisor& supervisor) {
  const TimePoint now = std::chrono::steady_clock::now();
  Json bans = Json::array();
  for (const admission::Ban& ban : supervisor.bans().List(kMostShown, now)) {
    bans.push_back({{"key", admission::LimitKey::Format(ban.key)},
                    {"who", ban.what},
                    {"limit", ban.by},
                    {"why", ban.why},
                    {"ends_in_s", Seconds(ban.until - now)}});
  }
  return ToText({{"bans", std::move(bans)}, {"all", supervisor.bans().size()}});
}

std::string BanMetrics(const server::Supervisor& supervisor) {
  const admission::Bans& bans = supervisor.bans();
  Exposition out;
  out.Family("sluice_bans", "gauge", "Keys that are shut out.");
  out.Sample({}, uint64_t{bans.size()});
  out.Family("sluice_bans_begun_total", "counter", "Bans begun.");
  out.Sample({}, bans.begun());
  out.Family("sluice_bans_lifted_total", "counter", "Bans ended by hand.");
  out.Sample({}, bans.lifted());
  out.Family("sluice_bans_evicted_total", "counter", "Bans ended for want of room.");
  out.Sample({}, bans.evicted());
  return out.Take();
}

absl::StatusOr<server::BanOrder> ParseBanOrder(std::string_view json) {
  const absl::StatusOr<Json> parsed =
      ParseObject(json, "{\"do\": \"lift\", \"limit\": …, \"key\": …}");
  if (!parsed.ok()) return parsed.status();
  constexpr std::string_view kKeys[] = {"do", "limit", "key", "for", "reason"};
  server::BanOrder order;
  for (const auto& [key, value] : parsed->items()) {
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) {
      return UnknownKey(key, kKeys);
    }
    if (key == "do") {
      size_t which = 0;
      absl::Status status = ReadChoice(value, key, server::kBanDeeds, which);
      if (!status.ok()) return status;
      order.deed = static_cast<server::BanOrder::Deed>(which);
      continue;
    }
    std::string text;
    if (absl::Status status = ReadText(value, key, text); !status.ok()) return status;
    if (key == "limit") order.limit = text;
    if (key == "key") order.key = text;
    if (key == "reason") order.reason = text;
    if (key == "for") {
      const absl::StatusOr<std::chrono::nanoseconds> lasts = conf::ParseDuration(text);
      if (!lasts.ok() || *lasts < ratelimit::kShortestBan || *lasts > ratelimit::kLongestBan) {
        return Wrong(absl::StrFormat("for: '%s' is no time from 1s to 30d", text));
      }
      order.lasts = *lasts;
    }
  }
  if (absl::Status status = HasAll(*parsed, {"do", "limit", "key"}); !status.ok()) return status;
  const bool bans = order.deed == server::BanOrder::Deed::kBan;
  if (bans != parsed->contains("for")) {
    return Wrong(bans ? "for is missing: how long the ban lasts" : "for is for do = \"ban\"");
  }
  return order;
}

}  // namespace sluice::admin
