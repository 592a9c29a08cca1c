// Keys of [[listener]], and of what is known of the clients.
#include "conf/schema_rows.h"

namespace sluice::conf {
namespace {

constexpr Key kKeys[] = {
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
    {"listener.new_connections_per_address", Type::kRate,
     At<&Listener::new_connections_per_address>, kNone, "",
     "Most connections begun by one address (IPv6: one /64); further ones are reset. No default: "
     "an "
     "address may be a mobile operator's or an office's, with thousands of shoppers behind it.",
     nullptr, "\"50/s\""},
    {"listener.new_connections_burst", Type::kCount, At<&Listener::new_connections_burst>, "0",
     "0..1000000",
     "Connections that one address may begin at once after a quiet spell; 0: as many as "
     "new_connections_per_address counts."},
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

    {"client_ip.trusted_proxies", Type::kTexts, At<&Config::client_ip, &ClientIp::trusted_proxies>,
     "[]", "",
     "Addresses, CIDR ranges or \"unix\" of proxies whose word about the client is believed.",
     CheckNetwork, "[\"10.0.0.0/8\"]"},
    {"client_ip.header", Type::kChoice, At<&Config::client_ip, &ClientIp::header>,
     "\"x-forwarded-for\"", "x-forwarded-for|forwarded", "The header in which they say it."},

    {"access.deny", Type::kTexts, At<&Config::access, &Access::deny>, "[]", "",
     "Addresses and networks whose requests are refused.", CheckRange, "[\"198.51.100.0/24\"]"},
    {"access.allow", Type::kTexts, At<&Config::access, &Access::allow>, "[]", "",
     "Those whose requests are answered.", CheckRange, "[\"198.51.100.7\"]"},
    {"access.deny_file", Type::kFile, At<&Config::access, &Access::deny_file>, kNone, "0B..64MiB",
     "File with more to deny, one a line, up to a million; # begins a comment.", CheckPlain,
     "\"deny.txt\""},
    {"access.allow_file", Type::kFile, At<&Config::access, &Access::allow_file>, kNone, "0B..64MiB",
     "File with more to allow.", CheckPlain, "\"allow.txt\""},
    {"access.default", Type::kChoice, At<&Config::access, &Access::deny_others>, "\"allow\"",
     "allow|deny", "What becomes of all others."},

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
};

}  // namespace

std::span<const Key> ListenerKeys() { return kKeys; }

}  // namespace sluice::conf
