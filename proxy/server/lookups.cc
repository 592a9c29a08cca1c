#include "proxy/server/lookups.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "proxy/base/log.h"

namespace sluice::server {

template <typename Record>
Lookups<Record>::Lookups(net::Loop& loop, net::Resolver& resolver,
                         const conf::ResolverConfig& config, absl::AnyInvocable<void()> changed)
    : loop_(loop), resolver_(resolver), config_(config), changed_(std::move(changed)) {}

template <typename Record>
void Lookups<Record>::Watch(const std::vector<std::string>& names) {
  for (auto& [name, entry] : entries_) entry->watched = false;
  for (const std::string& name : names) {
    std::unique_ptr<Entry>& entry = entries_[name];
    if (entry == nullptr) entry = std::make_unique<Entry>(*this, name);
    entry->watched = true;
    if (!entry->asked && !entry->armed()) Ask(*entry);
  }
  absl::erase_if(entries_, [](const auto& item) { return !item.second->watched; });
}

template <typename Record>
void Lookups<Record>::Ask(Entry& entry) {
  entry.asked = true;
  auto done = [this, name = entry.name](absl::StatusOr<net::Answer<Record>> answer) {
    OnAnswer(name, std::move(answer));
  };
  if constexpr (std::is_same_v<Record, net::Service>) {
    resolver_.ResolveService(entry.name, std::move(done));
  } else {
    resolver_.Resolve(entry.name, std::move(done));
  }
}

template <typename Record>
void Lookups<Record>::OnAnswer(const std::string& name,
                               absl::StatusOr<net::Answer<Record>> answer) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;  // no longer watched
  Entry& entry = *found->second;
  entry.asked = false;
  entry.settled = true;
  if (!answer.ok()) return OnFailure(entry, answer.status());
  entry.failing = false;
  // Whole seconds: deadlines are kept by length, and lengths should be few.
  const auto ttl = std::chrono::ceil<std::chrono::seconds>(
      std::clamp<Duration>(answer->ttl, config_.min_ttl, config_.max_ttl));
  loop_.Arm(entry, ttl);
  if (entry.records == answer->records) return;
  entry.records = std::move(answer->records);
  log::Info(log::kUnlimited, "resolver: %s has %d %s", name, entry.records.size(),
            std::is_same_v<Record, net::Service> ? "servers" : "addresses");
  changed_();
}

// Said once: an outage of hours is one outage.
template <typename Record>
void Lookups<Record>::OnFailure(Entry& entry, const absl::Status& why) {
  loop_.Arm(entry, kAskAgain);
  if (std::exchange(entry.failing, true)) return;
  static log::Site site;
  log::Warn(site, "resolver: %s; %s", std::string(why.message()),
            entry.records.empty() ? "it has no server yet" : "its last servers stay in use");
}

template <typename Record>
const std::vector<Record>& Lookups<Record>::RecordsOf(std::string_view name) const {
  static const std::vector<Record> kNone;
  const auto found = entries_.find(name);
  return found == entries_.end() ? kNone : found->second->records;
}

template <typename Record>
bool Lookups<Record>::settled() const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [](const auto& item) { return item.second->settled; });
}

template class Lookups<Ip>;
template class Lookups<net::Service>;

}  // namespace sluice::server
