#include "proxy/admin/bans.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "conf/units.h"
#include "proxy/admin/exposition.h"
#include "proxy/admin/json.h"

namespace sluice::admin {
namespace {

constexpr size_t kMostShown = 1000;

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

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
      return Wrong(absl::StrFormat("unknown key '%s'%s", key, conf::MayBe(key, kKeys)));
    }
    std::string text;
    if (absl::Status status = ReadText(value, key, text); !status.ok()) return status;
    if (key == "limit") order.limit = text;
    if (key == "key") order.key = text;
    if (key == "reason") order.reason = text;
    if (key == "do") {
      const auto* const known =
          std::find(std::begin(server::kBanDeeds), std::end(server::kBanDeeds), text);
      if (known == std::end(server::kBanDeeds)) {
        return Wrong(
            absl::StrFormat("do: there is no '%s'%s", text, conf::MayBe(text, server::kBanDeeds)));
      }
      order.deed = static_cast<server::BanOrder::Deed>(known - std::begin(server::kBanDeeds));
    }
    if (key == "for") {
      const absl::StatusOr<std::chrono::nanoseconds> lasts = conf::ParseDuration(text);
      if (!lasts.ok() || *lasts < ratelimit::kShortestBan || *lasts > ratelimit::kLongestBan) {
        return Wrong(absl::StrFormat("for: '%s' is no time from 1s to 30d", text));
      }
      order.lasts = *lasts;
    }
  }
  for (const std::string_view key : {"do", "limit", "key"}) {
    if (!parsed->contains(std::string(key))) return Wrong(absl::StrFormat("%s is missing", key));
  }
  const bool bans = order.deed == server::BanOrder::Deed::kBan;
  if (bans != parsed->contains("for")) {
    return Wrong(bans ? "for is missing: how long the ban lasts" : "for is for do = \"ban\"");
  }
  return order;
}

}  // namespace sluice::admin
