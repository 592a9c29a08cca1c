// RunHandshakes: TLS connections as a closed loop. Each slot connects, shakes hands, asks once with
// Connection: close, reads the answer and the end of the connection, and begins again. One thread.
//
// A handshake is a full one, no session being offered, or with `resume` goes on with the session
// of the last visit that was over, as browsers do: wrk mixes both as it comes. What
// may be negotiated is OpenSSL's default, or what $OPENSSL_CONF says. The certificate is not
// verified. Cost: a handshake takes the client twice the server's time, so that this program is
// what limits the rate; 8 bytes kept for each visit.
#ifndef SLUICE_BENCH_LOAD_HANDSHAKE_HANDSHAKE_H_
#define SLUICE_BENCH_LOAD_HANDSHAKE_HANDSHAKE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/time.h"

namespace sluice::load {

struct HandshakePlan {
  uint16_t port = 0;  // of 127.0.0.1
  std::string path = "/";
  std::string field = "";  // one more of the request: "Cookie: a=b"
  bool resume = false;
  uint32_t connections = 1;  // at the same time
  double seconds = 1;        // of new connections
  // Longest wait for the answers of the last ones.
  std::chrono::milliseconds drain{2000};
};

struct HandshakeTally {
  std::vector<Duration> latencies;  // of each good visit: from the connect to the whole answer
  // Visits that failed, got another status than 200 or less than a whole answer, or were not over
  // after the drain.
  uint64_t errors = 0;
  uint64_t resumed = 0;  // handshakes
  Duration took{};       // from the first connect to the end of the last good visit
};

// An error when the first connection fails: nothing would be measured.
absl::StatusOr<HandshakeTally> RunHandshakes(const HandshakePlan& plan);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_HANDSHAKE_HANDSHAKE_H_
