#include "proxy/demo/sale_show.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace sluice::demo {

namespace {

// Until sluice listens; it does within a moment, or not at all.
constexpr Duration kKnockAgain = std::chrono::milliseconds(50);
constexpr Duration kKnock = std::chrono::seconds(1);
constexpr Duration kLeastCalm = std::chrono::milliseconds(100);
// The admin listener has less to do than a second.
constexpr Duration kMetrics = std::chrono::milliseconds(900);

}  // namespace

SaleShow::SaleShow(const Storefront& shop, const Cast& cast, absl::AnyInvocable<void()> over,
                   absl::AnyInvocable<void(bool on)> panic,
                   absl::AnyInvocable<void(std::string_view)> say)
    : shop_(shop),
      cast_(cast),
      over_(std::move(over)),
      panic_(std::move(panic)),
      say_(std::move(say)),
      story_(cast.mode, cast.guard, cast.sale) {
  loop_.Post([this] { Knock(); });
  thread_ = std::thread([this] { loop_.Run(); });
}

SaleShow::~SaleShow() {
  // On its own thread, and before the loop winds up, which waits for what was closed.
  loop_.Post([this] {
    again_.Cancel();
    knock_ = nullptr;
    fetch_ = nullptr;
    sale_ = nullptr;
    loop_.Stop();
  });
  thread_.join();
}

void SaleShow::Knock() {
  knock_ = std::make_unique<net::Dial>(loop_, cast_.sale.crowd.shop, kKnock, net::SocketOptions(),
                                       [this](std::unique_ptr<net::Socket> socket, int error) {
                                         OnKnocked(std::move(socket), error);
                                       });
}

void SaleShow::OnKnocked(std::unique_ptr<net::Socket> socket, int error) {
  knock_ = nullptr;
  if (error != 0) return loop_.Arm(again_, kKnockAgain);
  loop_.Retire(std::move(socket));
  SaleOptions sale = cast_.sale;
  if (cast_.event) {
    const Duration left = *cast_.event - std::chrono::system_clock::now();
    sale.calm = std::max(left - sale.gather, kLeastCalm);
  }
  say_(story_.Opening());
  sale_ = std::make_unique<Sale>(loop_, shop_, sale,
                                 [this](const SaleSecond& second) { OnSecond(second); });
}

void SaleShow::OnSecond(const SaleSecond& second) {
  if (sale_->phase() == SalePhase::kOver) {
    fetch_ = nullptr;
    say_(story_.Tell(second, std::nullopt) + story_.Summary(sale_->Figures()));
    return over_();
  }
  second_ = second;
  fetch_ =
      std::make_unique<Fetch>(loop_, cast_.admin, "/metrics", kMetrics,
                              [this](const std::optional<std::string>& metrics) { Tell(metrics); });
}

// Once in a sale, if it lasts so long.
void SaleShow::Panic() {
  const Duration since(static_cast<Duration::rep>(second_.at_s * 1e9));
  const Duration from = cast_.sale.spike + cast_.panic_after;
  const bool on = since >= from && since < from + cast_.panic_for;
  if (on == panics_) return;
  panics_ = on;
  panic_(on);
  say_(story_.Panic(on));
}

void SaleShow::Tell(const std::optional<std::string>& metrics) {
  say_(story_.Tell(second_, metrics ? std::optional(ReadMetrics(*metrics)) : std::nullopt));
  Panic();
}

void SaleShow::Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace sluice::demo
