// A pool of hosts as the pickers' tests speak of it. Seeded: a failure repeats.
#ifndef SLUICE_TESTS_BALANCER_POOL_FIXTURE_H_
#define SLUICE_TESTS_BALANCER_POOL_FIXTURE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "balancer/outcome.h"
#include "balancer/picker.h"
#include "gtest/gtest.h"

namespace sluice::balancer {

using namespace std::chrono_literals;

class PoolFixture : public testing::Test {
 protected:
  void Hosts(const std::string& strategy, const std::vector<uint32_t>& weights) {
    std::vector<Host> hosts;
    for (const uint32_t weight : weights) {
      hosts.push_back({.weight = weight, .stats = std::make_shared<HostStats>()});
    }
    Hosts(strategy, std::move(hosts));
  }
  void Hosts(const std::string& strategy, std::vector<Host> hosts) {
    for (Host& host : hosts) {
      if (host.stats == nullptr) host.stats = std::make_shared<HostStats>();
    }
    hosts_ = HostView(std::move(hosts));
    picker_ = MakePicker({.strategy = strategy}, hosts_);
    ASSERT_NE(picker_, nullptr);
  }

  std::optional<HostIndex> Pick(const std::vector<HostIndex>& tried = {}) {
    return picker_->Pick({.now = now_, .tried = tried}, rng_);
  }
  // Share of `picks` picks that each host got.
  std::map<HostIndex, double> Shares(int picks, const std::vector<HostIndex>& tried = {}) {
    std::map<HostIndex, double> shares;
    for (int i = 0; i < picks; ++i) {
      if (const std::optional<HostIndex> host = Pick(tried)) shares[*host] += 1.0 / picks;
    }
    return shares;
  }
  void Rest(HostIndex host, Duration length = 1s) {
    hosts_.stats(host).rest_until_ns = (now_ + length).time_since_epoch().count();
  }
  // Answers in a row; a moment after each, so that none is the last forever.
  void Answers(HostIndex host, Duration latency, int times = 64) {
    for (int i = 0; i < times; ++i) Settled(host, {.latency = latency});
  }
  void Fails(HostIndex host, int times = 64) {
    for (int i = 0; i < times; ++i) Settled(host, {.result = Result::kFailed, .latency = 1ms});
  }
  void Settled(HostIndex host, const Outcome& outcome) {
    Record(hosts_.stats(host), outcome, now_ += 1us);
  }
  void Active(HostIndex host, uint32_t requests) { hosts_.stats(host).active = requests; }

  TimePoint now_{1h};
  HostView hosts_;
  std::unique_ptr<Picker> picker_;
  std::mt19937_64 rng_{20261127};
};

}  // namespace sluice::balancer

#endif  // SLUICE_TESTS_BALANCER_POOL_FIXTURE_H_
