// What a machine says of its part of a fleet's room (ratelimit/room_fleet.h), as a line of text:
// how the store keeps it. Numbers with a space between them,
//
//   1 BEAT KEEPS_ORDER CALLED WAITING ACTIVE MOST ENTERED PACE DRAIN LEAVING PLACE×9 NEWS…
//
// the first of them the format; moments in microseconds, paces in thousandths a second, LEAVING
// with a sign; NEWS are "i" (is in) or "e" (has ended) and 16 hex digits. Some 250 bytes, and 18
// for each news.
//
// What is read is foreign: a text that is not wholly as above, or whose numbers no room has, is
// none.
//
// Threads: any; pure.
#ifndef SLUICE_PROXY_ADMISSION_ROOM_WORD_TEXT_H_
#define SLUICE_PROXY_ADMISSION_ROOM_WORD_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "ratelimit/room_fleet.h"

namespace sluice::admission {

std::string WriteRoomWord(const ratelimit::RoomWord& word);
std::optional<ratelimit::RoomWord> ReadRoomWord(std::string_view text);

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_ROOM_WORD_TEXT_H_
