// Config: what the operator wants, as an immutable value. Every field has the key it is written as;
// schema.cc lists all keys with type, unit, default, bounds and a line of documentation, and is the
// only place where defaults are stated for readers; the initialisers here must agree with it (a
// test holds them together).
//
// Threads: any, once loaded.
#ifndef SLUICE_CONF_CONFIG_H_
#define SLUICE_CONF_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balancer/spec.h"
#include "conf/health.h"
#include "conf/tls.h"

namespace sluice::conf {

// What one HTTP/2 connection of a client may have.
struct Http2 {
  uint32_t max_streams = 128;      // requests at once
  uint64_t window = 64 << 10;      // bytes of each request body, sent before we have passed them on
  uint64_t send_buffer = 2 << 20;  // bytes of answers that the client has no window for, of all
  uint32_t tolerance = 1;          // times what is allowed of frames that get nothing done
};

struct Listener {
  std::string name;     // default: the address
  std::string address;  // "0.0.0.0:80", "[::]:80", "unix:/run/sluice.sock"
  uint32_t backlog = 4096;
  uint32_t max_connections = 0;  // 0: derived from the descriptors this process may open
  Duration head_timeout = 10s;   // from the first byte of a head to its last; also the first head
  Duration keepalive_timeout = 75s;
  uint32_t max_requests = 10000;  // per connection; 0: no limit
  uint64_t max_head = 16 << 10;
  uint32_t max_fields = 100;
  uint64_t max_target = 8 << 10;
  uint64_t min_body_rate = 500;        // bytes per second, both ways; 0: off
  Duration min_body_rate_grace = 10s;  // a peer may be slower for so long
  std::string unix_mode = "0666";      // permissions of a Unix socket
  bool redirect_https = false;         // answer every request with its https address
  // Who begins each connection with a PROXY header, as ClientIp::trusted_proxies; empty: nobody.
  std::vector<std::string> proxy_protocol = {};
  Http2 http2 = {};
  std::optional<Tls> tls = std::nullopt;
};

struct ClientIp {
  std::vector<std::string> trusted_proxies;  // addresses and CIDR ranges; "unix" for Unix peers
  std::string header = "x-forwarded-for";    // "x-forwarded-for" or "forwarded"
};

// What the servers are told about the client and the way.
struct Forwarding {
  bool x_forwarded_for = true;
  bool x_forwarded_proto = true;
  bool x_forwarded_host = true;
  bool forwarded = false;  // RFC 7239
  bool via = true;         // RFC 9110 section 7.6.3, both ways
  std::string via_name = "sluice";
  std::string request_id = "keep";  // "keep": from trusted proxies, else made; "make"; "off"
};

struct Server {
  std::string address;  // "10.0.0.11:8000", "[::1]:8000", "shop.internal:8000",
                        // "unix:/run/app.sock", "srv:_http._tcp.shop.internal"
  uint32_t weight = 1;
  bool backup = false;       // gets requests only while no other server can
  uint32_t concurrency = 0;  // as Pool::concurrency; 0: the pool's
  bool listed = false;       // by servers_file, not written here
};

// When a request is tried at another server, and how often.
struct Retry {
  std::vector<std::string> on = {"connect", "reset", "timeout"};  // and statuses: "503"
  balancer::RetryBudgetSpec budget;  // keys: retry.budget_percent, retry.budget_least
  Duration backoff = 25ms;
  Duration try_timeout = 0s;  // 0: head_timeout alone
};

// A second try while the first still runs.
struct Hedge {
  uint32_t percentile = 0;  // of the pool's times to an answer; 0: none
  Duration least = 5ms;     // and never sooner
};

// A cookie that keeps a session at a server.
struct Sticky {
  std::string cookie = "sluice_server";
  File secret = {};       // none: made at the start of the process
  Duration max_age = 0s;  // 0: until the browser is closed
  std::string path = "/";
  std::string same_site = "lax";  // "lax", "strict", "none"
  std::string secure = "auto";    // "auto": when the client came by https; "always", "never"
  bool http_only = true;
};

struct Pool {
  std::string name;
  std::vector<Server> servers;
  File servers_file = {};          // more of them, in `servers` too (server_list.h)
  balancer::PickerSpec picker;     // keys: strategy, slow_start, panic_percent
  std::string hash = "client_ip";  // maglev: "client_ip", "path", "header:X-User", "cookie:id", …
  std::optional<Sticky> sticky = std::nullopt;
  balancer::OutlierSpec outlier;  // keys: outlier.failures, outlier.rest, outlier.rest_max, ...
  balancer::SweepSpec sweep;      // keys: outlier.min_requests and those behind it
  std::optional<HealthCheck> health = std::nullopt;
  std::optional<balancer::BreakerSpec> breaker = std::nullopt;
  std::string protocol = "http1";  // "http1", "h2": HTTP/2 and nothing else; "auto": by ALPN
  std::optional<ServerTls> tls = std::nullopt;
  std::string host = "client";  // Host sent: "client", "server", or a literal value
  Duration connect_timeout = 1s;
  Duration head_timeout = 30s;  // from the request's last byte to the response head's last
  Duration idle_timeout = 60s;  // between two reads of a body
  Duration total_timeout = 0s;  // 0: none
  Duration tunnel_idle_timeout = 10min;
  // Kept connections per server and worker: a descriptor and 1 KiB each here, and at a server that
  // gives each connection a process, a process for max_idle_time.
  uint32_t max_idle = 1024;
  Duration max_idle_time = 55s;  // below the servers' own keep-alive timeout
  Duration max_age = 1h;         // of one connection
  uint32_t tries = 3;            // servers tried for one request, the first included
  Retry retry = {};
  Hedge hedge = {};
  uint32_t concurrency = 0;      // requests at once at each server; 0: as many as come
  uint32_t queue = 4096;         // requests that wait for a server
  Duration queue_timeout = 10s;  // and how long each
  Duration cancel_hold = 30s;    // what a request that was given up may keep its place
  uint32_t max_connections = 0;  // to each server, idle ones included; 0: no limit
  uint64_t max_head = 32 << 10;
  bool nodelay = true;
  Duration tcp_keepalive = 60s;  // 0: off
};

// "name" and "value"; value empty: present is enough.
struct FieldMatch {
  std::string name;
  std::string value;
  bool present_only = false;
};

struct Match {
  std::vector<std::string> host;  // "shop.example", "*.shop.example"; empty: any
  std::string path;               // exact
  std::string path_prefix;        // on segment borders: "/api" matches "/api" and "/api/x"
  std::vector<std::string> method;
  std::vector<FieldMatch> header;
  std::vector<FieldMatch> cookie;
  std::vector<FieldMatch> query;
};

struct HeaderEdits {
  std::vector<std::pair<std::string, std::string>> set;  // replaces
  std::vector<std::pair<std::string, std::string>> add;
  std::vector<std::string> remove;
};

struct Redirect {
  int status = 302;
  std::string to;  // "https://{host}{path}{query}": {host} {path} {query} (with '?') are filled in
};

struct Respond {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

struct Route {
  std::string name;  // default: made from the match
  Match match;
  // Exactly one of these three.
  std::string pool;
  std::optional<Redirect> redirect;
  std::optional<Respond> respond;

  std::optional<std::string> rewrite_prefix;  // replaces match.path_prefix
  bool forward_raw = false;                   // key: forward_path = "normal" | "raw"
  HeaderEdits request_headers;
  HeaderEdits response_headers;
  uint64_t max_body = 0;               // 0: no limit
  uint64_t request_buffer = 64 << 10;  // 0: pass on at once, Expect included
  uint64_t response_buffer = 256 << 10;
  // Absent: the pool's.
  std::optional<Duration> connect_timeout;
  std::optional<Duration> head_timeout;
  std::optional<Duration> idle_timeout;
  std::optional<Duration> total_timeout;
};

// A page of one's own for an answer of ours.
struct Answer {
  int status = 0;
  std::string html;  // {status} {reason} {why} {request_id} are filled in
  std::string json;
};

struct AccessLog {
  std::string output = "stdout";  // "off", "stdout", "syslog", "journald", or a file
  std::string format = "json";    // "json", "combined", or a text with {fields}
  uint32_t queue = 65536;         // lines waiting for the writer; beyond: dropped and counted
};

struct OperationalLog {
  std::string level = "info";     // "debug", "info", "warn", "error"
  std::string output = "stderr";  // or a file
};

struct Admin {
  std::string address = "127.0.0.1:9900";         // "off": none
  std::string socket = "/run/sluice/admin.sock";  // "off": none
  File token_file;  // what changes over TCP must bring; none: nothing is changed over TCP

  // Without the line's end; empty: none.
  std::string_view token() const {
    const std::string_view text = token_file.content;
    return text.substr(0, text.find_last_not_of(" \r\n") + 1);
  }
};

struct ResolverConfig {
  std::vector<std::string> servers;  // empty: the system's
  Duration timeout = 2s;
  uint32_t tries = 3;
  Duration min_ttl = 1s;
  Duration max_ttl = 5min;
};

struct Process {
  uint32_t workers = 0;  // 0: the processors this process may use
  std::string user;      // dropped to after binding; empty: stay
  std::string group;
  std::string pid_file;
  Duration shutdown_delay = 0s;     // between failing /readyz and closing the listeners
  Duration shutdown_timeout = 30s;  // then what still runs is cut
  uint64_t buffer_budget = 256u << 20;
};

struct Config {
  Process process;
  std::vector<Listener> listeners;
  ClientIp client_ip;
  Forwarding forwarding;
  std::vector<Pool> pools;
  std::vector<Route> routes;  // none written and one pool: everything goes there
  std::vector<Answer> answers;
  AccessLog access_log;
  OperationalLog log;
  Admin admin;
  ResolverConfig resolver;
};

}  // namespace sluice::conf

#endif  // SLUICE_CONF_CONFIG_H_
