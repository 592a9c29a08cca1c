// Properties of reading a PROXY header, for any bytes: nothing is read beyond their end (copies are
// of exactly their size, so that the sanitizer sees it); a header is no longer than what came, nor
// than its bound; and byte by byte the decision is the same, made once and then kept.
// Run: proxy_header_fuzz -max_total_time=60 tests/fuzz/corpus/proxy_header
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/base/check.h"
#include "proxy/server/proxy_header.h"

namespace sluice::server {
namespace {

using State = ProxyHeader::State;

ProxyHeader ParseFirst(const uint8_t* data, size_t size) {
  const std::vector<char> exact(data, data + size);
  return ParseProxyHeader({exact.data(), exact.size()});
}

bool Same(const ProxyHeader& a, const ProxyHeader& b) {
  return a.state == b.state && a.client == b.client && a.size == b.size && a.from == b.from &&
         a.to == b.to && a.why == b.why;
}

}  // namespace
}  // namespace sluice::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::server;
  const ProxyHeader whole = ParseFirst(data, size);
  SLUICE_CHECK(whole.size <= std::min(size, kMaxProxyHeader));
  SLUICE_CHECK((whole.state == State::kComplete) == (whole.size > 0));
  SLUICE_CHECK((whole.state == State::kMalformed) == !whole.why.empty());
  SLUICE_CHECK(whole.state != State::kNeedMore || size < kMaxProxyHeader);
  const bool named = whole.client == ProxyHeader::Client::kIp;
  SLUICE_CHECK(named == (whole.from.family() != AF_UNSPEC));
  SLUICE_CHECK(named == (whole.to.family() != AF_UNSPEC));
  bool decided = false;
  // Behind the decision not every length, which would make checksums quadratic.
  for (size_t cut = 0; cut < size; cut += decided ? size / 16 + 1 : 1) {
    const ProxyHeader part = ParseFirst(data, cut);
    SLUICE_CHECK(!decided || part.state != State::kNeedMore);
    if (part.state == State::kNeedMore) continue;
    decided = true;
    SLUICE_CHECK(Same(part, whole));
    SLUICE_CHECK(whole.state != State::kComplete || cut >= whole.size);
  }
  return 0;
}
