#include "proxy/server/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "proxy/base/text.h"

namespace sluice::server {
namespace {

using State = ProxyHeader::State;
using Client = ProxyHeader::Client;

// Version 1.
constexpr std::string_view kText = "PROXY ";
constexpr size_t kMaxLine = 107;  // CRLF included

// Version 2.
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixed = 16;  // the signature, version and command, family, length
constexpr uint8_t kVersion2 = 2;
constexpr uint8_t kLocal = 0;
constexpr uint8_t kProxy = 1;
constexpr uint8_t kUnspec = 0;
constexpr uint8_t kInet = 1;
constexpr uint8_t kInet6 = 2;
constexpr uint8_t kUnix = 3;
constexpr uint8_t kDatagram = 2;
constexpr size_t kTlvHead = 3;  // type, length
constexpr uint8_t kTlvCrc32c = 3;

ProxyHeader Malformed(std::string_view why) {
  ProxyHeader header;
  header.state = State::kMalformed;
  header.why = why;
  return header;
}

ProxyHeader Complete(size_t size, Client client) {
  ProxyHeader header;
  header.state = State::kComplete;
  header.client = client;
  header.size = size;
  return header;
}

uint8_t ByteAt(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

uint16_t Number16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(ByteAt(bytes, at) << 8 | ByteAt(bytes, at + 1));
}

uint32_t Number32(std::string_view bytes, size_t at) {
  return uint32_t{Number16(bytes, at)} << 16 | Number16(bytes, at + 2);
}

bool BeginsAlike(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  return a.substr(0, size) == b.substr(0, size);
}

// Up to the next space or the end; the space goes too.
std::string_view CutWord(std::string_view& rest) {
  const size_t at = rest.find(' ');
  const std::string_view word = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return word;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  const std::optional<uint64_t> port = ParseDecimal(text);
  if (!port || *port > 65535 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

// TCP6 may hold a mapped address in its dotted form: that is how senders' inet_ntop() writes it.
std::optional<Ip> ParseIp(std::string_view text, bool v4) {
  if (v4 == (text.find(':') != std::string_view::npos)) return std::nullopt;
  return Ip::Parse(text);
}

// `rest`: the line from its second word on, without CRLF.
ProxyHeader ParseLine(std::string_view rest, size_t size) {
  const std::string_view family = CutWord(rest);
  if (family == "UNKNOWN") return Complete(size, Client::kConnection);
  if (family != "TCP4" && family != "TCP6") {
    return Malformed("the protocol is none of TCP4, TCP6 and UNKNOWN");
  }
  const bool v4 = family == "TCP4";
  const std::optional<Ip> from = ParseIp(CutWord(rest), v4);
  const std::optional<Ip> to = ParseIp(CutWord(rest), v4);
  if (!from || !to) return Malformed("an address is not one of its family");
  const std::optional<uint16_t> from_port = ParsePort(CutWord(rest));
  const std::optional<uint16_t> to_port = ParsePort(rest);
  if (!from_port || !to_port) return Malformed("a port is no plain number up to 65535");
  ProxyHeader header = Complete(size, Client::kIp);
  header.from = Address::From(*from, *from_port);
  header.to = Address::From(*to, *to_port);
  return header;
}

ProxyHeader ParseVersion1(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, kMaxLine);
  const size_t end = line.find_first_of("\r\n");
  if (end == std::string_view::npos || end + 1 == line.size()) {
    if (line.size() == kMaxLine) return Malformed("the line is longer than 107 bytes");
    if (end == std::string_view::npos || line[end] == '\r') return {};
  }
  if (line[end] != '\r' || line[end + 1] != '\n') {
    return Malformed("the line does not end in CRLF");
  }
  return ParseLine(line.substr(kText.size(), end - kText.size()), end + 2);
}

// RFC 4960 appendix B, as if the four bytes at `zeroed` were 0. Bit by bit: few senders send one.
uint32_t Crc32c(std::string_view bytes, size_t zeroed) {
  constexpr uint32_t kPolynomial = 0x82f63b78;
  uint32_t crc = ~uint32_t{0};
  for (size_t i = 0; i < bytes.size(); ++i) {
    crc ^= i >= zeroed && i < zeroed + 4 ? 0 : ByteAt(bytes, i);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
  }
  return ~crc;
}

// What is wrong with the extensions from `at` to the end of the header; empty: nothing.
std::string_view CheckTlvs(std::string_view header, size_t at) {
  bool checked = false;
  while (at < header.size()) {
    if (header.size() - at < kTlvHead) return "an extension is cut short";
    const uint8_t type = ByteAt(header, at);
    const size_t size = Number16(header, at + 1);
    at += kTlvHead;
    if (header.size() - at < size) return "an extension is cut short";
    if (type == kTlvCrc32c) {
      if (size != 4 || checked) return "a checksum of another form than four bytes, once";
      if (Crc32c(header, at) != Number32(header, at)) return "the checksum is wrong";
      checked = true;
    }
    at += size;
  }
  return {};
}

size_t AddressesSize(uint8_t family) {
  if (family == kInet) return 2 * (4 + 2);
  return family == kInet6 ? 2 * (16 + 2) : 2 * 108;
}

Ip IpAt(std::string_view bytes, size_t at, bool v4) {
  Ip ip;
  if (v4) ip.bytes[10] = ip.bytes[11] = 0xff;
  const size_t size = v4 ? 4 : 16;
  std::memcpy(ip.bytes.data() + ip.bytes.size() - size, bytes.data() + at, size);
  return ip;
}

// The fields that are there are judged before the rest has come.
ProxyHeader ParseVersion2(std::string_view bytes) {
  if (bytes.size() < kSignature.size() + 1) return {};
  const uint8_t command = ByteAt(bytes, 12) & 0xf;
  if (ByteAt(bytes, 12) >> 4 != kVersion2) return Malformed("the version is not 2");
  if (command != kLocal && command != kProxy) return Malformed("an unknown command");
  if (bytes.size() < kSignature.size() + 2) return {};
  const uint8_t family = ByteAt(bytes, 13) >> 4;
  const uint8_t transport = ByteAt(bytes, 13) & 0xf;
  if (command == kProxy && (family > kUnix || transport > kDatagram)) {
    return Malformed("an unknown address family or transport");
  }
  if (bytes.size() < kFixed) return {};
  const size_t size = kFixed + Number16(bytes, 14);
  if (size > kMaxProxyHeader) return Malformed("the header is longer than 4096 bytes");
  // The specification has the block ignored then, whatever is in it.
  const bool own = command == kLocal || family == kUnspec || transport == kUnspec;
  const size_t behind = own ? size : kFixed + AddressesSize(family);
  if (behind > size) return Malformed("the header is too short for its addresses");
  if (bytes.size() < size) return {};
  if (own) return Complete(size, Client::kConnection);
  const std::string_view wrong = CheckTlvs(bytes.substr(0, size), behind);
  if (!wrong.empty()) return Malformed(wrong);
  if (family == kUnix) return Complete(size, Client::kUnix);
  const bool v4 = family == kInet;
  const size_t ip_size = v4 ? 4 : 16;
  const size_t ports = kFixed + 2 * ip_size;
  ProxyHeader header = Complete(size, Client::kIp);
  header.from = Address::From(IpAt(bytes, kFixed, v4), Number16(bytes, ports));
  header.to = Address::From(IpAt(bytes, kFixed + ip_size, v4), Number16(bytes, ports + 2));
  return header;
}

}  // namespace

ProxyHeader ParseProxyHeader(std::string_view bytes) {
  if (bytes.empty()) return {};
  const bool binary = bytes.front() == kSignature.front();
  const std::string_view begin = binary ? kSignature : kText;
  if (!BeginsAlike(bytes, begin)) return Malformed("the connection begins with something else");
  if (bytes.size() < begin.size()) return {};
  return binary ? ParseVersion2(bytes) : ParseVersion1(bytes);
}

}  // namespace sluice::server
