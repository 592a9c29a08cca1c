// Keys of [[waiting_room]] and [[event]], and of what is kept of them.
#include "conf/schema_rows.h"

namespace sluice::conf {
namespace {

constexpr std::string_view kOfTheRoom = "(the room's)";

constexpr Key kKeys[] = {
    {"waiting_room.name", Type::kText, At<&WaitingRoom::name>, kRequired, "",
     "What routes, events, metrics and sluice ctl call it; its cookie is __sluice_ and this.",
     CheckSlug, "\"sale\""},
    {"waiting_room.routes", Type::kTexts, At<&WaitingRoom::routes>, "[]", "",
     "Routes it is for, beside those whose waiting_room names it; \"*\": all with a pool that name "
     "no other.",
     CheckName, "[\"*\"]"},
    {"waiting_room.when", Type::kChoice, At<&WaitingRoom::when>, "\"overload\"",
     "overload|always|event|off",
     "When visitors without a place wait: while somebody waits already or the servers are full; "
     "always, until their turn is called; as overload, but there is a room only from an "
     "[[event]]'s "
     "prequeue to its end; or never, as if there were no room. Whatever it says, all who come in "
     "an event's prequeue wait for its start."},
    {"waiting_room.max_active", Type::kCountOrAuto, At<&WaitingRoom::max_active>, "\"auto\"",
     "1..10000000",
     "Visitors inside at once. \"auto\": as many as the servers serve without delay, found from "
     "their own answers."},
    {"waiting_room.pace", Type::kRateOrAuto, At<&WaitingRoom::pace>, "\"auto\"", "",
     "How many are let in, in the long run: \"600/min\". \"auto\": as many as there is room for.",
     nullptr, "\"600/min\""},
    {"waiting_room.session", Type::kDuration, At<&WaitingRoom::session>, "\"10min\"", "1s..24h",
     "A place inside lapses when its visitor asks for nothing for so long; of one who has asked "
     "only "
     "once, after a minute."},
    {"waiting_room.grace", Type::kDuration, At<&WaitingRoom::grace>, "\"5min\"", "1s..24h",
     "A place in line is kept for so long after its visitor should have come back, and so is one "
     "that was called; who comes later begins anew."},
    {"waiting_room.order", Type::kChoice, At<&WaitingRoom::random_order>, "\"fifo\"", "fifo|random",
     "Who is called next: who came first, or anybody."},
    {"waiting_room.max_waiting", Type::kCount, At<&WaitingRoom::max_waiting>, "1000000",
     "1..10000000",
     "Visitors in line at this sluice, at most 128 bytes each, taken as they come. Who comes "
     "beyond "
     "is told to come back, and has no place."},
    {"waiting_room.poll_budget", Type::kCount, At<&WaitingRoom::poll_budget>, "500", "1..100000",
     "Requests per second that the line itself may make at this sluice: each visitor in it is told "
     "to come back after 10 seconds, or after waiters / poll_budget when that is longer. Those "
     "whose turn is near come more often, a few times for each entry, beyond it."},
    {"waiting_room.visitor_rate", Type::kRate, At<&WaitingRoom::visitor_rate>, "\"20/s\"", "",
     "Requests with one ticket that pass, ten seconds' worth at once; beyond: 429. A ticket that a "
     "thousand share is one visitor.",
     nullptr, "\"10/s\""},
    {"waiting_room.status", Type::kCount, At<&WaitingRoom::status>, "200", "200..503",
     "Status of the waiting page: 200, 202, 429 or 503. Answers in JSON are always 429, and 503 "
     "when the room is full."},
    {"waiting_room.page_file", Type::kFile, At<&WaitingRoom::page_file>, "(the built-in page)",
     "0B..256KiB",
     "File with a page of one's own; {{position}} and its like are filled in. What it needs beside "
     "itself must be reachable without a place, by a bypass.",
     CheckPlain, "\"waiting.html\""},
    {"waiting_room.text_files", Type::kFiles, At<&WaitingRoom::text_files>, "[]", "0B..64KiB",
     "Files with the page's texts in further languages; English and German are built in.",
     CheckPlain, "[\"waiting.fr.txt\"]"},
    {"waiting_room.message", Type::kText, At<&WaitingRoom::message>, "\"\"", "",
     "A line that all who wait can read, on the page and in JSON.", CheckMessage,
     "\"Sizes 38 and 39 are sold out.\""},
    {"waiting_room.key_file", Type::kFile, At<&WaitingRoom::key_file>, "(those of [state])",
     "0B..64KiB",
     "File with the keys that sign tickets, one a line, of 32 bytes or more: one file for several "
     "sluices in front of one shop. The first signs, and tickets of all of them are good: to "
     "change keys, write the new one before the old ones.",
     CheckPlain, "\"tickets.key\""},
    {"waiting_room.scope", Type::kChoice, At<&WaitingRoom::fleet>, "\"machine\"", "machine|fleet",
     "Whether each sluice has this room for itself, or all that share a [store] together: one "
     "order, one max_active and one pace. Needs key_file. What operators order, poll_budget, "
     "max_waiting and visitor_rate are of each sluice."},
    {"waiting_room.fail", Type::kChoice, At<&WaitingRoom::fail_closed>, "\"open\"", "open|closed",
     "What a room of the fleet does while the store is silent for 5 seconds: each sluice goes on "
     "by what it knows itself, with its part of max_active and pace; or nobody is let in until the "
     "store answers. Who is inside goes on, and who waits keeps his place."},

    {"waiting_room.bypass.path", Type::kText, At<&Bypass::match, &Match::path>, kNone, "",
     "The path, exactly.", CheckPath, "\"/webhook/payment\""},
    {"waiting_room.bypass.path_prefix", Type::kText, At<&Bypass::match, &Match::path_prefix>, kNone,
     "", "The path up to a '/', as a route's.", CheckPath, "\"/static\""},
    {"waiting_room.bypass.method", Type::kTexts, At<&Bypass::match, &Match::method>, "[]", "",
     "Methods; none: any.", CheckMethod, "[\"OPTIONS\"]"},
    {"waiting_room.bypass.header", Type::kFieldMatches, At<&Bypass::match, &Match::header>, "{}",
     "",
     "Header fields with these values; a name alone: it need only be there, and whoever knows it "
     "can write it.",
     CheckToken, "{ \"X-Health\" = \"a secret\" }"},
    {"waiting_room.bypass.address", Type::kTexts, At<&Bypass::address>, "[]", "",
     "Addresses and ranges of clients; none: any.", CheckRange, "[\"10.0.0.0/8\"]"},

    {"event.name", Type::kText, At<&Event::name>, kRequired, "",
     "What logs, metrics and sluice ctl call it.", CheckSlug, "\"friday\""},
    {"event.start", Type::kTime, At<&Event::start>, kRequired, "",
     "When it begins, with the offset of its clock: Z is UTC, +01:00 is Berlin in winter.", nullptr,
     "2026-11-27T09:00:00Z"},
    {"event.end", Type::kTime, At<&Event::end>, kRequired, "", "When it ends.", nullptr,
     "2026-11-27T12:00:00Z"},
    {"event.waiting_room", Type::kText, At<&Event::waiting_room>, kRequired, "",
     "The [[waiting_room]] it is in.", CheckSlug, "\"sale\""},
    {"event.prequeue", Type::kDuration, At<&Event::prequeue>, "\"0s\"", "0s..24h",
     "Visitors gather for so long before start and see a countdown; 0: they do not."},
    {"event.raffle", Type::kFlag, At<&Event::raffle>, "false", "",
     "Whether those who gathered get their places in line by lot when it starts, whoever came "
     "first; who comes later is behind them."},
    {"event.limits", Type::kTexts, At<&Event::limits>, "[]", "",
     "Limits that hold on the room's routes from prequeue to end, beside those that always do.",
     CheckToken, "[\"per-client\"]"},
    {"event.max_active", Type::kCountOrAuto, At<&Event::max_active>, kOfTheRoom, "1..10000000",
     "In place of the room's, from start to end.", nullptr, "4000"},
    {"event.pace", Type::kRateOrAuto, At<&Event::pace>, kOfTheRoom, "",
     "In place of the room's, from start to end.", nullptr, "\"1200/min\""},
    {"event.hook", Type::kTexts, At<&Event::hook>, "[]", "",
     "A program to run before it, and its arguments, as it is and without a shell: to start more "
     "servers, say. Run once, on each machine and as the user that sluice is, whatever comes of "
     "it, and once more where the end of sluice cut it short; "
     "at once where sluice starts later than that, and never after the end. Its environment has "
     "SLUICE_EVENT, SLUICE_EVENT_START, SLUICE_EVENT_END (RFC 3339, UTC) and SLUICE_WAITING_ROOM; "
     "what it writes is logged, 4 KiB at most; what it leaves running is to write elsewhere.",
     CheckPlain, "[\"/usr/local/bin/prescale\", \"friday\"]"},
    {"event.hook_before", Type::kDuration, At<&Event::hook_before>, "\"20min\"", "0s..24h",
     "How long before start it is run."},
    {"event.hook_timeout", Type::kDuration, At<&Event::hook_timeout>, "\"1min\"", "1s..1h",
     "How long it may run; then it and what it started get SIGTERM, and SIGKILL 5 s later, or as "
     "soon as the program itself has ended."},

    {"state.dir", Type::kText, At<&Config::state, &State::dir>, "\"/var/lib/sluice\"", "",
     "Folder for the keys that sign tickets, the places inside, the rooms' counters, which hooks "
     "ran, and what operators have ordered; \"off\": they end with the process. Where it cannot be "
     "written the log says so, and all goes on. Read at start only.",
     CheckStateDir},
};

}  // namespace

std::span<const Key> RoomKeys() { return kKeys; }

}  // namespace sluice::conf
