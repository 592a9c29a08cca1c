// Config: what the operator wants, as an immutable value. Every field has the key it is written as;
// schema.h lists all keys with type, unit, default, bounds and a line of documentation, and is the
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

#include "conf/limit.h"
#include "conf/match.h"
#include "conf/pool.h"
#include "conf/tls.h"
#include "conf/waiting_room.h"

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
  // New connections of one address (IPv6: one /64), and at once; 0: the count of the rate.
  std::optional<ratelimit::Rate> new_connections_per_address = std::nullopt;
  uint32_t new_connections_burst = 0;
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

// Whose requests are answered, by the address of the client. Of all networks that contain it the
// smallest counts.
struct Access {
  std::vector<std::string> deny;
  std::vector<std::string> allow;
  File deny_file;  // more of them, one a line
  File allow_file;
  bool deny_others = false;  // key: default = "allow" | "deny"

  bool operator==(const Access&) const = default;
};
inline constexpr uint64_t kLargestAccessFile = 64 << 20;  // a million networks are some 20 MiB

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
  uint64_t response_rate = 0;        // bytes per second of one answer; 0: no limit
  uint64_t response_rate_after = 0;  // bytes that are free of it
  std::vector<RouteLimit> limits;
  std::string priority = "normal";  // in the pool's queue: a name of ratelimit::kPriorityNames
  std::string waiting_room;         // that its visitors must have passed; empty: none
  bool ends_session = false;        // a good answer here, not to a GET, frees the visitor's place
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

// What several sluices share, for limits of scope "fleet".
struct Store {
  std::string url;     // store_url.h; empty: none
  File password_file;  // in place of one in the url
  Duration connect_timeout = 1s;
  Duration answer_timeout = 500ms;
  std::string prefix = "sluice:";  // of every key
  uint32_t instances = 1;          // that share it, until it has told

  // Without the line's end; empty: none, or that of the url.
  std::string_view password() const {
    const std::string_view text = password_file.content;
    return text.substr(0, text.find_last_not_of(" \r\n") + 1);
  }
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
  Access access;
  Forwarding forwarding;
  std::vector<Pool> pools;
  std::vector<Route> routes;  // none written and one pool: everything goes there
  std::vector<Limit> limits;
  std::vector<WaitingRoom> waiting_rooms = {};
  std::vector<Event> events = {};
  State state = {};
  std::optional<Jwt> jwt = std::nullopt;
  std::vector<Answer> answers;
  AccessLog access_log;
  OperationalLog log;
  Admin admin;
  ResolverConfig resolver;
  Store store;
};

}  // namespace sluice::conf

#endif  // SLUICE_CONF_CONFIG_H_
