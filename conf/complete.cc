#include "conf/complete.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/server_list.h"

namespace sluice::conf {
namespace {

constexpr size_t kLongestName = 100;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lower;
}

void CompleteMatch(Match& match) {
  for (std::string& host : match.host) {
    if (host.ends_with('.')) host.pop_back();
    host = Lower(host);
  }
  for (FieldMatch& header : match.header) header.name = Lower(header.name);
}

void AppendFields(std::string_view kind, const std::vector<FieldMatch>& fields, std::string& name) {
  for (const FieldMatch& field : fields) {
    name += absl::StrFormat(" %s:%s", kind, field.name);
    if (!field.present_only) name += absl::StrFormat("=%s", field.value);
  }
}

// "GET shop.example/api header:x-beta": short enough for a label, in the words of the match.
std::string NameOf(const Match& match) {
  std::string name;
  for (const std::string& method : match.method) {
    name += name.empty() ? method : absl::StrFormat(",%s", method);
  }
  if (!name.empty()) name += ' ';
  for (size_t i = 0; i < match.host.size(); ++i) {
    name += i == 0 ? match.host[i] : absl::StrFormat(",%s", match.host[i]);
  }
  name += match.path.empty() ? match.path_prefix : match.path;
  if (match.path.empty() && match.path_prefix.empty()) name += match.host.empty() ? "/" : "";
  AppendFields("header", match.header, name);
  AppendFields("cookie", match.cookie, name);
  AppendFields("query", match.query, name);
  for (char& c : name) {
    if (c == '"' || c == '\\' || c == '\t') c = '_';
  }
  if (name.size() > kLongestName) name = name.substr(0, kLongestName) + "...";
  return name;
}

void NameRoutes(std::vector<Route>& routes) {
  std::set<std::string> taken;
  for (const Route& route : routes) taken.insert(route.name);
  for (Route& route : routes) {
    if (!route.name.empty()) continue;
    const std::string name = NameOf(route.match);
    route.name = name;
    for (int copy = 2; !taken.insert(route.name).second; ++copy) {
      route.name = absl::StrFormat("%s (%d)", name, copy);
    }
  }
}

// What rooms say of routes, said by the routes. Of two that name one route the first has it, and
// the other is reported.
void EnterRooms(Config& config) {
  const auto enter = [&](bool all) {
    for (const WaitingRoom& room : config.waiting_rooms) {
      for (const std::string& name : room.routes) {
        if ((name == "*") != all) continue;
        for (Route& route : config.routes) {
          const bool named = all ? !route.pool.empty() : route.name == name;
          if (named && route.waiting_room.empty()) route.waiting_room = room.name;
        }
      }
    }
  };
  enter(/*all=*/false);
  enter(/*all=*/true);
}

}  // namespace

void Complete(Config& config) {
  for (Listener& listener : config.listeners) {
    if (listener.name.empty()) listener.name = listener.address;
  }
  if (config.routes.empty() && config.pools.size() == 1) {
    Route& all = config.routes.emplace_back();
    all.name = "default";
    all.match.path_prefix = "/";
    all.pool = config.pools.front().name;
  }
  for (Pool& pool : config.pools) {
    if (pool.servers_file.name.empty()) continue;
    absl::StatusOr<ServerList> list = ParseServerList(pool.servers_file.content);
    if (list.ok()) ListServers(pool, std::move(list->servers));
  }
  for (Route& route : config.routes) CompleteMatch(route.match);
  NameRoutes(config.routes);
  EnterRooms(config);
  for (WaitingRoom& room : config.waiting_rooms) {
    for (Bypass& bypass : room.bypass) CompleteMatch(bypass.match);
  }
}

}  // namespace sluice::conf
