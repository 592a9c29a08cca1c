#include "conf/validate.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "conf/checks.h"
#include "conf/server_list.h"
#include "conf/store_url.h"
#include "conf/syntax.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

// Characters. Nobody guesses 64 bits over the network, however often they may try.
constexpr size_t kShortestToken = 16;
constexpr size_t kLeastSecret = 16;  // bytes
// RFC 7518 section 3.2; bytes.
constexpr size_t kShortestJwtSecret = 32;
constexpr size_t kMostJwtSecrets = 8;

class Validator {
 public:
  Validator(const Config& config, Report& report) : config_(config), report_(report) {}

  void Limits() {
    Seen names;
    for (size_t i = 0; i < config_.limits.size(); ++i) {
      const std::string place = absl::StrFormat("limit[%d]", i);
      CheckDistinct(report_, names, "the limit", config_.limits[i].name, place + ".name");
      CheckLimit(config_.limits[i], place);
    }
  }

  void CheckJwt() {
    if (!config_.jwt) {
      for (size_t i = 0; i < config_.limits.size(); ++i) {
        for (const std::string& part : config_.limits[i].key) {
          if (!part.starts_with("jwt:")) continue;
          report_.WrongAt(
              absl::StrFormat("limit[%d].key", i),
              absl::StrFormat("%s is of a token; write [jwt] with the secret that signs "
                              "them",
                              Quote(part)));
        }
      }
      return;
    }
    CheckSecrets(report_, config_.jwt->secret, {kShortestJwtSecret, kMostJwtSecrets, "HS256"},
                 "jwt.secret");
  }

  void CheckStoreForFleet() {
    if (!config_.store.url.empty()) return;
    const auto refuse = [this](const std::string& place) {
      report_.WrongAt(place, "what a fleet shares is kept by a store; write [store] with its url");
    };
    for (size_t i = 0; i < config_.limits.size(); ++i) {
      if (config_.limits[i].scope == "fleet") refuse(absl::StrFormat("limit[%d].scope", i));
    }
    for (size_t i = 0; i < config_.waiting_rooms.size(); ++i) {
      if (config_.waiting_rooms[i].fleet) refuse(absl::StrFormat("waiting_room[%d].scope", i));
    }
  }

  void Run() {
    Listeners();
    Pools();
    for (size_t i = 0; i < config_.routes.size(); ++i) {
      CheckRoute(config_.routes[i], absl::StrFormat("route[%d]", i));
    }
    Routes();
    Limits();
    CheckStoreForFleet();
    CheckJwt();
    const std::vector<std::string_view> routes = NamesOf(config_.routes);
    for (size_t i = 0; i < config_.limits.size(); ++i) {
      for (const std::string& route : config_.limits[i].routes) {
        if (route == "*") continue;
        CheckExists(report_, "route", route, routes, absl::StrFormat("limit[%d].routes", i));
      }
    }
    Answers();
    CheckStore();
    CheckOrdered(report_, "resolver", "min_ttl", config_.resolver.min_ttl, "max_ttl",
                 config_.resolver.max_ttl);
  }

 private:
  void Listeners() {
    if (config_.listeners.empty()) {
      report_.WrongAt("", "no [[listener]]; write one with address = \"[::]:8080\"");
    }
    Seen names;
    Seen addresses;
    for (size_t i = 0; i < config_.listeners.size(); ++i) {
      const Listener& listener = config_.listeners[i];
      CheckDistinct(report_, names, "the listener", listener.name,
                    absl::StrFormat("listener[%d].name", i));
      CheckAddress(addresses, listener.address, absl::StrFormat("listener[%d].address", i));
      const std::string burst = absl::StrFormat("listener[%d].new_connections_burst", i);
      if (listener.new_connections_burst != 0 && !listener.new_connections_per_address) {
        report_.WrongAt(burst, "new_connections_burst needs new_connections_per_address");
      }
      if (listener.tls) CheckTls(listener, absl::StrFormat("listener[%d]", i));
    }
    if (config_.admin.address != "off") {
      CheckAddress(addresses, config_.admin.address, "admin.address");
    }
    if (config_.admin.socket.starts_with('/')) {
      CheckAddress(addresses, "unix:" + config_.admin.socket, "admin.socket");
    }
    CheckAdminToken();
  }

  // Not shown in the error: it may be right but for its length.
  void CheckAdminToken() {
    if (config_.admin.token_file.name.empty()) return;
    const std::string_view token = config_.admin.token();
    const bool plain =
        std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (plain && token.size() >= kShortestToken) return;
    report_.WrongAt("admin.token_file",
                    absl::StrFormat("the token in %s is %s; make one with openssl rand -hex 32",
                                    Quote(config_.admin.token_file.name),
                                    plain ? "too short" : "not one line of visible ASCII"));
  }

  void CheckTls(const Listener& listener, const std::string& place) {
    const Tls& tls = *listener.tls;
    if (tls.certificates.empty()) {
      report_.WrongAt(place + ".tls",
                      "no certificate; write certificates = [{ cert = \"shop.crt\", key = "
                      "\"shop.key\" }]");
    }
    const bool asks = tls.client_certificates != "off";
    if (asks && tls.client_ca.name.empty()) {
      report_.WrongAt(place + ".tls.client_certificates",
                      "client_certificates needs client_ca, the authorities that sign them");
    }
    if (!asks && !tls.client_ca.name.empty()) {
      report_.WrongAt(place + ".tls.client_ca",
                      "client_ca is there but no client is asked; write client_certificates = "
                      "\"required\"");
    }
    const std::string burst = place + ".tls.handshakes_burst";
    if (tls.handshakes_burst != 0 && !tls.handshakes_per_address) {
      report_.WrongAt(burst, "handshakes_burst needs handshakes_per_address, whose burst it is");
    } else if (tls.handshakes_burst != 0) {
      const ratelimit::RateSpec limit{*tls.handshakes_per_address, tls.handshakes_burst};
      const std::string_view wrong = limit.Validate();
      if (!wrong.empty()) report_.WrongAt(burst, absl::StrFormat("this limit %s", wrong));
    }
    if (listener.redirect_https) {
      report_.WrongAt(place + ".redirect_https",
                      "this listener is the https one; redirect_https belongs to the plain one");
    }
  }

  void CheckAddress(Seen& addresses, const std::string& address, std::string place) {
    // Port 0 is another one each time.
    if (address.empty() || (address.ends_with(":0") && !address.starts_with("unix:"))) return;
    CheckDistinct(report_, addresses, "the address", CanonicalAddress(address), std::move(place));
  }

  void CheckStore() {
    const Store& store = config_.store;
    if (store.password_file.name.empty()) return;
    const std::string place = "store.password_file";
    const std::string_view password = store.password();
    if (!report_.Written("store.url")) {
      report_.WrongAt(place, "password_file needs url, the store whose password it is");
    } else if (!PasswordIn(store.url).empty()) {
      report_.WrongAt(place, "the url has a password already; leave one of them out");
    } else if (password.empty() || password.find_first_of("\r\n") != std::string_view::npos) {
      report_.WrongAt(place,
                      absl::StrFormat("the password in %s is %s", Quote(store.password_file.name),
                                      password.empty() ? "empty" : "not one line"));
    }
  }

  void Pools() {
    // Redirects and fixed answers need no server.
    if (config_.pools.empty() && config_.routes.empty()) {
      report_.WrongAt("", "no [[pool]]; write one with a name and servers = [\"10.0.0.11:8000\"]");
    }
    Seen names;
    for (size_t i = 0; i < config_.pools.size(); ++i) {
      const Pool& pool = config_.pools[i];
      const std::string place = absl::StrFormat("pool[%d]", i);
      CheckDistinct(report_, names, "the pool", pool.name, place + ".name");
      CheckServers(pool, place);
      Seen servers;
      for (size_t j = 0; j < pool.servers.size(); ++j) {
        CheckDistinct(report_, servers, "the server", pool.servers[j].address,
                      absl::StrFormat("%s.servers[%d].address", place, j));
      }
      CheckOrdered(report_, place + ".outlier", "rest", pool.outlier.rest, "rest_max",
                   pool.outlier.rest_max);
      CheckSticky(pool, place);
      CheckPoolTls(pool, place);
      if (pool.health) CheckHealth(pool, place + ".health");
    }
  }

  void CheckHealth(const Pool& pool, const std::string& place) {
    const HealthCheck& health = *pool.health;
    for (const std::string_view name : {"host", "method", "expect_status", "expect_body"}) {
      const std::string key = absl::StrFormat("%s.%s", place, name);
      if (!health.path.empty() || !report_.Written(key)) continue;
      report_.WrongAt(key,
                      absl::StrFormat("%s needs path; a check without one only connects", name));
    }
    if (health.expect_status.empty()) {
      report_.WrongAt(place + ".expect_status", "no status would pass; write [\"200-399\"]");
    }
    if (!health.expect_body.empty() && health.method == "HEAD") {
      report_.WrongAt(place + ".expect_body", "an answer to HEAD has no body; take GET");
    }
    if (health.method == "CONNECT") {
      report_.WrongAt(place + ".method", "CONNECT is no request for a path; take GET");
    }
    for (const Server& server : pool.servers) {
      if (health.port == 0 || !server.address.starts_with("unix:")) continue;
      report_.WrongAt(place + ".port", absl::StrFormat("%s has no port", Quote(server.address)));
    }
  }

  void CheckServers(const Pool& pool, const std::string& place) {
    if (!pool.servers_file.name.empty()) {
      const absl::StatusOr<ServerList> list = ParseServerList(pool.servers_file.content);
      if (list.ok()) return;
      report_.WrongAt(place + ".servers_file",
                      absl::StrFormat("%s: %s", Quote(pool.servers_file.name),
                                      std::string(list.status().message())));
    } else if (pool.servers.empty()) {
      // A file that could not be read was reported.
      if (report_.Written(place + ".servers_file")) return;
      report_.WrongAt(place + ".servers",
                      "the pool has no servers; write servers = [\"10.0.0.11:8000\"]");
    } else if (AllWeighNothing(pool.servers)) {
      report_.WrongAt(place + ".servers",
                      "all servers of the pool have weight 0, so none would get a request; give "
                      "one of them a weight");
    }
  }

  void CheckSticky(const Pool& pool, const std::string& place) {
    if (!pool.sticky) return;
    if (!pool.sticky->secret.name.empty() && pool.sticky->secret.content.size() < kLeastSecret) {
      report_.WrongAt(
          place + ".sticky.secret",
          absl::StrFormat("the secret has %d bytes; it needs %d, or anybody may guess it",
                          pool.sticky->secret.content.size(), kLeastSecret));
    }
    if (pool.sticky->same_site == "none" && pool.sticky->secure == "never") {
      report_.WrongAt(place + ".sticky.secure",
                      "browsers take no cookie of same_site = \"none\" that is not secure");
    }
  }

  void CheckPoolTls(const Pool& pool, const std::string& place) {
    if (!pool.tls) {
      if (pool.protocol != "auto") return;
      report_.WrongAt(place + ".protocol",
                      "auto is agreed on in the TLS handshake; write tls = {}, or http1 or h2");
      return;
    }
    const ServerTls& tls = *pool.tls;
    if (tls.cert.name.empty() != tls.key.name.empty()) {
      const bool has_cert = tls.key.name.empty();
      report_.WrongAt(absl::StrFormat("%s.tls.%s", place, has_cert ? "cert" : "key"),
                      absl::StrFormat("%s needs %s beside it", has_cert ? "cert" : "key",
                                      has_cert ? "key" : "cert"));
    }
    if (!tls.verify && !tls.ca.name.empty()) {
      report_.WrongAt(place + ".tls.ca",
                      "ca is there but no certificate is verified; leave out verify = false");
    }
    for (const Server& server : pool.servers) {
      const std::string wrong = CheckVerifiable(pool, server.address);
      if (wrong.empty()) continue;
      report_.WrongAt(place + ".tls", absl::StrFormat("%s %s", Quote(server.address), wrong));
    }
  }

  void Routes() {
    if (config_.routes.empty() && config_.pools.size() > 1) {
      report_.WrongAt("", "several pools and no [[route]]; write which requests go to which pool");
    }
    Seen names;
    for (size_t i = 0; i < config_.routes.size(); ++i) {
      CheckDistinct(report_, names, "the route", config_.routes[i].name,
                    absl::StrFormat("route[%d].name", i));
    }
  }

  void CheckRoute(const Route& route, const std::string& place) {
    CheckTarget(route, place);
    if (report_.Written(place + ".match.path") && report_.Written(place + ".match.path_prefix")) {
      report_.WrongAt(place + ".match.path_prefix",
                      "a match has path or path_prefix, not both; leave one out");
    }
    if (route.rewrite_prefix && !report_.Written(place + ".match.path_prefix")) {
      report_.WrongAt(place + ".rewrite_prefix",
                      "rewrite_prefix takes the place of match.path_prefix, which is not there");
    }
    CheckLimitNames(route, place);
    CheckEdits(route.request_headers, place + ".request_headers");
    CheckEdits(route.response_headers, place + ".response_headers");
    constexpr std::array<int, 5> kRedirects = {301, 302, 303, 307, 308};
    if (route.redirect && std::find(kRedirects.begin(), kRedirects.end(), route.redirect->status) ==
                              kRedirects.end()) {
      report_.WrongAt(place + ".redirect.status",
                      absl::StrFormat("%d is no status of a redirect; it may be 301, 302, 303, 307 "
                                      "or 308",
                                      route.redirect->status));
    }
    const bool no_body =
        route.respond && (route.respond->status == 204 || route.respond->status == 304);
    if (no_body && !route.respond->body.empty()) {
      report_.WrongAt(place + ".respond.body",
                      absl::StrFormat("an answer %d has no body; leave it out, or take another "
                                      "status",
                                      route.respond->status));
    }
  }

  void CheckTarget(const Route& route, const std::string& place) {
    int targets = 0;
    for (const std::string_view name : {".pool", ".redirect", ".respond"}) {
      targets += report_.Written(absl::StrFormat("%s%s", place, name)) ? 1 : 0;
    }
    const bool made_by_us = !report_.Written(place);
    if (targets != 1 && !made_by_us) {
      report_.WrongAt(place, absl::StrFormat("a route has exactly one of pool, redirect and "
                                             "respond; this one has %s",
                                             targets == 0 ? "none" : "several"));
    }
    if (report_.Written(place + ".pool")) {
      CheckExists(report_, "pool", route.pool, NamesOf(config_.pools), place + ".pool");
    }
    if (targets == 1 && route.pool.empty()) {
      for (const std::string_view name : {".rewrite_prefix", ".forward_path"}) {
        const std::string key = absl::StrFormat("%s%s", place, name);
        if (!report_.Written(key) || report_.Written(place + ".pool")) continue;
        report_.WrongAt(key,
                        absl::StrFormat("%s needs a pool; this route asks none", name.substr(1)));
      }
    }
  }

  void CheckLimit(const Limit& limit, const std::string& place) {
    if (limit.rate.has_value() == (limit.concurrency != 0)) {
      report_.WrongAt(place,
                      absl::StrFormat("a limit has either rate or concurrency; this one has %s",
                                      limit.rate ? "both" : "none"));
    }
    for (const std::string_view name : {"burst", "charge", "max_delay"}) {
      const std::string key = absl::StrFormat("%s.%s", place, name);
      if (limit.rate || !report_.Written(key)) continue;
      report_.WrongAt(key, absl::StrFormat("%s belongs to a rate, and this limit has none", name));
    }
    if (limit.rate) {
      const std::string_view wrong = limit.Spec().Validate();
      if (!wrong.empty()) {
        const bool by_burst = report_.Written(place + ".burst");
        report_.WrongAt(place + (by_burst ? ".burst" : ".rate"),
                        absl::StrFormat("this limit %s", wrong));
      }
    }
    const bool delays = limit.action == "delay";
    if (delays && (limit.concurrency != 0 || limit.charge == "server_time")) {
      report_.WrongAt(place + ".action", "only a rate of requests can tell how long to wait");
    }
    if (!delays && report_.Written(place + ".max_delay")) {
      report_.WrongAt(place + ".max_delay", "max_delay belongs to action = \"delay\"");
    }
    CheckScope(limit, place);
    if (limit.ban && !NamesClients(limit)) {
      report_.WrongAt(place + ".ban",
                      "a ban is for a client, and this key names none; add client_ip, a cookie, a "
                      "header, a jwt claim or ja4");
    }
    if (limit.ban) {
      CheckOrdered(report_, place + ".ban", "time", limit.ban->time, "longest", limit.ban->longest);
    }
  }

  static bool NamesClients(const Limit& limit) {
    return std::any_of(limit.key.begin(), limit.key.end(), [](std::string_view part) {
      return part == "client_ip" || part == "ja4" || part.starts_with("cookie:") ||
             part.starts_with("header:") || part.starts_with("jwt:");
    });
  }

  void CheckScope(const Limit& limit, const std::string& place) {
    if (limit.scope != "fleet") {
      if (!report_.Written(place + ".when_silent")) return;
      report_.WrongAt(place + ".when_silent", "when_silent belongs to scope = \"fleet\"");
      return;
    }
    if (!limit.rate || limit.charge != "request" || limit.action == "delay") {
      report_.WrongAt(place + ".scope",
                      "only a rate of requests can be shared, and only without action = \"delay\"");
    }
  }

  void CheckLimitNames(const Route& route, const std::string& place) {
    Seen seen;
    for (size_t i = 0; i < route.limits.size(); ++i) {
      const std::string& name = route.limits[i].name;
      const std::string at = absl::StrFormat("%s.limits[%d].name", place, i);
      CheckDistinct(report_, seen, "the limit", name, at);
      for (const Limit& limit : config_.limits) {
        if (limit.name == name && limit.rate && route.limits[i].cost > limit.Spec().burst) {
          report_.WrongAt(absl::StrFormat("%s.limits[%d].cost", place, i),
                          absl::StrFormat("a cost of %d never fits into the burst of %d",
                                          route.limits[i].cost, limit.Spec().burst));
        }
      }
      CheckExists(report_, "limit", name, NamesOf(config_.limits), at);
    }
  }

  // A name in two of these, or twice in one, in whatever case, has no single meaning.
  void CheckEdits(const HeaderEdits& edits, const std::string& place) {
    Seen set;
    const auto lower = [](std::string name) {
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      return name;
    };
    const auto once = [&](const std::string& name, std::string_view list) {
      const auto [before, is_new] = set.try_emplace(lower(name), list);
      if (is_new) return;
      report_.WrongAt(absl::StrFormat("%s.%s", place, list),
                      absl::StrFormat("%s is in '%s' already; say one thing about each header",
                                      Quote(name), before->second));
    };
    for (const auto& [name, value] : edits.set) once(name, "set");
    for (const std::string& name : edits.remove) once(name, "remove");
  }

  void Answers() {
    Seen statuses;
    for (size_t i = 0; i < config_.answers.size(); ++i) {
      const Answer& answer = config_.answers[i];
      const std::string place = absl::StrFormat("answer[%d]", i);
      // 0: missing or wrong, and reported.
      if (answer.status != 0) {
        CheckDistinct(report_, statuses, "the answer", absl::StrFormat("%d", answer.status),
                      place + ".status");
      }
      const bool html = report_.Written(place + ".html");
      const bool html_file = report_.Written(place + ".html_file");
      const bool json = report_.Written(place + ".json");
      const bool json_file = report_.Written(place + ".json_file");
      if (html && html_file) {
        report_.WrongAt(place + ".html_file", "an answer has html or html_file, not both");
      }
      if (json && json_file) {
        report_.WrongAt(place + ".json_file", "an answer has json or json_file, not both");
      }
      if (!html && !html_file && !json && !json_file) {
        report_.WrongAt(place, "the answer has no text; write html, html_file, json or json_file");
      }
    }
  }

  const Config& config_;
  Report& report_;
};

}  // namespace

std::string CheckVerifiable(const Pool& pool, std::string_view address) {
  const bool by_address = pool.tls && pool.tls->verify && pool.tls->server_name.empty();
  // What DNS calls the servers of a service is nothing to trust a certificate by.
  const bool nameless = address.starts_with("unix:") || !ServiceOf(address).empty();
  if (!by_address || !nameless) return {};
  return "has no name that could be verified; write server_name";
}

void Validate(const Config& config, Report& report) {
  Validator(config, report).Run();
  ValidateRooms(config, report);
}
void ValidateLimits(const Config& config, Report& report) { Validator(config, report).Limits(); }

}  // namespace sluice::conf
