#include "proxy/demo/storefront.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "proxy/demo/banner.h"
#include "proxy/demo/demo_config.h"
#include "proxy/demo/pages.h"
#include "tests/demo/shopper.h"

namespace sluice::demo {

namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class StorefrontTest : public testing::Test {
 protected:
  void Open(StorefrontOptions options) {
    auto shop = StorefrontThread::Start(options);
    ASSERT_TRUE(shop.ok()) << shop.status();
    shop_ = *std::move(shop);
  }
  void SetUp() override {
    options_.time_scale = 0;
    Open(options_);
  }
  const Address& At(size_t server = 0) { return shop_->storefront().addresses()[server]; }
  Switches& SwitchesOf(size_t server = 0) { return shop_->storefront().switches(server); }
  ServerCounts Counts(size_t server = 0) { return shop_->storefront().counts(server); }
  // Waits for what another thread will do; the test's own time limit ends a wait in vain.
  static void Await(const std::function<bool()>& done) {
    while (!done()) std::this_thread::yield();
  }

  StorefrontOptions options_;
  std::unique_ptr<StorefrontThread> shop_;
};

}  // namespace

TEST_F(StorefrontTest, EveryServerNamesItselfInItsPages) {
  for (size_t server = 0; server < 3; ++server) {
    Shopper shopper(At(server));
    const Reply home = shopper.Get("/");
    EXPECT_EQ(home.status, 200);
    EXPECT_EQ(home.Field("X-Server"), "web-" + std::to_string(server + 1));
    EXPECT_THAT(home.body, HasSubstr("Made by web-" + std::to_string(server + 1)));
    EXPECT_THAT(home.body, HasSubstr("</html>"));
  }
}

TEST_F(StorefrontTest, AShopperCanSearchFillACartAndBuyOnOneConnection) {
  Shopper shopper(At());
  EXPECT_THAT(shopper.Get("/search?q=Heron+mug").body, HasSubstr("/product/10"));
  EXPECT_THAT(shopper.Get("/product/10").body, HasSubstr("14.50"));
  const Reply added = shopper.Post("/cart", "add=10&n=2");
  EXPECT_EQ(added.status, 303);
  EXPECT_EQ(added.Field("Location"), "/cart");
  const std::string cookie = added.Field("Set-Cookie");
  EXPECT_THAT(cookie, testing::StartsWith("cart=10.2;"));
  EXPECT_THAT(shopper.Get("/cart", "Cookie: a=b; cart=10.2\r\n").body, HasSubstr("29.00"));
  EXPECT_THAT(shopper.Get("/api/stock/10").body, HasSubstr("\"stock\":100000"));
  const Reply bought = shopper.Post("/checkout", "", "Cookie: cart=10.2\r\n");
  EXPECT_EQ(bought.status, 200);
  EXPECT_THAT(bought.body, HasSubstr("order is number 1000001"));
  Shopper other(At(1));
  EXPECT_THAT(other.Get("/api/stock/10").body, HasSubstr("\"stock\":99998"))
      << "the stock is the same behind all servers";
  EXPECT_EQ(Counts().accepted, 1u);
}

TEST_F(StorefrontTest, NobodyBuysWhatIsSoldOut) {
  options_.database.stock = 1;
  Open(options_);
  Shopper shopper(At());
  EXPECT_EQ(shopper.Post("/checkout", "", "Cookie: cart=1.2\r\n").status, 409);
  EXPECT_EQ(shopper.Post("/checkout", "", "Cookie: cart=1.1\r\n").status, 200);
  EXPECT_EQ(shopper.Post("/checkout", "", "Cookie: cart=1.1\r\n").status, 409);
  EXPECT_EQ(shopper.Post("/checkout", "").status, 400) << "an empty cart buys nothing";
}

TEST_F(StorefrontTest, PipelinedRequestsAreAnsweredInOrder) {
  Shopper shopper(At());
  std::string all;
  for (int i = 0; i < 500; ++i) {
    all += "GET /bytes/" + std::to_string(i) + " HTTP/1.1\r\nHost: shop\r\n\r\n";
  }
  shopper.Send(all);
  for (size_t i = 0; i < 500; ++i) {
    const Reply reply = shopper.Read();
    ASSERT_EQ(reply.status, 200) << i;
    ASSERT_EQ(reply.body.size(), i);
  }
}

TEST_F(StorefrontTest, ARequestThatComesByteByByteIsTheSameRequest) {
  Shopper shopper(At());
  for (const char c : std::string_view("POST /upload HTTP/1.1\r\nHost: a\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n"
                                       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) {
    shopper.Send({&c, 1});
  }
  EXPECT_EQ(shopper.Read().body, "5 bytes\n");
  EXPECT_EQ(shopper.Get("/healthz").body, "ok\n") << "the connection goes on behind the body";
}

TEST_F(StorefrontTest, ALongDownloadIsTheFillerToTheLastByteWhateverItsFraming) {
  constexpr size_t kBytes = 3'000'001;
  Shopper shopper(At());
  for (const char* query : {"", "?chunked=1"}) {
    const Reply reply = shopper.Get("/bytes/" + std::to_string(kBytes) + query);
    ASSERT_TRUE(reply.complete);
    ASSERT_EQ(reply.body.size(), kBytes);
    for (size_t at = 0; at < kBytes;) {
      const std::string_view piece = Filler(at).substr(0, kBytes - at);
      ASSERT_EQ(reply.body.compare(at, piece.size(), piece), 0) << "from " << at;
      at += piece.size();
    }
  }
}

TEST_F(StorefrontTest, AnUploadIsCountedAndContinuedWhenAsked) {
  Shopper shopper(At());
  shopper.Ask("PUT", "/upload", "Content-Length: 200000\r\nExpect: 100-continue\r\n");
  EXPECT_EQ(shopper.Read().status, 100);
  shopper.Send(std::string(200'000, 'x'));
  EXPECT_EQ(shopper.Read().body, "200000 bytes\n");
}

TEST_F(StorefrontTest, AHeadAnswerHasTheLengthButNotTheBody) {
  Shopper shopper(At());
  shopper.Ask("HEAD", "/static/1.svg");
  const Reply head = shopper.Read(/*to_head=*/true);
  const Reply get = shopper.Get("/static/1.svg");
  EXPECT_EQ(head.Field("Content-Length"), std::to_string(get.body.size()));
  EXPECT_EQ(get.Field("Content-Type"), "image/svg+xml");
}

TEST_F(StorefrontTest, AKnownPictureIsNotSentAgain) {
  Shopper shopper(At());
  const std::string tag = shopper.Get("/static/1.svg").Field("ETag");
  EXPECT_EQ(shopper.Get("/static/1.svg", "If-None-Match: " + tag + "\r\n").status, 304);
  EXPECT_EQ(shopper.Get("/healthz").status, 200) << "the connection is still in step";
}

TEST_F(StorefrontTest, AnOldClientGetsAnAnswerThatEndsWithTheConnection) {
  Shopper shopper(At());
  shopper.Send("GET /search HTTP/1.0\r\n\r\n");
  const Reply reply = shopper.Read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Field("Transfer-Encoding"), "");
  EXPECT_TRUE(reply.complete);
  EXPECT_THAT(reply.body, HasSubstr("</html>"));
}

TEST_F(StorefrontTest, AClientThatHasSaidAllIsStillAnswered) {
  Shopper shopper(At());
  shopper.Ask("GET", "/healthz");
  shopper.Ask("GET", "/bytes/7");
  shopper.FinishSending();
  EXPECT_EQ(shopper.Read().body, "ok\n");
  EXPECT_EQ(shopper.Read().body.size(), 7u);
  EXPECT_TRUE(shopper.AtEnd());
}

TEST_F(StorefrontTest, EventsComeOneAfterAnotherAndEnd) {
  Shopper shopper(At());
  const Reply reply = shopper.Get("/events?n=3&ms=1");
  EXPECT_EQ(reply.Field("Content-Type"), "text/event-stream");
  EXPECT_TRUE(reply.complete);
  EXPECT_THAT(reply.body, HasSubstr("id: 3\ndata: {\"server\":\"web-1\"}\n\n"));
  EXPECT_EQ(shopper.Get("/healthz").status, 200);
}

TEST_F(StorefrontTest, WhatItCannotAnswerItSaysWhy) {
  Shopper shopper(At());
  EXPECT_EQ(shopper.Get("/nowhere").status, 404);
  EXPECT_EQ(shopper.Get("/product/999").status, 404);
  const Reply wrong_method = shopper.Get("/checkout");
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_method.Field("Allow"), "POST");
  shopper.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(shopper.Read().status, 400);
  EXPECT_TRUE(shopper.AtEnd());
}

TEST_F(StorefrontTest, TheSearchFieldCannotWriteIntoThePage) {
  Shopper shopper(At());
  const std::string body = shopper.Get("/search?q=%3Cscript%3Ealert(1)%3C/script%3E").body;
  EXPECT_EQ(body.find("<script>"), std::string::npos);
  EXPECT_THAT(body, HasSubstr("&lt;script&gt;"));
}

TEST_F(StorefrontTest, TheEchoShowsTheRequestAsItArrived) {
  Shopper shopper(At());
  EXPECT_THAT(shopper.Post("/echo?a=b", "xyz", "X-Custom: One\r\n").body,
              testing::AllOf(HasSubstr("POST /echo?a=b\n"), HasSubstr("X-Custom: One\n"),
                             HasSubstr("body: 3 bytes")));
}

TEST_F(StorefrontTest, NoMoreRequestsRunThanThereAreWorkersAndTheRestIsRefused) {
  options_.servers = 1;
  options_.workers = 2;
  options_.queue = 3;
  Open(options_);
  std::vector<std::unique_ptr<Shopper>> crowd;
  for (uint64_t i = 0; i < 5; ++i) {
    crowd.push_back(std::make_unique<Shopper>(At()));
    crowd.back()->Ask("POST", "/upload",
                      "Content-Length: 5\r\n");  // holds its worker until it ends
    Await([&] { return Counts().working + Counts().waiting == i + 1; });
  }
  EXPECT_EQ(Counts().working, 2u);
  EXPECT_EQ(Counts().waiting, 3u);
  Shopper late(At());
  const Reply refused = late.Get("/");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Field("Retry-After"), "1");
  EXPECT_EQ(Counts().refused, 1u);

  crowd[1] = nullptr;  // leaves in the middle: its worker goes to the first in the queue
  for (const size_t shopper : {2, 0, 3, 4}) {
    crowd[shopper]->Send("hello");
    EXPECT_EQ(crowd[shopper]->Read().body, "5 bytes\n") << shopper;
  }
  EXPECT_EQ(Counts().most_working, 2u);
}

TEST_F(StorefrontTest, AClientThatReadsNothingHoldsItsWorker) {
  options_.servers = 1;
  options_.workers = 1;
  Open(options_);
  Shopper slow(At());
  slow.Ask("GET", "/bytes/100000000");  // more than any kernel buffers
  Await([&] { return Counts().working == 1; });
  Shopper other(At());
  other.Ask("GET", "/");
  Await([&] { return Counts().waiting == 1; });
  EXPECT_EQ(slow.Read().body.size(), 100'000'000u);
  EXPECT_EQ(other.Read().status, 200);
}

TEST_F(StorefrontTest, AServerGoesOnWorkingForWhoHasLeft) {
  SwitchesOf().SetSlow(10min);
  {
    Shopper shopper(At());
    shopper.Ask("GET", "/");
    Await([&] { return Counts().working == 1; });
    shopper.Reset();
  }
  // The other server is on the same loop: by its answers the reset has been noticed.
  for (int i = 0; i < 10; ++i) {
    Shopper other(At(1));
    EXPECT_EQ(other.Get("/").status, 200);
  }
  EXPECT_EQ(Counts().working, 1u);
}

TEST_F(StorefrontTest, AServerToldToFailFailsAndRecovers) {
  Shopper shopper(At());
  EXPECT_EQ(shopper.Post("/_demo/fail?rate=1", "").status, 200);
  EXPECT_EQ(shopper.Get("/").status, 500);
  EXPECT_EQ(shopper.Get("/healthz").status, 500) << "a health check sees it too";
  Shopper other(At(1));
  EXPECT_EQ(other.Get("/").status, 200);
  EXPECT_EQ(other.Post("/_demo/recover", "").status, 200);
  EXPECT_EQ(shopper.Get("/").status, 200);
}

TEST_F(StorefrontTest, ACrashedServerResetsRefusesAndComesBackOnItsPort) {
  Shopper idle(At(1));
  EXPECT_EQ(idle.Get("/").status, 200);
  Shopper busy(At(1));
  SwitchesOf(1).SetSlow(10min);
  busy.Ask("GET", "/");
  Await([&] { return Counts(1).working == 1; });
  Shopper first(At(0));
  EXPECT_THAT(first.Post("/_demo/crash?server=web-2", "").body, HasSubstr("\"crashed\":true"));
  EXPECT_EQ(busy.Read().status, 0);
  EXPECT_FALSE(idle.AtEnd()) << "a reset, not a FIN";
  EXPECT_FALSE(Shopper(At(1)).connected());
  SwitchesOf(1).Recover();
  Await([&] { return Shopper(At(1)).connected(); });
  Shopper again(At(1));
  EXPECT_EQ(again.Get("/").status, 200);
}

TEST_F(StorefrontTest, ACrashWithATimeEndsByItself) {
  SwitchesOf(0).CrashFor(1ms);
  Await([&] { return !SwitchesOf(0).crashed(); });
  Shopper shopper(At(0));
  EXPECT_EQ(shopper.Get("/").status, 200);
}

TEST_F(StorefrontTest, TheSwitchesRefuseWhatTheyDoNotUnderstand) {
  Shopper shopper(At());
  EXPECT_EQ(shopper.Get("/_demo/slow?ms=1").status, 405);
  for (const char* wrong :
       {"slow", "slow?ms=x", "fail?rate=2", "fail?rate=-1", "fail", "slow?ms=1&server=web-9",
        "fail?rate=1&server=database", "slow?ms=99999999"}) {
    EXPECT_EQ(shopper.Post("/_demo/" + std::string(wrong), "").status, 400) << wrong;
  }
  EXPECT_EQ(shopper.Post("/_demo/explode", "").status, 404);
  EXPECT_EQ(shopper.Get("/").status, 200);
}

TEST_F(StorefrontTest, TheDatabaseCanBeSlowForAllServers) {
  Shopper shopper(At());
  EXPECT_EQ(shopper.Post("/_demo/slow?server=database&ms=250", "").status, 200);
  EXPECT_EQ(shop_->storefront().database().slow(), 250ms);
  EXPECT_EQ(shopper.Post("/_demo/recover", "").status, 200);
  EXPECT_EQ(shop_->storefront().database().slow(), 0ns);
}

TEST_F(StorefrontTest, APortThatIsTakenIsAnError) {
  options_.listen = {At(0)};
  EXPECT_FALSE(StorefrontThread::Start(options_).ok());
}

TEST_F(StorefrontTest, AStorefrontCanGoWhileItIsBusy) {
  SwitchesOf().SetSlow(10min);
  Shopper shopper(At());
  shopper.Ask("GET", "/");
  Await([&] { return Counts().working == 1; });
  shop_ = nullptr;
  EXPECT_EQ(shopper.Read().status, 0);
}

TEST(DemoConfig, NamesTheServersAndThePorts) {
  const std::string text = DemoConfig(
      8080, 9901, {*Address::Parse("127.0.0.1:4001"), *Address::Parse("127.0.0.1:4002")});
  EXPECT_THAT(text, testing::ContainsRegex("address = \"[^\"]+:8080\""));
  EXPECT_THAT(text, HasSubstr("127.0.0.1:9901"));
  EXPECT_THAT(text, HasSubstr("\"127.0.0.1:4001\",\n  \"127.0.0.1:4002\",\n"));
}

TEST(Banner, SaysWhereEverythingIs) {
  const std::string text = DemoBanner(8080, 9900, {*Address::Parse("127.0.0.1:4001")});
  EXPECT_THAT(text, HasSubstr("http://localhost:8080/"));
  EXPECT_THAT(text, HasSubstr("http://localhost:9900/metrics"));
  EXPECT_THAT(text, HasSubstr("web-1 (127.0.0.1:4001)"));
}

}  // namespace sluice::demo
