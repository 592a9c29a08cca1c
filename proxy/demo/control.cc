#include "proxy/demo/control.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "proxy/demo/form.h"

namespace sluice::demo {

namespace {

using std::chrono::milliseconds;

// Long enough to watch, short enough that nobody has to know the way back.
constexpr uint64_t kCrashMs = 15'000;
constexpr uint64_t kMostMs = 600'000;

struct Chosen {
  std::vector<Switches*> servers;
  bool database = false;
};

std::optional<Chosen> Choose(Site& site, size_t self, std::string_view action,
                             std::string_view query) {
  const std::optional<std::string> name = FormValue(query, "server");
  Chosen chosen;
  const bool all = name ? *name == "all" : action == "recover";
  chosen.database = name ? *name == "database" : action == "recover";
  for (size_t i = 0; i < site.servers.size(); ++i) {
    const bool named = name && (*name == site.servers[i]->name() || ParseDecimal(*name) == i + 1);
    if (all || named || (!name && i == self)) {
      chosen.servers.push_back(&site.servers[i]->switches());
    }
  }
  if (chosen.servers.empty() && !chosen.database) return std::nullopt;
  return chosen;
}

Answer Json(int status, std::string body) {
  Answer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = std::move(body);
  answer.fields.emplace_back("Cache-Control", "no-store");
  return answer;
}

Answer Wrong(int status, std::string_view why) {
  return Json(status, absl::StrFormat("{\"error\":\"%s\"}\n", why));
}

std::string Status(const Site& site) {
  std::string text = "{\"servers\":[";
  for (const std::unique_ptr<ShopServer>& server : site.servers) {
    const Switches& switches = server->switches();
    const ServerCounts counts = server->counts();
    absl::StrAppendFormat(
        &text,
        "%s{\"name\":\"%s\",\"address\":\"%s\",\"crashed\":%s,\"slow_ms\":%d,\"fail_rate\":%g,"
        "\"requests\":%d,\"answered\":%d,\"refused\":%d,\"failed\":%d,\"connections\":%d,"
        "\"departed\":%d,\"crashes\":%d,\"working\":%d,\"waiting\":%d}",
        server == site.servers.front() ? "" : ",", server->name(), server->address().ToString(),
        switches.crashed() ? "true" : "false", switches.slow() / milliseconds(1),
        switches.fail_rate(), counts.requests, counts.answered, counts.refused, counts.failed,
        counts.connections, counts.departed, counts.crashes, counts.working, counts.waiting);
  }
  absl::StrAppendFormat(&text, "],\"database\":{\"visits\":%d,\"slow_ms\":%d}}\n",
                        site.database.visits(), site.database.slow() / milliseconds(1));
  return text;
}

std::optional<double> Share(std::string_view query) {
  const std::optional<std::string> text = FormValue(query, "rate");
  if (!text || text->empty() || text->find_first_not_of("0123456789.") != std::string::npos) {
    return std::nullopt;
  }
  const double share = std::strtod(text->c_str(), nullptr);
  return share <= 1 ? std::optional(share) : std::nullopt;
}

}  // namespace

Answer Control(Site& site, size_t self, std::string_view action, const http::RequestHead& head) {
  if (action == "status") return Json(200, Status(site));
  if (head.method != http::Method::kPost) {
    Answer answer = Wrong(405, "use POST");
    answer.fields.emplace_back("Allow", "POST");
    return answer;
  }
  const std::optional<Chosen> chosen = Choose(site, self, action, head.query);
  if (!chosen) return Wrong(400, "no such server");
  const std::optional<uint64_t> ms = FormNumber(head.query, "ms");
  if (ms.value_or(0) > kMostMs) return Wrong(400, "ms is at most 600000");

  if (action == "slow") {
    if (!ms) return Wrong(400, "say how slow: ms=500");
    for (Switches* server : chosen->servers) server->SetSlow(milliseconds(*ms));
    if (chosen->database) site.database.SetSlow(milliseconds(*ms));
  } else if (action == "recover") {
    for (Switches* server : chosen->servers) server->Recover();
    if (chosen->database) site.database.SetSlow(Duration::zero());
  } else if (chosen->database) {
    return Wrong(400, "the database can only be slow");
  } else if (action == "fail") {
    const std::optional<double> share = Share(head.query);
    if (!share) return Wrong(400, "say how many: rate=0.5");
    for (Switches* server : chosen->servers) server->SetFailRate(*share);
  } else if (action == "crash") {
    for (Switches* server : chosen->servers) server->CrashFor(milliseconds(ms.value_or(kCrashMs)));
  } else {
    return Wrong(404, "slow, fail, crash, recover or status");
  }
  return Json(200, Status(site));
}

}  // namespace sluice::demo
