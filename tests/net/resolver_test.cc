#include "proxy/net/resolver.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tests/support/loop_fixture.h"
#include "tests/support/name_server.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using test::NameServer;

class ResolverTest : public LoopTest {
 protected:
  void Open(Duration timeout = 2s, int tries = 3) {
    resolver_ =
        std::make_unique<Resolver>(loop_, ResolverOptions{{server_.address()}, timeout, tries});
  }
  void Ask(std::string_view name) {
    resolver_->Resolve(name, [this](absl::StatusOr<Answer<Ip>> got) {
      ++calls_;
      result_ = std::move(got);
    });
  }
  void Get(std::string_view name) {
    const int before = calls_;
    Ask(name);
    ASSERT_EQ(calls_, before) << "told from inside Resolve()";
    RunUntil([&] { return calls_ > before; });
  }
  std::string Addresses() const {
    if (!result_.ok()) return std::string(result_.status().message());
    return absl::StrJoin(result_->records, " ",
                         [](std::string* out, const Ip& ip) { *out += ip.ToString(); });
  }

  NameServer server_;
  int calls_ = 0;
  absl::StatusOr<Answer<Ip>> result_ = absl::UnknownError("not asked");
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverTest, GivesBothFamiliesSortedOnceEachWithTheTtl) {
  server_.Add("web.test", {{"2001:db8::1", "10.0.0.2", "10.0.0.1", "10.0.0.2"}, 30});
  Open();
  Get("web.test");
  EXPECT_EQ(Addresses(), "10.0.0.1 10.0.0.2 2001:db8::1");
  ASSERT_TRUE(result_.ok());
  EXPECT_EQ(result_->ttl, 30s);
}

TEST_F(ResolverTest, ATtlOfNothingStaysNothing) {
  server_.Add("brief.test", {{"10.0.0.1"}, 0});
  Open();
  Get("brief.test");
  ASSERT_TRUE(result_.ok());
  EXPECT_EQ(result_->ttl, Duration{});
}

TEST_F(ResolverTest, ANameThatDoesNotExistIsNotFound) {
  Open();
  Get("missing.test");
  EXPECT_TRUE(absl::IsNotFound(result_.status())) << result_.status();
  EXPECT_TRUE(Addresses().starts_with("cannot resolve missing.test: ")) << Addresses();
}

TEST_F(ResolverTest, ANameWithoutAddressesIsNotFound) {
  server_.Add("empty.test", {});
  Open();
  Get("empty.test");
  EXPECT_TRUE(absl::IsNotFound(result_.status())) << result_.status();
}

TEST_F(ResolverTest, ASilentServerIsGivenUpAfterItsTries) {
  server_.Add("silent.test", {.addresses = {}, .ttl = 0, .silent = true});
  Open(/*timeout=*/20ms, /*tries=*/2);
  Get("silent.test");
  EXPECT_TRUE(absl::IsDeadlineExceeded(result_.status())) << result_.status();
  EXPECT_GE(server_.asked(), 2);
}

TEST_F(ResolverTest, ANumericNameIsItsOwnAnswer) {
  Open();
  Get("192.0.2.7");
  EXPECT_EQ(Addresses(), "192.0.2.7");
  EXPECT_EQ(result_->ttl, Resolver::kNumericTtl);
  EXPECT_EQ(server_.asked(), 0);
}

TEST_F(ResolverTest, LocalhostNeedsNoNameServer) {
  Open();
  Get("localhost");
  EXPECT_NE(Addresses().find("127.0.0.1"), std::string::npos) << Addresses();
  ASSERT_TRUE(result_.ok());
  EXPECT_EQ(result_->ttl, Resolver::kHostsTtl);
  EXPECT_EQ(server_.asked(), 0);
}

TEST_F(ResolverTest, ManyQuestionsAreAnsweredEach) {
  Open();
  for (int i = 0; i < 50; ++i) {
    server_.Add(absl::StrFormat("host%d.test", i), {{absl::StrFormat("10.0.1.%d", i)}, 5});
  }
  int right = 0;
  for (int i = 0; i < 50; ++i) {
    const Ip expected = *Ip::Parse(absl::StrFormat("10.0.1.%d", i));
    resolver_->Resolve(absl::StrFormat("host%d.test", i),
                       [this, &right, expected](absl::StatusOr<Answer<Ip>> got) {
                         ++calls_;
                         if (got.ok() && got->records == std::vector<Ip>{expected}) ++right;
                       });
  }
  RunUntil([&] { return calls_ == 50; });
  EXPECT_EQ(right, 50);
}

TEST_F(ResolverTest, ACallbackMayAskAgain) {
  server_.Add("a.test", {{"10.0.0.1"}, 5});
  Open();
  resolver_->Resolve("a.test", [this](const absl::StatusOr<Answer<Ip>>&) { Ask("a.test"); });
  RunUntil([&] { return calls_ == 1; });
  EXPECT_EQ(Addresses(), "10.0.0.1");
}

TEST_F(ResolverTest, DestroyedItIsSilent) {
  server_.Add("silent.test", {.addresses = {}, .ttl = 0, .silent = true});
  Open();
  Ask("silent.test");
  Ask("192.0.2.7");
  RunUntil([&] { return server_.asked() > 0 && calls_ == 1; });
  Ask("192.0.2.8");
  resolver_.reset();
  RunFor(5ms);
  EXPECT_EQ(calls_, 1);
}

TEST_F(ResolverTest, ANameServerThatIsNoAddressFailsEveryQuestion) {
  resolver_ = std::make_unique<Resolver>(loop_, ResolverOptions{{"not an address"}, 1s, 1});
  Get("web.test");
  EXPECT_FALSE(result_.ok());
}

class ServiceTest : public ResolverTest {
 protected:
  // The servers of a service, or why there are none.
  std::string Servers(std::string_view name) {
    std::optional<absl::StatusOr<Answer<Service>>> got;
    resolver_->ResolveService(
        name, [&](absl::StatusOr<Answer<Service>> answer) { got = std::move(answer); });
    EXPECT_FALSE(got.has_value()) << "told from inside ResolveService()";
    RunUntil([&] { return got.has_value(); });
    if (!got->ok()) return std::string(got->status().message());
    ttl_ = (*got)->ttl;
    return absl::StrJoin((*got)->records, ", ", [](std::string* out, const Service& one) {
      absl::StrAppendFormat(out, "%d %d %s:%d", one.priority, one.weight, one.host, one.port);
    });
  }
  Duration ttl_{};
};

TEST_F(ServiceTest, GivesItsServersInOrderOncePerRecordWithTheTtl) {
  server_.Add("_http._tcp.shop.test", {.ttl = 30,
                                       .targets = {{10, 0, 8002, "spare.test"},
                                                   {0, 60, 8001, "Web.test"},
                                                   {0, 20, 8000, "web.test"},
                                                   {0, 60, 8001, "web.test"}}});
  Open();
  EXPECT_EQ(Servers("_http._tcp.shop.test"),
            "0 20 web.test:8000, 0 60 web.test:8001, 10 0 spare.test:8002");
  EXPECT_EQ(ttl_, 30s);
}

TEST_F(ServiceTest, ATargetOfTheRootIsAServiceWithoutServers) {
  server_.Add("_http._tcp.shop.test", {.ttl = 30, .targets = {{0, 0, 0, ""}}});
  Open();
  EXPECT_EQ(Servers("_http._tcp.shop.test"), "");
}

TEST_F(ServiceTest, AServiceThatDoesNotExistIsNotFound) {
  Open();
  EXPECT_TRUE(Servers("_http._tcp.shop.test").starts_with("cannot resolve _http._tcp.shop.test: "));
}

}  // namespace
}  // namespace sluice::net
