#include "proxy/http/h1_codec.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>

#include "proxy/base/check.h"
#include "proxy/http/chars.h"
#include "proxy/http/h1_parse.h"
#include "proxy/http/rules.h"

namespace sluice::http {
namespace {

// What a head that comes in pieces gets first; doubled as it grows, so that all buffers of a slow
// head up to 2 KiB together fit one small block.
constexpr uint32_t kFirstHeadBytes = 512;

// Empty lines before a request that are forgiven (RFC 9112 section 2.2 asks for at least one).
constexpr uint8_t kMaxSkippedBytes = 8;

// Of one chunk; nobody uses them, and unbounded they carry bytes past every limit on bodies.
constexpr uint16_t kMaxExtensionBytes = 256;

// 16 digits hold every size below 2^63, and no sender writes more zeros than that before one.
constexpr uint8_t kMaxSizeDigits = 16;

}  // namespace

HeadResult H1Decoder::Refuse(const Refusal& refusal) {
  refusal_ = refusal;
  return {.state = HeadResult::State::kRefused, .consumed = 0, .refusal = refusal};
}

HeadResult H1Decoder::CollectHead(std::string_view bytes, Arena& arena) {
  if (refusal_) return Refuse(*refusal_);
  const HeadScan::Result got = scan_.Feed(bytes, limits_);
  if (got.refusal) return Refuse(*got.refusal);
  AppendHead(bytes.substr(0, got.taken), got.complete, arena);
  return {.state = got.complete ? HeadResult::State::kComplete : HeadResult::State::kNeedMore,
          .consumed = got.taken,
          .refusal = {}};
}

void H1Decoder::AppendHead(std::string_view bytes, bool complete, Arena& arena) {
  if (bytes.empty()) return;
  const uint32_t size = head_size_ + static_cast<uint32_t>(bytes.size());
  if (size > head_capacity_) {
    head_capacity_ = complete ? size : std::max({size, 2 * head_capacity_, kFirstHeadBytes});
    char* const grown = static_cast<char*>(arena.Allocate(head_capacity_));
    if (head_size_ > 0) std::memcpy(grown, head_, head_size_);
    head_ = grown;
  }
  std::memcpy(head_ + head_size_, bytes.data(), bytes.size());
  head_size_ = size;
}

void H1Decoder::EndHead() {
  head_ = nullptr;
  head_size_ = 0;
  head_capacity_ = 0;
  scan_ = HeadScan(kind_);
}

void H1Decoder::StartBody(const Framing& framing) {
  framing_ = framing;
  left_ = framing.kind == Framing::Kind::kLength ? framing.length : 0;
  chunk_ = Chunk::kSize;
  chunk_digits_ = 0;
  trailers_ = nullptr;
}

BodyResult H1Decoder::FeedBody(std::span<char> bytes, Arena& arena) {
  BodyResult result;
  if (refusal_) {
    result.refused = true;
    result.why = refusal_->why;
    return result;
  }
  switch (framing_.kind) {
    case Framing::Kind::kNone:
      result.end = true;
      break;
    case Framing::Kind::kLength:
      result.consumed = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
      result.data = {bytes.data(), result.consumed};
      left_ -= result.consumed;
      result.end = left_ == 0;
      break;
    case Framing::Kind::kUntilClose:
    case Framing::Kind::kTunnel:
      result.consumed = bytes.size();
      result.data = {bytes.data(), bytes.size()};
      break;
    case Framing::Kind::kChunked:
      return FeedChunked(bytes, arena);
  }
  return result;
}

BodyResult H1Decoder::FeedChunked(std::span<char> bytes, Arena& arena) {
  BodyResult result;
  char* data = nullptr;  // where the decoded bytes begin, and where the next of them goes
  char* to = nullptr;
  size_t at = 0;
  while (at < bytes.size() && !result.refused && chunk_ != Chunk::kTrailers) {
    if (chunk_ == Chunk::kData) {
      const auto count = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - at));
      char* const from = bytes.data() + at;
      if (data == nullptr) data = to = from;
      if (to != from) std::memmove(to, from, count);
      to += count;
      at += count;
      left_ -= count;
      if (left_ == 0) chunk_ = Chunk::kDataCr;
      continue;
    }
    if (result.why = FeedChunkByte(bytes[at]); !result.why.empty()) {
      result.refused = true;
      refusal_ = Refusal{400, result.why};
    }
    ++at;
  }
  result.consumed = at;
  result.data = {data, static_cast<size_t>(to - data)};
  if (chunk_ == Chunk::kTrailers && !result.refused) {
    FeedTrailers({bytes.data() + at, bytes.size() - at}, arena, result);
  }
  return result;
}

std::string_view H1Decoder::FeedChunkByte(char c) {
  switch (chunk_) {
    case Chunk::kSize:
      return FeedChunkSize(c);
    case Chunk::kExtension:
      if (c == '\r') {
        chunk_ = Chunk::kSizeLf;
      } else if (Is(c, kHeadControl)) {
        return "a control character stands in a chunk extension";
      } else if (++extension_bytes_ > kMaxExtensionBytes) {
        return "a chunk extension is longer than allowed";
      }
      return {};
    case Chunk::kSizeLf:
      if (c != '\n') return "a chunk size does not end in CRLF";
      chunk_ = left_ == 0 ? Chunk::kTrailers : Chunk::kData;
      if (left_ == 0) scan_ = HeadScan(HeadScan::Kind::kTrailers);
      return {};
    case Chunk::kDataCr:
      if (c != '\r') return "a chunk is longer than its size says";
      chunk_ = Chunk::kDataLf;
      return {};
    case Chunk::kDataLf:
      if (c != '\n') return "a chunk does not end in CRLF";
      chunk_ = Chunk::kSize;
      chunk_digits_ = 0;
      return {};
    case Chunk::kData:
    case Chunk::kTrailers:
      break;
  }
  SLUICE_CHECK(false);
  return {};
}

std::string_view H1Decoder::FeedChunkSize(char c) {
  if (Is(c, kHexDigit)) {
    if (++chunk_digits_ > kMaxSizeDigits || left_ >> 59 != 0) return "a chunk size is too large";
    left_ = left_ << 4 | HexValue(c);
    return {};
  }
  if (chunk_digits_ == 0) return "a chunk size is not a hexadecimal number";
  if (c == '\r') {
    chunk_ = Chunk::kSizeLf;
  } else if (c == ';') {
    chunk_ = Chunk::kExtension;
    extension_bytes_ = 0;
  } else {
    return "a chunk size is not a hexadecimal number";
  }
  return {};
}

void H1Decoder::FeedTrailers(std::string_view bytes, Arena& arena, BodyResult& result) {
  HeadResult got = CollectHead(bytes, arena);
  result.consumed += got.consumed;
  if (got.state == HeadResult::State::kNeedMore) return;
  if (got.state == HeadResult::State::kComplete) {
    static_assert(std::is_trivially_destructible_v<Fields>);  // arenas run no destructors
    auto* const trailers = new (arena.Allocate(sizeof(Fields))) Fields(arena);
    if (const auto refusal = ParseTrailers(head(), *trailers)) {
      got = Refuse(*refusal);
    } else {
      EndHead();
      framing_ = {};
      if (!trailers->empty()) trailers_ = trailers;
      result.end = true;
      return;
    }
  }
  result.refused = true;
  result.why = got.refusal.why;
}

size_t H1RequestDecoder::SkipEmptyLines(std::string_view bytes) {
  size_t at = 0;
  for (; at < bytes.size() && skipped_ < kMaxSkippedBytes; ++at, ++skipped_) {
    if (bytes[at] != (skipped_ % 2 == 0 ? '\r' : '\n')) break;
  }
  return at;
}

HeadResult H1RequestDecoder::FeedHead(std::string_view bytes, Arena& arena, RequestHead& head) {
  const size_t skipped = idle() ? SkipEmptyLines(bytes) : 0;
  bytes.remove_prefix(skipped);
  if (skipped_ % 2 != 0 && !bytes.empty()) {
    return Refuse({400, "a CR stands before the request without its LF"});
  }
  HeadResult result = CollectHead(bytes, arena);
  result.consumed += skipped;
  if (result.state != HeadResult::State::kComplete) return result;
  head = RequestHead(arena);
  std::optional<Refusal> refusal = ParseRequest(H1Decoder::head(), scan(), head);
  if (!refusal) refusal = SettleRequest(head);
  if (refusal) {
    HeadResult refused = Refuse(*refusal);
    refused.preface = skipped_ == 0 && H1Decoder::head() == kPrefaceHead;
    if (refused.preface) refused.consumed = result.consumed;
    return refused;
  }
  skipped_ = 0;
  EndHead();
  StartBody(head.framing);
  return result;
}

HeadResult H1ResponseDecoder::FeedHead(std::string_view bytes, Arena& arena, Method request,
                                       ResponseHead& head) {
  const HeadResult result = CollectHead(bytes, arena);
  if (result.state != HeadResult::State::kComplete) return result;
  head = ResponseHead(arena);
  std::optional<Refusal> refusal = ParseResponse(H1Decoder::head(), scan(), head);
  if (!refusal) refusal = SettleResponse(head, request);
  if (refusal) return Refuse(*refusal);
  EndHead();
  StartBody(head.framing);
  return result;
}

}  // namespace sluice::http
