#include "bench/load/h2_frames.h"

namespace sluice::load {

void AppendNumber32(std::string& out, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

std::string Number32(uint32_t number) {
  std::string out;
  AppendNumber32(out, number);
  return out;
}

uint32_t ReadNumber32(std::string_view bytes) {
  if (bytes.size() < 4) return 0;
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

void AppendFrame(std::string& out, FrameType type, uint8_t flags, uint32_t stream,
                 std::string_view payload) {
  AppendNumber32(out, static_cast<uint32_t>(payload.size()) << 8 | static_cast<uint8_t>(type));
  out += static_cast<char>(flags);
  AppendNumber32(out, stream);
  out += payload;
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out += '\0';  // not for the table, and with a new name
  out += static_cast<char>(name.size());
  out += name;
  out += static_cast<char>(value.size());
  out += value;
}

void AppendSetting(std::string& payload, uint16_t setting, uint32_t value) {
  payload += static_cast<char>(setting >> 8);
  payload += static_cast<char>(setting & 0xff);
  AppendNumber32(payload, value);
}

std::string RequestBlock(std::string_view method, std::string_view path) {
  std::string block;
  AppendField(block, ":method", method);
  AppendField(block, ":scheme", "http");
  AppendField(block, ":authority", "127.0.0.1");
  AppendField(block, ":path", path);
  return block;
}

size_t FrameReader::Cut(std::string_view bytes, Frame& frame) {
  constexpr size_t kHead = 9;
  if (bytes.size() < kHead) return 0;
  const size_t payload = ReadNumber32(bytes) >> 8;
  if (bytes.size() < kHead + payload) return 0;
  frame = {.type = static_cast<FrameType>(bytes[3]),
           .flags = static_cast<uint8_t>(bytes[4]),
           .stream = ReadNumber32(bytes.substr(5)) & 0x7fffffff,
           .payload = bytes.substr(kHead, payload)};
  return kHead + payload;
}

}  // namespace sluice::load
