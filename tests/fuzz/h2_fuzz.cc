// Property 1: how the network cuts the bytes never changes what they mean.
// Property 2: a request that comes out of a session is one that HTTP/1 can say in one way only: its
// encoded head reads back as the same request and nothing behind it.
//
// The first byte of an input chooses the size of the pieces; the rest follows the client's preface.
// Run: h2_fuzz -max_total_time=60 tests/fuzz/corpus/h2
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/check.h"
#include "proxy/http/h1_codec.h"
#include "tests/http/h2_fixture.h"

namespace sluice::test {
namespace {

constexpr http::HeadLimits kRoomy{.head_bytes = 1 << 20, .fields = 1000, .target_bytes = 1 << 20};

void CheckDowngrade(http::RequestHead& head) {
  http::RequestHead copy = head;
  if (copy.framing.kind == http::Framing::Kind::kNone) copy.fields.Remove(http::FieldId::kExpect);
  Bytes out;
  http::EncodeRequest(copy, copy.target, "", out);
  Arena arena;
  http::RequestHead again(arena);
  http::H1RequestDecoder decoder(kRoomy);
  const std::string bytes = out.ToString();
  const http::HeadResult got = decoder.FeedHead(bytes, arena, again);
  SLUICE_CHECK(got.state == http::HeadResult::State::kComplete);
  SLUICE_CHECK(got.consumed == bytes.size());
  SLUICE_CHECK(again.method_text == head.method_text);
  SLUICE_CHECK(again.path == head.path);
  SLUICE_CHECK(again.host == head.host);
}

// A client's GOAWAY ends an idle connection at once, and whether what stands behind it in the same
// read is looked at first is nobody's to know.
bool SaysGoodbye(std::string_view bytes) {
  while (bytes.size() >= 9) {
    const auto byte = [&](size_t at) { return size_t{static_cast<uint8_t>(bytes[at])}; };
    if (bytes[3] == h2::kGoaway) return true;
    bytes.remove_prefix(std::min(bytes.size(), 9 + (byte(0) << 16 | byte(1) << 8 | byte(2))));
  }
  return false;
}

// Everything that was understood, as text.
std::string Meaning(std::string_view bytes, size_t piece) {
  H2Talk talk;
  talk.on_request = CheckDowngrade;
  talk.Say(h2::Hello());
  // Nothing leaves in between: when our frames leave does change what later ones mean.
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    (void)talk.session.Feed(bytes.substr(0, piece), talk.now);
  }
  talk.Pump();
  SLUICE_CHECK(!talk.reader.broken);
  std::string all;
  for (const auto& [id, seen] : talk.seen) {
    // A block that HPACK can't read ends the connection, and whether its stream is refused before
    // that is nobody's to know.
    if (seen.refused != 0) continue;
    all += std::to_string(id) + " " + seen.method + " " + seen.path + " " + seen.host + "\n" +
           seen.fields;
    // Of a body that breaks its own length, more or less is seen before the break.
    if (seen.ended) all += seen.body + "\n" + seen.trailers;
  }
  return all;
}

}  // namespace
}  // namespace sluice::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = (data[0] & 15u) + 1;
  if (sluice::test::SaysGoodbye(bytes)) return 0;
  SLUICE_CHECK(sluice::test::Meaning(bytes, 1 << 20) == sluice::test::Meaning(bytes, piece));
  return 0;
}
