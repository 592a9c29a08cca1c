#include "bench/load/farm/plan.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"

namespace sluice::load {
namespace {

// An hour in microseconds, and more of anything than a test has use for.
constexpr uint64_t kMost = 3'600'000'000;

bool Set(FarmServer& server, std::string_view key, uint64_t value) {
  ServerModel& model = server.model;
  if (key == "port" && value <= 65535) {
    server.port = static_cast<uint16_t>(value);
  } else if (key == "slots" && value >= 1 && value <= kMostSlots) {
    model.slots = static_cast<uint32_t>(value);
  } else if (key == "mean_us") {
    model.mean = std::chrono::microseconds(value);
  } else if (key == "stall_ms") {
    model.stall_length = std::chrono::milliseconds(value);
  } else if (key == "stall_every_ms") {
    model.stall_every = std::chrono::milliseconds(value);
  } else if (key == "connections" && value <= 65535) {
    server.connections = static_cast<uint32_t>(value);
  } else if (key == "slots_of" && value <= 65535) {
    server.slots_of = static_cast<uint32_t>(value);
  } else if (key == "failing" && value <= 1000) {
    model.failing = static_cast<double>(value) / 1000;
  } else if (key == "refuses_at" && value <= 65535) {
    model.refuses_at = static_cast<uint32_t>(value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<FarmServer> ParseFarmServer(std::string_view text) {
  FarmServer server;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view value = CutNext(rest, ',');
    const std::string_view key = CutNext(value, '=');
    const std::optional<uint64_t> number = ParseDecimal(value);
    if (!number.has_value() || *number > kMost || !Set(server, key, *number)) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: not %s=%s", text, key, value));
    }
  }
  if (server.port == 0) return absl::InvalidArgumentError(absl::StrFormat("%s: no port", text));
  if (server.model.stall_every != 0s && server.model.stall_length >= server.model.stall_every) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: always stalled", text));
  }
  return server;
}

uint64_t QueryNumber(std::string_view target, std::string_view name, uint64_t otherwise) {
  CutNext(target, '?');
  while (!target.empty()) {
    std::string_view value = CutNext(target, '&');
    if (CutNext(value, '=') == name) return ParseDecimal(value).value_or(otherwise);
  }
  return otherwise;
}

}  // namespace sluice::load
