// Ticket: a visitor's place in a waiting room, or inside, as a text to be kept by the visitor: the
// value of a cookie. It is signed, so it needs no memory of ours, and outlives a restart; whoever
// has the keys, another instance say, reads it as well.
//
// The text is 45 bytes in base64url (RFC 4648 section 5) without padding: 60 characters with no bit
// to spare, so that no two texts mean the same. Bytes, numbers with the highest byte first:
//
//   0 format (1)   1 kind   2 key   3 room (4)   7 id (8)   15 order (8)   23 issued_s (4)
//   27 due_s (2)   29 tag (16): over all before
//
// A ticket that is good was written by us; whether its visitor has shown it before, or a thousand
// show the same, is for the room to know, by `id`.
//
// Pure. Threads: any. Cost: that of the signer (bench/admission_bench.cc), and no allocation. Time:
// seconds since 1970 of the wall clock, an argument, until 2106. After a step of the clock back
// tickets of up to a day ahead are taken as of now, so that nobody loses his place by it; forward
// it ends those that would have ended in that time.
#ifndef SLUICE_RATELIMIT_TICKET_H_
#define SLUICE_RATELIMIT_TICKET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ratelimit/signer.h"

namespace sluice::ratelimit {

struct Ticket {
  enum class Kind : uint8_t { kWaiting, kActive };

  Kind kind = Kind::kWaiting;
  uint32_t room = 0;      // RoomHash() of its name
  uint64_t id = 0;        // of the visitor, at random: the same from the line to the end inside
  uint64_t order = 0;     // place in line, smaller first
  uint32_t issued_s = 0;  // when this one was written: each poll, or renewal, writes another
  // So long after it the visitor was asked to come back; inside: the tag of the machine that counts
  // him (room_fleet.h), or 0.
  uint16_t due_s = 0;

  bool operator==(const Ticket&) const = default;
};

inline constexpr size_t kTicketChars = 60;
using TicketText = std::array<char, kTicketChars>;

// How long tickets of a room hold.
struct TicketTerms {
  uint32_t room = 0;
  uint32_t grace_s = 0;  // of a waiting one: after the moment at which the visitor was due
  // Of an active one: after it was written. Where one is renewed only when a quarter of the session
  // is over, a session and a quarter.
  uint32_t session_s = 0;
};

// The names are those of the label of the counter.
enum class TicketFault : uint8_t {
  kNone,
  kAbsent,     // there was none
  kMalformed,  // not of 60 digits, or of a format or kind that is none of ours
  kRoom,       // of another room
  kKey,        // of a key that we do not have (any more)
  kSignature,  // forged or damaged
  kExpired,
  kFuture,  // more than a day ahead of the clock
};
inline constexpr size_t kTicketFaults = static_cast<size_t>(TicketFault::kFuture) + 1;
std::string_view TicketFaultName(TicketFault fault);  // "ok", "absent", "malformed", ...

struct TicketReading {
  TicketFault fault = TicketFault::kAbsent;
  Ticket ticket = {};  // of a good one; its issued_s is never ahead of the clock
  bool good() const { return fault == TicketFault::kNone; }
};

TicketText WriteTicket(const Ticket& ticket, const Signer& signer);
TicketReading ReadTicket(std::string_view text, const TicketTerms& terms, const Signer& signer,
                         uint32_t now_s);

// FNV-1a: the same in every version and on every machine. Two rooms of one configuration must not
// share one; by chance they do once in four thousand million.
uint32_t RoomHash(std::string_view name);

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_TICKET_H_
