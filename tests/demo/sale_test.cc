// A whole sale in two seconds: phases, what is counted, and when it is over.
#include "proxy/demo/sale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/loop_fixture.h"

namespace sluice::demo {

namespace {

using namespace std::chrono_literals;

class SaleTest : public net::LoopTest {
 protected:
  void Hold(const StorefrontOptions& shop_options) {
    auto shop = Storefront::Open(loop_, shop_options);
    ASSERT_TRUE(shop.ok()) << shop.status();
    shop_ = *std::move(shop);
    options_.crowd.shop = shop_->addresses()[0];
    sale_ = std::make_unique<Sale>(loop_, *shop_, options_,
                                   [this](const SaleSecond&) { told_.push_back(sale_->phase()); });
    RunUntil([&] { return sale_->phase() == SalePhase::kOver; });
  }

  SaleOptions options_ = {.calm_rate = 20,
                          .spike_rate = 200,
                          .calm = 300ms,
                          .spike = 500ms,
                          .most_after = 5s,
                          .crowd = {}};
  std::unique_ptr<Storefront> shop_;
  std::unique_ptr<Sale> sale_;
  std::vector<SalePhase> told_;
};

}  // namespace

TEST_F(SaleTest, AShopThatCarriesItServesEverybody) {
  StorefrontOptions shop;
  shop.servers = 1;
  shop.time_scale = 0;
  options_.crowd.think_time = 5ms;
  Hold(shop);
  const SaleFigures figures = sale_->Figures();
  EXPECT_GT(figures.shoppers, 50u);
  EXPECT_LT(figures.shoppers, 160u);
  EXPECT_EQ(figures.bought, figures.shoppers);
  EXPECT_EQ(figures.affected, 0u);
  EXPECT_EQ(figures.unfinished, 0u);
  EXPECT_EQ(figures.crashes, 0u);
  EXPECT_EQ(told_.back(), SalePhase::kOver);
  uint64_t came = 0, bought = 0, pages = 0;
  for (const SaleSecond& second : sale_->seconds()) {
    came += second.came;
    bought += second.bought;
    pages += second.pages;
  }
  EXPECT_EQ(came, sale_->counts().came);
  EXPECT_EQ(bought, sale_->counts().bought);
  EXPECT_GE(pages, 4 * bought);
  EXPECT_GT(figures.sale_p99[0], 0ns);
  EXPECT_LT(figures.sale_p99[3], 2s);
  EXPECT_LT(figures.wasted, 20u) << "but for those that were on their way at the end";
}

TEST_F(SaleTest, WhoIsStillInsideAtTheEndIsCountedAsFarAsItWent) {
  StorefrontOptions shop;
  shop.servers = 1;
  shop.workers = 1;
  shop.queue = 1000;
  shop.page_cost = PageCost{.web_time = 10min, .queries = 0};
  options_.most_after = 300ms;
  options_.crowd.slow_page = 100ms;
  Hold(shop);
  const SaleFigures figures = sale_->Figures();
  EXPECT_GT(figures.shoppers, 50u);
  EXPECT_EQ(figures.unfinished, figures.shoppers);
  EXPECT_EQ(figures.affected, figures.waited);
  EXPECT_GT(figures.waited, figures.shoppers / 2);
  EXPECT_EQ(figures.purchases, 0u);
  EXPECT_GT(sale_->seconds().back().shop_waiting, 50u);
  EXPECT_EQ(sale_->seconds().back().shop_working, 1u);
}

TEST_F(SaleTest, WhoGathersBeforeItCountsAsAShopperOfTheSale) {
  StorefrontOptions shop;
  shop.servers = 1;
  shop.time_scale = 0;
  options_.gather = 400ms;
  options_.gather_rate = 200;
  options_.crowd.think_time = 1ms;
  Hold(shop);
  EXPECT_THAT(sale_->seconds(),
              testing::Contains(testing::Field(&SaleSecond::phase, SalePhase::kGather)));
  const SaleFigures figures = sale_->Figures();
  EXPECT_GT(figures.gathered.shoppers, 40u);
  EXPECT_GT(figures.shoppers, figures.gathered.shoppers + 40u);
  EXPECT_EQ(figures.bought, figures.shoppers);
  EXPECT_LT(figures.gathered.early, figures.gathered.late) << "in order, where no lots are drawn";
  EXPECT_LT(figures.gathered.late, 0ns) << "nobody kept them out of this shop";
}

TEST_F(SaleTest, TheSameSeedBringsTheSameShoppers) {
  StorefrontOptions shop;
  shop.servers = 1;
  shop.time_scale = 0;
  options_.crowd.think_time = 1ms;
  std::vector<uint64_t> shoppers;
  for (const uint64_t seed : {1, 1, 2}) {
    options_.crowd.seed = seed;
    Hold(shop);
    shoppers.push_back(sale_->Figures().shoppers);
    sale_ = nullptr;
    shop_ = nullptr;
  }
  // A phase may begin a millisecond later or earlier.
  EXPECT_NEAR(static_cast<double>(shoppers[0]), static_cast<double>(shoppers[1]), 4);
}

}  // namespace sluice::demo
