// Keys of [[pool]].
#include "conf/schema_rows.h"

namespace sluice::conf {
namespace {

constexpr Key kKeys[] = {
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
    {"pool.concurrency", Type::kCountOrAuto, At<&Pool::concurrency>, "\"auto\"", "0..1000000",
     "Requests that each server works on at once, over all workers; further ones wait in the "
     "queue. \"auto\": as many as it carries without becoming slow, found from its own answers, "
     "and all servers together no more than what they share carries; where max_connections is set, "
     "that many. A number: exactly so many. 0: as many as come."},
    {"pool.stream_after", Type::kDuration, At<&Pool::stream_after>, "\"5s\"", "100ms..1h",
     "With concurrency = \"auto\": a request or an answer that takes longer to send than this is a "
     "stream, and one of a kind that usually waits longer a long poll; these give their place "
     "back."},
    {"pool.queue", Type::kCount, At<&Pool::queue>, "4096", "0..1000000",
     "Requests that wait while all servers are full, those of the better priority before "
     "others; clients take turns. When it is full who comes is answered 503 with Retry-After, or "
     "takes the place of one of a lower priority, who then is."},
    {"pool.queue_bytes", Type::kSize, At<&Pool::queue_bytes>, "\"64MiB\"", "0B..64GiB",
     "And what they hold of their bodies (request_buffer of the route) together; those without a "
     "body take nothing of it."},
    {"pool.queue_timeout", Type::kDuration, At<&Pool::queue_timeout>, "\"10s\"", "1ms..1h",
     "Longest wait there; then 503. While more come than the servers can serve, who has waited a "
     "second is refused already, unless it is tried again. Who would wait longer than the "
     "total_timeout of its route leaves when that ends."},
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
};

}  // namespace

std::span<const Key> PoolKeys() { return kKeys; }

}  // namespace sluice::conf
