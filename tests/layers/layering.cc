#include "tests/layers/layering.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace sluice {

namespace {

// Headers that a room of arithmetic has no use for. Those of address formats are not among them.
constexpr std::string_view kImpure[] = {"sys/socket.h",
                                        "sys/stat.h",
                                        "sys/mman.h",
                                        "sys/time.h",
                                        "linux/",
                                        "net/",
                                        "unistd.h",
                                        "fcntl.h",
                                        "poll.h",
                                        "netdb.h",
                                        "pthread.h",
                                        "signal.h",
                                        "time.h",
                                        "stdio.h",
                                        "csignal",
                                        "ctime",
                                        "cstdio",
                                        "thread",
                                        "mutex",
                                        "future",
                                        "fstream",
                                        "iostream",
                                        "condition_variable"};

constexpr std::string_view kSystemFolders[] = {"sys/", "netinet/", "arpa/", "linux/", "net/"};

bool Matches(std::string_view header, std::string_view pattern) {
  const bool open = pattern.ends_with('/') || pattern.ends_with('_');
  return open ? header.starts_with(pattern) : header == pattern;
}

bool IsSystem(std::string_view header) {
  if (header.find('/') == std::string_view::npos) {
    return header.find('.') == std::string_view::npos || header.ends_with(".h");
  }
  return std::any_of(std::begin(kSystemFolders), std::end(kSystemFolders),
                     [header](std::string_view folder) { return header.starts_with(folder); });
}

// Takes `word` off the front, spaces before it ignored.
bool Take(std::string_view& line, std::string_view word) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  return true;
}

// The header of an include line, empty for any other, and whether it was in quotes.
std::pair<std::string_view, bool> IncludeOf(std::string_view line) {
  if (!Take(line, "#") || !Take(line, "include")) return {};
  if (Take(line, "<")) return {line.substr(0, line.find('>')), false};
  if (Take(line, "\"")) return {line.substr(0, line.find('"')), true};
  return {};
}

bool ReadsClock(std::string_view line) {
  const size_t comment = line.find("//");
  return line.substr(0, comment).find("::now()") != std::string_view::npos;
}

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace

Layering::Layering(std::string_view table) {
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind, name;
    if (!(words >> kind) || kind.starts_with('#')) continue;
    words >> name;
    Names others;
    for (std::string word; words >> word;) others.insert(word);
    if (name.empty() || (kind != "room" && kind != "third" && kind != "pure")) {
      mistakes_.push_back("not understood: " + line);
    } else if (kind == "pure") {
      pure_.insert(name);
    } else {
      (kind == "room" ? rooms_ : third_)[name] = std::move(others);
    }
  }
  const auto must_exist = [this](const std::string& room) {
    if (room != "*" && RoomOf(room).empty()) mistakes_.push_back("unknown room " + room);
  };
  for (const auto& [room, others] : rooms_) {
    std::for_each(others.begin(), others.end(), must_exist);
  }
  for (const auto& [header, rooms] : third_) std::for_each(rooms.begin(), rooms.end(), must_exist);
  std::for_each(pure_.begin(), pure_.end(), must_exist);
}

std::string_view Layering::RoomOf(std::string_view path) const {
  std::string_view best;
  for (const auto& [room, others] : rooms_) {
    const bool inside =
        path.starts_with(room) && (path.size() == room.size() || path[room.size()] == '/');
    if (inside && room.size() > best.size()) best = room;
  }
  return best;
}

bool Layering::MayInclude(std::string_view room, std::string_view header) const {
  const Names& allowed = rooms_.find(room)->second;
  const std::string_view target = RoomOf(header);
  return target == room || allowed.contains("*") || allowed.contains(target) ||
         allowed.contains(header);
}

std::string_view Layering::ThirdPartyOf(std::string_view header) const {
  for (const auto& [pattern, rooms] : third_) {
    if (Matches(header, pattern)) return pattern;
  }
  return {};
}

std::string Layering::WhatIsWrong(std::string_view room, std::string_view header,
                                  bool quoted) const {
  const std::string refused = Join({room, " may not include ", header});
  if (!RoomOf(header).empty()) return MayInclude(room, header) ? "" : refused;
  const bool anything = room == "tests" || room == "bench";
  if (const std::string_view third = ThirdPartyOf(header); !third.empty()) {
    return anything || third_.find(third)->second.contains(room) ? "" : refused;
  }
  if (header.starts_with("absl/")) return "";
  if (quoted || !IsSystem(header)) return Join({header, " is not in the table"});
  const bool impure = std::any_of(std::begin(kImpure), std::end(kImpure),
                                  [header](std::string_view p) { return Matches(header, p); });
  return impure && pure_.contains(room) ? Join({room, " is pure and may not include ", header})
                                        : "";
}

std::vector<std::string> Layering::Check(std::string_view path, std::string_view text) const {
  const std::string_view room = RoomOf(path);
  if (room.empty()) return {Join({path, ": in no room"})};
  std::vector<std::string> wrong;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string what;
    if (const auto [header, quoted] = IncludeOf(line); !header.empty()) {
      what = WhatIsWrong(room, header, quoted);
    } else if (pure_.contains(room) && ReadsClock(line)) {
      what = Join({room, " is pure and may not read a clock"});
    }
    if (!what.empty()) wrong.push_back(Join({path, ":", std::to_string(number), ": ", what}));
  }
  return wrong;
}

}  // namespace sluice
