// TicketKeys: what session tickets are sealed with. One object for the process: all workers use it,
// and it outlives every ServerContext, so that a session goes on after a reload and on any worker.
//
// The current key seals; it and those before it open, so a rotation costs no session. A ticket that
// an older key opened is replaced by one of the current. Keys are never written anywhere by this
// class; Snapshot() and Adopt() are for who stores or shares them.
//
// Threads: any; one short lock per handshake. Time: an argument; if it steps back the current key
// is kept for that much longer.
#ifndef SLUICE_PROXY_TLS_TICKET_KEYS_H_
#define SLUICE_PROXY_TLS_TICKET_KEYS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/base/mutex.h"
#include "proxy/base/time.h"

namespace sluice::tls {

struct TicketKey {
  std::array<uint8_t, 16> name{};    // sent in clear, to find the key by
  std::array<uint8_t, 32> cipher{};  // AES-256-CBC
  std::array<uint8_t, 32> mac{};     // HMAC-SHA-256
  WallTime made;

  TicketKey() = default;
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;
  ~TicketKey();  // wipes
};

class TicketKeys {
 public:
  using Ring = std::vector<TicketKey>;  // newest first, never empty

  // A stolen key opens the sessions of its time: eight hours are a compromise between that and
  // clients who come back the next day.
  static constexpr Duration kRotation = std::chrono::hours(8);
  static constexpr Duration kKept = std::chrono::hours(24);
  // With 80 bytes each; a rotation too short for `kept` drops the oldest sooner.
  static constexpr size_t kMostKeys = 16;

  // `kept`: how long after it was made a key still opens tickets; at least the sessions' lifetime.
  explicit TicketKeys(WallTime now, Duration rotation = kRotation, Duration kept = kKept);

  // Makes a new current key when the current one is `rotation` old, and forgets those past `kept`.
  // To be called now and then; a minute late does no harm.
  void Rotate(WallTime now);

  // Takes over keys from outside, newest first, in place of its own. REQUIRES: not empty.
  void Adopt(Ring keys);
  std::shared_ptr<const Ring> Snapshot() const;

 private:
  const Duration rotation_;
  const Duration kept_;
  mutable Mutex mutex_;
  std::shared_ptr<const Ring> ring_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_TICKET_KEYS_H_
