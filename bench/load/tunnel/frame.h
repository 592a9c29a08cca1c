// WebSocket frames (RFC 6455 section 5.2) and the one handshake that the load uses: the RFC's own
// sample key, so that the right answer to it is a constant and nobody computes a hash. Pure.
#ifndef SLUICE_BENCH_LOAD_TUNNEL_FRAME_H_
#define SLUICE_BENCH_LOAD_TUNNEL_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::load {

// RFC 6455 section 1.3.
inline constexpr std::string_view kSampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view kSampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

using MaskKey = std::array<uint8_t, 4>;

enum class Opcode : uint8_t { kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

struct FrameHead {
  uint8_t first;  // FIN, the reserved bits, the opcode
  std::optional<MaskKey> mask;
  uint64_t payload_bytes;
  size_t head_bytes;

  Opcode opcode() const { return static_cast<Opcode>(first & 0x0f); }
};

// The head at the start of `bytes`; nothing when more bytes are needed. Never more than 14.
std::optional<FrameHead> ReadFrameHead(std::string_view bytes);

// In the shortest form; `first` as in FrameHead, 0x82 for a whole binary message.
void AppendFrameHead(std::string& to, uint8_t first, uint64_t payload_bytes,
                     std::optional<MaskKey> mask = std::nullopt);

// Masks or unmasks a payload from its beginning.
void ApplyMask(const MaskKey& mask, char* payload, size_t bytes);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_TUNNEL_FRAME_H_
