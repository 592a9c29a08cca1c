#include "proxy/server/names.h"

#include <algorithm>
#include <utility>

#include "proxy/base/log.h"

namespace sluice::server {
namespace {

// After a look-up that failed.
constexpr Duration kAskAgain = std::chrono::seconds(2);

}  // namespace

Names::Names(net::Loop& loop, const conf::ResolverConfig& config,
             absl::AnyInvocable<void()> changed)
    : loop_(loop),
      config_(config),
      changed_(std::move(changed)),
      resolver_(loop, {.servers = config.servers,
                       .timeout = config.timeout,
                       .tries = static_cast<int>(config.tries)}) {}

void Names::Watch(const std::vector<std::string>& names) {
  for (auto& [name, entry] : entries_) entry->watched = false;
  for (const std::string& name : names) {
    std::unique_ptr<Entry>& entry = entries_[name];
    if (entry == nullptr) entry = std::make_unique<Entry>(*this, name);
    entry->watched = true;
    if (!entry->asked && !entry->armed()) Ask(*entry);
  }
  absl::erase_if(entries_, [](const auto& item) { return !item.second->watched; });
}

void Names::Ask(Entry& entry) {
  entry.asked = true;
  resolver_.Resolve(entry.name, [this, name = entry.name](absl::StatusOr<net::Resolved> answer) {
    OnAnswer(name, std::move(answer));
  });
}

void Names::OnAnswer(const std::string& name, absl::StatusOr<net::Resolved> answer) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;  // no longer watched
  Entry& entry = *found->second;
  entry.asked = false;
  entry.settled = true;
  if (!answer.ok() || answer->addresses.empty()) {
    static log::Site site;
    log::Warn(site, "resolver: %s: %s; %s", name,
              answer.ok() ? "no address" : std::string(answer.status().message()),
              entry.addresses.empty() ? "it has no server yet" : "its last addresses stay in use");
    loop_.Arm(entry, kAskAgain);
    return;
  }
  // Whole seconds: deadlines are kept by length, and lengths should be few.
  const auto ttl = std::chrono::ceil<std::chrono::seconds>(
      std::clamp<Duration>(answer->ttl, config_.min_ttl, config_.max_ttl));
  loop_.Arm(entry, ttl);
  if (entry.addresses == answer->addresses) return;
  entry.addresses = std::move(answer->addresses);
  log::Info(log::kUnlimited, "resolver: %s has %d addresses", name, entry.addresses.size());
  changed_();
}

std::vector<Ip> Names::AddressesOf(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::vector<Ip>() : found->second->addresses;
}

bool Names::settled() const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [](const auto& item) { return item.second->settled; });
}

}  // namespace sluice::server
