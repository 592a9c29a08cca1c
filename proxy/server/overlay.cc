#include "proxy/server/overlay.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "conf/schema.h"
#include "conf/syntax.h"
#include "conf/validate.h"

namespace sluice::server {
namespace {

using balancer::Duty;
using Kind = Change::Kind;

// More are not listed in an error, only the nearest.
constexpr size_t kListed = 8;

// Newlines are in none of the parts.
std::string NameKey(std::string_view pool, std::string_view name) {
  return absl::StrFormat("%s\n%s\n", pool, name);
}
std::string KeyOf(std::string_view pool, std::string_view name, std::string_view label, Kind kind) {
  return absl::StrFormat("%s%s\n%d", NameKey(pool, name), label, static_cast<int>(kind));
}

absl::Status CheckWeight(uint32_t weight) {
  const std::optional<conf::Bounds> bounds = conf::BoundsOf(*conf::FindKey("pool.servers.weight"));
  if (!bounds || (weight >= bounds->least && weight <= bounds->most)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("weight is %d; it may be %d to %d", weight, bounds->least, bounds->most));
}

bool SameServer(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const std::optional<Address> left = Address::Parse(a);
  return left && left == Address::Parse(b);
}

bool Has(const std::vector<conf::Server>& servers, std::string_view name) {
  return std::any_of(servers.begin(), servers.end(),
                     [&](const conf::Server& server) { return server.address == name; });
}

}  // namespace

std::optional<Deed> ParseDeed(std::string_view name) {
  const auto found = std::find(std::begin(kDeeds), std::end(kDeeds), name);
  if (found == std::end(kDeeds)) return std::nullopt;
  return static_cast<Deed>(found - std::begin(kDeeds));
}

bool IsNamed(const upstream::Server& server, std::string_view text) {
  return server.name == text || SameServer(server.label, text);
}

std::string_view DutyName(Duty duty) {
  switch (duty) {
    case Duty::kReady:
      return "ready";
    case Duty::kDraining:
      return "draining";
    case Duty::kMaintenance:
      return "maintenance";
  }
  return "";
}

std::string Change::What() const {
  switch (kind) {
    case Kind::kAdded:
      return absl::StrFormat("added, weight %d%s", weight, backup ? ", a backup" : "");
    case Kind::kRemoved:
      return "removed";
    case Kind::kWeight:
      return absl::StrFormat("weight %d", weight);
    case Kind::kDuty:
      return std::string(DutyName(duty));
  }
  return "";
}

absl::Status Overlay::Apply(const conf::Pool& pool,
                            std::span<const std::shared_ptr<upstream::Server>> servers,
                            const Order& order, const Author& author) {
  if (order.reason.size() > kLongestReason) {
    return absl::InvalidArgumentError(
        absl::StrFormat("reason is too long; it may have %d bytes", kLongestReason));
  }
  if (const std::string wrong = conf::CheckPlain(order.reason); !wrong.empty()) {
    return absl::InvalidArgumentError("reason " + wrong);
  }
  const bool weighs = order.deed == Deed::kWeight || order.deed == Deed::kAdd;
  if (order.deed == Deed::kWeight && !order.weight) {
    return absl::InvalidArgumentError("weight is missing; say how much the server is to weigh");
  }
  if ((order.weight && !weighs) || (order.backup && order.deed != Deed::kAdd)) {
    return absl::InvalidArgumentError(absl::StrFormat("%s takes no %s", DeedName(order.deed),
                                                      order.backup ? "backup" : "weight"));
  }
  if (order.weight) {
    if (absl::Status status = CheckWeight(*order.weight); !status.ok()) return status;
  }
  Change change{.number = ++last_number_,
                .pool = pool.name,
                .name = {},
                .label = {},
                .weight = order.weight.value_or(1),
                .backup = order.backup,
                .reason = order.reason,
                .author = author};
  const std::optional<Target> target = Find(pool, servers, order.server);
  if (!target && order.deed != Deed::kAdd) return NoSuchServer(pool, servers, order.server);
  if (target) {
    change.name = target->name;
    change.label = target->label;
  }
  switch (order.deed) {
    case Deed::kDrain:
    case Deed::kMaintenance:
      change.kind = Kind::kDuty;
      change.duty = order.deed == Deed::kDrain ? Duty::kDraining : Duty::kMaintenance;
      return Put(std::move(change));
    case Deed::kReady:
      return Ready(std::move(change));
    case Deed::kWeight:
      change.kind = Kind::kWeight;
      return Put(std::move(change));
    case Deed::kAdd:
      return Add(pool, order, std::move(change));
    case Deed::kRemove:
      return Remove(std::move(change));
    case Deed::kUndo:
      if (Erase(change, std::nullopt) > 0) return absl::OkStatus();
      return absl::FailedPreconditionError(
          absl::StrFormat("nothing was changed about %s; see GET /changes", order.server));
  }
  return absl::InternalError("no such deed");
}

// Of what the pool has, may have or had: a removed server can still be named.
std::optional<Overlay::Target> Overlay::Find(
    const conf::Pool& pool, std::span<const std::shared_ptr<upstream::Server>> servers,
    std::string_view text) const {
  const std::vector<conf::Server> written = ServersOf(pool);
  if (Has(written, text)) return Target{std::string(text), ""};
  for (const conf::Server& server : written) {
    if (SameServer(server.address, text)) return Target{server.address, ""};
  }
  for (const std::shared_ptr<upstream::Server>& server : servers) {
    if (SameServer(server->label, text)) return Target{server->name, server->label};
  }
  for (auto it = changes_.lower_bound(pool.name + "\n"); it != changes_.end(); ++it) {
    const Change& change = it->second;
    if (change.pool != pool.name) break;
    if (SameServer(change.server(), text)) return Target{change.name, change.label};
  }
  return std::nullopt;
}

absl::Status Overlay::NoSuchServer(const conf::Pool& pool,
                                   std::span<const std::shared_ptr<upstream::Server>> servers,
                                   std::string_view text) const {
  const std::vector<conf::Server> written = ServersOf(pool);
  std::vector<std::string_view> names;
  for (const conf::Server& server : written) names.push_back(server.address);
  for (const std::shared_ptr<upstream::Server>& server : servers) {
    if (server->label != server->name) names.push_back(server->label);
  }
  std::string near = "; see GET /servers";
  if (names.size() <= kListed || !conf::Nearest(text, names).empty()) {
    near = conf::MayBe(text, names);
  }
  return absl::NotFoundError(
      absl::StrFormat("the pool %s has no server '%s'%s", pool.name, text, near));
}

absl::Status Overlay::Add(const conf::Pool& pool, const Order& order, Change change) {
  if (!change.name.empty()) {
    if (Erase(change, Kind::kRemoved) == 0) {
      return absl::AlreadyExistsError(
          absl::StrFormat("the pool %s has %s already", pool.name, order.server));
    }
    if (!order.weight) return absl::OkStatus();
    change.kind = Kind::kWeight;
    return Put(std::move(change));
  }
  if (const std::string wrong = conf::CheckServerAddress(order.server); !wrong.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("server '%s' %s", order.server, wrong));
  }
  if (const std::string wrong = conf::CheckVerifiable(pool, order.server); !wrong.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("server '%s' %s", order.server, wrong));
  }
  change.kind = Kind::kAdded;
  change.name = order.server;
  return Put(std::move(change));
}

absl::Status Overlay::Remove(Change change) {
  if (change.label.empty() && Get(change, "", Kind::kAdded) != nullptr) {
    Erase(change, std::nullopt);
    return absl::OkStatus();
  }
  if (Get(change, change.label, Kind::kRemoved) != nullptr) {
    return absl::FailedPreconditionError(absl::StrFormat("%s is removed already", change.server()));
  }
  change.kind = Kind::kRemoved;
  if (absl::Status status = Put(change); !status.ok()) return status;
  // Who adds it again adds it as it was, not as it was on its way out.
  Erase(change, Kind::kDuty);
  Erase(change, Kind::kWeight);
  return absl::OkStatus();
}

absl::Status Overlay::Ready(Change change) {
  change.kind = Kind::kDuty;
  // All of its addresses are out, and this one shall not be.
  if (!change.label.empty() && Get(change, "", Kind::kDuty) != nullptr) {
    return Put(std::move(change));
  }
  Erase(change, Kind::kDuty);
  return absl::OkStatus();
}

absl::Status Overlay::Put(Change change) {
  std::string key = KeyOf(change.pool, change.name, change.label, change.kind);
  if (changes_.size() >= kMostChanges && !changes_.contains(key)) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "%d changes are in force, the most there can be; undo some, or write them into the file",
        changes_.size()));
  }
  Erase(change, change.kind);
  changes_.emplace(std::move(key), std::move(change));
  return absl::OkStatus();
}

size_t Overlay::Erase(const Change& of, std::optional<Kind> kind) {
  std::string prefix = NameKey(of.pool, of.name);
  if (!of.label.empty()) prefix += of.label + "\n";
  size_t erased = 0;
  for (auto it = changes_.lower_bound(prefix); it != changes_.end();) {
    if (!it->first.starts_with(prefix)) break;
    if (kind && it->second.kind != *kind) {
      ++it;
      continue;
    }
    it = changes_.erase(it);
    ++erased;
  }
  return erased;
}

const Change* Overlay::Get(const Change& of, std::string_view label, Kind kind) const {
  const auto found = changes_.find(KeyOf(of.pool, of.name, label, kind));
  return found == changes_.end() ? nullptr : &found->second;
}

const Change* Overlay::Get(const upstream::Server& server, Kind kind) const {
  if (changes_.empty()) return nullptr;
  auto found = changes_.find(KeyOf(server.pool, server.name, server.label, kind));
  if (found == changes_.end()) found = changes_.find(KeyOf(server.pool, server.name, "", kind));
  return found == changes_.end() ? nullptr : &found->second;
}

std::vector<conf::Server> Overlay::ServersOf(const conf::Pool& pool) const {
  std::vector<conf::Server> servers = pool.servers;
  std::vector<const Change*> added;
  for (auto it = changes_.lower_bound(pool.name + "\n"); it != changes_.end(); ++it) {
    if (it->second.pool != pool.name) break;
    if (it->second.kind == Kind::kAdded) added.push_back(&it->second);
  }
  std::sort(added.begin(), added.end(),
            [](const Change* a, const Change* b) { return a->number < b->number; });
  for (const Change* change : added) {
    servers.push_back(
        {.address = change->name, .weight = change->weight, .backup = change->backup});
  }
  return servers;
}

void Overlay::Adjust(std::vector<upstream::Member>& members) const {
  if (changes_.empty()) return;
  std::erase_if(members, [&](const upstream::Member& member) {
    return Get(*member.server, Kind::kRemoved) != nullptr;
  });
  for (upstream::Member& member : members) {
    const Change* const weighed = Get(*member.server, Kind::kWeight);
    if (weighed != nullptr) member.weight = weighed->weight;
  }
}

Duty Overlay::DutyOf(const upstream::Server& server) const {
  const Change* const change = Get(server, Kind::kDuty);
  return change == nullptr ? Duty::kReady : change->duty;
}

bool Overlay::Added(const upstream::Server& server) const {
  return Get(server, Kind::kAdded) != nullptr;
}

std::vector<std::string> Overlay::DropGone(const conf::Config& config) {
  std::vector<std::string> dropped;
  const auto drop = [&](auto it, std::string_view why) {
    const Change& change = it->second;
    dropped.push_back(absl::StrFormat("pool %s: %s: %s; no longer in force: %s, by %s", change.pool,
                                      change.server(), why, change.What(), change.author.who));
    return changes_.erase(it);
  };
  const auto pool_of = [&](const Change& change) -> const conf::Pool* {
    for (const conf::Pool& pool : config.pools) {
      if (pool.name == change.pool) return &pool;
    }
    return nullptr;
  };
  // Additions first: what is said of an added server goes with it.
  for (const bool additions : {true, false}) {
    for (auto it = changes_.begin(); it != changes_.end();) {
      const Change& change = it->second;
      if ((change.kind == Kind::kAdded) != additions) {
        ++it;
        continue;
      }
      const conf::Pool* const pool = pool_of(change);
      const bool in_file = pool != nullptr && Has(pool->servers, change.name);
      if (pool == nullptr) {
        it = drop(it, "the file has no such pool any more");
      } else if (additions && in_file) {
        it = drop(it, "the file has the server now");
      } else if (!additions && !in_file && Get(change, "", Kind::kAdded) == nullptr) {
        it = drop(it, "the file has no such server any more");
      } else {
        ++it;
      }
    }
  }
  return dropped;
}

void Overlay::Restore(std::vector<Change> changes) {
  for (Change& change : changes) {
    if (changes_.size() >= kMostChanges) return;
    change.number = ++last_number_;
    std::string key = KeyOf(change.pool, change.name, change.label, change.kind);
    changes_.insert_or_assign(std::move(key), std::move(change));
  }
}

std::vector<const Change*> Overlay::changes() const {
  std::vector<const Change*> all;
  for (const auto& [key, change] : changes_) all.push_back(&change);
  std::sort(all.begin(), all.end(),
            [](const Change* a, const Change* b) { return a->number < b->number; });
  return all;
}

}  // namespace sluice::server
