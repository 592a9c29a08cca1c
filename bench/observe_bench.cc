// What it costs to count and to log one exchange. The rival of the JSON line is the same line made
// by absl::StrFormat without any escaping.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/histogram.h"
#include "proxy/observe/stats.h"
#include "proxy/observe/writer.h"

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

ExchangeRecord Browsing() {
  ExchangeRecord record;
  record.started = WallTime{1795770000123ms};
  record.client_ip = *Ip::Parse("203.0.113.9");
  record.listener = "[::]:443";
  record.method = "GET";
  record.host = "shop.example";
  record.target = "/products/winter/boots?size=42&color=black&page=3";
  record.protocol = "HTTP/1.1";
  record.referer = "https://shop.example/products/winter";
  record.user_agent =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari";
  record.request_id = "7f3a5c0112ab44d0";
  record.route = "shop";
  record.pool = "web";
  record.server = "10.0.0.11:8000";
  record.status = record.server_status = 200;
  record.response_bytes = 5120;
  record.tries = 1;
  record.first_byte = 41'007us;
  record.total = 43'100us;
  return record;
}

void BM_AccessLog(benchmark::State& state, std::string_view text) {
  const LogFormat format = *LogFormat::Parse(text);
  const ExchangeRecord record = Browsing();
  std::string line;
  for (auto _ : state) {
    line.clear();
    format.Append(record, line);
    benchmark::DoNotOptimize(line.data());
  }
  state.counters["bytes"] = static_cast<double>(line.size());
}
BENCHMARK_CAPTURE(BM_AccessLog, json, "json");
BENCHMARK_CAPTURE(BM_AccessLog, combined, "combined");
BENCHMARK_CAPTURE(BM_AccessLog, short_text, "{method} {target} {status} {total_ms}");

void BM_AccessLogByStrFormat(benchmark::State& state) {
  const ExchangeRecord r = Browsing();
  for (auto _ : state) {
    std::string line = absl::StrFormat(
        R"({"client_ip":"%s","listener":"%s","method":"%s","host":"%s","target":"%s",)"
        R"("protocol":"%s","status":%d,"server_status":%d,"request_bytes":%d,"response_bytes":%d,)"
        R"("referer":"%s","user_agent":"%s","request_id":"%s","route":"%s","pool":"%s",)"
        R"("server":"%s","tries":%d,"connect_ms":%.3f,"first_byte_ms":%.3f,"total_ms":%.3f})",
        r.client_ip.ToString(), r.listener, r.method, r.host, r.target, r.protocol, r.status,
        r.server_status, r.request_bytes, r.response_bytes, r.referer, r.user_agent, r.request_id,
        r.route, r.pool, r.server, r.tries, static_cast<double>(r.connect.count()) / 1e6,
        static_cast<double>(r.first_byte.count()) / 1e6,
        static_cast<double>(r.total.count()) / 1e6);
    benchmark::DoNotOptimize(line.data());
  }
}
BENCHMARK(BM_AccessLogByStrFormat);

// Question: what does a worker pay to hand a line of 500 bytes to the writer?
void BM_LogFeedAdd(benchmark::State& state) {
  const std::unique_ptr<Writer> writer = *Writer::Open({.output = "/dev/null"});
  LogFeed feed(*writer);
  const std::string line = std::string(499, 'x') + "\n";
  for (auto _ : state) feed.Add(line);
  state.counters["dropped"] = static_cast<double>(writer->dropped());
}
BENCHMARK(BM_LogFeedAdd);

void BM_HistogramRecord(benchmark::State& state) {
  Histogram histogram;
  Duration value = 1us;
  for (auto _ : state) {
    histogram.Record(value);
    value += 17us;
    if (value > 10s) value = 1us;
  }
  benchmark::DoNotOptimize(histogram.Snapshot());
}
BENCHMARK(BM_HistogramRecord);

void BM_RouteStatsAdd(benchmark::State& state) {
  Sharded<RouteStats> stats(1);
  const ExchangeRecord record = Browsing();
  for (auto _ : state) stats.shard(0).Add(record);
}
BENCHMARK(BM_RouteStatsAdd);

}  // namespace
}  // namespace sluice::observe
