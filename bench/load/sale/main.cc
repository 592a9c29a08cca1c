// load_sale --mode M --servers P,P,P,P --proxy P [--seed N] [--spike S] ...: the shop of a flash
// sale and its shoppers on one thread, with a proxy between them that is there already. Prints one
// JSON line (report.h). Exit codes: 0 measured, 1 the shop could not open, 2 the command was wrong.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/load/loopback.h"
#include "bench/load/sale/report.h"
#include "bench/load/sale/standing.h"
#include "proxy/demo/sale.h"
#include "proxy/demo/sale_mode.h"
#include "proxy/net/loop.h"

namespace {

namespace demo = sluice::demo;

sluice::Address OnLoopback(uint16_t port) {
  return *sluice::Address::Parse(absl::StrFormat("127.0.0.1:%d", port));
}

int Run(const demo::StorefrontOptions& shop_options, const demo::SaleOptions& options) {
  sluice::net::Loop loop;
  auto shop = demo::Storefront::Open(loop, shop_options);
  if (!shop.ok()) {
    absl::FPrintF(stderr, "load_sale: %s\n", shop.status().message());
    return 1;
  }
  std::string said;
  std::unique_ptr<demo::Sale> sale;
  sale = std::make_unique<demo::Sale>(loop, **shop, options, [&](const demo::SaleSecond&) {
    if (sale->phase() != demo::SalePhase::kOver) return;
    said = sluice::load::SaleJson(sale->Figures(), sale->counts(), sale->seconds());
    // All sockets must be gone before the loop is.
    loop.Post([&] {
      sale = nullptr;
      *shop = nullptr;
      loop.Stop();
    });
  });
  loop.Run();
  std::puts(said.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A flash sale on 127.0.0.1: a shop and its shoppers; prints one JSON line",
               "load_sale");
  std::string mode;
  std::vector<uint16_t> servers;
  uint16_t proxy = 0;
  uint64_t seed = 1;
  double calm = 10, spike = 20, after = 60, patience = 30, reload = 0;
  std::string room;
  demo::SaleOptions options;
  app.add_option("--mode", mode, "what ails the shop")
      ->required()
      ->check(CLI::IsMember(demo::SaleModeNames()));
  app.add_option("--servers", servers, "ports of the shop's servers, four of them")
      ->required()
      ->delimiter(',')
      ->check(CLI::Range(1, 65535));
  app.add_option("--proxy", proxy, "port of what is in front of it")
      ->required()
      ->check(CLI::Range(1, 65535));
  app.add_option("--seed", seed, "of arrivals, thinking and service times");
  app.add_option("--calm", calm, "seconds before the spike")->check(CLI::Range(0.1, 600.0));
  app.add_option("--spike", spike, "seconds of the spike")->check(CLI::Range(0.1, 600.0));
  app.add_option("--after", after, "most seconds for the line to empty")
      ->check(CLI::Range(0.1, 600.0));
  app.add_option("--calm-rate", options.calm_rate, "shoppers a second")
      ->check(CLI::Range(0.1, 2000.0));
  app.add_option("--spike-rate", options.spike_rate, "shoppers a second in the spike")
      ->check(CLI::Range(0.1, 2000.0));
  app.add_option("--patience", patience, "seconds that a shopper waits because it is told to")
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--reload", reload,
                 "seconds after which who is refused or cut off asks again; 0: it is an error")
      ->check(CLI::Range(0.0, 60.0));
  app.add_option("--room", room, "the waiting room whose tickets are looked at");
  app.add_option("--bots", options.crowd.bots, "share of the shoppers that are programs")
      ->check(CLI::Range(0.0, 1.0));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto seconds = [](double count) {
    return sluice::Duration(static_cast<sluice::Duration::rep>(count * 1e9));
  };
  options.calm = seconds(calm);
  options.spike = seconds(spike);
  options.most_after = seconds(after);
  options.crowd.told_patience = seconds(patience);
  options.crowd.reload_after = seconds(reload);
  if (!room.empty()) options.crowd.standing_of = sluice::load::StandingsIn(room);
  options.crowd.seed = seed;
  options.crowd.shop = OnLoopback(proxy);
  demo::StorefrontOptions shop = demo::ShopFor(*demo::ParseSaleMode(mode), seed);
  for (const uint16_t port : servers) shop.listen.push_back(OnLoopback(port));
  sluice::load::RaiseDescriptorLimit();
  return Run(shop, options);
}
