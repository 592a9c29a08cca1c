#include "ratelimit/ticket.h"

#include <algorithm>
#include <span>

namespace sluice::ratelimit {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kBodyBytes = 29;
constexpr size_t kBytes = kBodyBytes + sizeof(Signer::Tag);
static_assert(kBytes % 3 == 0 && kBytes / 3 * 4 == kTicketChars);
using Bytes = std::array<uint8_t, kBytes>;

// By how much a clock may be set back without anybody's losing his place.
constexpr uint32_t kAhead = 24 * 60 * 60;

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t kNoDigit = 64;
constexpr std::array<uint8_t, 256> kDigitValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<uint8_t>(kDigits[i])] = static_cast<uint8_t>(i);
  }
  return values;
}();

TicketText ToText(const Bytes& bytes) {
  TicketText text;
  char* out = text.data();
  for (size_t i = 0; i < kBytes; i += 3) {
    const uint32_t bits = uint32_t{bytes[i]} << 16 | uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) *out++ = kDigits[bits >> shift & 63];
  }
  return text;
}

// False: it is not of our digits. REQUIRES: text.size() == kTicketChars.
bool FromText(std::string_view text, Bytes& bytes) {
  uint8_t* out = bytes.data();
  uint32_t wrong = 0;
  for (size_t i = 0; i < kTicketChars; i += 4) {
    uint32_t bits = 0;
    for (size_t k = i; k < i + 4; ++k) {
      const uint32_t value = kDigitValues[static_cast<uint8_t>(text[k])];
      wrong |= value & kNoDigit;
      bits = bits << 6 | (value & 63);
    }
    for (int shift = 16; shift >= 0; shift -= 8) *out++ = static_cast<uint8_t>(bits >> shift);
  }
  return wrong == 0;
}

template <typename T>
void Put(uint8_t*& at, T value) {
  for (size_t left = sizeof value; left > 0; --left) {
    *at++ = static_cast<uint8_t>(value >> (left - 1) * 8);
  }
}

template <typename T>
T Take(const uint8_t*& at) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = value << 8 | *at++;
  return static_cast<T>(value);
}

std::span<const uint8_t> BodyOf(const Bytes& bytes) { return {bytes.data(), kBodyBytes}; }

TicketFault FaultOf(Signer::Match match) {
  switch (match) {
    case Signer::Match::kOurs:
      return TicketFault::kNone;
    case Signer::Match::kUnknownKey:
      return TicketFault::kKey;
    case Signer::Match::kForged:
      return TicketFault::kSignature;
  }
  return TicketFault::kSignature;
}

// In 64 bits nothing overflows.
TicketFault CheckTime(const Ticket& ticket, const TicketTerms& terms, uint32_t now_s) {
  const uint64_t issued = ticket.issued_s;
  if (issued > uint64_t{now_s} + kAhead) return TicketFault::kFuture;
  const uint64_t holds = ticket.kind == Ticket::Kind::kActive
                             ? terms.session_s
                             : uint64_t{ticket.due_s} + terms.grace_s;
  return now_s > issued + holds ? TicketFault::kExpired : TicketFault::kNone;
}

}  // namespace

std::string_view TicketFaultName(TicketFault fault) {
  static constexpr std::string_view kNames[kTicketFaults] = {
      "ok", "absent", "malformed", "room", "key", "signature", "expired", "future"};
  return kNames[static_cast<size_t>(fault)];
}

TicketText WriteTicket(const Ticket& ticket, const Signer& signer) {
  Bytes bytes;
  uint8_t* at = bytes.data();
  Put(at, kFormat);
  Put(at, static_cast<uint8_t>(ticket.kind));
  Put(at, signer.key_id());
  Put(at, ticket.room);
  Put(at, ticket.id);
  Put(at, ticket.order);
  Put(at, ticket.issued_s);
  Put(at, ticket.due_s);
  const Signer::Tag tag = signer.Sign(BodyOf(bytes));
  std::copy(tag.begin(), tag.end(), at);
  return ToText(bytes);
}

TicketReading ReadTicket(std::string_view text, const TicketTerms& terms, const Signer& signer,
                         uint32_t now_s) {
  if (text.empty()) return {TicketFault::kAbsent};
  Bytes bytes;
  if (text.size() != kTicketChars || !FromText(text, bytes)) return {TicketFault::kMalformed};
  const uint8_t* at = bytes.data();
  const auto format = Take<uint8_t>(at);
  const auto kind = Take<uint8_t>(at);
  if (format != kFormat || kind > static_cast<uint8_t>(Ticket::Kind::kActive)) {
    return {TicketFault::kMalformed};
  }
  const auto key = Take<uint8_t>(at);
  Ticket ticket{.kind = static_cast<Ticket::Kind>(kind)};
  ticket.room = Take<uint32_t>(at);
  ticket.id = Take<uint64_t>(at);
  ticket.order = Take<uint64_t>(at);
  ticket.issued_s = Take<uint32_t>(at);
  ticket.due_s = Take<uint16_t>(at);
  // Before the signature, which costs a hundred times as much.
  if (ticket.room != terms.room) return {TicketFault::kRoom};

  Signer::Tag tag;
  std::copy_n(at, tag.size(), tag.begin());
  TicketFault fault = FaultOf(signer.Check(key, BodyOf(bytes), tag));
  if (fault == TicketFault::kNone) fault = CheckTime(ticket, terms, now_s);
  if (fault != TicketFault::kNone) return {fault};
  ticket.issued_s = std::min(ticket.issued_s, now_s);
  return {TicketFault::kNone, ticket};
}

uint32_t RoomHash(std::string_view name) {
  uint32_t hash = 0x811c9dc5;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x01000193;
  return hash;
}

}  // namespace sluice::ratelimit
