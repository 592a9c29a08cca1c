#include "conf/schema.h"

#include "conf/schema_rows.h"

namespace sluice::conf {
namespace {

constexpr Section kSections[] = {
    {"listener", true, "An address where clients are served. At least one.",
     Append<&Config::listeners>, Each<&Config::listeners>},
    {"listener.http2", false, "What one HTTP/2 connection of a client may have.", Same, OnlySame},
    {"listener.tls", false, "Speak TLS there, and nothing else.", Emplace<&Listener::tls>,
     IfAny<&Listener::tls>},
    {"listener.tls.certificates", true,
     "Certificates and their keys. Which one a client gets is decided by the name it asks for; of "
     "two for one name (ECDSA beside RSA) by what it can verify.",
     Append<&Tls::certificates>, Each<&Tls::certificates>},
    {"pool", true, "Servers that do the same work.", Append<&Config::pools>, Each<&Config::pools>},
    {"pool.servers", true,
     "The servers of the pool: a list of addresses, or of tables with these keys.",
     Append<&Pool::servers>, Each<&Pool::servers>, "address"},
    {"pool.tls", false,
     "Speak TLS to the servers; tls = {} is enough. Which HTTP is agreed on by ALPN, as protocol "
     "says.",
     Emplace<&Pool::tls>, IfAny<&Pool::tls>},
    {"pool.sticky", false,
     "Keep each session at one server, by a cookie; sticky = {} is enough. Its value is a "
     "signature "
     "that names no address. A session leaves a server that is down or in maintenance for good, "
     "and one that is full for a request; a drained server keeps the sessions it has.",
     Emplace<&Pool::sticky>, IfAny<&Pool::sticky>},
    {"pool.outlier", false, "When a server that keeps failing rests for a while.", Same, OnlySame},
    {"pool.retry", false,
     "When a request that failed is tried at another server. Only what no server can have acted "
     "on, "
     "or may act on twice (GET, HEAD, PUT, DELETE, OPTIONS, TRACE), and whose body is held whole.",
     Same, OnlySame},
    {"pool.hedge", false,
     "A second try of a GET at another server while the first has no answer yet; the first answer "
     "counts. For pools of which reading costs little.",
     Same, OnlySame},
    {"pool.health", false,
     "Check the servers from time to time, whatever requests they get; health = {} is enough. Each "
     "check takes a connection of its own, beside those of max_connections.",
     Emplace<&Pool::health>, IfAny<&Pool::health>},
    {"pool.breaker", false,
     "A circuit breaker: when so much fails that requests only make it worse, they are answered "
     "503 for a while; breaker = {} is enough.",
     Emplace<&Pool::breaker>, IfAny<&Pool::breaker>},
    {"route", true,
     "What is done with which requests. The longest path wins; with no route and one pool, "
     "everything goes to that pool.",
     Append<&Config::routes>, Each<&Config::routes>},
    {"route.match", false, "Which requests: those for which everything written here is true.", Same,
     OnlySame},
    {"route.redirect", false, "Answer with a redirect instead of asking a pool.",
     Emplace<&Route::redirect>, IfAny<&Route::redirect>},
    {"route.respond", false, "Answer with a fixed text instead of asking a pool.",
     Emplace<&Route::respond>, IfAny<&Route::respond>},
    {"route.request_headers", false,
     "Changes to the headers that the server gets. In values {client_ip}, {host}, {path}, {query}, "
     "{request_id}, {scheme} and of the client's TLS {tls_version}, {tls_cipher}, "
     "{tls_server_name}, {ja4}, {client_certificate} (\"verified\", \"none\" or what is wrong with "
     "it) and {client_subject} are filled in.",
     Same, OnlySame},
    {"route.response_headers", false,
     "Changes to the headers that the client gets; the same names are filled in.", Same, OnlySame},
    {"route.limits", true,
     "The limits of its requests, by name; or tables with these keys. All are looked at, then all "
     "are charged or none.",
     Append<&Route::limits>, Each<&Route::limits>, "name"},
    {"limit", true,
     "How much of what may pass. A limit is for the routes that name it, and for those it names "
     "itself.",
     Append<&Config::limits>, Each<&Config::limits>},
    {"limit.ban", false,
     "Shut out who keeps coming after being refused: 403 without a look at anything else; ban = {} "
     "is enough.",
     Emplace<&Limit::ban>, IfAny<&Limit::ban>},
    {"waiting_room", true,
     "Where visitors wait while the servers carry no more of them. Who is let in stays in, for all "
     "requests of his session; places are cookies that sluice signs.",
     Append<&Config::waiting_rooms>, Each<&Config::waiting_rooms>},
    {"waiting_room.bypass", true,
     "Requests that pass as if there were no room, and whose clients count for nothing there: "
     "those for which everything written in one of these tables is true.",
     Append<&WaitingRoom::bypass>, Each<&WaitingRoom::bypass>},
    {"event", true,
     "A sale that was announced. Events of one room may not overlap, from the beginning of "
     "prequeue to end.",
     Append<&Config::events>, Each<&Config::events>},
    {"state", false, "What a restart shall find again.", Same, OnlySame},
    {"jwt", false,
     "Tokens of clients (JSON Web Tokens, signed with HS256): their claims can be parts of a "
     "limit's "
     "key. A token that is not good has none.",
     Emplace<&Config::jwt>, IfAny<&Config::jwt>},
    {"answer", true, "A page of one's own for an answer that sluice itself gives.",
     Append<&Config::answers>, Each<&Config::answers>},
    {"client_ip", false, "Whom to believe about the address of the client.", Same, OnlySame},
    {"access", false,
     "Whose requests are answered at all, by the address of the client; others get 403. Of all "
     "networks that contain an address the smallest counts, so one can be allowed inside what is "
     "denied. The files are watched and read again within two seconds of a change, best made by a "
     "rename; while one is gone or wrong, what was in force stays.",
     Same, OnlySame},
    {"forwarding", false, "What servers are told about the client and the way.", Same, OnlySame},
    {"access_log", false, "One line for each request.", Same, OnlySame},
    {"log", false, "What sluice says about itself.", Same, OnlySame},
    {"admin", false, "Metrics, status and health of sluice itself.", Same, OnlySame},
    {"resolver", false, "How names of servers become addresses.", Same, OnlySame},
    {"store", false,
     "What several sluices share, for limits and waiting rooms of scope \"fleet\": a Redis or "
     "Valkey.",
     Same, OnlySame},
    {"process", false, "Threads, user, files and shutdown.", Same, OnlySame},
};

std::vector<Key> AllKeys() {
  std::vector<Key> all;
  for (const auto& some :
       {ListenerKeys(), PoolKeys(), RouteKeys(), LimitKeys(), RoomKeys(), ProcessKeys()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace

std::span<const Section> Sections() { return kSections; }

std::span<const Key> Keys() {
  static const std::vector<Key> all = AllKeys();
  return all;
}

}  // namespace sluice::conf
