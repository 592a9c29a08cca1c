// Properties of reading the store's answers, for any bytes: how the network cuts them does not
// change what they mean; no reply is above the bounds; and a broken reader stays so.
// Run: store_fuzz -max_total_time=60 tests/fuzz/corpus/store
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/check.h"
#include "proxy/store/reply.h"

namespace sluice::store {
namespace {

struct Size {
  size_t values = 0;
  size_t bytes = 0;
  size_t depth = 0;
};

Size SizeOf(const Reply& reply) {
  Size size{.values = 1, .bytes = reply.text.size(), .depth = 1};
  for (const Reply& inner : reply.list) {
    const Size more = SizeOf(inner);
    size.values += more.values;
    size.bytes += more.bytes;
    size.depth = std::max(size.depth, more.depth + 1);
  }
  return size;
}

std::string Text(const Reply& reply) {
  std::string text = std::to_string(static_cast<int>(reply.kind)) + "," +
                     std::to_string(reply.integer) + "," + std::to_string(reply.text.size()) + ":" +
                     reply.text + "[";
  for (const Reply& inner : reply.list) text += Text(inner);
  return text + "]";
}

// All replies, and whether it broke.
std::vector<std::string> Read(std::string_view bytes, size_t piece) {
  std::vector<std::string> replies;
  ReplyReader reader;
  while (!bytes.empty()) {
    // A copy of exactly its size, so that the sanitizer sees a read beyond it.
    const std::string_view next = bytes.substr(0, piece);
    const std::vector<char> exact(next.begin(), next.end());
    reader.Feed({exact.data(), exact.size()});
    bytes.remove_prefix(next.size());
    while (const std::optional<Reply> reply = reader.Next()) {
      const Size size = SizeOf(*reply);
      SLUICE_CHECK(size.values <= ReplyReader::kMostValues);
      SLUICE_CHECK(size.bytes <= ReplyReader::kMostBytes);
      SLUICE_CHECK(size.depth <= 9);
      replies.push_back(Text(*reply));
    }
  }
  const bool broken = !reader.wrong().empty();
  reader.Feed("+OK\r\n");
  SLUICE_CHECK(!broken || !reader.Next());
  replies.emplace_back(broken ? "broken" : "fine");
  return replies;
}

}  // namespace
}  // namespace sluice::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t piece = size == 0 ? 1 : data[0] % 7u + 1u;
  const auto whole = sluice::store::Read(bytes, std::max<size_t>(size, 1));
  SLUICE_CHECK(whole == sluice::store::Read(bytes, piece));
  return 0;
}
