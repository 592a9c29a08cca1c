// Keys of [[limit]], and of the tokens that they look into.
#include "conf/schema_rows.h"

namespace sluice::conf {
namespace {

constexpr Key kKeys[] = {
    {"limit.name", Type::kText, At<&Limit::name>, kRequired, "",
     "What routes, metrics and clients (RateLimit-Policy) call it.", CheckToken, "\"per-client\""},
    {"limit.key", Type::kTexts, At<&Limit::key>, "[\"client_ip\"]", "",
     "Whose requests are counted together: those that agree in all of these. \"client_ip\" (as "
     "[client_ip] says), \"header:NAME\", \"cookie:NAME\", \"query:NAME\", \"jwt:CLAIM\" (of a "
     "token "
     "that [jwt] takes), \"host\", \"path\", \"method\", \"route\", \"listener\", \"ja4\"; []: all "
     "requests.",
     CheckLimitKey, "[\"client_ip\", \"cookie:session\"]"},
    {"limit.rate", Type::kRate, At<&Limit::rate>, kNone, "",
     "How many may pass, in the long run: \"20/s\", \"300/min\", \"1000/h\". A limit has this, or "
     "concurrency.",
     nullptr, "\"20/s\""},
    {"limit.burst", Type::kCount, At<&Limit::burst>, "0", "0..1000000000",
     "How many may pass at once after a quiet spell; 0: as many as rate counts (20 of \"20/s\")."},
    {"limit.concurrency", Type::kCount, At<&Limit::concurrency>, "0", "0..1000000",
     "How many may run at once, in place of a rate."},
    {"limit.charge", Type::kChoice, At<&Limit::charge>, "\"request\"", "request|server_time",
     "What the rate counts: requests, or the milliseconds that servers took for them. Those are "
     "known when the answer is there; a key that has used them up is refused until then: \"500/s\" "
     "is half of one server."},
    {"limit.action", Type::kChoice, At<&Limit::action>, "\"reject\"", "reject|delay|tag|close",
     "What happens beyond it: 429; a wait until it fits, of max_delay at most, and then 429; the "
     "request is of priority low where servers are full, whatever its route says, and tells them "
     "by X-Sluice-Limited; or the connection (of HTTP/2 the request's stream) is closed without a "
     "word."},
    {"limit.max_delay", Type::kDuration, At<&Limit::max_delay>, "\"1s\"", "1ms..1min",
     "Longest wait of action = \"delay\"."},
    {"limit.dry_run", Type::kFlag, At<&Limit::dry_run>, "false", "",
     "Only count what would have been refused."},
    {"limit.missing", Type::kChoice, At<&Limit::missing>, "\"pass\"", "pass|share|reject",
     "For requests without a part of the key: the limit is not for them; they are counted "
     "together, "
     "as one; or they are refused."},
    {"limit.routes", Type::kTexts, At<&Limit::routes>, "[]", "",
     "Routes it is for, beside those whose limits name it; \"*\": all, and requests of no route.",
     CheckName, "[\"*\"]"},
    {"limit.exempt", Type::kTexts, At<&Limit::exempt>, "[]", "",
     "Clients it is not for, by address or range.", CheckRange, "[\"10.0.0.0/8\"]"},
    {"limit.ipv4_prefix", Type::kCount, At<&Limit::ipv4_prefix>, "32", "8..32",
     "How many bits of an IPv4 address are one client_ip."},
    {"limit.ipv6_prefix", Type::kCount, At<&Limit::ipv6_prefix>, "64", "16..128",
     "How many bits of an IPv6 address are: a customer usually has the other 64."},
    {"limit.keys", Type::kCount, At<&Limit::keys>, "65536", "1..100000000",
     "Room for so many keys that owe something at once, 32 bytes each, taken at once. Beyond, "
     "those "
     "that owe least are forgotten, and nobody is refused for it."},
    {"limit.scope", Type::kChoice, At<&Limit::scope>, "\"machine\"", "machine|fleet",
     "Whether each sluice has this limit for itself, or all that share a [store] together."},
    {"limit.when_silent", Type::kChoice, At<&Limit::when_silent>, "\"share\"", "share|open|closed",
     "What a limit of the fleet does while the store is silent: go on with this machine's share of "
     "the rate, let everything pass, or nothing."},
    {"limit.headers", Type::kChoice, At<&Limit::headers>, "\"refused\"", "refused|always|never",
     "Which answers tell clients the limit and what is left of it, in RateLimit-Policy and "
     "RateLimit; Retry-After is always in refusals."},
    {"limit.log", Type::kFlag, At<&Limit::log>, "false", "",
     "Whether what it refuses is in the access log, too. It is counted in any case, and a line of "
     "the log tells each 10 seconds how many and who most."},

    {"limit.ban.after", Type::kRate, At<&LimitBan::after>, "\"100/min\"", "",
     "So many refusals of one key, at once or in the long run.", nullptr, "\"50/min\""},
    {"limit.ban.time", Type::kDuration, At<&LimitBan::time>, "\"10min\"", "1s..720h",
     "How long it is shut out."},
    {"limit.ban.longest", Type::kDuration, At<&LimitBan::longest>, "\"24h\"", "1s..8760h",
     "Twice as long each time it comes back to that, up to this."},

    {"jwt.secret", Type::kFile, At<&Jwt::secret>, kRequired, "",
     "File with the secret that signs tokens, of 32 bytes or more; several, one a line, while one "
     "is "
     "exchanged for another.",
     CheckPlain, "\"jwt.key\""},
    {"jwt.header", Type::kText, At<&Jwt::header>, "\"authorization\"", "",
     "The header that has the token, with or without Bearer before it.", CheckToken},
    {"jwt.cookie", Type::kText, At<&Jwt::cookie>, kNone, "",
     "The cookie that has it where the header does not.", CheckToken, "\"token\""},
    {"jwt.leeway", Type::kDuration, At<&Jwt::leeway>, "\"60s\"", "0s..1h",
     "How much the clocks of who makes tokens may differ from ours."},
    {"jwt.issuer", Type::kText, At<&Jwt::issuer>, kNone, "", "What iss must be; none: anything.",
     CheckPlain, "\"https://login.shop.example\""},
    {"jwt.audience", Type::kText, At<&Jwt::audience>, kNone, "",
     "What must be in aud; none: anything.", CheckPlain, "\"shop\""},
    {"jwt.must_end", Type::kFlag, At<&Jwt::must_end>, "false", "",
     "Take only tokens with exp, the time of their end."},
};

}  // namespace

std::span<const Key> LimitKeys() { return kKeys; }

}  // namespace sluice::conf
