// The shop of a flash sale: what ails it in each mode, on a real storefront.
#include "proxy/demo/sale_mode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <thread>
#include <vector>

#include "proxy/demo/database.h"
#include "tests/demo/shopper.h"

namespace sluice::demo {

namespace {

using namespace std::chrono_literals;

class SaleShopTest : public testing::Test {
 protected:
  SaleShopTest() {
    options_.servers = 2;
    options_.workers = 1;
    options_.time_scale = 0;
  }
  void Open() {
    auto shop = StorefrontThread::Start(options_);
    ASSERT_TRUE(shop.ok()) << shop.status();
    shop_ = *std::move(shop);
  }
  const Address& At(size_t server = 0) { return shop_->storefront().addresses()[server]; }
  ServerCounts Counts(size_t server = 0) { return shop_->storefront().counts(server); }
  // Waits for what another thread will do; the test's own time limit ends a wait in vain.
  static void Await(const std::function<bool()>& done) {
    while (!done()) std::this_thread::yield();
  }
  // All servers are on one loop: what was sent before has been seen when another one has answered.
  void LetItSee() {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Shopper(At(1)).Get("/").status, 200);
  }
  // A request that holds its worker until its body comes.
  std::unique_ptr<Shopper> Hold(size_t server = 0) {
    auto shopper = std::make_unique<Shopper>(At(server));
    const uint64_t before = Counts(server).working;
    shopper->Ask("POST", "/upload", "Content-Length: 5\r\n");
    Await([&] { return Counts(server).working == before + 1; });
    return shopper;
  }
  std::unique_ptr<Shopper> Queue(size_t server = 0) {
    auto shopper = std::make_unique<Shopper>(At(server));
    const uint64_t before = Counts(server).waiting;
    shopper->Ask("GET", "/");
    Await([&] { return Counts(server).waiting == before + 1; });
    return shopper;
  }

  StorefrontOptions options_;
  std::unique_ptr<StorefrontThread> shop_;
};

}  // namespace

TEST_F(SaleShopTest, WhoLeavesTheQueueIsStillServedWhereServersDoNotLook) {
  options_.works_for_departed = true;
  Open();
  const auto holder = Hold();
  auto gone = Queue();
  const auto patient = Queue();
  gone->Reset();
  gone = nullptr;
  LetItSee();
  EXPECT_EQ(Counts().waiting, 2u) << "the reset has been seen by now, and changed nothing";
  holder->Send("hello");
  EXPECT_EQ(holder->Read().status, 200);
  EXPECT_EQ(patient->Read().status, 200) << "behind who has left";
  EXPECT_EQ(Counts().departed, 1u);
  EXPECT_EQ(Counts().waiting, 0u);
}

TEST_F(SaleShopTest, WhoSaysThatItLeftIsToldWhenItsWorkIsDone) {
  options_.works_for_departed = true;
  Open();
  const auto holder = Hold();
  const auto leaving = Queue();
  leaving->FinishSending();
  LetItSee();
  holder->Send("hello");
  EXPECT_EQ(leaving->Read().status, 200);
  EXPECT_TRUE(leaving->AtEnd());
  EXPECT_EQ(Counts().departed, 1u);
}

TEST_F(SaleShopTest, ThousandsMayLeaveAndFewHoldADescriptor) {
  options_.works_for_departed = true;
  options_.queue = 5000;
  Open();
  const auto holder = Hold();
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = descriptors();
  for (uint64_t i = 1; i <= 1500; ++i) {
    Shopper shopper(At());
    shopper.Ask("GET", "/");
    shopper.FinishSending();
    Await([&] { return Counts().waiting == i; });
  }
  LetItSee();
  EXPECT_LT(descriptors(), before + 1100);
  holder->Send("hello");
  EXPECT_EQ(holder->Read().status, 200);
  Await([&] { return Counts().departed == 1500 && Counts().working == 0; });
  EXPECT_EQ(Counts().waiting, 0u);
}

TEST_F(SaleShopTest, AServerAtWhichTooManyWaitCrashesAndComesBack) {
  options_.crash_at = 3;
  options_.crash_for = 50ms;
  Open();
  const auto holder = Hold();
  const auto first = Queue(), second = Queue();
  EXPECT_EQ(Counts().crashes, 0u);
  Shopper last(At());
  last.Ask("GET", "/");
  EXPECT_EQ(last.Read().status, 0);
  EXPECT_EQ(holder->Read().status, 0);
  EXPECT_EQ(first->Read().status, 0);
  EXPECT_EQ(Counts().crashes, 1u);
  Await([&] { return Shopper(At()).connected(); });
  Shopper again(At());
  EXPECT_EQ(again.Get("/").status, 200);
  EXPECT_EQ(Counts().waiting, 0u) << "the queue died with the server";
}

TEST_F(SaleShopTest, AServerMayHaveFewerWorkersThanTheOthers) {
  options_.workers = 2;
  options_.workers_of = {2, 1};
  Open();
  const auto a = Hold(0), b = Hold(0), c = Hold(1);
  const auto waits = Queue(1);
  EXPECT_EQ(Counts(1).working, 1u);
  EXPECT_EQ(Counts(0).working, 2u);
  options_.workers_of = {1, 0};
  EXPECT_FALSE(StorefrontThread::Start(options_).ok()) << "a server without a worker";
}

TEST_F(SaleShopTest, PagesCostTheSameWhereTheShopSaysSo) {
  options_.time_scale = 1;
  options_.page_cost = PageCost{.web_time = 0ms, .queries = 0};
  options_.database.query_time = 10min;
  Open();
  Shopper shopper(At());
  EXPECT_EQ(shopper.Get("/").status, 200);
  EXPECT_EQ(shopper.Post("/cart", "add=1").status, 303);
  EXPECT_EQ(shopper.Post("/checkout", "", "Cookie: cart=1.1\r\n").status, 200);
}

TEST_F(SaleShopTest, WhoFindsNoConnectionToTheDatabaseWaitsInOrder) {
  options_.workers = 3;
  options_.time_scale = 1;
  options_.page_cost = PageCost{.web_time = 0ms, .queries = 1};
  options_.database = {.query_time = 60ms, .knee = 100, .contention = 0, .parallel = 1};
  Open();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Shopper>> shoppers;
  for (uint64_t i = 1; i <= 3; ++i) {
    shoppers.push_back(std::make_unique<Shopper>(At()));
    shoppers.back()->Ask("GET", "/");
    Await([&] { return Counts().working == i || Counts().answered > 0; });
  }
  for (size_t i = 0; i < shoppers.size(); ++i) {
    EXPECT_EQ(shoppers[i]->Read().status, 200);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 60ms * (i + 1)) << i;
  }
}

TEST(SaleMode, EveryModeHasANameAndAShop) {
  for (const std::string& name : SaleModeNames()) {
    const std::optional<SaleMode> mode = ParseSaleMode(name);
    ASSERT_TRUE(mode.has_value()) << name;
    EXPECT_EQ(NameOf(*mode), name);
    EXPECT_NE(Describe(*mode), "");
    const StorefrontOptions shop = ShopFor(*mode, 7);
    EXPECT_EQ(shop.servers, 4u);
    EXPECT_TRUE(shop.works_for_departed);
    EXPECT_EQ(shop.crash_at > 0, *mode == SaleMode::kCrash);
    EXPECT_EQ(!shop.workers_of.empty(), *mode == SaleMode::kCeiling);
  }
  EXPECT_FALSE(ParseSaleMode("else").has_value());
}

TEST(SaleMode, TheDatabaseCarriesAThirdWhenAllWorkersPressIn) {
  Database database(ShopFor(SaleMode::kDatabase, 1).database, 1);
  std::vector<Database::Visit> visits;
  std::vector<Slots::Worker> connections;
  const auto pages_a_second = [&] {
    return 3 * 1e9 / static_cast<double>(database.TimeFor(1).count());
  };
  for (int i = 0; i < 3; ++i) {
    visits.push_back(database.Enter());
    connections.push_back(database.connections().Take());
    EXPECT_TRUE(connections.back().held());
  }
  EXPECT_FALSE(database.connections().Take().held()) << "three at once";
  EXPECT_NEAR(pages_a_second(), 400, 1);
  while (visits.size() < 32) visits.push_back(database.Enter());
  EXPECT_NEAR(pages_a_second(), 400 / 3.03, 1);
}

}  // namespace sluice::demo
