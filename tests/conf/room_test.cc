// [[waiting_room]], [[event]] and [state]: what may be said, and what is wrong in words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "conf/diff.h"
#include "conf/lint.h"
#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

using namespace std::chrono;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kRoom = "[[waiting_room]]\nname = \"sale\"\n";
constexpr std::string_view kFriday =
    "[[event]]\nname = \"friday\"\nwaiting_room = \"sale\"\nstart = 2026-11-27T09:00:00Z\n"
    "end = 2026-11-27T12:00:00Z\n";

class RoomTest : public Files {
 protected:
  // A site with one route, "shop", still open, behind it `rest`.
  static std::string Site(std::string_view rest) {
    return absl::StrFormat("%s%s[[route]]\nname = \"shop\"\npool = \"web\"\n%s", kListener, kPool,
                           rest);
  }
  Config With(std::string_view rest) { return Good(Site(rest)); }
  std::string WrongWith(std::string_view rest) { return Wrong(Site(rest)); }

  // A room with these keys.
  WaitingRoom Room(std::string_view keys) {
    return With(absl::StrFormat("%s%s", kRoom, keys)).waiting_rooms.front();
  }
  std::string WrongRoom(std::string_view keys) {
    return WrongWith(absl::StrFormat("%s%s", kRoom, keys));
  }
  // An event of Friday, nine to twelve, with these keys.
  Event Friday(std::string_view keys) {
    return With(absl::StrFormat("%s%s%s", kRoom, kFriday, keys)).events.front();
  }
  std::string WrongFriday(std::string_view keys) {
    return WrongWith(absl::StrFormat("%s%s%s", kRoom, kFriday, keys));
  }
  // An event of the moments written.
  std::string WrongTimes(std::string_view start, std::string_view end) {
    return WrongWith(
        absl::StrFormat("%s[[event]]\nname = \"friday\"\nwaiting_room = \"sale\"\nstart = %s\nend "
                        "= %s\n",
                        kRoom, start, end));
  }
};

TEST_F(RoomTest, ANameIsEnoughForARoomThatFindsItsNumbersByItself) {
  const WaitingRoom room = Room("");
  EXPECT_EQ(room.when, "overload");
  EXPECT_FALSE(room.max_active.has_value());
  EXPECT_FALSE(room.pace.has_value());
  EXPECT_EQ(room.visitor_rate, (ratelimit::Rate{20, 1s}));
}

TEST_F(RoomTest, NumbersMayBeSaidInPlaceOfAuto) {
  const WaitingRoom room =
      Room("max_active = 2000\npace = \"600/min\"\norder = \"random\"\nfail = \"closed\"\n");
  EXPECT_EQ(room.max_active, 2000u);
  EXPECT_EQ(room.pace, (ratelimit::Rate{600, 1min}));
  EXPECT_TRUE(room.random_order);
  EXPECT_TRUE(room.fail_closed);
  EXPECT_THAT(WrongRoom("max_active = \"many\"\n"), HasSubstr("a whole number or \"auto\""));
  EXPECT_THAT(WrongRoom("max_active = 0\n"), HasSubstr("1..10000000"));
  EXPECT_THAT(WrongRoom("pace = 600\n"), HasSubstr("a rate such as \"600/min\", or \"auto\""));
  EXPECT_THAT(WrongRoom("pace = \"fast\"\n"), HasSubstr("does not begin with a number"));
}

TEST_F(RoomTest, ItsNameFitsACookieAndAPath) {
  for (const char* bad : {"", "a b", "ä", "sale.friday", "a;b", "a/b"}) {
    EXPECT_THAT(WrongWith(absl::StrFormat("[[waiting_room]]\nname = \"%s\"\n", bad)),
                HasSubstr("waiting_room.name"))
        << bad;
  }
  EXPECT_THAT(WrongWith(absl::StrFormat("[[waiting_room]]\nname = \"%s\"\n", std::string(65, 'a'))),
              HasSubstr("it may have 64 letters"));
  EXPECT_THAT(WrongWith(absl::StrFormat("%s%s", kRoom, kRoom)),
              HasSubstr("the waiting room \"sale\" is there already, at t.toml:"));
}

TEST_F(RoomTest, TicketsAndTheCalendarCountInWholeSeconds) {
  EXPECT_EQ(Room("session = \"1h\"\ngrace = \"90s\"").session, 1h);
  EXPECT_THAT(WrongRoom("session = \"1500ms\""),
              HasSubstr("t.toml:11:11: 1500ms is not a whole number of seconds"));
  EXPECT_THAT(WrongRoom("grace = \"1500ms\""), HasSubstr("whole number of seconds"));
  EXPECT_THAT(WrongFriday("prequeue = \"1500ms\""), HasSubstr("whole number of seconds"));
}

TEST_F(RoomTest, AStatusThatIsNoneOfAWaitingPageIsRefused) {
  EXPECT_EQ(Room("status = 503\n").status, 503);
  EXPECT_THAT(WrongRoom("status = 404\n"), HasSubstr("it may be 200, 202, 429 or 503"));
}

TEST_F(RoomTest, FilesAreReadWithTheConfiguration) {
  Write("p.html", "<p>{{position}}");
  Write("fr.txt", "language = fr");
  Write("it.txt", "language = it");
  const WaitingRoom room = Room("page_file = \"p.html\"\ntext_files = [\"fr.txt\", \"it.txt\"]");
  EXPECT_EQ(room.page_file.content, "<p>{{position}}");
  ASSERT_EQ(room.text_files.size(), 2u);
  EXPECT_EQ(room.text_files[1].name, "it.txt");
  EXPECT_EQ(room.text_files[1].content, "language = it");
  EXPECT_EQ(Room("text_files = \"fr.txt\"").text_files.size(), 1u);
  EXPECT_THAT(WrongRoom("text_files = [\"fr.txt\", \"es.txt\"]"),
              HasSubstr("t.toml:11:25: waiting_room.text_files: \"es.txt\" cannot be read"));
  EXPECT_THAT(WrongRoom("text_files = 1"), HasSubstr("it must be a list of names of files"));
  Write("empty.html", "");
  EXPECT_THAT(WrongRoom("page_file = \"empty.html\""), HasSubstr("the file is empty"));
  Write("large.html", std::string((256 << 10) + 1, 'x'));
  EXPECT_THAT(WrongRoom("page_file = \"large.html\""), HasSubstr("it may have 262144 bytes"));
}

TEST_F(RoomTest, KeysThatCouldBeGuessedAreRefusedAndNotShown) {
  Write("good", std::string(32, 'a') + "\n" + std::string(40, 'b') + "\r\n");
  EXPECT_EQ(Room("key_file = \"good\"").key_file.content.size(), 75u);
  Write("short", std::string(31, 's'));
  const std::string wrong = WrongRoom("key_file = \"short\"");
  EXPECT_THAT(wrong, HasSubstr("a secret of 31 bytes is too short for tickets; it needs 32"));
  EXPECT_THAT(wrong, Not(HasSubstr("sss")));
  Write("none", "\n\n");
  EXPECT_THAT(WrongRoom("key_file = \"none\""), HasSubstr("the file has 0 secrets"));
  std::string nine;
  for (int i = 0; i < 9; ++i) nine += std::string(32, 'a') + "\n";
  Write("nine", nine);
  EXPECT_THAT(WrongRoom("key_file = \"nine\""), HasSubstr("the file has 9 secrets"));
}

TEST_F(RoomTest, AFleetsRoomNeedsAStoreAndKeysThatAllHave) {
  EXPECT_FALSE(Room("").fleet);
  Write("good", std::string(32, 'a'));
  const std::string keys = "scope = \"fleet\"\nkey_file = \"good\"\n";
  const std::string store = "[store]\nurl = \"redis://127.0.0.1\"\n";
  EXPECT_TRUE(Room(keys + store).fleet);
  EXPECT_EQ(WrongRoom(keys),
            "t.toml:11:9: what a fleet shares is kept by a store; write [store] with its url\n");
  EXPECT_EQ(
      WrongRoom("scope = \"fleet\"\n" + store),
      "t.toml:11:9: a fleet reads each other's tickets; write key_file, with the same keys on "
      "all machines\n");
  EXPECT_THAT(WrongRoom("scope = \"fleets\"\n"), HasSubstr("did you mean 'fleet'?"));
}

TEST_F(RoomTest, AMessageIsOneLineOfBoundedLength) {
  EXPECT_EQ(Room("message = \"Größe 38 ist aus.\"").message, "Größe 38 ist aus.");
  EXPECT_THAT(WrongRoom("message = \"a\\nb\""), HasSubstr("control character"));
  EXPECT_THAT(WrongRoom(absl::StrFormat("message = \"%s\"", std::string(1001, 'x'))),
              HasSubstr("it may have 1000 bytes"));
}

TEST_F(RoomTest, ARouteNamesItsRoomOrIsNamedByIt) {
  EXPECT_EQ(With(absl::StrFormat("waiting_room = \"sale\"\n%s", kRoom)).routes[0].waiting_room,
            "sale");
  EXPECT_EQ(With(absl::StrFormat("%sroutes = [\"shop\"]", kRoom)).routes[0].waiting_room, "sale");
  EXPECT_EQ(With(kRoom).routes[0].waiting_room, "");
}

TEST_F(RoomTest, AStarIsForRoutesWithAPoolThatNameNoOther) {
  const Config config = With(
      "[[route]]\nname = \"vip\"\nmatch.path_prefix = \"/vip\"\npool = \"web\"\n"
      "waiting_room = \"vip\"\n[[route]]\nname = \"robots\"\nmatch.path = \"/robots.txt\"\n"
      "respond = { body = \"x\" }\n[[waiting_room]]\nname = \"sale\"\nroutes = [\"*\"]\n"
      "[[waiting_room]]\nname = \"vip\"\n");
  EXPECT_EQ(config.routes[0].waiting_room, "sale");
  EXPECT_EQ(config.routes[1].waiting_room, "vip");
  EXPECT_EQ(config.routes[2].waiting_room, "");
  EXPECT_THAT(WrongRoom("routes = \"*\"\n[[waiting_room]]\nname = \"vip\"\nroutes = \"*\""),
              HasSubstr("t.toml:14:10: \"*\" is said by the waiting room \"sale\" already"));
}

TEST_F(RoomTest, AFileWithoutRoutesCanHaveARoomAllTheSame) {
  const Config config = Good(absl::StrFormat("%s%s%sroutes = [\"*\"]", kListener, kPool, kRoom));
  ASSERT_EQ(config.routes.size(), 1u);
  EXPECT_EQ(config.routes[0].waiting_room, "sale");
}

TEST_F(RoomTest, RoutesAndRoomsThatDoNotFitAreSaid) {
  EXPECT_EQ(WrongWith(absl::StrFormat("waiting_room = \"slae\"\n%s", kRoom)),
            "t.toml:9:16: there is no waiting room \"slae\"; did you mean 'sale'?\n");
  EXPECT_THAT(WrongWith("waiting_room = \"sale\"\n"), HasSubstr("there is no waiting room"));
  EXPECT_THAT(WrongRoom("routes = [\"shpo\"]"), HasSubstr("did you mean 'shop'?"));
  EXPECT_THAT(
      WrongWith(absl::StrFormat("waiting_room = \"vip\"\n%sroutes = [\"shop\"]\n"
                                "[[waiting_room]]\nname = \"vip\"\n",
                                kRoom)),
      HasSubstr("the route \"shop\" is in the waiting room \"vip\"; a route can be in one"));
  const std::string fixed =
      "[[route]]\nname = \"robots\"\nmatch.path = \"/robots.txt\"\nrespond = { body = \"x\" }\n";
  EXPECT_THAT(WrongWith(absl::StrFormat("%s%sroutes = [\"robots\"]", fixed, kRoom)),
              HasSubstr("asks no pool, so there is nothing to wait for"));
  EXPECT_THAT(WrongWith(absl::StrFormat("%swaiting_room = \"sale\"\n%s", fixed, kRoom)),
              HasSubstr("waiting_room needs a pool"));
}

TEST_F(RoomTest, WhatEndsASessionIsInARoomAndNotOnlyRead) {
  EXPECT_TRUE(
      With(absl::StrFormat("ends_session = true\n%sroutes = \"*\"", kRoom)).routes[0].ends_session);
  EXPECT_THAT(WrongWith("ends_session = true"), HasSubstr("ends_session needs waiting_room"));
  EXPECT_THAT(WrongWith(absl::StrFormat(
                  "ends_session = true\nmatch.method = [\"GET\"]\n%sroutes = \"*\"", kRoom)),
              HasSubstr("ends_session is not for GET and HEAD"));
}

TEST_F(RoomTest, ABypassIsWhatAllOfItsConditionsSay) {
  const WaitingRoom room = Room(
      "bypass = [{ path_prefix = \"/static\", method = \"GET\" }, { address = \"10.0.0.0/8\" }, "
      "{ header = \"X-Health\" }, { header = { X-Word = \"open\" } }]");
  ASSERT_EQ(room.bypass.size(), 4u);
  EXPECT_EQ(room.bypass[0].match.path_prefix, "/static");
  EXPECT_THAT(room.bypass[0].match.method, ElementsAre("GET"));
  EXPECT_THAT(room.bypass[1].address, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(room.bypass[2].match.header[0].name, "x-health") << "compared without case";
  EXPECT_TRUE(room.bypass[2].match.header[0].present_only);
  EXPECT_EQ(room.bypass[3].match.header[0].value, "open");
}

TEST_F(RoomTest, ABypassForEverybodyOrForNothingIsSaid) {
  EXPECT_THAT(WrongRoom("bypass = [{}]"), HasSubstr("a bypass without a condition is for everybo"));
  EXPECT_THAT(WrongRoom("bypass = [{ address = [] }]"), HasSubstr("is for everybody"));
  EXPECT_THAT(WrongRoom("bypass = [{ path = \"/a\", path_prefix = \"/b\" }]"),
              HasSubstr("a bypass has path or path_prefix, not both"));
  EXPECT_THAT(WrongRoom("bypass = [{ cidr = \"10.0.0.0/8\" }]"), HasSubstr("unknown key 'cidr'"));
  EXPECT_THAT(WrongRoom("bypass = [{ address = \"10.0.0.1/8\" }]"),
              HasSubstr("did you mean \"10.0.0.0/8\"?"));
  EXPECT_THAT(WrongRoom("bypass = [{ header = \"X Health\" }]"),
              HasSubstr("is not a name in HTTP"));
}

TEST_F(RoomTest, ARoomForEventsNeedsOne) {
  EXPECT_THAT(WrongRoom("when = \"event\""),
              HasSubstr("t.toml:11:8: no [[event]] has this waiting_room, so nobody would ever"));
  EXPECT_EQ(Room(absl::StrFormat("when = \"event\"\n%s", kFriday)).when, "event");
}

TEST_F(RoomTest, AnEventTakesTheNumbersOfItsRoomUnlessItHasItsOwn) {
  const Event plain = Friday("");
  EXPECT_FALSE(plain.max_active.has_value());
  EXPECT_FALSE(plain.pace.has_value());
  const Event own = Friday("max_active = 4000\npace = \"1200/min\"");
  EXPECT_EQ(own.max_active->value(), 4000u);
  EXPECT_EQ(own.pace->value(), (ratelimit::Rate{1200, 1min}));
  const Event found = Friday("max_active = \"auto\"\npace = \"auto\"");
  ASSERT_TRUE(found.max_active.has_value() && found.pace.has_value());
  EXPECT_FALSE(found.max_active->has_value());
  EXPECT_FALSE(found.pace->has_value());
}

TEST_F(RoomTest, TheMomentIsTheSameOnEveryClock) {
  const auto start = [&](std::string_view text) {
    return With(absl::StrFormat("%s[[event]]\nname = \"e\"\nwaiting_room = \"sale\"\nstart = "
                                "%s\nend = 2026-11-28T00:00:00Z\n",
                                kRoom, text))
        .events.front()
        .start;
  };
  const Time nine = sys_days(2026y / 11 / 27) + 9h;
  EXPECT_EQ(start("2026-11-27T09:00:00Z"), nine);
  EXPECT_EQ(start("2026-11-27T10:00:00+01:00"), nine);
  EXPECT_EQ(start("2026-11-27 03:30:00-05:30"), nine);
}

TEST_F(RoomTest, ALocalTimeIsToldHowToSayWhoseItIs) {
  EXPECT_EQ(WrongTimes("2026-11-27T09:00:00", "2026-11-27T12:00:00Z"),
            "t.toml:14:9: event.start has no offset, so nobody knows on whose clock; write "
            "2026-11-27T09:00:00Z for UTC, or 2026-11-27T09:00:00+01:00 for one hour before it\n");
}

TEST_F(RoomTest, WhatIsNoMomentIsSaid) {
  const auto wrong = [&](std::string_view start) {
    return WrongTimes(start, "2026-11-27T12:00:00Z");
  };
  EXPECT_THAT(wrong("\"2026-11-27T09:00:00Z\""),
              HasSubstr("event.start is a text; it must be a date and time with its offset such as "
                        "2026-11-27T09:00:00Z, without quotes"));
  EXPECT_THAT(wrong("2026-11-27"), HasSubstr("event.start is a date; it must be a date and time"));
  EXPECT_THAT(wrong("09:00:00"), HasSubstr("is a time of day"));
  EXPECT_THAT(wrong("2026-11-27T09:00:00.5Z"), HasSubstr("has a fraction of a second"));
  EXPECT_THAT(wrong("1969-12-31T23:59:59Z"), HasSubstr("it may be from 1970 to 2199"));
  EXPECT_THAT(wrong("2200-01-01T00:00:00Z"), HasSubstr("it may be from 1970 to 2199"));
  EXPECT_THAT(wrong("2026-02-30T09:00:00Z"), HasSubstr("t.toml:14:"));
}

TEST_F(RoomTest, AnEventEndsAfterItsStart) {
  EXPECT_EQ(WrongTimes("2026-11-27T09:00:00Z", "2026-11-27T10:00:00+01:00"),
            "t.toml:15:7: it ends 2026-11-27T09:00:00Z, not after its start, "
            "2026-11-27T09:00:00Z\n");
}

TEST_F(RoomTest, EventsOfOneRoomComeOneAfterTheOther) {
  const auto next = [](std::string_view start, std::string_view rest) {
    return absl::StrFormat(
        "[[event]]\nname = \"noon\"\nwaiting_room = \"sale\"\nstart = %s\nend = "
        "2026-11-27T14:00:00Z\n%s",
        start, rest);
  };
  EXPECT_THAT(WrongFriday(next("2026-11-27T12:00:00Z", "")), IsEmpty());
  EXPECT_EQ(WrongFriday(next("2026-11-27T12:15:00Z", "prequeue = \"30min\"")),
            "t.toml:19:9: this event, from 2026-11-27T12:15:00Z (prequeue 30min) to "
            "2026-11-27T14:00:00Z, overlaps \"friday\", from 2026-11-27T09:00:00Z to "
            "2026-11-27T12:00:00Z; in one waiting room there is one at a time\n");
  EXPECT_THAT(WrongFriday(next("2026-11-27T08:00:00Z", "")), HasSubstr("overlaps \"friday\""));
  const std::string elsewhere =
      "[[waiting_room]]\nname = \"vip\"\n[[event]]\nname = \"vip\"\nwaiting_room = \"vip\"\nstart "
      "= "
      "2026-11-27T09:00:00Z\nend = 2026-11-27T12:00:00Z\n";
  EXPECT_THAT(WrongFriday(elsewhere), IsEmpty());
}

TEST_F(RoomTest, WhatAnEventNamesIsThere) {
  EXPECT_THAT(WrongWith(absl::StrFormat("[[waiting_room]]\nname = \"sole\"\n%s", kFriday)),
              HasSubstr("there is no waiting room \"sale\"; did you mean 'sole'?"));
  const std::string limit = "[[limit]]\nname = \"strict\"\nrate = \"1/s\"\n";
  EXPECT_THAT(Friday(absl::StrFormat("limits = \"strict\"\n%s", limit)).limits,
              ElementsAre("strict"));
  EXPECT_THAT(WrongFriday(absl::StrFormat("limits = [\"stict\"]\n%s", limit)),
              HasSubstr("there is no limit \"stict\"; did you mean 'strict'?"));
  EXPECT_THAT(WrongFriday(absl::StrFormat("limits = [\"strict\", \"strict\"]\n%s", limit)),
              HasSubstr("\"strict\" is there twice"));
  EXPECT_THAT(WrongFriday(kFriday), HasSubstr("the event \"friday\" is there already"));
}

TEST_F(RoomTest, ARaffleIsAmongThoseWhoGathered) {
  EXPECT_TRUE(Friday("raffle = true\nprequeue = \"30min\"").raffle);
  EXPECT_THAT(WrongFriday("raffle = true"), HasSubstr("write prequeue = \"30min\""));
  EXPECT_THAT(WrongFriday("prequeue = \"25h\""), HasSubstr("it may be 0s..24h"));
}

TEST_F(RoomTest, AHookIsAProgramByItsWholePath) {
  const Event event = Friday("hook = [\"/bin/scale\", \"up\", \"\"]\nhook_before = \"1h\"");
  EXPECT_THAT(event.hook, ElementsAre("/bin/scale", "up", ""));
  EXPECT_EQ(event.hook_before, 1h);
  EXPECT_THAT(WrongFriday("hook = [\"scale\", \"up\"]"),
              HasSubstr("\"scale\" is no absolute path"));
  EXPECT_THAT(WrongFriday("hook_timeout = \"1s\""), HasSubstr("hook_timeout belongs to hook"));
}

TEST_F(RoomTest, StateIsInAFolderByItsWholePathOrNowhere) {
  EXPECT_EQ(With("").state.dir, "/var/lib/sluice");
  EXPECT_EQ(With("[state]\ndir = \"off\"").state.dir, "off");
  EXPECT_THAT(WrongWith("[state]\ndir = \"state\""), HasSubstr("is no absolute path"));
}

TEST_F(RoomTest, WhatChangesInARoomIsALineByItsName) {
  const Config before = With(absl::StrFormat("%sbypass = [{ path = \"/a\" }]\n%s", kRoom, kFriday));
  const Config after = With(absl::StrFormat(
      "%smax_active = 2000\nbypass = [{ path = \"/b\", method = \"POST\" }]\n%sraffle = true\n"
      "prequeue = \"1h\"\nmax_active = \"auto\"\n",
      kRoom, kFriday));
  EXPECT_THAT(
      Diff(before, after),
      ElementsAre("waiting_room 'sale' bypass 'path = \"/a\"' removed",
                  "waiting_room 'sale' bypass 'path = \"/b\", method = [\"POST\"]' added",
                  "waiting_room 'sale' changed: max_active \"auto\" -> 2000",
                  "event 'friday' changed: prequeue \"0s\" -> \"1h\", raffle false -> true, "
                  "max_active (none) -> \"auto\""));
}

TEST_F(RoomTest, WhatIsHardlyMeantIsAWarning) {
  const Time before = sys_days(2026y / 11 / 1);
  const auto lint = [&](std::string_view rest, Time now) { return Lint(With(rest), now); };
  const std::string good = absl::StrFormat("%sroutes = \"*\"\n", kRoom);
  EXPECT_THAT(lint(good, before), IsEmpty());
  EXPECT_THAT(lint(kRoom, before),
              ElementsAre("no route is in the waiting room \"sale\", so nobody waits there"));
  EXPECT_THAT(lint(good + "bypass = [{ path_prefix = \"/\" }]", before),
              ElementsAre(HasSubstr("has a bypass for all paths")));
  EXPECT_THAT(lint(good + "fail = \"closed\"", before),
              ElementsAre(HasSubstr("its scope is not \"fleet\"")));
  EXPECT_THAT(lint(good + "[state]\ndir = \"off\"", before),
              ElementsAre(HasSubstr("a restart forgets who waits")));
  const std::string friday = absl::StrFormat("%s%s", good, kFriday);
  EXPECT_THAT(lint(friday, sys_days(2026y / 11 / 27) + 12h - 1s), IsEmpty());
  EXPECT_THAT(lint(friday, sys_days(2026y / 11 / 27) + 12h),
              ElementsAre("the event \"friday\" is over since 2026-11-27T12:00:00Z"));
  EXPECT_THAT(lint(absl::StrFormat("%swhen = \"off\"\n%s", good, kFriday), before),
              ElementsAre(HasSubstr("which is off, so nobody waits then")));
  EXPECT_THAT(lint(friday + "limits = \"a\"\n[[limit]]\nname = \"a\"\nrate = \"1/s\"\nroutes = "
                            "\"*\"\n",
                   before),
              ElementsAre("the limit \"a\" of the event \"friday\" is for all routes at all "
                          "times"));
}

}  // namespace
}  // namespace sluice::conf
