// What a room knows, as lines of text: how it is kept on disk. A room is two lines,
//
//   room NAME called=… taken=… pace=… drain=… active=… first=… width=…
//   COUNT COUNT …
//
// of moments and widths in microseconds, paces in thousandths a second, and how many wait in each
// slot of the line (ratelimit/line.h).
//
// Threads: any; pure.
#ifndef SLUICE_PROXY_ADMISSION_ROOM_TEXT_H_
#define SLUICE_PROXY_ADMISSION_ROOM_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "ratelimit/waiting_room.h"

namespace sluice::admission {

void AppendRoomText(std::string_view name, const ratelimit::WaitingRoom::Snapshot& snapshot,
                    std::string& text);

// Of the room of that name; nothing where there is none, or where it is damaged.
std::optional<ratelimit::WaitingRoom::Snapshot> FindRoomText(std::string_view text,
                                                             std::string_view name);

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_ROOM_TEXT_H_
