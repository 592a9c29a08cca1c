#include "conf/schema.h"

#include <array>

namespace sluice::conf {
namespace {

template <typename Member>
struct ClassOf;
template <typename Class, typename Value>
struct ClassOf<Value Class::*> {
  using type = Class;
};
template <auto Member>
using OwnerOf = typename ClassOf<decltype(Member)>::type;

template <typename Object, typename Member, typename... Rest>
auto& Walk(Object& object, Member member, Rest... rest) {
  if constexpr (sizeof...(rest) == 0) {
    return object.*member;
  } else {
    return Walk(object.*member, rest...);
  }
}

// At<&Pool::outlier, &OutlierSpec::rest> finds a field by walking the members from its owner.
template <auto First, auto... Rest>
Field At(Owner owner) {
  return Field(&Walk(*std::get<OwnerOf<First>*>(owner), First, Rest...));
}

template <auto List>
Owner Append(Owner parent) {
  return Owner(&(std::get<OwnerOf<List>*>(parent)->*List).emplace_back());
}
template <auto List>
std::vector<Owner> Each(Owner parent) {
  std::vector<Owner> owners;
  for (auto& element : std::get<OwnerOf<List>*>(parent)->*List) owners.emplace_back(&element);
  return owners;
}

template <auto Maybe>
Owner Emplace(Owner parent) {
  return Owner(&(std::get<OwnerOf<Maybe>*>(parent)->*Maybe).emplace());
}
template <auto Maybe>
std::vector<Owner> IfAny(Owner parent) {
  auto& maybe = std::get<OwnerOf<Maybe>*>(parent)->*Maybe;
  if (!maybe) return {};
  return {Owner(&*maybe)};
}

// A section whose keys are fields of what is around it.
Owner Same(Owner parent) { return parent; }
std::vector<Owner> OnlySame(Owner parent) { return {parent}; }

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
    {"answer", true, "A page of one's own for an answer that sluice itself gives.",
     Append<&Config::answers>, Each<&Config::answers>},
    {"client_ip", false, "Whom to believe about the address of the client.", Same, OnlySame},
    {"forwarding", false, "What servers are told about the client and the way.", Same, OnlySame},
    {"access_log", false, "One line for each request.", Same, OnlySame},
    {"log", false, "What sluice says about itself.", Same, OnlySame},
    {"admin", false, "Metrics, status and health of sluice itself.", Same, OnlySame},
    {"resolver", false, "How names of servers become addresses.", Same, OnlySame},
    {"process", false, "Threads, user, files and shutdown.", Same, OnlySame},
};

constexpr std::string_view kOfThePool = "(the pool's)";
constexpr std::string_view kNone = "(none)";

constexpr Key kKeys[] = {
    {"include", Type::kTexts, nullptr, "[]", "",
     "Other files, relative to this one; their tables are appended, a key set twice is an error.",
     CheckPlain, "[\"routes.toml\"]"},

    {"listener.address", Type::kText, At<&Listener::address>, kRequired, "",
     "Where to listen: \"0.0.0.0:80\", \"[::]:80\", \"unix:/run/sluice.sock\"; port 0 is any free.",
     CheckListenAddress, "\"[::]:8080\""},
    {"listener.name", Type::kText, At<&Listener::name>, "(the address)", "",
     "Name in logs and metrics.", CheckName, "\"public\""},
    {"listener.backlog", Type::kCount, At<&Listener::backlog>, "4096", "1..65535",
     "Connections that wait in the kernel (at most net.core.somaxconn)."},
    {"listener.max_connections", Type::kCount, At<&Listener::max_connections>, "0", "0..10000000",
     "Connections served at a time, more wait in the backlog; 0: by the descriptors allowed."},
    {"listener.head_timeout", Type::kDuration, At<&Listener::head_timeout>, "\"10s\"", "1ms..1h",
     "Longest time from the first byte of a request's head to its last."},
    {"listener.keepalive_timeout", Type::kDuration, At<&Listener::keepalive_timeout>, "\"75s\"",
     "1ms..24h", "How long a connection may wait for its next request."},
    {"listener.max_requests", Type::kCount, At<&Listener::max_requests>, "10000", "0..4000000000",
     "Requests on one connection before it is closed; 0: no limit."},
    {"listener.max_head", Type::kSize, At<&Listener::max_head>, "\"16KiB\"", "1KiB..1MiB",
     "Size of a request's head; beyond: 431."},
    {"listener.max_fields", Type::kCount, At<&Listener::max_fields>, "100", "1..10000",
     "Header fields of a request; beyond: 431."},
    {"listener.max_target", Type::kSize, At<&Listener::max_target>, "\"8KiB\"", "64B..1MiB",
     "Length of a request's target (path and query); beyond: 414."},
    {"listener.min_body_rate", Type::kByteRate, At<&Listener::min_body_rate>, "\"500B/s\"",
     "0B/s..1GiB/s", "Slower clients are cut off, up and down; 0: never."},
    {"listener.min_body_rate_grace", Type::kDuration, At<&Listener::min_body_rate_grace>, "\"10s\"",
     "1ms..1h", "How long a client may be slower than min_body_rate."},
    {"listener.http2.max_streams", Type::kCount, At<&Listener::http2, &Http2::max_streams>, "128",
     "1..10000",
     "Requests at once; further ones are refused unseen, for the client to send again."},
    {"listener.http2.window", Type::kSize, At<&Listener::http2, &Http2::window>, "\"64KiB\"",
     "1KiB..16MiB",
     "What a client may send of each request body ahead of the server: more is faster for uploads "
     "over long lines, and is what each of them may take in memory."},
    {"listener.http2.send_buffer", Type::kSize, At<&Listener::http2, &Http2::send_buffer>,
     "\"2MiB\"", "64KiB..1GiB",
     "What waits in memory for a client that reads slowly, of all its answers; beyond it each "
     "keeps 16 KiB, or what one read brought."},
    {"listener.http2.tolerance", Type::kCount, At<&Listener::http2, &Http2::tolerance>, "1",
     "1..1000",
     "A client is cut that cancels much and finishes little, or sends frames that get nothing "
     "done; this is how many times the usual it may, before. See sluice_http2_cut_total."},
    {"listener.unix_mode", Type::kText, At<&Listener::unix_mode>, "\"0666\"", "",
     "Permissions of the file of a Unix socket.", CheckFileMode},
    {"listener.redirect_https", Type::kFlag, At<&Listener::redirect_https>, "false", "",
     "Answer every request with a redirect to the same address with https."},
    {"listener.proxy_protocol", Type::kTexts, At<&Listener::proxy_protocol>, "[]", "",
     "Addresses, CIDR ranges or \"unix\" of balancers that begin each connection with a PROXY "
     "header "
     "(version 1 or 2) within head_timeout; all other connections are closed. The client's address "
     "is then the header's, for logs, limits and trusted_proxies.",
     CheckNetwork, "[\"10.0.0.0/8\"]"},

    {"listener.tls.min_version", Type::kChoice, At<&Tls::min_version>, "\"1.2\"", "1.2|1.3",
     "The oldest version of TLS that is spoken."},
    {"listener.tls.unknown_name", Type::kChoice, At<&Tls::unknown_name>, "\"default\"",
     "default|refuse",
     "For names without a certificate: the first certificate, or an end of the handshake."},
    {"listener.tls.http2", Type::kFlag, At<&Tls::http2>, "true", "",
     "Offer HTTP/2 to clients beside HTTP/1.1."},
    {"listener.tls.handshake_timeout", Type::kDuration, At<&Tls::handshake_timeout>, "\"10s\"",
     "1ms..1h", "Longest time from the connection to the end of the handshake."},
    {"listener.tls.handshakes", Type::kRate, At<&Tls::handshakes>, kNone, "",
     "Most handshakes begun, by all clients together; beyond, accepting pauses and connections "
     "wait "
     "in the kernel, up to backlog for each worker. Right is somewhat below what the processors "
     "can do, which only a measurement knows, hence no default.",
     nullptr, "\"2000/s\""},
    {"listener.tls.handshakes_per_address", Type::kRate, At<&Tls::handshakes_per_address>, kNone,
     "",
     "Most handshakes begun by one address (IPv6: one /64); beyond, its connections are reset "
     "before any cryptography. No default: an address may be a mobile operator's, an office's or a "
     "balancer's in front, with thousands of shoppers behind it, and sluice cannot tell.",
     nullptr, "\"50/s\""},
    {"listener.tls.handshakes_burst", Type::kCount, At<&Tls::handshakes_burst>, "0", "0..1000000",
     "Handshakes that one address may begin at once after a quiet spell; 0: as many as "
     "handshakes_per_address counts."},
    {"listener.tls.session_lifetime", Type::kDuration, At<&Tls::session_lifetime>, "\"12h\"",
     "1min..16h", "How long a client may resume a session instead of a whole handshake."},
    {"listener.tls.client_certificates", Type::kChoice, At<&Tls::client_certificates>, "\"off\"",
     "off|optional|required",
     "Whether clients are asked for a certificate. Who shows none, or a bad one, is served all the "
     "same when it is optional; {client_certificate} and {client_subject} tell servers who came."},
    {"listener.tls.client_ca", Type::kFile, At<&Tls::client_ca>, kNone, "",
     "PEM file of the authorities that sign them.", CheckPlain, "\"clients.pem\""},
    {"listener.tls.hsts", Type::kDuration, At<&Tls::hsts>, "\"0s\"", "0s..87600h",
     "Tell browsers to come by https only for so long (Strict-Transport-Security); 0: don't."},
    {"listener.tls.certificates.cert", Type::kFile, At<&Certificate::cert>, kRequired, "",
     "PEM file: the certificate, then those between it and its authority.", CheckPlain,
     "\"shop.crt\""},
    {"listener.tls.certificates.key", Type::kFile, At<&Certificate::key>, kRequired, "",
     "PEM file of its private key, not encrypted.", CheckPlain, "\"shop.key\""},
    {"listener.tls.certificates.ocsp", Type::kFile, At<&Certificate::ocsp>, kNone, "",
     "DER file of an OCSP response to send with it.", CheckPlain, "\"shop.ocsp\""},
    {"listener.tls.certificates.names", Type::kTexts, At<&Certificate::names>, "[]", "",
     "Host names that get it, *.shop.example included; none: those it was issued for.",
     CheckHostPattern, "[\"shop.example\"]"},

    {"pool.name", Type::kText, At<&Pool::name>, kRequired, "",
     "What routes call it; also in logs and metrics.", CheckName, "\"web\""},
    {"pool.strategy", Type::kChoice, At<&Pool::picker, &balancer::PickerSpec::strategy>,
     "\"expected_delay\"",
     "expected_delay|least_request|peak_ewma|prequal|round_robin|random|maglev",
     "How a server is chosen: the one whose answer is expected soonest; the one of two with fewer "
     "requests, or fewer times recent latency; the fastest of five that is not hot; in turn; by "
     "chance; by the client's address."},
    {"pool.hash", Type::kText, At<&Pool::hash>, "\"client_ip\"", "",
     "What the strategy maglev keeps together: requests of one client_ip, of one path, or with one "
     "value of header:NAME, cookie:NAME or query:NAME; without it a request goes anywhere.",
     CheckHash, "\"cookie:session\""},
    {"pool.servers_file", Type::kFile, At<&Pool::servers_file>, kNone, "",
     "File with servers beside those written here, one a line: an address, and behind it weight=2 "
     "or backup if need be; # begins a comment. It is watched and read again within two seconds "
     "of a change, best made by a rename; while it is gone, empty or wrong, the servers it had "
     "stay.",
     CheckPlain, "\"servers.txt\""},
    {"pool.protocol", Type::kChoice, At<&Pool::protocol>, "\"http1\"", "http1|h2|auto",
     "What is spoken to the servers; h2 without tls is HTTP/2 without asking first, as gRPC "
     "servers expect. auto, with tls only: HTTP/2 where the server has it, else HTTP/1.1. A "
     "WebSocket needs http1."},
    {"pool.host", Type::kText, At<&Pool::host>, "\"client\"", "",
     "Host that servers are told: \"client\" (as asked for), \"server\" (its address), or a value.",
     CheckUpstreamHost},
    {"pool.slow_start", Type::kDuration, At<&Pool::picker, &balancer::PickerSpec::slow_start>,
     "\"10s\"", "0s..1h",
     "Time in which a server that is new or comes back gets from a tenth of its share to all of "
     "it; 0: at once."},
    {"pool.panic_percent", Type::kCount, At<&Pool::picker, &balancer::PickerSpec::panic_percent>,
     "50", "0..100",
     "When fewer of the servers are well than this, all are used; 0: only when none is."},
    {"pool.connect_timeout", Type::kDuration, At<&Pool::connect_timeout>, "\"1s\"", "1ms..10min",
     "Longest time to connect, the TLS handshake included; a server that needs longer counts as "
     "failed."},
    {"pool.head_timeout", Type::kDuration, At<&Pool::head_timeout>, "\"30s\"", "1ms..24h",
     "Longest time from the last byte of the request to the whole head of the answer."},
    {"pool.idle_timeout", Type::kDuration, At<&Pool::idle_timeout>, "\"60s\"", "1ms..24h",
     "Longest pause inside the body of an answer."},
    {"pool.total_timeout", Type::kDuration, At<&Pool::total_timeout>, "\"0s\"", "0s..168h",
     "Longest time for a request as a whole; 0: no limit."},
    {"pool.tunnel_idle_timeout", Type::kDuration, At<&Pool::tunnel_idle_timeout>, "\"10min\"",
     "1ms..168h", "Longest silence on an upgraded connection (WebSocket), both ways."},
    {"pool.max_idle", Type::kCount, At<&Pool::max_idle>, "1024", "0..65535",
     "Idle connections kept to each server by each worker: what was needed at once, until it has "
     "rested max_idle_time. Less where each holds a process of the server's."},
    {"pool.max_idle_time", Type::kDuration, At<&Pool::max_idle_time>, "\"55s\"", "1ms..24h",
     "How long they are kept; less than the server's own keep-alive time."},
    {"pool.max_age", Type::kDuration, At<&Pool::max_age>, "\"1h\"", "1s..168h",
     "Age at which a connection to a server is replaced."},
    {"pool.tries", Type::kCount, At<&Pool::tries>, "3", "1..10",
     "Servers tried for one request, the first included."},
    {"pool.concurrency", Type::kCount, At<&Pool::concurrency>, "0", "0..1000000",
     "Requests that each server works on at once, exactly, over all workers; further ones wait in "
     "the queue. 0: as many as come."},
    {"pool.queue", Type::kCount, At<&Pool::queue>, "4096", "0..1000000",
     "Requests that wait while all servers are full; beyond: 503."},
    {"pool.queue_timeout", Type::kDuration, At<&Pool::queue_timeout>, "\"10s\"", "1ms..1h",
     "Longest wait there; then 503."},
    {"pool.cancel_hold", Type::kDuration, At<&Pool::cancel_hold>, "\"30s\"", "0s..1h",
     "How long a request that was given up (its client left, or it took too long) keeps its place "
     "at a server with a limit, unless the server answers or closes before: a server goes on "
     "working for those who left."},
    {"pool.max_connections", Type::kCount, At<&Pool::max_connections>, "0", "0..1000000",
     "Connections to each server, idle ones included, exactly, over all workers; for servers that "
     "give each a process. 0: no limit."},
    {"pool.max_head", Type::kSize, At<&Pool::max_head>, "\"32KiB\"", "1KiB..1MiB",
     "Size of an answer's head; beyond: 502."},
    {"pool.nodelay", Type::kFlag, At<&Pool::nodelay>, "true", "", "TCP_NODELAY towards servers."},
    {"pool.tcp_keepalive", Type::kDuration, At<&Pool::tcp_keepalive>, "\"60s\"", "0s..24h",
     "Idle time after which the kernel probes a connection; 0: never."},

    {"pool.servers.address", Type::kText, At<&Server::address>, kRequired, "",
     "\"10.0.0.11:8000\", \"[::1]:8000\", \"unix:/run/app.sock\", \"shop.internal:8000\" (each "
     "address of the name is a server), or \"srv:_http._tcp.shop.internal\": the servers that DNS "
     "names in SRV records, with their ports and weights; those of the second priority are "
     "backups.",
     CheckServerAddress, "\"10.0.0.11:8000\""},
    {"pool.servers.weight", Type::kCount, At<&Server::weight>, "1", "0..1000",
     "Its share of the requests, beside the others' weights; 0: it gets none. Of a service (srv:): "
     "how many times the weights that DNS tells."},
    {"pool.servers.backup", Type::kFlag, At<&Server::backup>, "false", "",
     "Gets requests only while none of the servers that are no backup can."},
    {"pool.servers.concurrency", Type::kCount, At<&Server::concurrency>, "0", "0..1000000",
     "Requests that it works on at once; 0: as the pool says."},

    {"pool.sticky.cookie", Type::kText, At<&Sticky::cookie>, "\"sluice_server\"", "",
     "Name of the cookie; what the servers set of this name is not passed on.", CheckToken},
    {"pool.sticky.secret", Type::kFile, At<&Sticky::secret>, "(made at the start)", "",
     "File with the secret that signs, 16 bytes or more: one file for several proxies in front of "
     "the same servers, or to keep sessions through a restart.",
     CheckPlain, "\"sticky.key\""},
    {"pool.sticky.max_age", Type::kDuration, At<&Sticky::max_age>, "\"0s\"", "0s..8760h",
     "How long browsers keep the cookie; 0: until they are closed."},
    {"pool.sticky.path", Type::kText, At<&Sticky::path>, "\"/\"", "",
     "The path below which browsers send it.", CheckCookiePath},
    {"pool.sticky.same_site", Type::kChoice, At<&Sticky::same_site>, "\"lax\"", "lax|strict|none",
     "Whether they send it with requests that other sites cause; none needs https."},
    {"pool.sticky.secure", Type::kChoice, At<&Sticky::secure>, "\"auto\"", "auto|always|never",
     "Whether they send it by https only; auto: when they came by https."},
    {"pool.sticky.http_only", Type::kFlag, At<&Sticky::http_only>, "true", "",
     "Hide it from the scripts of the page."},

    {"pool.retry.on", Type::kTexts, At<&Pool::retry, &Retry::on>,
     "[\"connect\", \"reset\", \"timeout\"]", "",
     "What is tried again: connect (no connection), reset (closed before an answer), timeout (no "
     "answer in time), and statuses of 4xx and 5xx, as \"503\".",
     CheckRetryCause, "[\"connect\", \"reset\", \"503\"]"},
    {"pool.retry.budget_percent", Type::kCount,
     At<&Pool::retry, &Retry::budget, &balancer::RetryBudgetSpec::percent>, "20", "0..100",
     "Retries and second tries on their way at once, in percent of the pool's running requests: a "
     "pool in trouble is not given many times the work."},
    {"pool.retry.budget_least", Type::kCount,
     At<&Pool::retry, &Retry::budget, &balancer::RetryBudgetSpec::least>, "3", "0..100000",
     "But so many at least."},
    {"pool.retry.backoff", Type::kDuration, At<&Pool::retry, &Retry::backoff>, "\"25ms\"",
     "0s..10s",
     "A retry waits a random time up to this, doubled with each further one; the first after a "
     "connection that failed waits for nothing."},
    {"pool.retry.try_timeout", Type::kDuration, At<&Pool::retry, &Retry::try_timeout>, "\"0s\"",
     "0s..24h",
     "How long one try waits for its answer while another may follow; the last has head_timeout. "
     "0: all have."},

    {"pool.hedge.percentile", Type::kCount, At<&Pool::hedge, &Hedge::percentile>, "0", "0..99",
     "The second try begins when the first has taken longer than so many percent of the pool's "
     "requests take; 95 costs at most 5 % more requests. 0: never."},
    {"pool.hedge.least", Type::kDuration, At<&Pool::hedge, &Hedge::least>, "\"5ms\"", "1ms..1min",
     "But not sooner."},

    {"pool.tls.verify", Type::kFlag, At<&ServerTls::verify>, "true", "",
     "Whether the server's certificate must be sound and for its name; without, anybody on the way "
     "can be the server."},
    {"pool.tls.ca", Type::kFile, At<&ServerTls::ca>, kNone, "",
     "PEM file of the authorities that sign the servers' certificates; none: the system's, as they "
     "were at the start or when the pool's tls last changed.",
     CheckPlain, "\"servers.pem\""},
    {"pool.tls.server_name", Type::kText, At<&ServerTls::server_name>, "(the server's host)", "",
     "The name (or address) asked for and verified; by default the host of the server's address "
     "as written.",
     CheckServerName, "\"shop.internal\""},
    {"pool.tls.cert", Type::kFile, At<&ServerTls::cert>, kNone, "",
     "PEM file of the certificate to show to servers that ask for one.", CheckPlain,
     "\"sluice.crt\""},
    {"pool.tls.key", Type::kFile, At<&ServerTls::key>, kNone, "",
     "PEM file of its private key, not encrypted.", CheckPlain, "\"sluice.key\""},
    {"pool.tls.min_version", Type::kChoice, At<&ServerTls::min_version>, "\"1.2\"", "1.2|1.3",
     "The oldest version of TLS that is spoken."},

    {"pool.outlier.failures", Type::kCount, At<&Pool::outlier, &balancer::OutlierSpec::failures>,
     "3", "0..1000", "Failures in a row after which a server rests; 0: never."},
    {"pool.outlier.rest", Type::kDuration, At<&Pool::outlier, &balancer::OutlierSpec::rest>,
     "\"2s\"", "1ms..1h", "How long it rests, doubled when it fails again at once."},
    {"pool.outlier.rest_max", Type::kDuration, At<&Pool::outlier, &balancer::OutlierSpec::rest_max>,
     "\"60s\"", "1ms..24h", "Longest rest."},
    {"pool.outlier.max_ejected_percent", Type::kCount,
     At<&Pool::outlier, &balancer::OutlierSpec::max_ejected_percent>, "50", "0..100",
     "Of the pool's servers, so many may rest at a time, those that are down included; of two or "
     "more one always may, and never the last. 0: none."},
    {"pool.outlier.min_requests", Type::kCount,
     At<&Pool::sweep, &balancer::SweepSpec::min_requests>, "50", "1..1000000",
     "Requests in the window, of a server and of all the others, before it is compared with "
     "them."},
    {"pool.outlier.window", Type::kDuration, At<&Pool::sweep, &balancer::SweepSpec::window>,
     "\"10s\"", "1s..1h", "Time over which servers are compared."},
    {"pool.outlier.error_percent", Type::kCount,
     At<&Pool::sweep, &balancer::SweepSpec::error_percent>, "50", "1..100",
     "A server rests that fails so often, if the others fail less than half as often."},
    {"pool.outlier.deviations", Type::kCount, At<&Pool::sweep, &balancer::SweepSpec::deviations>,
     "4", "1..100",
     "So does one that fails by so many standard deviations more often than the others, and by "
     "ten percent of its requests."},
    {"pool.outlier.slow_factor", Type::kCount, At<&Pool::sweep, &balancer::SweepSpec::slow_factor>,
     "10", "0..1000",
     "So does one that takes so many times as long as the others, and 100 ms longer; 0: never."},

    {"pool.health.path", Type::kText, At<&HealthCheck::path>, "\"\"", "",
     "What is asked for, with its query; none: a connection is enough, and the TLS handshake where "
     "the pool has tls.",
     CheckRequestPath, "\"/healthz\""},
    {"pool.health.host", Type::kText, At<&HealthCheck::host>, "(the server's address)", "",
     "The Host that checks ask for.", CheckHost, "\"shop.example\""},
    {"pool.health.method", Type::kText, At<&HealthCheck::method>, "\"GET\"", "",
     "The method of the checks.", CheckMethod},
    {"pool.health.expect_status", Type::kTexts, At<&HealthCheck::expect_status>, "[\"200-399\"]",
     "", "Statuses that pass, each one or a range.", CheckStatusRange, "[\"200\", \"204\"]"},
    {"pool.health.expect_body", Type::kText, At<&HealthCheck::expect_body>, "\"\"", "",
     "A text that must occur in the first 64 KiB of the answer; empty: none.", nullptr, "\"ok\""},
    {"pool.health.interval", Type::kDuration,
     At<&HealthCheck::timing, &balancer::HealthSpec::interval>, "\"2s\"", "100ms..1h",
     "Time between two checks of a server."},
    {"pool.health.fast_interval", Type::kDuration,
     At<&HealthCheck::timing, &balancer::HealthSpec::fast_interval>, "\"500ms\"", "100ms..1h",
     "The same while it fails or is down, if that is shorter."},
    {"pool.health.timeout", Type::kDuration, At<&HealthCheck::timeout>, "\"1s\"", "1ms..10min",
     "Longest time for a whole check."},
    {"pool.health.jitter", Type::kCount,
     At<&HealthCheck::timing, &balancer::HealthSpec::jitter_percent>, "10", "0..100",
     "Percent by which the intervals vary, so that checks do not meet."},
    {"pool.health.fall", Type::kCount, At<&HealthCheck::timing, &balancer::HealthSpec::fall>, "3",
     "1..1000", "Failed checks in a row that take a server down."},
    {"pool.health.rise", Type::kCount, At<&HealthCheck::timing, &balancer::HealthSpec::rise>, "2",
     "1..1000", "Passed checks in a row that bring it back."},
    {"pool.health.port", Type::kCount, At<&HealthCheck::port>, "0", "0..65535",
     "The port that is checked; 0: the one that requests go to."},

    {"pool.breaker.error_percent", Type::kCount, At<&balancer::BreakerSpec::error_percent>, "50",
     "1..100", "It opens when so many of the tries in the window fail."},
    {"pool.breaker.min_requests", Type::kCount, At<&balancer::BreakerSpec::min_requests>, "100",
     "1..1000000", "Tries in the window, before they are judged."},
    {"pool.breaker.window", Type::kDuration, At<&balancer::BreakerSpec::window>, "\"10s\"",
     "1s..1h", "Time over which tries are counted."},
    {"pool.breaker.open", Type::kDuration, At<&balancer::BreakerSpec::open>, "\"5s\"", "100ms..1h",
     "How long nothing is let in."},
    {"pool.breaker.ramp", Type::kDuration, At<&balancer::BreakerSpec::ramp>, "\"10s\"", "0s..1h",
     "Then a tenth of the requests is, and more until all are after this time; if they fail as "
     "before, it opens again."},

    {"route.name", Type::kText, At<&Route::name>, "(from the match)", "",
     "Name in logs and metrics.", CheckName, "\"checkout\""},
    {"route.pool", Type::kText, At<&Route::pool>, kNone, "",
     "The pool that serves the request; a route has this, or redirect, or respond.", CheckName,
     "\"web\""},
    {"route.rewrite_prefix", Type::kText, At<&Route::rewrite_prefix>, kNone, "",
     "Takes the place of match.path_prefix in the path that the server gets.", CheckPath,
     "\"/v2\""},
    {"route.forward_path", Type::kChoice, At<&Route::forward_raw>, "\"normal\"", "normal|raw",
     "The path that the server gets: in normal form, or byte by byte as the client sent it."},
    {"route.max_body", Type::kSize, At<&Route::max_body>, "0", "0B..1TiB",
     "Size of a request's body; beyond: 413; 0: no limit."},
    {"route.request_buffer", Type::kSize, At<&Route::request_buffer>, "\"64KiB\"", "0B..64MiB",
     "How much of a body is awaited before a server is chosen; 0: nothing."},
    {"route.response_buffer", Type::kSize, At<&Route::response_buffer>, "\"256KiB\"", "4KiB..64MiB",
     "How far an answer is read ahead of a slow client."},
    {"route.connect_timeout", Type::kDuration, At<&Route::connect_timeout>, kOfThePool,
     "1ms..10min", "As in the pool.", nullptr, "\"1s\""},
    {"route.head_timeout", Type::kDuration, At<&Route::head_timeout>, kOfThePool, "1ms..24h",
     "As in the pool.", nullptr, "\"30s\""},
    {"route.idle_timeout", Type::kDuration, At<&Route::idle_timeout>, kOfThePool, "1ms..24h",
     "As in the pool.", nullptr, "\"60s\""},
    {"route.total_timeout", Type::kDuration, At<&Route::total_timeout>, kOfThePool, "0s..168h",
     "As in the pool; 0: no limit.", nullptr, "\"5min\""},

    {"route.match.host", Type::kTexts, At<&Route::match, &Match::host>, "[]", "",
     "Host asked for, without port: \"shop.example\", \"*.shop.example\"; none: any.",
     CheckHostPattern, "[\"shop.example\"]"},
    {"route.match.path", Type::kText, At<&Route::match, &Match::path>, kNone, "",
     "The path, exactly.", CheckPath, "\"/robots.txt\""},
    {"route.match.path_prefix", Type::kText, At<&Route::match, &Match::path_prefix>, kNone, "",
     "The path up to a '/': \"/api\" matches /api and /api/x, not /apix.", CheckPath, "\"/api\""},
    {"route.match.method", Type::kTexts, At<&Route::match, &Match::method>, "[]", "",
     "Methods; none: any.", CheckMethod, "[\"GET\", \"HEAD\"]"},
    {"route.match.header", Type::kFieldMatches, At<&Route::match, &Match::header>, "{}", "",
     "Header fields with these values; true: present is enough.", CheckToken,
     "{ \"X-Beta\" = true }"},
    {"route.match.cookie", Type::kFieldMatches, At<&Route::match, &Match::cookie>, "{}", "",
     "Cookies with these values; true: present is enough.", CheckToken, "{ group = \"b\" }"},
    {"route.match.query", Type::kFieldMatches, At<&Route::match, &Match::query>, "{}", "",
     "Parameters of the query with these values; true: present is enough.", CheckName,
     "{ preview = true }"},

    {"route.redirect.to", Type::kText, At<&Redirect::to>, kRequired, "",
     "Where to; {host}, {path} and {query} (with its '?') are filled in.", CheckRedirectTarget,
     "\"https://{host}{path}{query}\""},
    {"route.redirect.status", Type::kCount, At<&Redirect::status>, "302", "300..308",
     "301, 302, 303, 307 or 308."},
    {"route.respond.status", Type::kCount, At<&Respond::status>, "200", "200..599",
     "Status of the answer."},
    {"route.respond.body", Type::kText, At<&Respond::body>, "\"\"", "", "The text itself."},
    {"route.respond.content_type", Type::kText, At<&Respond::content_type>,
     "\"text/plain; charset=utf-8\"", "", "What kind of text it is.", CheckFieldValue},

    {"route.request_headers.set", Type::kPairs, At<&Route::request_headers, &HeaderEdits::set>,
     "{}", "", "Headers with these values, in place of any of the same name.", CheckRequestField,
     "{ \"X-From\" = \"sluice\" }"},
    {"route.request_headers.add", Type::kPairs, At<&Route::request_headers, &HeaderEdits::add>,
     "{}", "", "Headers beside those of the same name.", CheckRequestField,
     "{ \"X-Hop\" = \"1\" }"},
    {"route.request_headers.remove", Type::kTexts,
     At<&Route::request_headers, &HeaderEdits::remove>, "[]", "", "Headers to leave out.",
     CheckRequestField, "[\"X-Debug\"]"},
    {"route.response_headers.set", Type::kPairs, At<&Route::response_headers, &HeaderEdits::set>,
     "{}", "", "Headers with these values, in place of any of the same name.", CheckResponseField,
     "{ \"X-Frame-Options\" = \"DENY\" }"},
    {"route.response_headers.add", Type::kPairs, At<&Route::response_headers, &HeaderEdits::add>,
     "{}", "", "Headers beside those of the same name.", CheckResponseField,
     "{ \"Link\" = \"</a.css>; rel=preload\" }"},
    {"route.response_headers.remove", Type::kTexts,
     At<&Route::response_headers, &HeaderEdits::remove>, "[]", "", "Headers to leave out.",
     CheckResponseField, "[\"Server\"]"},

    {"answer.status", Type::kCount, At<&Answer::status>, kRequired, "400..599",
     "The status whose page this is.", nullptr, "503"},
    {"answer.html", Type::kText, At<&Answer::html>, "\"\"", "",
     "The page; {status}, {reason}, {why} and {request_id} are filled in."},
    {"answer.html_file", Type::kFile, At<&Answer::html>, kNone, "",
     "The same from a file, relative to this one.", CheckPlain, "\"sorry.html\""},
    {"answer.json", Type::kText, At<&Answer::json>, "\"\"", "",
     "For clients that ask for JSON; the same fields are filled in."},
    {"answer.json_file", Type::kFile, At<&Answer::json>, kNone, "",
     "The same from a file, relative to this one.", CheckPlain, "\"sorry.json\""},

    {"client_ip.trusted_proxies", Type::kTexts, At<&Config::client_ip, &ClientIp::trusted_proxies>,
     "[]", "",
     "Addresses, CIDR ranges or \"unix\" of proxies whose word about the client is believed.",
     CheckNetwork, "[\"10.0.0.0/8\"]"},
    {"client_ip.header", Type::kChoice, At<&Config::client_ip, &ClientIp::header>,
     "\"x-forwarded-for\"", "x-forwarded-for|forwarded", "The header in which they say it."},

    {"forwarding.x_forwarded_for", Type::kFlag,
     At<&Config::forwarding, &Forwarding::x_forwarded_for>, "true", "",
     "Send X-Forwarded-For, the client's address."},
    {"forwarding.x_forwarded_proto", Type::kFlag,
     At<&Config::forwarding, &Forwarding::x_forwarded_proto>, "true", "",
     "Send X-Forwarded-Proto, http or https."},
    {"forwarding.x_forwarded_host", Type::kFlag,
     At<&Config::forwarding, &Forwarding::x_forwarded_host>, "true", "",
     "Send X-Forwarded-Host, the host asked for."},
    {"forwarding.forwarded", Type::kFlag, At<&Config::forwarding, &Forwarding::forwarded>, "false",
     "", "Send Forwarded (RFC 7239), all of that in one."},
    {"forwarding.via", Type::kFlag, At<&Config::forwarding, &Forwarding::via>, "true", "",
     "Send Via, both ways."},
    {"forwarding.via_name", Type::kText, At<&Config::forwarding, &Forwarding::via_name>,
     "\"sluice\"", "", "The name in Via.", CheckToken},
    {"forwarding.request_id", Type::kChoice, At<&Config::forwarding, &Forwarding::request_id>,
     "\"keep\"", "keep|make|off",
     "X-Request-Id: kept from trusted proxies else made, always made, or none."},

    {"access_log.output", Type::kText, At<&Config::access_log, &AccessLog::output>, "\"stdout\"",
     "", "\"stdout\", \"syslog\", \"journald\", \"off\", or a file.", CheckAccessOutput},
    {"access_log.format", Type::kText, At<&Config::access_log, &AccessLog::format>, "\"json\"", "",
     "\"json\", \"combined\" (as nginx has it), or a text with {fields}.", CheckAccessFormat},
    {"access_log.queue", Type::kCount, At<&Config::access_log, &AccessLog::queue>, "65536",
     "16..16777216", "Lines that wait for the writer; beyond, they are dropped and counted."},

    {"log.level", Type::kChoice, At<&Config::log, &OperationalLog::level>, "\"info\"",
     "debug|info|warn|error", "What is worth a line."},
    {"log.output", Type::kText, At<&Config::log, &OperationalLog::output>, "\"stderr\"", "",
     "\"stderr\", \"stdout\", or a file.", CheckLogOutput},

    {"admin.address", Type::kText, At<&Config::admin, &Admin::address>, "\"127.0.0.1:9900\"", "",
     "Where to serve /metrics, /status, /healthz and /readyz; \"off\": nowhere.",
     CheckAdminAddress},
    {"admin.socket", Type::kText, At<&Config::admin, &Admin::socket>, "\"/run/sluice/admin.sock\"",
     "",
     "Unix socket that answers the same and takes changes, for root and sluice's own user; "
     "\"off\": none. The default one is left out where its folder cannot be used. Read at start "
     "only.",
     CheckAdminSocket},
    {"admin.token_file", Type::kFile, At<&Config::admin, &Admin::token_file>, kNone, "",
     "File with a token of 16 characters or more. Who brings it (Authorization: Bearer) may make "
     "changes at a loopback address, too; none: there nobody may.",
     CheckPlain, "\"admin.token\""},

    {"resolver.servers", Type::kTexts, At<&Config::resolver, &ResolverConfig::servers>, "[]", "",
     "Name servers; none: those of the system.", CheckResolverAddress, "[\"10.0.0.2\"]"},
    {"resolver.timeout", Type::kDuration, At<&Config::resolver, &ResolverConfig::timeout>, "\"2s\"",
     "10ms..1min", "Longest wait for one answer."},
    {"resolver.tries", Type::kCount, At<&Config::resolver, &ResolverConfig::tries>, "3", "1..10",
     "How often a question is asked."},
    {"resolver.min_ttl", Type::kDuration, At<&Config::resolver, &ResolverConfig::min_ttl>, "\"1s\"",
     "100ms..24h", "Shortest time an answer is used, whatever its TTL."},
    {"resolver.max_ttl", Type::kDuration, At<&Config::resolver, &ResolverConfig::max_ttl>,
     "\"5min\"", "100ms..24h", "Longest time an answer is used, whatever its TTL."},

    {"process.workers", Type::kCount, At<&Config::process, &Process::workers>, "0", "0..1024",
     "Worker threads; 0: the processors this process may use. Read at start only."},
    {"process.user", Type::kText, At<&Config::process, &Process::user>, "\"\"", "",
     "User to become once the listeners are open; empty: stay. Read at start only.", CheckPlain},
    {"process.group", Type::kText, At<&Config::process, &Process::group>, "\"\"", "",
     "Group to become; empty: the user's. Read at start only.", CheckPlain},
    {"process.pid_file", Type::kText, At<&Config::process, &Process::pid_file>, "\"\"", "",
     "File for the process id; empty: none. Read at start only.", CheckPlain},
    {"process.shutdown_delay", Type::kDuration, At<&Config::process, &Process::shutdown_delay>,
     "\"0s\"", "0s..1h",
     "Time between failing /readyz and closing the listeners, for balancers in front."},
    {"process.shutdown_timeout", Type::kDuration, At<&Config::process, &Process::shutdown_timeout>,
     "\"30s\"", "0s..24h", "Time that running requests get to end; then they are cut."},
    {"process.buffer_budget", Type::kSize, At<&Config::process, &Process::buffer_budget>,
     "\"256MiB\"", "1MiB..1TiB", "Memory for all bodies being buffered; beyond, readers wait."},
};

}  // namespace

std::span<const Section> Sections() { return kSections; }
std::span<const Key> Keys() { return kKeys; }

}  // namespace sluice::conf
