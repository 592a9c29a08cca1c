#include "bench/load/tunnel/frame.h"

namespace sluice::load {
namespace {

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

void AppendBigEndian(std::string& to, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    to += static_cast<char>(value >> shift & 0xff);
  }
}

}  // namespace

std::optional<FrameHead> ReadFrameHead(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto second = static_cast<uint8_t>(bytes[1]);
  const bool masked = (second & 0x80) != 0;
  const uint8_t length = second & 0x7f;
  const size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  const size_t head_bytes = 2 + length_bytes + (masked ? 4 : 0);
  if (bytes.size() < head_bytes) return std::nullopt;
  FrameHead head{.first = static_cast<uint8_t>(bytes[0]),
                 .mask = std::nullopt,
                 .payload_bytes = length,
                 .head_bytes = head_bytes};
  if (length_bytes > 0) head.payload_bytes = ReadBigEndian(bytes.substr(2, length_bytes));
  if (masked) {
    MaskKey& mask = head.mask.emplace();
    for (size_t i = 0; i < 4; ++i) mask[i] = static_cast<uint8_t>(bytes[2 + length_bytes + i]);
  }
  return head;
}

void AppendFrameHead(std::string& to, uint8_t first, uint64_t payload_bytes,
                     std::optional<MaskKey> mask) {
  const int length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
  const uint64_t length = length_bytes == 0 ? payload_bytes : length_bytes == 2 ? 126 : 127;
  AppendBigEndian(to, first, 1);
  AppendBigEndian(to, length | (mask.has_value() ? 0x80 : 0), 1);
  AppendBigEndian(to, payload_bytes, length_bytes);
  if (mask.has_value()) to.append(mask->begin(), mask->end());
}

void ApplyMask(const MaskKey& mask, char* payload, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
}

}  // namespace sluice::load
