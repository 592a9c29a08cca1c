#include "proxy/demo/demo.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/demo/banner.h"
#include "proxy/demo/demo_config.h"

namespace sluice::demo {

namespace {

constexpr uint64_t kSeed = 1;

SaleMode ModeOf(const DemoCall& call) {
  const std::optional<SaleMode> mode = ParseSaleMode(call.mode);
  SLUICE_CHECK(mode.has_value());
  return *mode;
}

SaleGuard GuardOf(const DemoCall& call) {
  if (call.unheld) return SaleGuard::kNothing;
  return call.roomless ? SaleGuard::kLimits : SaleGuard::kRoom;
}

// What a newcomer has the patience for: the line is empty a minute and a half after the command.
constexpr std::chrono::seconds kBefore{5}, kGather{20}, kRush{12};

std::optional<SaleEvent> EventOf(const DemoCall& call) {
  if (!call.event) return std::nullopt;
  return SaleEvent{.start = std::chrono::ceil<std::chrono::seconds>(call.began) + kBefore + kGather,
                   .prequeue = kGather};
}

}  // namespace

StorefrontOptions ShopOf(const DemoCall& call) {
  return call.sale ? ShopFor(ModeOf(call), kSeed) : StorefrontOptions();
}

std::string ConfigOf(const DemoCall& call, const std::vector<Address>& servers) {
  return call.sale ? SaleConfig(call.port, call.admin_port, servers, GuardOf(call), EventOf(call))
                   : DemoConfig(call.port, call.admin_port, servers);
}

std::string GreetingOf(const DemoCall& call, const std::vector<Address>& servers) {
  return call.sale ? "" : DemoBanner(call.port, call.admin_port, servers);
}

std::unique_ptr<SaleShow> ShowOf(const DemoCall& call, const Storefront& shop,
                                 absl::AnyInvocable<void()> over,
                                 absl::AnyInvocable<void(bool on)> panic) {
  if (!call.sale) return nullptr;
  const auto here = [](int port) { return *Address::Parse(absl::StrFormat("127.0.0.1:%d", port)); };
  SaleShow::Cast cast;
  cast.mode = ModeOf(call);
  cast.guard = GuardOf(call);
  cast.admin = here(call.admin_port);
  cast.sale.crowd.shop = here(call.port);
  cast.sale.crowd.seed = kSeed;
  // Shoppers, sluice and the shop share this process's descriptors, four for each request that
  // nothing holds back; three times what the shop carries shows as much as five times.
  cast.sale.spike_rate = 300;
  cast.sale.crowd.most_inside = 8'000;
  // The line takes 70 s, and twice that where the shop carries less.
  cast.sale.crowd.told_patience = std::chrono::seconds(150);
  cast.sale.most_after = std::chrono::seconds(150);
  if (const std::optional<SaleEvent> event = EventOf(call)) {
    cast.event = event->start;
    cast.sale.calm = kBefore;
    cast.sale.gather = event->prequeue;
    cast.sale.gather_rate = 60;
    cast.sale.spike = kRush;
  }
  if (call.panic) cast.panic_for = std::chrono::seconds(15);
  return std::make_unique<SaleShow>(shop, cast, std::move(over), std::move(panic));
}

}  // namespace sluice::demo
