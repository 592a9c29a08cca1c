// Properties of tickets, for any bytes: as they come they are no ticket, or are written again as
// the same text; the first 29, signed by us, are a good one or say why not, are written again as
// the same text, and are none any more when a bit is changed.
// Run: ticket_fuzz -max_total_time=60 tests/fuzz/corpus/ticket
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "proxy/base/check.h"
#include "proxy/crypto/digest.h"
#include "ratelimit/ticket.h"
#include "tests/ratelimit/toy_signer.h"

namespace sluice::ratelimit {
namespace {

constexpr uint32_t kEnd = std::numeric_limits<uint32_t>::max();

std::string_view TextOf(const TicketText& text) { return {text.data(), text.size()}; }

// At the end of time, for terms that reach back to its beginning: what is good was changed by no
// clock.
TicketReading Read(std::string_view text, uint32_t room, const Signer& signer) {
  const TicketTerms terms{.room = room, .grace_s = kEnd, .session_s = kEnd};
  const TicketReading reading = ReadTicket(text, terms, signer, kEnd);
  SLUICE_CHECK(!TicketFaultName(reading.fault).empty());
  if (reading.good()) SLUICE_CHECK(TextOf(WriteTicket(reading.ticket, signer)) == text);
  return reading;
}

}  // namespace
}  // namespace sluice::ratelimit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::ratelimit;
  Read({reinterpret_cast<const char*>(data), size}, RoomHash("sale"), ToySigner());

  std::array<uint8_t, 29> body{};
  std::copy_n(data, std::min(size, body.size()), body.begin());
  const ToySigner signer(body[2]);
  const Signer::Tag tag = signer.Sign(body);
  std::string bytes(body.begin(), body.end());
  bytes.append(tag.begin(), tag.end());
  const uint32_t room =
      uint32_t{body[3]} << 24 | uint32_t{body[4]} << 16 | uint32_t{body[5]} << 8 | body[6];
  const TicketReading reading = Read(sluice::crypto::Base64Url(bytes), room, signer);
  SLUICE_CHECK(reading.good() == (body[0] == 1 && body[1] <= 1));
  SLUICE_CHECK(reading.good() || reading.fault == TicketFault::kMalformed);
  bytes[size % bytes.size()] ^= static_cast<char>(1 << size / bytes.size() % 8);
  SLUICE_CHECK(!Read(sluice::crypto::Base64Url(bytes), room, signer).good());
  return 0;
}
