// Keys of [[route]], and of answers of our own.
#include "conf/schema_rows.h"

namespace sluice::conf {
namespace {

constexpr Key kKeys[] = {
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
    {"route.response_rate", Type::kByteRate, At<&Route::response_rate>, "\"0B/s\"", "0B/s..1TiB/s",
     "How fast the body of one answer passes, in blocks of some 64 KiB; 0: at once."},
    {"route.response_rate_after", Type::kSize, At<&Route::response_rate_after>, "0", "0B..1TiB",
     "How much of it passes at once, before response_rate holds."},
    {"route.priority", Type::kChoice, At<&Route::priority>, "\"normal\"",
     "critical|high|normal|low",
     "Whose requests get a place first while all servers of the pool are full: what ends a "
     "purchase before what begins one. One place in twenty goes to a lower priority that waits, "
     "so that none starves. What is low takes half of the queue at most."},
    {"route.waiting_room", Type::kText, At<&Route::waiting_room>, kNone, "",
     "The [[waiting_room]] whose visitors its requests are for.", CheckSlug, "\"sale\""},
    {"route.ends_session", Type::kFlag, At<&Route::ends_session>, "false", "",
     "Whether an answer of 2xx or 3xx here, unless to GET or HEAD, ends the visitor's session in "
     "the waiting room and frees his place: the order that was paid. A server may say the same of "
     "any answer by the header Sluice-Waiting-Room: done."},
    {"route.connect_timeout", Type::kDuration, At<&Route::connect_timeout>, kOfThePool,
     "1ms..10min", "As in the pool.", nullptr, "\"1s\""},
    {"route.head_timeout", Type::kDuration, At<&Route::head_timeout>, kOfThePool, "1ms..24h",
     "As in the pool.", nullptr, "\"30s\""},
    {"route.idle_timeout", Type::kDuration, At<&Route::idle_timeout>, kOfThePool, "1ms..24h",
     "As in the pool.", nullptr, "\"60s\""},
    {"route.total_timeout", Type::kDuration, At<&Route::total_timeout>, kOfThePool, "0s..168h",
     "As in the pool; 0: no limit.", nullptr, "\"5min\""},

    {"route.limits.name", Type::kText, At<&RouteLimit::name>, kRequired, "",
     "The name of a [[limit]].", CheckToken, "\"per-client\""},
    {"route.limits.cost", Type::kCount, At<&RouteLimit::cost>, "1", "0..1000000",
     "How many requests one of this route counts for."},

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
};

}  // namespace

std::span<const Key> RouteKeys() { return kKeys; }

}  // namespace sluice::conf
