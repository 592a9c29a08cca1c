#include "proxy/http/head_scan.h"

#include <algorithm>

#include "proxy/http/chars.h"

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

namespace sluice::http {
namespace {

// What every response of a version we speak begins with; anything else is refused at its first
// wrong byte instead of being collected up to a limit.
constexpr std::string_view kResponsePrefix = "HTTP/1.";

// The first byte of a TLS record that carries a ClientHello.
constexpr char kTlsHandshake = 0x16;

// The first control byte (HTAB is none) in [at, end), or end.
const char* FindControl(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i bad =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  while (at != end && !Is(*at, kHeadControl)) ++at;
  return at;
}

std::string_view ControlReason(char c) {
  switch (c) {
    case '\n':
      return "a line ends in LF alone instead of CRLF";
    case '\0':
      return "a NUL byte stands in the head";
    default:
      return "a control character stands in the head";
  }
}

}  // namespace

HeadScan::Result HeadScan::Feed(std::string_view bytes, const HeadLimits& limits) {
  const char* const begin = bytes.data();
  const char* const end = begin + std::min<size_t>(bytes.size(), limits.head_bytes - size_);
  const char* at = begin;
  Result result;
  while (at != end && !result.complete && !result.refusal) {
    switch (at_) {
      case At::kLineStart:
        if (*at == '\r' && lines_ > 0) {
          at_ = At::kEndLf;
          ++at;
          break;
        }
        result.refusal = StartLine(*at, limits);
        at_ = At::kLine;
        break;
      case At::kLine: {
        const char* const stop = FindControl(at, end);
        if (lines_ == 0) {
          result.refusal = CheckFirstLine({at, static_cast<size_t>(stop - at)}, limits);
        }
        at = stop;
        if (at == end || result.refusal) break;
        if (*at != '\r') {
          result.refusal = Refusal{400, ControlReason(*at)};
          break;
        }
        ++at;
        at_ = At::kLineLf;
        break;
      }
      case At::kLineLf:
      case At::kEndLf:
        if (*at != '\n') {
          result.refusal = Refusal{400, "a CR stands in the head without its LF"};
          break;
        }
        ++at;
        result.complete = at_ == At::kEndLf;
        at_ = At::kLineStart;
        if (!result.complete) ++lines_;
        break;
    }
  }
  result.taken = static_cast<size_t>(at - begin);
  size_ += static_cast<uint32_t>(result.taken);
  if (!result.complete && !result.refusal && size_ == limits.head_bytes) {
    result.refusal = Refusal{431, "the head is larger than allowed"};
  }
  return result;
}

std::optional<Refusal> HeadScan::StartLine(char first, const HeadLimits& limits) {
  if (lines_ > 0) {
    if (first == ' ' || first == '\t') return Refusal{400, "a field is folded over two lines"};
    if (lines_ > limits.fields) return Refusal{431, "there are more fields than allowed"};
    return std::nullopt;
  }
  if (kind_ == Kind::kRequest && !Is(first, kTokenChar)) {
    if (first == kTlsHandshake) {
      return Refusal{400, "this is a TLS handshake, and this port speaks plain HTTP"};
    }
    return Refusal{400, "the request does not begin with a method"};
  }
  return std::nullopt;
}

std::optional<Refusal> HeadScan::CheckFirstLine(std::string_view piece, const HeadLimits& limits) {
  const uint32_t before = first_line_;
  first_line_ += static_cast<uint32_t>(piece.size());
  if (kind_ == Kind::kRequest) return CheckTarget(piece, limits);
  if (before < kResponsePrefix.size()) {
    const std::string_view expected = kResponsePrefix.substr(before, piece.size());
    if (piece.substr(0, expected.size()) != expected) {
      return Refusal{400, "the answer is not HTTP/1.0 or HTTP/1.1"};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> HeadScan::CheckTarget(std::string_view piece, const HeadLimits& limits) {
  if (target_ == Target::kBefore) {
    const size_t space = piece.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    piece.remove_prefix(space + 1);
    target_ = Target::kInside;
  }
  if (target_ == Target::kInside) {
    const size_t space = piece.find(' ');
    target_size_ += static_cast<uint32_t>(std::min(space, piece.size()));
    if (target_size_ > limits.target_bytes) {
      return Refusal{414, "the request target is longer than allowed"};
    }
    if (space != std::string_view::npos) target_ = Target::kBehind;
  }
  return std::nullopt;
}

}  // namespace sluice::http
