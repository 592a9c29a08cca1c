// HTTP/1 on the wire: bytes to heads and body parts, and back. Pure: no sockets, no clock. Heads are
// parsed by llhttp over one contiguous copy in the exchange's arena; before llhttp sees it, the raw
// head is scanned for every byte sequence that two parsers could read differently. Bodies are
// decoded here (chunked: RFC 9112 section 7.1, strict).
//
// A decoder serves one connection, message after message. Between messages it holds no memory
// beyond itself. Feed order: FeedHead() until kComplete, then FeedBody() until `end`, then again.
//
// Cost: one copy of the head; body bytes are not copied (chunk framing is squeezed out in place).
#ifndef SLUICE_PROXY_HTTP_H1_CODEC_H_
#define SLUICE_PROXY_HTTP_H1_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/bytes.h"
#include "proxy/http/message.h"

namespace sluice::http {

struct HeadLimits {
  uint32_t head_bytes = 16 * 1024;  // start line and fields; beyond: 431
  uint32_t fields = 100;            // beyond: 431
  uint32_t target_bytes = 8 * 1024; // beyond: 414
};

// Why a message is refused: the status to answer (502 is the caller's choice for responses) and a
// plain sentence for the client and the log. `why` is a static string.
struct Refusal {
  int status = 400;
  std::string_view why;
};

struct HeadResult {
  enum class State : uint8_t { kNeedMore, kComplete, kRefused };
  State state = State::kNeedMore;
  size_t consumed = 0;  // of the bytes fed; what follows belongs to the body or the next message
  Refusal refusal;
};

struct BodyResult {
  std::string_view data;  // decoded bytes, inside the span that was fed
  size_t consumed = 0;
  bool end = false;      // the message is complete
  bool refused = false;  // framing is broken: nothing more can be trusted
  std::string_view why;
};

// The head collected so far (shared by both decoders), and the decoder of bodies.
class H1Decoder {
 public:
  explicit H1Decoder(const HeadLimits& limits) : limits_(limits) {}

  // REQUIRES: the head was complete and its body is not at its end.
  // Squeezes chunk framing out of `bytes` in place: `data` is one contiguous view. May consume only
  // part; call again with the rest while there is progress (consumed > 0 and not end).
  BodyResult FeedBody(std::span<char> bytes, Arena& arena);
  // After `end` of a chunked body: its trailers, in the arena given; null when there were none.
  const Fields* trailers() const { return trailers_; }

  // Between messages: not a byte of the next head has come.
  bool idle() const { return head_size_ == 0; }

 protected:
  HeadResult CollectHead(std::string_view bytes, Arena& arena);
  void StartBody(const Framing& framing);
  std::string_view head() const { return {head_, head_size_}; }
  void EndHead();

  const HeadLimits limits_;

 private:
  enum class Chunk : uint8_t { kSize, kSizeLf, kExtension, kData, kDataCr, kDataLf, kTrailers };
  BodyResult FeedChunked(std::span<char> bytes, Arena& arena);

  char* head_ = nullptr;  // in the arena
  uint32_t head_size_ = 0;
  uint32_t head_capacity_ = 0;
  uint32_t scanned_ = 0;

  Framing framing_;
  uint64_t left_ = 0;  // of the body, or of the current chunk
  Chunk chunk_ = Chunk::kSize;
  uint8_t chunk_digits_ = 0;
  const Fields* trailers_ = nullptr;
};

class H1RequestDecoder : public H1Decoder {
 public:
  using H1Decoder::H1Decoder;
  // On kComplete `head` is filled and fit to be routed: framing, authority, host, path, Expect and
  // Upgrade are resolved and every rule of rules.h has passed. A few CRLF before a request line are
  // skipped (RFC 9112 section 2.2).
  HeadResult FeedHead(std::string_view bytes, Arena& arena, RequestHead& head);
};

class H1ResponseDecoder : public H1Decoder {
 public:
  using H1Decoder::H1Decoder;
  // `request` is what was asked: HEAD and CONNECT change the framing of the answer.
  // 1xx heads come back as kComplete with status < 200 (101: framing kTunnel); feed on for the next.
  HeadResult FeedHead(std::string_view bytes, Arena& arena, Method request, ResponseHead& head);
};

// Writes the start line and every field as it stands; the caller has settled hop-by-hop fields
// (rules.h). The framing field (Content-Length or Transfer-Encoding) is written from `framing`, and
// `Connection: close` (or keep-alive, for HTTP/1.0) when `connection` says so.
void EncodeRequest(const RequestHead& head, std::string_view target, std::string_view connection,
                   Bytes& out);
void EncodeResponse(const ResponseHead& head, std::string_view connection, Bytes& out);

// One chunk around `bytes`. REQUIRES: !bytes.empty() (an empty chunk would end the body).
void EncodeChunk(std::string_view bytes, Bytes& out);
// "1f4\r\n" for a caller that writes the data itself and then CRLF. `buffer` needs 18 bytes.
std::string_view ChunkHead(uint64_t size, std::span<char> buffer);
void EncodeLastChunk(const Fields* trailers, Bytes& out);

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_H1_CODEC_H_
