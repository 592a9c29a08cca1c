// Question: what does finding a route cost, and does it grow with the number of routes? The rival
// is the obvious thing: asking every route in order of precedence, longest path first, until one
// fits. And what does it cost to turn a client's head into what the server gets?

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "proxy/exchange/forward_head.h"
#include "proxy/http/rules.h"
#include "proxy/route/router.h"

namespace sluice {
namespace {

// Sections of a shop over 20 hosts: an exact path, two depths of prefix, a wildcard now and then.
conf::Config Shop(int64_t routes) {
  conf::Config config;
  config.pools.emplace_back().name = "web";
  for (int64_t i = 0; i < routes; ++i) {
    conf::Route& route = config.routes.emplace_back();
    route.name = std::to_string(i);
    route.pool = "web";
    const std::string host = std::to_string(i % 20) + ".shop.example";
    route.match.host = {i % 5 == 4 ? "*." + host : host};
    const std::string section = "/section" + std::to_string(i);
    if (i % 3 == 0) route.match.path = section + "/index.html";
    if (i % 3 == 1) route.match.path_prefix = section;
    if (i % 3 == 2) route.match.path_prefix = section + "/deep/er/";
  }
  return config;
}

struct Asked {
  std::string host;
  std::string path;
};

// Hits spread over all routes, and one miss in eight.
std::vector<Asked> Requests(int64_t routes) {
  std::mt19937 random(1);
  std::vector<Asked> asked;
  for (int i = 0; i < 1024; ++i) {
    const auto n = static_cast<int64_t>(random()) % routes;
    const std::string host = std::to_string(n % 20) + ".shop.example";
    const std::string section = "/section" + std::to_string(i % 8 == 7 ? -1 : n);
    asked.push_back(
        {n % 5 == 4 ? "www." + host : host, section + (n % 3 == 0   ? "/index.html"
                                                       : n % 3 == 1 ? "/item/12345"
                                                                    : "/deep/er/item")});
  }
  return asked;
}

void Set(http::RequestHead& head, const Asked& asked) {
  head.host = head.authority = asked.host;
  head.path = head.raw_path = asked.path;
}

void BM_FindRoute(benchmark::State& state) {
  const route::Router router(Shop(state.range(0)));
  const std::vector<Asked> requests = Requests(state.range(0));
  Arena arena;
  http::RequestHead head(arena);
  head.method_text = "GET";
  size_t i = 0;
  int64_t found = 0;
  for (auto _ : state) {
    Set(head, requests[i++ % requests.size()]);
    found += router.Find(head) != nullptr ? 1 : 0;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["found"] = static_cast<double>(found) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_FindRoute)->Arg(10)->Arg(1000);

bool Fits(const conf::Match& match, const Asked& asked) {
  const std::string& host = match.host.front();
  const bool host_fits =
      host.front() == '*' ? asked.host.ends_with(host.substr(1)) : asked.host == host;
  if (!host_fits) return false;
  return match.path.empty() ? asked.path.starts_with(match.path_prefix) : asked.path == match.path;
}

void BM_FindRouteOneByOne(benchmark::State& state) {
  conf::Config config = Shop(state.range(0));
  std::stable_sort(config.routes.begin(), config.routes.end(), [](const auto& a, const auto& b) {
    return a.match.path.size() + a.match.path_prefix.size() >
           b.match.path.size() + b.match.path_prefix.size();
  });
  const std::vector<Asked> requests = Requests(state.range(0));
  size_t i = 0;
  int64_t found = 0;
  for (auto _ : state) {
    const Asked& asked = requests[i++ % requests.size()];
    found += std::any_of(config.routes.begin(), config.routes.end(),
                         [&](const conf::Route& route) { return Fits(route.match, asked); })
                 ? 1
                 : 0;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["found"] = static_cast<double>(found) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_FindRouteOneByOne)->Arg(10)->Arg(1000);

// The fields of a browser.
void Fill(http::RequestHead& head) {
  head.method = http::Method::kGet;
  head.method_text = "GET";
  head.target = "/section1/item/12345?colour=blue";
  head.fields.Add("Host", "1.shop.example");
  head.fields.Add("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101");
  head.fields.Add("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
  head.fields.Add("Accept-Language", "en-GB,en;q=0.5");
  head.fields.Add("Accept-Encoding", "gzip, deflate, br");
  head.fields.Add("Connection", "keep-alive");
  head.fields.Add("Cookie", "session=0123456789abcdef0123456789abcdef; theme=dark");
  head.fields.Add("Upgrade-Insecure-Requests", "1");
  http::SettleRequest(head);
}

// Settling is in both, so that the difference is the price of forwarding.
void BM_SettleHead(benchmark::State& state) {
  for (auto _ : state) {
    Arena arena;
    http::RequestHead head(arena);
    Fill(head);
    benchmark::DoNotOptimize(head.path.data());
  }
}
BENCHMARK(BM_SettleHead);

void BM_SettleAndForwardHead(benchmark::State& state) {
  const conf::Config config = Shop(10);
  const route::Router router(config);
  const admission::TrustedProxies nobody;
  const Ip peer = *Ip::Parse("192.0.2.1");
  std::mt19937_64 random(1);
  for (auto _ : state) {
    Arena arena;
    http::RequestHead head(arena);
    Fill(head);
    const admission::ClientIdentity client = admission::Resolve(peer, false, head, nobody);
    const exchange::ForwardContext context{
        .forwarding = config.forwarding,
        .route = router.routes()[1],
        .client = client,
        .scheme = "http",
        .request_id = exchange::RequestId(head, config.forwarding, client, random)};
    benchmark::DoNotOptimize(exchange::ForwardRequest(head, context).target.data());
    exchange::SetUpstreamHost(head, context.route, "10.9.0.1:8000");
  }
}
BENCHMARK(BM_SettleAndForwardHead);

}  // namespace
}  // namespace sluice
