// What a text may be: one function per kind of text. Each answers with nothing when `text` is fine,
// else with the rest of a sentence that begins with the text: "has no port; write host:port".
//
// Threads: any. No look-ups: a server's name is checked for its letters only.
// Sources: RFC 9110 section 5.1 and 5.5 (fields), RFC 3986 section 3 (hosts, paths), RFC 4291
// section 2.2 (IPv6 texts).
#ifndef SLUICE_CONF_SYNTAX_H_
#define SLUICE_CONF_SYNTAX_H_

#include <string>
#include <string_view>

namespace sluice::conf {

using Check = std::string (*)(std::string_view text);

// No control characters.
std::string CheckPlain(std::string_view text);
// Like plain, 1 to 200 bytes, no quotes or backslashes: it becomes a label in metrics and logs.
std::string CheckName(std::string_view text);
// RFC 9110 section 5.6.2.
std::string CheckToken(std::string_view text);
// 1 to 64 letters, digits, '-' and '_': fit for the name of a cookie and for a path as they are.
std::string CheckSlug(std::string_view text);

// "0.0.0.0:80", "[::]:80", "unix:/run/sluice.sock". Port 0 is any free one.
std::string CheckListenAddress(std::string_view text);
// The same, or "off".
std::string CheckAdminAddress(std::string_view text);
// An absolute path that is short enough for a Unix socket, or "off".
std::string CheckAdminSocket(std::string_view text);
// As a listener's, with a name as host allowed and port 1 to 65535; or
// "srv:_http._tcp.shop.internal".
std::string CheckServerAddress(std::string_view text);
// The service that a server's address names, "_http._tcp.shop.internal"; empty: none.
std::string_view ServiceOf(std::string_view address);
// "10.0.0.2", "10.0.0.2:5353", "::1", "[::1]:5353".
std::string CheckResolverAddress(std::string_view text);
// An address, a CIDR range without bits beyond its length, or "unix".
std::string CheckNetwork(std::string_view text);
// The same without "unix".
std::string CheckRange(std::string_view text);
// One spelling for all spellings of a listen address, so that they can be compared.
// REQUIRES: CheckListenAddress finds nothing.
std::string CanonicalAddress(std::string_view text);

// "shop.example", "*.shop.example", "[::1]"; no port.
std::string CheckHostPattern(std::string_view text);
// A host name without port or wildcard, or an address without brackets.
std::string CheckServerName(std::string_view text);
// host or host:port, or the words "client" and "server".
std::string CheckUpstreamHost(std::string_view text);
// A path as routes see it (DESIGN: Paths): absolute, no dot segments, no "//", no needless escapes.
std::string CheckPath(std::string_view text);
// A path and its query as they are sent: absolute, no fragment, nothing that must be escaped.
std::string CheckRequestPath(std::string_view text);
// host or host:port.
std::string CheckHost(std::string_view text);
// units.h, StatusRange.
std::string CheckStatusRange(std::string_view text);
std::string CheckMethod(std::string_view text);
// What pool.hash names: "client_ip", "path", or "header:", "cookie:" or "query:" and a name.
std::string CheckHash(std::string_view text);
// A part of limit.key: "client_ip", "path" and their like, or "header:", "cookie:", "query:" or
// "jwt:" and a name.
std::string CheckLimitKey(std::string_view text);
// A path for a cookie: absolute, no ';'.
std::string CheckCookiePath(std::string_view text);
// What pool.retry.on names: "connect", "reset", "timeout", or a status from 400 to 599.
std::string CheckRetryCause(std::string_view text);
std::string CheckRedirectTarget(std::string_view text);

// Names of fields that an operator may change in requests and in responses. Hop-by-hop fields and
// Content-Length are sluice's own business, for they say how the message is cut.
std::string CheckRequestField(std::string_view name);
std::string CheckResponseField(std::string_view name);
// RFC 9110 section 5.5: no controls but tab, no space at either end.
std::string CheckFieldValue(std::string_view value);

// "off", "stdout", "syslog", "journald", or a file (with a '/').
std::string CheckAccessOutput(std::string_view text);
// "stderr", "stdout", or a file (with a '/').
std::string CheckLogOutput(std::string_view text);
// "json", "combined", or a text with {fields}.
std::string CheckAccessFormat(std::string_view text);
// An absolute path, or "off".
std::string CheckStateDir(std::string_view text);
// What visitors are told: plain, 1000 bytes at most.
std::string CheckMessage(std::string_view text);
// Three or four octal digits.
std::string CheckFileMode(std::string_view text);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_SYNTAX_H_
