// What it costs to know who asks and whether he may: the key of a limit by its parts, a token, a
// ticket, an address in a set of networks by how many there are, and a key among those banned.
// `bytes` is what one network takes. And what it costs to tell who must wait.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/admission/bans.h"
#include "proxy/admission/limit_key.h"
#include "proxy/admission/waiting_page.h"
#include "proxy/base/cidr_set.h"
#include "proxy/crypto/key_ring.h"
#include "ratelimit/ticket.h"
#include "tests/admission/asking.h"

namespace sluice {
namespace {

void BM_KeyOf(benchmark::State& state, const std::vector<std::string>& parts) {
  const auto key = admission::LimitKey::Prepare({.parts = parts}, SipKey{1});
  admission::Asking request;
  request.Says("User-Agent",
               "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128");
  request.Says("Accept", "text/html");
  request.Says("Cookie", "theme=dark; session=0123456789abcdef0123456789abcdef");
  request.Says("X-Large", std::string(64 << 10, 'x'));
  const admission::Asker asker = request.asker();
  for (auto _ : state) benchmark::DoNotOptimize(key->Of(asker).hash);
}
BENCHMARK_CAPTURE(BM_KeyOf, client_ip, {"client_ip"});
BENCHMARK_CAPTURE(BM_KeyOf, client_ip_route, {"client_ip", "route"});
BENCHMARK_CAPTURE(BM_KeyOf, cookie, {"cookie:session"});
BENCHMARK_CAPTURE(BM_KeyOf, query, {"query:page"});
BENCHMARK_CAPTURE(BM_KeyOf, header_of_64_KiB, {"header:x-large"});

// A token with one text of range(0) bytes among its claims; the key is built, the token verified.
void BM_Token(benchmark::State& state) {
  const crypto::TokenRules rules{.secrets = {std::string(admission::Asking::kSecret)}};
  const std::string token = admission::Asking::TokenOf(
      absl::StrFormat(R"({"sub":"ann","exp":4000000000,"iat":1,"shop":{"id":7},"x":"%s"})",
                      std::string(static_cast<size_t>(state.range(0)), 'x')));
  for (auto _ : state) {
    benchmark::DoNotOptimize(crypto::Token::Verify(token, rules, WallTime{}).good());
  }
  state.SetLabel(absl::StrFormat("%d bytes", token.size()));
}
BENCHMARK(BM_Token)->Arg(50)->Arg(500)->Arg(5000);

// A visitor's ticket: read, as each request of an admitted one asks for; and read and written
// again, as each poll of who waits. With two threads the keys are shared.
void BM_Ticket(benchmark::State& state, bool written_again) {
  static const crypto::KeyRing keys = *crypto::KeyRing::Of(crypto::KeyRing::MakeLine());
  const ratelimit::TicketTerms terms{.room = 7, .grace_s = 300};
  ratelimit::TicketText text =
      ratelimit::WriteTicket({.room = 7, .id = 1, .order = 2, .issued_s = 1000}, keys);
  for (auto _ : state) {
    const ratelimit::TicketReading reading =
        ratelimit::ReadTicket({text.data(), text.size()}, terms, keys, 1000);
    if (!reading.good()) state.SkipWithError("no ticket");
    if (written_again) text = ratelimit::WriteTicket(reading.ticket, keys);
  }
}
BENCHMARK_CAPTURE(BM_Ticket, read, false)->ThreadRange(1, 2);
BENCHMARK_CAPTURE(BM_Ticket, read_and_written, true)->ThreadRange(1, 2);

// Addresses drawn evenly; networks of the lengths that lists are made of, half of them asked for.
void BM_Find(benchmark::State& state, bool v6) {
  std::mt19937 random(1);
  std::string content;
  std::vector<Ip> asked;
  for (int64_t i = 0; i < state.range(0); ++i) {
    const auto bits = static_cast<uint32_t>(random());
    const std::string text =
        v6 ? absl::StrFormat("2a%02x:%x:%x::/48", bits >> 24, bits >> 8 & 0xffff, random() & 0xffff)
           : absl::StrFormat("%d.%d.%d.%d%s", bits >> 24, bits >> 16 & 255, bits >> 8 & 255,
                             bits % 4 == 0 ? 0 : bits & 255, bits % 4 == 0 ? "/24" : "");
    content += text + "\n";
    Ip ip = Cidr::Parse(text)->ip;
    if (i % 2 == 0) ip.bytes[v6 ? 2 : 12] ^= 1;
    asked.push_back(ip);
  }
  CidrSet::Builder builder;
  if (!builder.AddLines(content, 1, "list").ok()) state.SkipWithError("no list");
  const CidrSet set = *std::move(builder).Build();
  std::shuffle(asked.begin(), asked.end(), random);
  asked.resize(std::min<size_t>(asked.size(), 1 << 16));
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(set.Find(asked[++i % asked.size()]));
  state.counters["bytes"] = static_cast<double>(set.bytes()) / static_cast<double>(set.size());
}
BENCHMARK_CAPTURE(BM_Find, v4, false)->Arg(100)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(BM_Find, v6, true)->Arg(100)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);

// range(0) are banned; range(1): of those who ask, none or all.
void BM_Banned(benchmark::State& state) {
  static std::unique_ptr<admission::Bans> bans;
  static std::vector<uint64_t> asked;
  const TimePoint now{std::chrono::hours(1)};
  if (state.thread_index() == 0) {
    bans = std::make_unique<admission::Bans>();
    std::mt19937_64 random(1);
    asked.clear();
    for (int64_t i = 0; i < state.range(0); ++i) {
      const uint64_t key = random();
      bans->Insert({.key = key, .what = {}, .by = {}, .why = {}, .until = TimePoint::max()}, now);
      asked.push_back(state.range(1) == 1 ? key : random());
    }
    if (asked.empty()) asked.push_back(1);
  }
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(bans->Until(asked[++i % asked.size()], now));
}
BENCHMARK(BM_Banned)->Args({0, 0})->ArgsProduct({{1, 1000, 65536}, {0, 1}});

// What a visit to the line costs beside its ticket: the page, and the JSON its script asks for.
void BM_WaitingPage(benchmark::State& state, const std::string& accept_language, bool html) {
  const auto page = admission::WaitingPage::Make({.name = "sale"});
  const admission::WaitingView view{.position = 54'322,
                                    .ahead = 54'321,
                                    .least = std::chrono::minutes(33),
                                    .most = std::chrono::minutes(41),
                                    .poll = std::chrono::seconds(100),
                                    .message = "Sizes 38 and 39 are sold out."};
  size_t size = 0;
  for (auto _ : state) {
    Arena arena;
    size =
        (html ? page->Html(view, accept_language, arena) : page->Json(view, accept_language, arena))
            .size();
    benchmark::DoNotOptimize(size);
  }
  state.counters["size"] = static_cast<double>(size);
}
BENCHMARK_CAPTURE(BM_WaitingPage, html_en, "en-GB,en;q=0.9", true);
BENCHMARK_CAPTURE(BM_WaitingPage, html_de, "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", true);
BENCHMARK_CAPTURE(BM_WaitingPage, json_en, "en-GB,en;q=0.9", false);
BENCHMARK_CAPTURE(BM_WaitingPage, json_de, "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", false);
BENCHMARK_CAPTURE(BM_WaitingPage, json_none_read, "fr-CH,fr;q=0.9,it;q=0.8,*;q=0.5", false);

}  // namespace
}  // namespace sluice
