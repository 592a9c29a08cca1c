// RunTunnel: WebSocket messages as a closed loop. Each connection upgrades, then sends one masked
// binary frame and waits for the same payload to come back as one frame, again and again. One
// thread. The origin is load_echo or another that answers a frame by a frame.
//
// Every echo is compared with what was sent, byte by byte; the frame is made once, mask included.
// Cost: one send and one read for each message that fits in a read; 8 bytes kept for each.
#ifndef SLUICE_BENCH_LOAD_TUNNEL_TUNNEL_H_
#define SLUICE_BENCH_LOAD_TUNNEL_TUNNEL_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/time.h"

namespace sluice::load {

struct TunnelPlan {
  uint16_t port = 0;  // of 127.0.0.1
  uint32_t connections = 1;
  uint32_t size_bytes = 128;  // of a payload
  double seconds = 1;         // of new messages
  // Longest wait for the echoes of the last ones.
  std::chrono::milliseconds drain{2000};
};

struct TunnelTally {
  std::vector<Duration> latencies;  // of each message that came back as it was
  // Echoes that were wrong, lost with their connection, or not back after the drain. A connection
  // that had one sends nothing more.
  uint64_t errors = 0;
  Duration took{};  // from the first message to the last that came back
};

// An error when a connection cannot be made or is not upgraded; nothing was measured then.
absl::StatusOr<TunnelTally> RunTunnel(const TunnelPlan& plan);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_TUNNEL_TUNNEL_H_
