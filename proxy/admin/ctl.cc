#include "proxy/admin/ctl.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "conf/nearest.h"
#include "conf/schema.h"
#include "proxy/admin/client.h"
#include "proxy/admin/json.h"
#include "proxy/admin/order.h"
#include "proxy/admin/table.h"
#include "proxy/base/address.h"
#include "proxy/base/text.h"
#include "proxy/server/config_file.h"
#include "proxy/server/limit_overlay.h"
#include "proxy/server/overlay.h"

namespace sluice::admin {
namespace {

constexpr std::chrono::milliseconds kLookAgain{200};

// Where a running sluice may answer, best first, and what it may want to see.
struct Doors {
  std::vector<std::string> addresses;
  std::string token;
};

absl::StatusOr<Doors> Find(const CtlCall& call) {
  conf::Admin admin;
  if (!call.config.empty()) {
    const auto config = server::ReadConfigFile(call.config);
    if (!config.ok()) return config.status();
    admin = (*config)->admin;
  }
  Doors doors{.addresses = {call.admin}, .token = std::string(admin.token())};
  if (call.admin.empty()) {
    doors.addresses.clear();
    if (admin.socket != "off") doors.addresses.push_back("unix:" + admin.socket);
    if (admin.address != "off") doors.addresses.push_back(admin.address);
  }
  if (!call.token_file.empty()) {
    std::ifstream file(call.token_file);
    if (!(file >> doors.token)) {
      return absl::NotFoundError(absl::StrFormat("%s: no token in there", call.token_file));
    }
  }
  return doors;
}

// By the first address where somebody is.
absl::StatusOr<std::string> Try(const Doors& doors, std::string_view path, std::string_view order) {
  absl::Status last = absl::NotFoundError("the configuration has no admin listener");
  for (std::string address : doors.addresses) {
    if (address.starts_with("localhost:")) address.replace(0, 9, "127.0.0.1");
    const std::optional<Address> to = Address::Parse(address);
    if (!to) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--admin %s: write unix:/run/sluice/admin.sock or 127.0.0.1:9900", address));
    }
    const absl::StatusOr<Reply> reply =
        Send(*to, {.path = path, .order = order, .token = doors.token});
    if (!reply.ok()) {
      last = reply.status();
      if (absl::IsUnavailable(last)) continue;
      return last;
    }
    if (reply->status < 300) return reply->body;
    const Json error = Json::parse(reply->body, nullptr, false);
    const bool said = error.is_object() && error.contains("error");
    return absl::FailedPreconditionError(
        said ? error["error"].get<std::string>()
             : absl::StrFormat("%s: %d %s", address, reply->status, reply->body));
  }
  return last;
}

std::string Field(const Json& object, std::string_view key) {
  const auto found = object.find(std::string(key));
  if (found == object.end()) return "-";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

Table Rows(const Json& objects, const std::vector<std::string>& keys) {
  Table table{keys};
  for (const Json& object : objects) {
    std::vector<std::string>& row = table.emplace_back();
    for (const std::string& key : keys) row.push_back(Field(object, key));
  }
  return table;
}

std::string ServersText(const Json& servers) {
  return FormatTable(Rows(servers, {"pool", "server", "name", "weight", "duty", "state", "active",
                                    "connections", "from"}));
}

std::string StatusText(const Json& status) {
  std::string text = absl::StrFormat("sluice %s: %s for %s s, %s workers, %s reloads (%s failed)\n",
                                     Field(status, "version"), Field(status, "state"),
                                     Field(status, "uptime_s"), Field(status, "workers"),
                                     Field(status, "reloads"), Field(status, "failed_reloads"));
  text += FormatTable(Rows(status.value("listeners", Json::array()),
                           {"name", "address", "connections", "max_connections", "accepted"}));
  Json servers = Json::array();
  for (const Json& pool : status.value("pools", Json::array())) {
    for (Json server : pool.value("servers", Json::array())) {
      server["pool"] = Field(pool, "name");
      servers.push_back(std::move(server));
    }
  }
  return text + FormatTable(Rows(servers, {"pool", "address", "weight", "state", "active",
                                           "requests", "retries", "rests"}));
}

std::string LimitsText(const Json& limits) {
  if (limits.empty()) return "there are no limits\n";
  Table table{
      {"limit", "what", "passed", "refused", "delayed", "tagged", "from", "ends_in_s", "most"}};
  for (const Json& limit : limits) {
    const Json ends = limit.value("ends", Json::object());
    uint64_t refused = 0;
    for (const char* end : {"rejected", "closed", "missing_refused", "banned", "would_refuse"}) {
      refused += ends.value(end, uint64_t{0});
    }
    const Json most = limit.value("most_refused", Json::array());
    table.push_back({Field(limit, "limit"), Field(limit, "what"), Field(ends, "passed"),
                     absl::StrFormat("%d", refused), Field(ends, "delayed"), Field(ends, "tagged"),
                     Field(limit, "from"), Field(limit, "ends_in_s"),
                     most.empty() ? "-" : Field(most.front(), "who")});
  }
  return FormatTable(table);
}

// Those that are not over, with their hooks.
std::string EventsText(Json events) {
  Json rows = Json::array();
  for (Json& event : events) {
    if (Field(event, "phase") == "over") continue;
    const Json hook = event.value("hook", Json());
    if (hook.is_object()) {
      const std::string how = hook.value("how", "");
      event["hook_at"] = Field(hook, hook.value("ran", Json()).is_null() ? "due" : "ran");
      event["hook"] = Field(hook, "state") + (how.empty() ? "" : ": " + how);
    } else {
      event.erase("hook");
    }
    rows.push_back(std::move(event));
  }
  if (rows.empty()) return "";
  return "\n" +
         FormatTable(Rows(rows, {"event", "room", "phase", "start", "end", "hook", "hook_at"}));
}

std::string RoomsText(const Json& answer) {
  Json rows = answer["rooms"];
  if (rows.empty()) return "there are no waiting rooms\n";
  Json changes = Json::array();
  for (Json& room : rows) {
    const Json event = room.value("event", Json());
    room["event"] = event.is_object() ? Field(event, "event") + ": " + Field(event, "phase") : "-";
    for (const Json& change : room.value("changes", Json::array())) changes.push_back(change);
  }
  std::string text =
      FormatTable(Rows(rows, {"room", "state", "waiting", "called", "active", "entered",
                              "entries_per_s", "pace", "max_active", "estimate_error", "event"}));
  text += EventsText(answer.value("events", Json::array()));
  if (changes.empty()) return text;
  return text + "\n" +
         FormatTable(Rows(changes, {"room", "change", "ends_in_s", "when", "who", "reason"}));
}

// One object as a row.
Table Fields(const Json& object) {
  Table table(2);
  for (const auto& [key, value] : object.items()) {
    table[0].push_back(key);
    table[1].push_back(Field(object, key));
  }
  return table;
}

// An answer for people.
std::string Render(const Json& answer) {
  if (answer.contains("changes")) {
    if (answer["changes"].empty()) return "nothing is changed: all is as the file says\n";
    return FormatTable(Rows(
        answer["changes"], {"when", "pool", "server", "limit", "room", "change", "who", "reason"}));
  }
  if (answer.contains("panic")) return FormatTable(Fields(answer));
  if (answer.contains("limits")) return LimitsText(answer["limits"]);
  if (answer.contains("rooms")) return RoomsText(answer);
  if (answer.contains("bans")) {
    if (answer["bans"].empty()) return "nobody is banned\n";
    return FormatTable(Rows(answer["bans"], {"limit", "who", "ends_in_s", "why", "key"}));
  }
  if (answer.contains("limit")) return FormatTable(Fields(answer));
  if (answer.contains("version")) return StatusText(answer);
  std::string text;
  if (answer.contains("warning")) text = "warning: " + Field(answer, "warning") + "\n";
  return text + ServersText(answer.value("servers", Json::array()));
}

// An empty object for what is none: whoever answers need not be sluice.
Json Parse(const std::string& answer) {
  Json parsed = Json::parse(answer, nullptr, false);
  return parsed.is_object() ? parsed : Json::object();
}

int Complain(const CtlCall& call, const absl::Status& status) {
  absl::FPrintF(call.err, "%s\n", std::string(status.message()));
  return 1;
}

int Print(const CtlCall& call, const std::string& answer) {
  const Json parsed = Parse(answer);
  if (parsed.empty()) {
    return Complain(call, absl::DataLossError("the answer is not what sluice would say"));
  }
  const std::string text = call.json ? answer : Render(parsed);
  return std::fputs(text.c_str(), call.out) < 0 ? 1 : 0;
}

// The servers of `now` that are among `meant`, too.
Json Among(const Json& now, const Json& meant) {
  Json found = Json::array();
  for (const Json& server : now) {
    const bool is_meant = std::any_of(meant.begin(), meant.end(), [&](const Json& one) {
      return Field(one, "pool") == Field(server, "pool") &&
             Field(one, "server") == Field(server, "server");
    });
    if (is_meant) found.push_back(server);
  }
  return found;
}

// Until the servers that `answer` speaks of have nothing to do any more.
int Wait(const CtlCall& call, const Doors& doors, const std::string& answer) {
  const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(call.wait_s);
  Json done = Parse(answer);
  for (;;) {
    const absl::StatusOr<std::string> all = Try(doors, "/servers", "");
    if (!all.ok()) return Complain(call, all.status());
    const Json now = Parse(*all).value("servers", Json::array());
    done["servers"] = Among(now, done.value("servers", Json::array()));
    int active = 0;
    for (const Json& server : done["servers"]) active += server.value("active", 0);
    if (active == 0) return Print(call, done.dump(2) + "\n");
    if (std::chrono::steady_clock::now() > late) {
      return Complain(call, absl::DeadlineExceededError(absl::StrFormat(
                                "%d requests are still running after %d s", active, call.wait_s)));
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

std::optional<server::Order> OrderOf(const CtlCall& call, server::Deed deed) {
  const bool may_weigh = deed == server::Deed::kWeight || deed == server::Deed::kAdd;
  const size_t least = deed == server::Deed::kWeight ? 4 : 3;
  if (call.words.size() < least || call.words.size() > (may_weigh ? 4u : 3u)) return std::nullopt;
  server::Order order{.deed = deed,
                      .pool = call.words[1],
                      .server = call.words[2],
                      .weight = std::nullopt,
                      .reason = call.reason};
  if (call.words.size() == 4) {
    const std::optional<uint64_t> weight = ParseDecimal(call.words[3]);
    if (!weight || *weight > UINT32_MAX) return std::nullopt;
    order.weight = static_cast<uint32_t>(*weight);
  }
  return order;
}

// For a part of a path or a query (RFC 3986 section 2.1).
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == ',';
    if (plain) {
      escaped += c;
    } else {
      escaped += absl::StrFormat("%%%02X", static_cast<uint8_t>(c));
    }
  }
  return escaped;
}

// A value as the schema has it: routes=a,b is a list, burst=5 a number.
std::optional<Json> ValueOf(std::string_view key, std::string_view text) {
  const conf::Key* const known = conf::FindKey("limit." + std::string(key));
  switch (known == nullptr ? conf::Type::kText : known->type) {
    case conf::Type::kCount: {
      const std::optional<uint64_t> number = ParseDecimal(text);
      if (!number) return std::nullopt;
      return Json(*number);
    }
    case conf::Type::kFlag:
      if (text != "true" && text != "false") return std::nullopt;
      return Json(text == "true");
    case conf::Type::kTexts: {
      Json list = Json::array();
      while (!text.empty()) list.push_back(CutNext(text, ','));
      return list;
    }
    default:
      return Json(text);
  }
}

// "limit set per-client rate=5/s"; nothing when the words make no sense.
std::optional<std::string> LimitOrderOf(const CtlCall& call) {
  if (call.words.size() < 3) return std::nullopt;
  Json order = {{"do", call.words[1]}, {"limit", call.words[2]}};
  if (!call.reason.empty()) order["reason"] = call.reason;
  if (!call.lasts.empty()) order["for"] = call.lasts;
  const bool sets = call.words[1] == "set";
  if (sets != (call.words.size() > 3)) return std::nullopt;
  for (size_t i = 3; i < call.words.size(); ++i) {
    const std::string_view word = call.words[i];
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string key(word.substr(0, equals));
    std::optional<Json> value = ValueOf(key, word.substr(equals + 1));
    if (!value) return std::nullopt;
    order["set"][key] = *std::move(value);
  }
  return ToLine(order);
}

// What is asked or ordered, and where; nothing when the words make no sense.
struct Question {
  std::string path;
  std::string order;  // empty: it is only asked
};
// "ban per-client 203.0.113.7 --for 1h"
std::optional<Question> BanQuestionOf(const CtlCall& call) {
  if (call.words.size() < 3) return std::nullopt;
  const std::vector<std::string> values(call.words.begin() + 2, call.words.end());
  Json order = {
      {"do", call.words[0]}, {"limit", call.words[1]}, {"key", absl::StrJoin(values, ",")}};
  if (!call.lasts.empty()) order["for"] = call.lasts;
  if (!call.reason.empty()) order["reason"] = call.reason;
  return Question{"/bans", ToLine(order)};
}

// "panic on critical,high --for 10min", "panic off"; "panic on none" keeps nothing.
std::optional<Question> PanicQuestionOf(const CtlCall& call) {
  if (call.words.size() == 1) return Question{"/panic", ""};
  const bool on = call.words[1] == "on";
  if (call.words.size() != (on ? 3u : 2u)) return std::nullopt;
  Json order = {{"do", call.words[1]}};
  if (on) {
    order["keep"] = Json::array();
    std::string_view classes = call.words[2] == "none" ? std::string_view() : call.words[2];
    while (!classes.empty()) order["keep"].push_back(CutNext(classes, ','));
  }
  if (!call.lasts.empty()) order["for"] = call.lasts;
  if (!call.reason.empty()) order["reason"] = call.reason;
  return Question{"/panic", ToLine(order)};
}

// "room sale pace 600/min --for 30min"; nothing when the words make no sense.
std::optional<Question> RoomQuestionOf(const CtlCall& call) {
  if (call.words.size() < 3 || call.words.size() > 4) return std::nullopt;
  Json order = {{"do", call.words[2]}, {"room", call.words[1]}};
  if (call.words.size() == 4) {
    const std::optional<uint64_t> number = ParseDecimal(call.words[3]);
    const bool counts = call.words[2] == "max_active" || call.words[2] == "release";
    order["value"] = counts && number ? Json(*number) : Json(call.words[3]);
  }
  if (!call.lasts.empty()) order["for"] = call.lasts;
  if (!call.reason.empty()) order["reason"] = call.reason;
  return Question{"/rooms", ToLine(order)};
}

std::optional<Question> QuestionOf(const CtlCall& call) {
  const std::string& word = call.words.front();
  const bool asks = word == "status" || word == "servers" || word == "changes" ||
                    word == "limits" || word == "bans" || word == "rooms";
  if (asks && call.words.size() == 1) return Question{"/" + word, ""};
  if (const std::optional<server::Deed> deed = server::ParseDeed(word)) {
    const std::optional<server::Order> order = OrderOf(call, *deed);
    if (!order) return std::nullopt;
    return Question{"/servers", FormatOrder(*order)};
  }
  if (word == "room") return RoomQuestionOf(call);
  if (word == "ban" || word == "lift") return BanQuestionOf(call);
  if (word == "panic") return PanicQuestionOf(call);
  if (word != "limit" || call.words.size() < 3) return std::nullopt;
  const auto* const deed =
      std::find(std::begin(server::kLimitDeeds), std::end(server::kLimitDeeds), call.words[1]);
  if (deed == std::end(server::kLimitDeeds)) {
    const std::vector<std::string> values(call.words.begin() + 2, call.words.end());
    return Question{absl::StrFormat("/limits/%s?key=%s", Escaped(call.words[1]),
                                    Escaped(absl::StrJoin(values, ","))),
                    ""};
  }
  std::optional<std::string> order = LimitOrderOf(call);
  if (!order) return std::nullopt;
  return Question{"/limits", *std::move(order)};
}

// The words make no sense.
int Confused(const CtlCall& call) {
  std::vector<std::string_view> names(std::begin(server::kDeeds), std::end(server::kDeeds));
  for (const std::string_view name : {"status", "servers", "changes", "limits", "limit", "bans",
                                      "ban", "lift", "rooms", "room", "panic"}) {
    names.push_back(name);
  }
  const std::string& word = call.words.front();
  const bool known = std::find(names.begin(), names.end(), word) != names.end();
  Complain(call,
           absl::InvalidArgumentError(known ? absl::StrFormat("sluice ctl: %s", kCtlHelp)
                                            : absl::StrFormat("sluice ctl: there is no '%s'%s",
                                                              word, conf::MayBe(word, names))));
  return 2;
}

}  // namespace

int Ctl(const CtlCall& call) {
  const std::optional<Question> question = QuestionOf(call);
  if (!question) return Confused(call);
  const absl::StatusOr<Doors> doors = Find(call);
  if (!doors.ok()) return Complain(call, doors.status());
  const absl::StatusOr<std::string> answer = Try(*doors, question->path, question->order);
  if (!answer.ok()) return Complain(call, answer.status());
  const std::optional<server::Deed> deed = server::ParseDeed(call.words.front());
  const bool leaves = deed == server::Deed::kDrain || deed == server::Deed::kMaintenance;
  return call.wait_s > 0 && leaves ? Wait(call, *doors, *answer) : Print(call, *answer);
}

}  // namespace sluice::admin
