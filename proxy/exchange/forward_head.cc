#include "proxy/exchange/forward_head.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "absl/random/distributions.h"
#include "proxy/base/text.h"
#include "proxy/exchange/target.h"
#include "proxy/http/rules.h"

namespace sluice::exchange {
namespace {

using http::Field;
using http::FieldId;
using http::Fields;

constexpr size_t kMaxRequestId = 128;

std::string_view HexId(absl::BitGenRef random, Arena& arena) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  char* const text = arena.AllocateArray<char>(32);
  for (int half = 0; half < 2; ++half) {
    uint64_t bits = absl::Uniform<uint64_t>(random);
    for (int i = 0; i < 16; ++i, bits >>= 4) text[half * 16 + i] = kDigits[bits & 15];
  }
  return {text, 32};
}

bool Believed(const conf::Forwarding& forwarding, const admission::ClientIdentity& client) {
  return client.peer_trusted && forwarding.request_id != "make";
}

// Nothing when the id that came is not to be believed, or could not stand in a log line or a
// header.
std::string_view IncomingId(const Fields& fields) {
  const std::string_view id = fields.Value(FieldId::kXRequestId);
  const bool visible =
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return visible && id.size() <= kMaxRequestId ? id : std::string_view();
}

// Servers that go by CGI names cannot tell '_' from '-', so a client could speak to them past us.
char Folded(char c) { return c == '_' ? '-' : LowerChar(c); }

bool StartsWithFolded(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), name.begin(),
                    [](char a, char b) { return Folded(a) == Folded(b); });
}

// Everything by which a proxy tells a server about the client. From a peer that is no trusted proxy
// these are the client's inventions.
bool ClaimsIdentity(const Field& field) {
  if (field.name.empty()) return false;
  const char first = LowerChar(field.name.front());
  if (first == 'f') return field.id == FieldId::kForwarded;
  if (first != 'x') return false;
  return StartsWithFolded(field.name, "x-forwarded-") ||
         (field.name.size() == 9 && StartsWithFolded(field.name, "x-real-ip")) ||
         (field.name.size() == 12 && StartsWithFolded(field.name, "x-request-id"));
}

// Of two ways to name the client one is believed; the other passes through a proxy unread and is
// the client's invention even when the peer is trusted.
void DropUnbelieved(Fields& fields, const admission::ClientIdentity& client) {
  if (!client.peer_trusted) {
    fields.RemoveIf(ClaimsIdentity);
  } else if (client.reads_forwarded) {
    fields.RemoveIf([](const Field& field) {
      return StartsWithFolded(field.name, "x-forwarded-") ||
             (field.name.size() == 9 && StartsWithFolded(field.name, "x-real-ip"));
    });
  } else {
    fields.Remove(FieldId::kForwarded);
  }
}

// Every request tells an address or two, and inet_ntop goes through printf: for IPv4 this costs a
// tenth of it.
std::string_view TextOf(const Ip& ip, Arena& arena) {
  if (!ip.is_v4()) return arena.Copy(ip.ToString());
  constexpr size_t kLongest = 15;
  char* const text = arena.AllocateArray<char>(kLongest);
  char* to = text;
  for (size_t i = 12; i < 16; ++i) {
    if (i > 12) *to++ = '.';
    to = std::to_chars(to, text + kLongest, ip.bytes[i]).ptr;
  }
  return {text, static_cast<size_t>(to - text)};
}

// Unix peers have no address to tell.
std::string_view PeerText(const admission::ClientIdentity& client, Arena& arena) {
  return client.peer_is_unix ? std::string_view() : TextOf(client.peer, arena);
}

bool Known(const Ip& ip) { return ip != Ip{}; }

// The client and then the peer, for the header that was not believed and so starts anew.
std::string_view FreshChain(const admission::ClientIdentity& client, std::string_view peer,
                            Arena& arena) {
  if (!Known(client.ip) || client.ip == client.peer) return peer;
  const std::string_view text = TextOf(client.ip, arena);
  return peer.empty() ? text : arena.Concat({text, ", ", peer});
}

void SetForwardedFor(Fields& fields, const admission::ClientIdentity& client,
                     std::string_view peer) {
  const std::string_view chain = fields.Joined(FieldId::kXForwardedFor);
  if (chain.empty()) {
    const std::string_view fresh = FreshChain(client, peer, fields.arena());
    if (!fresh.empty()) fields.Set("X-Forwarded-For", fresh);
  } else if (!peer.empty()) {
    fields.Set("X-Forwarded-For", fields.arena().Concat({chain, ", ", peer}));
  }
}

// RFC 7239 section 6: IPv6 is bracketed and, for its colons, quoted.
std::string_view ForwardedNode(const Ip& ip, Arena& arena) {
  if (!Known(ip)) return "unknown";
  const std::string_view text = TextOf(ip, arena);
  return ip.is_v4() ? text : arena.Concat({"\"[", text, "]\""});
}

void SetForwarded(Fields& fields, const ForwardContext& context, std::string_view scheme,
                  std::string_view host) {
  const admission::ClientIdentity& client = context.client;
  Arena& arena = fields.arena();
  const std::string_view chain = fields.Joined(FieldId::kForwarded);
  const std::string_view peer = ForwardedNode(client.peer, arena);
  // What our peer was asked for is told in the first element of a chain that starts here.
  const std::string_view told = host.empty()
                                    ? arena.Concat({";proto=", scheme})
                                    : arena.Concat({";host=\"", host, "\";proto=", scheme});
  std::string_view value;
  if (!chain.empty()) {
    value = arena.Concat({chain, ", for=", peer, ";proto=", context.scheme});
  } else if (client.peer_trusted && Known(client.ip) && client.ip != client.peer) {
    value = arena.Concat({"for=", ForwardedNode(client.ip, arena), told, ", for=", peer});
  } else {
    value = arena.Concat({"for=", peer, told});
  }
  fields.Set("Forwarded", value);
}

void AddVia(Fields& fields, http::Version version, const conf::Forwarding& forwarding) {
  if (!forwarding.via) return;
  const std::string_view received = version == http::Version::kHttp2    ? "2.0 "
                                    : version == http::Version::kHttp10 ? "1.0 "
                                                                        : "1.1 ";
  fields.Add("Via", fields.arena().Concat({received, forwarding.via_name}));
}

void TellAboutClient(http::RequestHead& head, const ForwardContext& context) {
  const conf::Forwarding& forwarding = context.forwarding;
  const admission::ClientIdentity& client = context.client;
  Fields& fields = head.fields;
  DropUnbelieved(fields, client);
  const std::string_view scheme = client.scheme.empty() ? context.scheme : client.scheme;
  const std::string_view host = client.host.empty() ? head.authority : client.host;
  head.scheme = scheme;
  if (forwarding.x_forwarded_for) {
    SetForwardedFor(fields, client, PeerText(client, fields.arena()));
  }
  if (forwarding.x_forwarded_proto) fields.Set("X-Forwarded-Proto", scheme);
  if (forwarding.x_forwarded_host && !host.empty()) fields.Set("X-Forwarded-Host", host);
  if (forwarding.forwarded) SetForwarded(fields, context, scheme, host);
  AddVia(fields, head.version, forwarding);
  if (!context.request_id.empty()) fields.Set("X-Request-Id", context.request_id);
}

// Only WebSocket: a tunnel is bytes that nobody checks any more, and "h2c" in one is a second way
// to the server past every route and limit.
bool WantsTunnel(const http::RequestHead& head) {
  return head.method == http::Method::kGet && head.version == http::Version::kHttp11 &&
         !http::HasBody(head.framing) && http::HasToken(head.upgrade, "websocket");
}

// Controls cannot come out of a settled head; this is the second lock on the same door.
std::string_view FieldSafe(std::string_view value, Arena& arena) {
  const auto control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
  if (std::none_of(value.begin(), value.end(), control)) return value;
  char* const safe = arena.AllocateArray<char>(value.size());
  std::replace_copy_if(value.begin(), value.end(), safe, control, ' ');
  return {safe, value.size()};
}

// What the operator sets or removes is his to say, however a client spells it.
void DropDisguised(Fields& fields, const route::FieldEdits& edits) {
  fields.RemoveIf([&edits](const Field& field) {
    if (field.name.find('_') == std::string_view::npos) return false;
    const auto edited = [&field](std::string_view name) {
      return name != field.name && name.size() == field.name.size() &&
             StartsWithFolded(field.name, name);
    };
    return std::any_of(edits.remove.begin(), edits.remove.end(), edited) ||
           std::any_of(edits.set.begin(), edits.set.end(),
                       [&edited](const route::FieldEdits::Put& put) { return edited(put.name); });
  });
}

void ApplyEdits(Fields& fields, const route::FieldEdits& edits,
                const route::TemplateValues& values) {
  for (const std::string& name : edits.remove) fields.Remove(name);
  for (const route::FieldEdits::Put& put : edits.set) {
    fields.Set(put.name, put.value.Expand(values, FieldSafe, fields.arena()));
  }
  for (const route::FieldEdits::Put& put : edits.add) {
    fields.Add({put.name, put.value.Expand(values, FieldSafe, fields.arena()), put.id});
  }
}

}  // namespace

std::string_view RequestId(const http::RequestHead& head, const conf::Forwarding& forwarding,
                           const admission::ClientIdentity& client, absl::BitGenRef random) {
  if (Believed(forwarding, client)) {
    if (const std::string_view id = IncomingId(head.fields); !id.empty()) return id;
  }
  if (forwarding.request_id == "off") return {};
  return HexId(random, head.fields.arena());
}

route::TemplateValues ValuesOf(const http::RequestHead& head, const ForwardContext& context) {
  Arena& arena = head.fields.arena();
  const admission::ClientIdentity& client = context.client;
  route::TemplateValues values;
  if (Known(client.ip)) values.client_ip = TextOf(client.ip, arena);
  values.host = PublicHost(head, client);
  values.path = head.path;
  if (head.has_query) values.query = arena.Concat({"?", head.query});
  values.request_id = context.request_id;
  values.scheme = client.scheme.empty() ? context.scheme : client.scheme;
  if (context.tls != nullptr) {
    values.tls_version = context.tls->version;
    values.tls_cipher = context.tls->cipher;
    values.tls_server_name = context.tls->server_name;
    values.ja4 = context.tls->ja4;
    values.client_certificate = context.tls->certificate();
    values.client_subject = context.tls->subject;
  }
  return values;
}

ForwardedRequest ForwardRequest(http::RequestHead& head, const ForwardContext& context) {
  const UpstreamTarget target = MakeTarget(head, context.route.conf);
  if (target.refusal) return {.target = {}, .upgrade = false, .refusal = target.refusal};

  const bool upgrade = WantsTunnel(head);
  http::RemoveHopByHop(head.fields);
  head.upgrade = upgrade ? "websocket" : std::string_view();
  if (upgrade) head.fields.Add("Upgrade", head.upgrade);
  if (!head.expect_continue || context.route.conf.request_buffer > 0) {
    head.fields.Remove(FieldId::kExpect);
  }
  TellAboutClient(head, context);
  if (const route::FieldEdits& edits = context.route.request_edits; !edits.empty()) {
    DropDisguised(head.fields, edits);
    ApplyEdits(head.fields, edits,
               edits.needs_values ? ValuesOf(head, context) : route::TemplateValues());
  }
  return {.target = target.text, .upgrade = upgrade, .refusal = std::nullopt};
}

bool EndsHere(http::RequestHead& head) {
  if (head.method != http::Method::kOptions) return false;
  const http::Field* const field = head.fields.Find("Max-Forwards");
  const std::optional<uint64_t> hops = field == nullptr ? std::nullopt : ParseDecimal(field->value);
  if (!hops) return false;
  if (*hops == 0) return true;
  head.fields.Set("Max-Forwards", head.fields.arena().Decimal(*hops - 1));
  return false;
}

void SetUpstreamHost(http::RequestHead& head, const route::Route& route, std::string_view server) {
  if (route.edits_host) return;
  if (server.starts_with("unix:")) server = "localhost";
  std::string_view host = route.upstream_host;
  if (host == "client") host = head.authority.empty() ? server : head.authority;
  if (host == "server") host = server;
  head.fields.Set("Host", host);
}

void ForwardInterim(http::ResponseHead& head, const conf::Forwarding& forwarding) {
  http::RemoveHopByHop(head.fields);
  AddVia(head.fields, head.version, forwarding);
}

void ForwardResponse(http::ResponseHead& head, const http::RequestHead& request,
                     const ForwardContext& context, std::string_view date) {
  http::RemoveHopByHop(head.fields);
  if (head.status == 101) head.fields.Add("Upgrade", request.upgrade);
  if (head.fields.Find(FieldId::kDate) == nullptr) head.fields.Add("Date", date);
  AddVia(head.fields, head.version, context.forwarding);
  EditResponse(head, request, context);
}

void EditResponse(http::ResponseHead& head, const http::RequestHead& request,
                  const ForwardContext& context) {
  const route::FieldEdits& edits = context.route.response_edits;
  if (edits.empty()) return;
  ApplyEdits(head.fields, edits,
             edits.needs_values ? ValuesOf(request, context) : route::TemplateValues());
}

}  // namespace sluice::exchange
