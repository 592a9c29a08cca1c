// HTTP/1 on the wire: bytes to heads and body parts, and back. Pure: no sockets, no clock. Heads
// are parsed by llhttp over one contiguous copy in the exchange's arena; before llhttp sees it, the
// raw head is scanned for every byte sequence that two parsers could read differently. Bodies are
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
#include <optional>
#include <span>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/bytes.h"
#include "proxy/http/head_scan.h"
#include "proxy/http/message.h"
#include "proxy/http/refusal.h"

namespace sluice::http {

struct HeadResult {
  enum class State : uint8_t { kNeedMore, kComplete, kRefused };
  State state = State::kNeedMore;
  size_t consumed = 0;  // of the bytes fed; what follows belongs to the body or the next message
  Refusal refusal;
  // With kRefused: what came is the first half of HTTP/2's connection preface, and `consumed`
  // counts it. Whoever speaks HTTP/2 may go on with what follows.
  bool preface = false;
};

// RFC 9113 section 3.4, as far as a reader of HTTP/1 takes it for a request.
inline constexpr std::string_view kPrefaceHead = "PRI * HTTP/2.0\r\n\r\n";

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
  // REQUIRES: the head was complete. Where there is no body, or no more of it, the result is just
  // `end`. kUntilClose and kTunnel never end here: the end of the connection is theirs.
  // Squeezes chunk framing out of `bytes` in place: `data` is one contiguous view. May consume only
  // part; call again with the rest while there is progress (consumed > 0 and not end). A result may
  // carry data and be refused: the data came before the fault.
  BodyResult FeedBody(std::span<char> bytes, Arena& arena);
  // After `end` of a chunked body: its trailers, in the arena given; null when there were none.
  const Fields* trailers() const { return trailers_; }

  // Between messages: not a byte of the next head has come.
  bool idle() const { return head_size_ == 0; }

 protected:
  H1Decoder(const HeadLimits& limits, HeadScan::Kind kind)
      : limits_(limits), kind_(kind), scan_(kind) {}

  HeadResult CollectHead(std::string_view bytes, Arena& arena);
  // A decoder that has refused refuses whatever else it is fed: nothing behind a fault can be
  // trusted to begin where it seems to.
  HeadResult Refuse(const Refusal& refusal);
  void StartBody(const Framing& framing);
  std::string_view head() const { return {head_, head_size_}; }
  const HeadScan& scan() const { return scan_; }
  void EndHead();

 private:
  enum class Chunk : uint8_t { kSize, kSizeLf, kExtension, kData, kDataCr, kDataLf, kTrailers };

  void AppendHead(std::string_view bytes, bool complete, Arena& arena);
  BodyResult FeedChunked(std::span<char> bytes, Arena& arena);
  // One byte of framing; says why it is refused, or nothing.
  std::string_view FeedChunkByte(char c);
  std::string_view FeedChunkSize(char c);
  void FeedTrailers(std::string_view bytes, Arena& arena, BodyResult& result);

  const HeadLimits limits_;
  const HeadScan::Kind kind_;

  HeadScan scan_;
  char* head_ = nullptr;  // in the arena
  uint32_t head_size_ = 0;
  uint32_t head_capacity_ = 0;
  std::optional<Refusal> refusal_;

  Framing framing_;
  uint64_t left_ = 0;  // of the body, or of the current chunk
  Chunk chunk_ = Chunk::kSize;
  uint8_t chunk_digits_ = 0;
  uint16_t extension_bytes_ = 0;
  const Fields* trailers_ = nullptr;
};

class H1RequestDecoder : public H1Decoder {
 public:
  // `skipped`: bytes of empty lines that another decoder has skipped before this head.
  explicit H1RequestDecoder(const HeadLimits& limits, uint8_t skipped = 0)
      : H1Decoder(limits, HeadScan::Kind::kRequest), skipped_(skipped) {}

  // On kComplete `head` is filled and fit to be routed: framing, authority, host, path, Expect and
  // Upgrade are resolved and every rule of rules.h has passed. A few CRLF before a request line are
  // skipped (RFC 9112 section 2.2). On kRefused `head` holds what was understood, the method if
  // any. `head` is not touched before.
  HeadResult FeedHead(std::string_view bytes, Arena& arena, RequestHead& head);
  uint8_t skipped() const { return skipped_; }

 private:
  size_t SkipEmptyLines(std::string_view bytes);

  uint8_t skipped_;  // bytes of empty lines before the current head; odd: after a CR
};

class H1ResponseDecoder : public H1Decoder {
 public:
  explicit H1ResponseDecoder(const HeadLimits& limits)
      : H1Decoder(limits, HeadScan::Kind::kResponse) {}

  // `request` is what was asked: HEAD and CONNECT change the framing of the answer.
  // 1xx heads come back as kComplete with status < 200 (101: framing kTunnel); feed on for the
  // next. Whether a 101 was asked for is the caller's to know.
  HeadResult FeedHead(std::string_view bytes, Arena& arena, Method request, ResponseHead& head);
};

// Writes the start line (always HTTP/1.1) and every field as it stands; the caller has settled
// hop-by-hop fields (rules.h). Content-Length, Transfer-Encoding and Connection are left out of the
// fields: the first two are written from `framing`, the last when `connection` is not empty
// ("close", "keep-alive", "upgrade"). kNone writes no length unless one is `stated`: an empty body
// that is to be said so is kLength 0.
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
