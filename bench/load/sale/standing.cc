#include "bench/load/sale/standing.h"

#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "ratelimit/ticket.h"

namespace sluice::load {

namespace {

// Longer than any load lasts.
constexpr uint32_t kDay_s = 86'400;

class Trusting final : public ratelimit::Signer {
 public:
  uint8_t key_id() const override { return 0; }
  Tag Sign(std::span<const uint8_t>) const override { return {}; }
  Match Check(uint8_t, std::span<const uint8_t>, const Tag&) const override { return Match::kOurs; }
};

}  // namespace

demo::StandingReader StandingsIn(std::string_view room) {
  return [cookie = absl::StrFormat("__sluice_%s=", room),
          terms =
              ratelimit::TicketTerms{
                  .room = ratelimit::RoomHash(room), .grace_s = kDay_s, .session_s = kDay_s}](
             std::string_view set_cookie) -> std::optional<demo::Standing> {
    if (!set_cookie.starts_with(cookie)) return std::nullopt;
    set_cookie.remove_prefix(cookie.size());
    const ratelimit::TicketReading read = ratelimit::ReadTicket(
        CutNext(set_cookie, ';'), terms, Trusting(), static_cast<uint32_t>(std::time(nullptr)));
    if (!read.good()) return std::nullopt;
    return demo::Standing{.visitor = read.ticket.id,
                          .place = read.ticket.order,
                          .inside = read.ticket.kind == ratelimit::Ticket::Kind::kActive};
  };
}

}  // namespace sluice::load
