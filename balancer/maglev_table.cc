#include "balancer/maglev_table.h"

#include <algorithm>

#include "balancer/hash.h"

namespace sluice::balancer {
namespace {

constexpr size_t kPrimes[] = {1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071, 262139};
constexpr size_t kPlacesPerHost = 100;

size_t PlacesFor(size_t hosts) {
  for (const size_t prime : kPrimes) {
    if (prime >= kPlacesPerHost * hosts) return prime;
  }
  return std::end(kPrimes)[-1];
}

// A host and the order in which it wants the places: offset, offset + skip, ... modulo a prime, so
// that it comes by every place once.
struct Applicant {
  HostIndex host;
  uint64_t id;
  uint32_t weight;
  size_t next;
  size_t skip;
  uint64_t credit = 0;
};

std::vector<Applicant> Applicants(const HostView& hosts, std::span<const HostIndex> members,
                                  size_t places) {
  std::vector<Applicant> applicants;
  for (const HostIndex host : members) {
    if (hosts.weight(host) == 0) continue;
    const uint64_t id = hosts.id(host) != 0 ? hosts.id(host) : Mix(host + 1);
    applicants.push_back({.host = host,
                          .id = id,
                          .weight = hosts.weight(host),
                          .next = Mix(id) % places,
                          .skip = Mix(~id) % (places - 1) + 1});
  }
  std::sort(applicants.begin(), applicants.end(),
            [](const Applicant& a, const Applicant& b) { return a.id < b.id; });
  return applicants;
}

}  // namespace

MaglevTable::MaglevTable(const HostView& hosts, std::span<const HostIndex> members) {
  const size_t places = PlacesFor(members.size());
  std::vector<Applicant> applicants = Applicants(hosts, members, places);
  if (applicants.empty()) return;
  uint32_t heaviest = 0;
  for (const Applicant& one : applicants) heaviest = std::max(heaviest, one.weight);
  std::vector<bool> taken(places, false);
  places_.resize(places);
  // The heaviest chooses every round, one of half its weight every second.
  for (size_t left = places; left > 0;) {
    for (Applicant& one : applicants) {
      if ((one.credit += one.weight) < heaviest) continue;
      one.credit -= heaviest;
      while (taken[one.next]) {
        one.next += one.skip;
        if (one.next >= places) one.next -= places;
      }
      taken[one.next] = true;
      places_[one.next] = one.host;
      if (--left == 0) break;
    }
  }
}

}  // namespace sluice::balancer
