#include "proxy/server/discovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "conf/syntax.h"
#include "proxy/base/log.h"

namespace sluice::server {
namespace {

// Of an address that is a name.
std::string HostOf(const std::string& address) { return address.substr(0, address.rfind(':')); }

uint16_t PortOf(std::string_view address) {
  return static_cast<uint16_t>(ParseDecimal(address.substr(address.rfind(':') + 1)).value_or(0));
}

bool IsName(const conf::Server& server) {
  return conf::ServiceOf(server.address).empty() && !Address::Parse(server.address);
}

}  // namespace

Discovery::Discovery(net::Loop& loop, const conf::ResolverConfig& config,
                     absl::AnyInvocable<void()> changed)
    : config_(config),
      changed_(std::move(changed)),
      services_(loop, resolver_, config_,
                [this] {
                  WatchNames();
                  changed_();
                }),
      names_(loop, resolver_, config_, [this] { changed_(); }),
      resolver_(loop, {.servers = config_.servers,
                       .timeout = config_.timeout,
                       .tries = static_cast<int>(config_.tries)}) {}

void Discovery::Watch(std::vector<conf::Server> servers, const conf::ResolverConfig& config) {
  config_ = config;
  watched_ = std::move(servers);
  std::vector<std::string> services;
  for (const conf::Server& server : watched_) {
    const std::string_view service = conf::ServiceOf(server.address);
    if (!service.empty()) services.emplace_back(service);
  }
  services_.Watch(services);
  WatchNames();
}

void Discovery::WatchNames() {
  std::vector<std::string> names;
  for (const conf::Server& server : watched_) {
    if (IsName(server)) names.push_back(HostOf(server.address));
    for (const net::Service& one : services_.RecordsOf(conf::ServiceOf(server.address))) {
      names.push_back(one.host);
    }
  }
  names_.Watch(names);
}

std::vector<Discovery::Found> Discovery::Find(std::string_view pool,
                                              const std::vector<conf::Server>& written) const {
  std::vector<Found> all;
  absl::flat_hash_set<std::string> there;
  const auto add = [&](Found found) {
    const std::string label = found.address.ToString();
    if (there.insert(label).second) return all.push_back(std::move(found));
    static log::Site site;
    log::Warn(site, "pool %s: %s is %s, which is there already and counts once", pool,
              found.as->address, label);
  };
  for (const conf::Server& server : written) {
    const uint32_t tier = server.backup ? 1 : 0;
    if (const std::optional<Address> address = Address::Parse(server.address)) {
      add({&server, "", *address, server.weight, tier});
    } else if (IsName(server)) {
      for (const Ip& ip : names_.RecordsOf(HostOf(server.address))) {
        add({&server, "", Address::From(ip, PortOf(server.address)), server.weight, tier});
      }
    } else {
      const auto& services = services_.RecordsOf(conf::ServiceOf(server.address));
      const std::vector<uint32_t> weights = WeightsOf(services, server.weight);
      const std::vector<uint32_t> tiers = TiersOf(services);
      for (size_t i = 0; i < services.size(); ++i) {
        const std::string host = absl::StrFormat("%s:%d", services[i].host, services[i].port);
        for (const Ip& ip : names_.RecordsOf(services[i].host)) {
          add({&server, host, Address::From(ip, services[i].port), weights[i], tier + tiers[i]});
        }
      }
    }
  }
  return all;
}

std::vector<uint32_t> WeightsOf(const std::vector<net::Service>& services, uint32_t factor) {
  std::vector<uint32_t> weights;
  for (auto first = services.begin(); first != services.end();) {
    const auto last = std::find_if(first, services.end(), [&](const net::Service& one) {
      return one.priority != first->priority;
    });
    const auto weighs = [](const net::Service& one) { return one.weight != 0; };
    const bool mixed = std::any_of(first, last, weighs) && !std::all_of(first, last, weighs);
    for (; first != last; ++first) {
      const uint64_t weight = first->weight == 0 ? 1 : uint64_t{mixed ? 100u : 1u} * first->weight;
      weights.push_back(
          static_cast<uint32_t>(std::min<uint64_t>(weight * factor, kMostServiceWeight)));
    }
  }
  return weights;
}

std::vector<uint32_t> TiersOf(const std::vector<net::Service>& services) {
  std::vector<uint32_t> tiers;
  for (size_t i = 0; i < services.size(); ++i) {
    const bool next = i > 0 && services[i].priority != services[i - 1].priority;
    tiers.push_back(i == 0 ? 0 : tiers.back() + (next ? 1 : 0));
  }
  return tiers;
}

}  // namespace sluice::server
