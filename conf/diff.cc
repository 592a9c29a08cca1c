#include "conf/diff.h"

#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/schema.h"

namespace sluice::conf {
namespace {

// The keys of one thing and their values in words, in the order of the schema.
using Values = std::vector<std::pair<std::string, std::string>>;

// "pool 'web'" to its values; a thing inside another is named after it: "pool 'web' server '…'".
struct Snapshot {
  std::vector<std::string> names;  // in order
  std::map<std::string, Values, std::less<>> things;
};

std::string_view NameOf(const Owner& owner) {
  if (auto* const* listener = std::get_if<Listener*>(&owner)) return (*listener)->name;
  if (auto* const* one = std::get_if<Certificate*>(&owner)) return (*one)->cert.name;
  if (auto* const* pool = std::get_if<Pool*>(&owner)) return (*pool)->name;
  if (auto* const* server = std::get_if<Server*>(&owner)) return (*server)->address;
  if (auto* const* route = std::get_if<Route*>(&owner)) return (*route)->name;
  if (auto* const* limit = std::get_if<RouteLimit*>(&owner)) return (*limit)->name;
  if (auto* const* limit = std::get_if<Limit*>(&owner)) return (*limit)->name;
  if (auto* const* room = std::get_if<WaitingRoom*>(&owner)) return (*room)->name;
  if (auto* const* event = std::get_if<Event*>(&owner)) return (*event)->name;
  return {};
}

// A bypass has no name: it is what it says.
std::string Said(Bypass& bypass) {
  std::string text;
  for (const Key& key : Keys()) {
    if (SectionOf(key.path) != "waiting_room.bypass") continue;
    Bypass none;
    const std::string value = FormatField(key, key.at(Owner(&bypass)));
    if (value == FormatField(key, key.at(Owner(&none)))) continue;
    text += absl::StrFormat("%s%s = %s", text.empty() ? "" : ", ", LastName(key.path), value);
  }
  return text;
}

std::string LabelName(const Owner& owner) {
  if (auto* const* answer = std::get_if<Answer*>(&owner)) {
    return absl::StrFormat("%d", (*answer)->status);
  }
  if (auto* const* bypass = std::get_if<Bypass*>(&owner)) return Said(**bypass);
  return std::string(NameOf(owner));
}

std::string Label(const Section& section, const Owner& owner, std::string_view around) {
  std::string_view kind = LastName(section.path);
  if (kind == "servers") kind = "server";
  if (kind == "certificates") kind = "certificate";
  if (kind == "limits") kind = "limit";
  return absl::StrFormat("%s%s%s '%s'", around, around.empty() ? "" : " ", kind, LabelName(owner));
}

class Photographer {
 public:
  explicit Photographer(Config config) : config_(std::move(config)) {
    Visit("", Owner(&config_), "", "");
  }
  const Snapshot& snapshot() const { return snapshot_; }

 private:
  void Visit(std::string_view path, Owner owner, const std::string& thing,
             std::string_view inside) {
    for (const Key& key : Keys()) {
      if (SectionOf(key.path) != path || key.at == nullptr) continue;
      // Two keys may set one field (html, html_file); one line is enough.
      const Field field = key.at(owner);
      if (key.type == Type::kFile && std::holds_alternative<std::string*>(field)) continue;
      snapshot_.things[thing].emplace_back(absl::StrFormat("%s%s", inside, LastName(key.path)),
                                           FormatField(key, field));
    }
    for (const Section& section : Sections()) {
      if (SectionOf(section.path) == path) VisitSection(section, owner, thing, inside);
    }
  }

  void VisitSection(const Section& section, Owner owner, const std::string& thing,
                    std::string_view inside) {
    for (const Owner& object : section.list(owner)) {
      if (section.many) {
        const std::string name = Label(section, object, thing);
        snapshot_.names.push_back(name);
        Visit(section.path, object, name, "");
      } else if (thing.empty()) {
        snapshot_.names.emplace_back(section.path);
        Visit(section.path, object, std::string(section.path), "");
      } else {
        Visit(section.path, object, thing,
              absl::StrFormat("%s%s.", inside, LastName(section.path)));
      }
    }
  }

  Config config_;
  Snapshot snapshot_;
};

std::string Short(std::string_view value) {
  constexpr size_t kShown = 48;
  return value.size() <= kShown ? std::string(value)
                                : absl::StrFormat("%s...", value.substr(0, kShown));
}

std::string Changes(const Values& before, const Values& after) {
  std::map<std::string_view, std::string_view> old;
  for (const auto& [key, value] : before) old[key] = value;
  std::string text;
  const auto add = [&](std::string_view key, std::string_view was, std::string_view is) {
    text += absl::StrFormat("%s%s %s -> %s", text.empty() ? "" : ", ", key, Short(was), Short(is));
  };
  for (const auto& [key, value] : after) {
    const auto was = old.find(key);
    if (was == old.end()) {
      add(key, "(none)", value);
    } else if (was->second != value) {
      add(key, was->second, value);
    }
    if (was != old.end()) old.erase(was);
  }
  for (const auto& [key, value] : old) add(key, value, "(none)");
  return text;
}

// Whether the thing that `name` is inside of is in `all`: then a line about it says enough.
bool InsideOneOf(std::string_view name, const std::vector<std::string>& all) {
  for (const std::string& other : all) {
    if (name.size() > other.size() && name.starts_with(other) && name[other.size()] == ' ') {
      return true;
    }
  }
  return false;
}

// The names of `a` that are not in `b`, without what is inside of another of them.
std::vector<std::string> OnlyIn(const Snapshot& a, const Snapshot& b) {
  std::vector<std::string> only;
  for (const std::string& name : a.names) {
    if (!b.things.contains(name) && !InsideOneOf(name, only)) only.push_back(name);
  }
  return only;
}

bool SameOrder(const Config& before, const Config& after) {
  std::map<std::string_view, size_t> place;
  for (size_t i = 0; i < before.routes.size(); ++i) place[before.routes[i].name] = i;
  size_t last = 0;
  for (const Route& route : after.routes) {
    const auto found = place.find(route.name);
    if (found == place.end()) continue;
    if (found->second < last) return false;
    last = found->second;
  }
  return true;
}

}  // namespace

std::vector<std::string> Diff(const Config& before, const Config& after) {
  const Photographer photo_before(before);
  const Photographer photo_after(after);
  const Snapshot& old = photo_before.snapshot();
  const Snapshot& now = photo_after.snapshot();
  std::vector<std::string> lines;
  for (const std::string& name : OnlyIn(old, now)) lines.push_back(name + " removed");
  for (const std::string& name : OnlyIn(now, old)) lines.push_back(name + " added");
  for (const std::string& name : now.names) {
    const auto was = old.things.find(name);
    if (was == old.things.end()) continue;
    const std::string changes = Changes(was->second, now.things.find(name)->second);
    if (!changes.empty()) lines.push_back(absl::StrFormat("%s changed: %s", name, changes));
  }
  if (!SameOrder(before, after)) lines.emplace_back("the order of the routes changed");
  return lines;
}

}  // namespace sluice::conf
