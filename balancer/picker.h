// Picker: which server gets this try. One file makes a strategy, kPickerKinds lists them all.
//
// What all strategies hold to (roster.h does it for them): a host already tried by this request is
// never picked again; nor is one that is not ready or weighs 0, or holds all the requests it may
// (slow_start.h, Full); a host that rests or fails its checks
// is picked only when every other was tried, or by the panic rule (a pool that seems all broken is
// more often a mistaken judge than a dead shop); backups serve when nothing in front of them can.
//
// A picker is told nothing of what becomes of its picks: that is recorded with the host
// (outcome.h), by all workers for all workers. What it keeps for itself is a cache, a place in a
// cycle, a table.
//
// Threads: one picker per worker; Pick() is not thread safe, what it reads of the hosts is.
// Chance and time are arguments: the same generator and the same hosts give the same answer.
#ifndef SLUICE_BALANCER_PICKER_H_
#define SLUICE_BALANCER_PICKER_H_

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "absl/random/bit_gen_ref.h"
#include "balancer/host.h"
#include "balancer/host_view.h"
#include "balancer/spec.h"

namespace sluice::balancer {

struct PickInput {
  TimePoint now;
  // Hosts this request has failed on. A handful at most (Pool::tries), so a search is cheapest.
  std::span<const HostIndex> tried = {};
  // Hash() of what requests are kept together by; only maglev looks at it.
  std::optional<uint64_t> key = std::nullopt;

  bool WasTried(HostIndex host) const {
    return std::find(tried.begin(), tried.end(), host) != tried.end();
  }
};

class Picker {
 public:
  virtual ~Picker() = default;
  // The host for this try; nothing when every host was tried, is not ready or weighs nothing, or
  // those to be used are full (HostView::AnyLeft tells).
  virtual std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) = 0;
};

std::unique_ptr<Picker> MakeExpectedDelay(const PickerSpec& spec, HostView hosts);
std::unique_ptr<Picker> MakeLeastRequest(const PickerSpec& spec, HostView hosts);
std::unique_ptr<Picker> MakeMaglev(const PickerSpec& spec, HostView hosts);
std::unique_ptr<Picker> MakePeakEwma(const PickerSpec& spec, HostView hosts);
std::unique_ptr<Picker> MakePrequal(const PickerSpec& spec, HostView hosts);
std::unique_ptr<Picker> MakeRandom(const PickerSpec& spec, HostView hosts);
std::unique_ptr<Picker> MakeRoundRobin(const PickerSpec& spec, HostView hosts);

struct PickerKind {
  std::string_view name;  // as written in sluice.toml
  std::unique_ptr<Picker> (*make)(const PickerSpec&, HostView);
};
inline constexpr PickerKind kPickerKinds[] = {
    {"expected_delay", MakeExpectedDelay},
    {"least_request", MakeLeastRequest},
    {"peak_ewma", MakePeakEwma},
    {"prequal", MakePrequal},
    {"round_robin", MakeRoundRobin},
    {"random", MakeRandom},
    {"maglev", MakeMaglev},
};

// The picker that `spec.strategy` names; null when no kind has that name.
std::unique_ptr<Picker> MakePicker(const PickerSpec& spec, HostView hosts);

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_PICKER_H_
