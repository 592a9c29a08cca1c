// Question: what does HTTP/1 itself cost per request? A head in (collected, scanned, parsed,
// settled), a head out, and chunks taken apart. The budget of a whole request in our own code is
// 1.5 us (DESIGN section 4).
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/h1_codec.h"
#include "proxy/http/rules.h"
#include "proxy/http/uri.h"

namespace sluice::http {
namespace {

constexpr std::string_view kSmallRequest =
    "GET /index.html HTTP/1.1\r\n"
    "Host: 127.0.0.1:8080\r\n"
    "\r\n";

constexpr std::string_view kBrowserRequest =
    "GET /checkout/cart?step=2&ref=mail HTTP/1.1\r\n"
    "Host: shop.example\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://shop.example/products/4711\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0f2c6f5e9d8b4c0f9a51; cart=3; consent=all; _ga=GA1.2.1234567890.1690000000\r\n"
    "\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.31.0\r\n"
    "Date: Fri, 27 Nov 2026 09:00:00 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 612\r\n"
    "Last-Modified: Tue, 21 Apr 2026 10:00:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"6444c3b0-264\"\r\n"
    "Accept-Ranges: bytes\r\n"
    "\r\n";

void ParseRequests(benchmark::State& state, std::string_view raw) {
  H1RequestDecoder decoder{HeadLimits{}};
  for (auto _ : state) {
    Arena arena;
    RequestHead head(arena);
    const HeadResult result = decoder.FeedHead(raw, arena, head);
    if (result.state != HeadResult::State::kComplete) state.SkipWithError("refused");
    benchmark::DoNotOptimize(head.path.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(raw.size()));
}

void BM_ParseSmallRequest(benchmark::State& state) { ParseRequests(state, kSmallRequest); }
BENCHMARK(BM_ParseSmallRequest);

void BM_ParseBrowserRequest(benchmark::State& state) { ParseRequests(state, kBrowserRequest); }
BENCHMARK(BM_ParseBrowserRequest);

// A slow client: the price of the whole head when it comes in pieces of range(0) bytes.
void BM_ParseBrowserRequestInPieces(benchmark::State& state) {
  const auto piece = static_cast<size_t>(state.range(0));
  H1RequestDecoder decoder{HeadLimits{}};
  for (auto _ : state) {
    Arena arena;
    RequestHead head(arena);
    for (std::string_view rest = kBrowserRequest; !rest.empty();) {
      rest.remove_prefix(decoder.FeedHead(rest.substr(0, piece), arena, head).consumed);
    }
    benchmark::DoNotOptimize(head.path.data());
  }
}
BENCHMARK(BM_ParseBrowserRequestInPieces)->Arg(1)->Arg(64);

void BM_ParseResponse(benchmark::State& state) {
  H1ResponseDecoder decoder{HeadLimits{}};
  for (auto _ : state) {
    Arena arena;
    ResponseHead head(arena);
    const HeadResult result = decoder.FeedHead(kResponse, arena, Method::kGet, head);
    if (result.state != HeadResult::State::kComplete) state.SkipWithError("refused");
    benchmark::DoNotOptimize(head.status);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kResponse.size()));
}
BENCHMARK(BM_ParseResponse);

// In, stripped of what is the connection's, and out again: what forwarding a head costs at least.
void BM_ForwardBrowserRequest(benchmark::State& state) {
  H1RequestDecoder decoder{HeadLimits{}};
  Bytes out;
  for (auto _ : state) {
    Arena arena;
    RequestHead head(arena);
    decoder.FeedHead(kBrowserRequest, arena, head);
    RemoveHopByHop(head.fields);
    EncodeRequest(head, head.target, {}, out);
    out.RemovePrefix(out.size());
  }
}
BENCHMARK(BM_ForwardBrowserRequest);

void BM_EncodeResponse(benchmark::State& state) {
  H1ResponseDecoder decoder{HeadLimits{}};
  Arena arena;
  ResponseHead head(arena);
  decoder.FeedHead(kResponse, arena, Method::kGet, head);
  RemoveHopByHop(head.fields);
  Bytes out;
  for (auto _ : state) {
    EncodeResponse(head, {}, out);
    out.RemovePrefix(out.size());
  }
}
BENCHMARK(BM_EncodeResponse);

// 64 KiB of body in chunks of range(0) bytes. The rival is the copy that feeds it afresh each turn,
// which is in the time.
void BM_DecodeChunked(benchmark::State& state) {
  const std::string chunk(static_cast<size_t>(state.range(0)), 'x');
  Bytes encoded;
  for (size_t size = 0; size < 64 * 1024; size += chunk.size()) EncodeChunk(chunk, encoded);
  EncodeLastChunk(nullptr, encoded);
  const std::string body = encoded.ToString();
  constexpr std::string_view kHead =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string buffer(body.size(), '\0');
  H1RequestDecoder decoder{HeadLimits{}};
  for (auto _ : state) {
    Arena arena;
    RequestHead head(arena);
    decoder.FeedHead(kHead, arena, head);
    body.copy(buffer.data(), body.size());
    const BodyResult result = decoder.FeedBody(buffer, arena);
    if (!result.end) state.SkipWithError("not at its end");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
BENCHMARK(BM_DecodeChunked)->Arg(16)->Arg(1024)->Arg(16 * 1024);

void BM_NormalizePath(benchmark::State& state) {
  static constexpr std::string_view kPaths[] = {"/static/css/site.min.css",
                                                "/static/../%63heckout//cart"};
  const std::string_view path = kPaths[state.range(0)];
  for (auto _ : state) {
    Arena arena;
    benchmark::DoNotOptimize(NormalizePath(path, arena).path.data());
  }
}
BENCHMARK(BM_NormalizePath)->Arg(0)->Arg(1);

}  // namespace
}  // namespace sluice::http
