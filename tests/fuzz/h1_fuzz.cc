// Property 1: how the network cuts the bytes never changes what they mean.
// Property 2: what is let through, written again by the encoders, means the same to the next
// reader.
//
// The first byte of an input chooses the side (bit 0), the size of the pieces (bits 1 to 3) and the
// method that a response answers (bit 4); the rest is what the peer sends.
// Run: h1_fuzz -dict=tests/fuzz/h1.dict -max_total_time=60 tests/fuzz/corpus/h1
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/base/check.h"
#include "tests/support/h1_reader.h"

namespace sluice::test {
namespace {

// Written again a head may grow by a space per field: the second reader must not mind.
constexpr http::HeadLimits kRoomy{.head_bytes = 1 << 20, .fields = 1000, .target_bytes = 1 << 20};

void CheckSame(const ReadMessage& message, const std::vector<ReadMessage>& again) {
  SLUICE_CHECK(again.size() == 1);
  SLUICE_CHECK(again[0].state == ReadMessage::State::kComplete);
  SLUICE_CHECK(again[0].start == message.start);
  SLUICE_CHECK(again[0].routed == message.routed);
  SLUICE_CHECK(again[0].fields == message.fields);
  SLUICE_CHECK(again[0].framing == message.framing);
  SLUICE_CHECK(again[0].body == message.body);
  SLUICE_CHECK(again[0].trailers == message.trailers);
}

void CheckRequests(std::string_view bytes, size_t piece) {
  const std::vector<ReadMessage> whole = RequestReader::Read(bytes, bytes.size());
  SLUICE_CHECK(whole == RequestReader::Read(bytes, piece));
  for (const ReadMessage& message : whole) {
    // A request without Host is HTTP/1.0 and gets one before it is written.
    if (message.state != ReadMessage::State::kComplete || message.hostless) continue;
    CheckSame(message, RequestReader::Read(message.encoded, message.encoded.size(), kRoomy));
  }
}

void CheckResponses(std::string_view bytes, size_t piece, http::Method method) {
  const std::vector<ReadMessage> whole = ResponseReader::Read(bytes, bytes.size(), method);
  SLUICE_CHECK(whole == ResponseReader::Read(bytes, piece, method));
  for (const ReadMessage& message : whole) {
    if (message.state != ReadMessage::State::kComplete) continue;
    CheckSame(message,
              ResponseReader::Read(message.encoded, message.encoded.size(), method, kRoomy));
  }
}

}  // namespace
}  // namespace sluice::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sluice::http::Method;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = (data[0] >> 1 & 7u) + 1;
  if ((data[0] & 1u) == 0) {
    sluice::test::CheckRequests(bytes, piece);
  } else {
    sluice::test::CheckResponses(bytes, piece, (data[0] & 16u) != 0 ? Method::kHead : Method::kGet);
  }
  return 0;
}
