// ExchangeTest: one exchange between a client and servers that are both in memory, on a loop that
// the test turns. Time is real but only ever waited for as an event.
#ifndef SLUICE_TESTS_EXCHANGE_EXCHANGE_FIXTURE_H_
#define SLUICE_TESTS_EXCHANGE_EXCHANGE_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/exchange/exchange.h"
#include "proxy/server/config_file.h"
#include "tests/support/loop_fixture.h"
#include "tests/support/memory_streams.h"

namespace sluice::exchange {

// What is said of an exchange when it is over; the texts are copies.
struct Said {
  observe::ExchangeRecord record;
  std::string route, pool, server, target, why, request_id;
};

class ExchangeTest : public net::LoopTest, public Recorder {
 protected:
  // Two servers, so that a second one can be tried.
  static constexpr std::string_view kServers =
      "[[listener]]\naddress = \"127.0.0.1:80\"\n"
      "[[pool]]\nname = \"web\"\nstrategy = \"round_robin\"\n"
      "servers = [\"10.0.0.1:80\", \"10.0.0.2:80\"]\nretry.backoff = \"0s\"\n";

  void TearDown() override {
    exchange_.reset();
    context_.SetView(nullptr);
  }

  // `more` is TOML behind kServers: keys of the pool first.
  void Configure(std::string_view more = "") {
    auto config = server::ReadConfigText("test", std::string(kServers).append(more));
    ASSERT_TRUE(config.ok()) << config.status();
    auto view = std::make_shared<RuntimeView>();
    view->config = *config;
    view->router = std::make_unique<const route::Router>(**config);
    view->trusted = admission::TrustedProxies((*config)->client_ip);
    view->answers = Answers((*config)->answers);
    for (const route::Route& route : view->router->routes()) {
      (void)route;
      view->routes.push_back(std::make_shared<RouteCounters>(1));
      view->limits.emplace_back();
    }
    view->unrouted = std::make_shared<RouteCounters>(1);
    view->bans = std::make_shared<admission::Bans>();
    view->redirected = std::make_shared<RouteCounters>(1);
    auto worker_view = std::make_shared<WorkerView>();
    for (const conf::Pool& pool : (*config)->pools) {
      const auto state = std::make_shared<upstream::PoolState>(pool.name, 1);
      std::vector<upstream::Member> members;
      for (const conf::Server& server : pool.servers) {
        members.push_back({.server = std::make_shared<upstream::Server>(
                               state, server.address, *Address::Parse(server.address), 1),
                           .weight = server.weight});
      }
      auto cluster = std::make_shared<const upstream::Cluster>(
          *config, pool, std::make_shared<const upstream::Transport>(), state, members);
      view->clusters.push_back(cluster);
      WorkerCluster& mine = worker_view->clusters.emplace_back();
      mine.shared = cluster;
      mine.picker = balancer::MakePicker(pool.picker, cluster->hosts);
      for (const auto& server : cluster->servers) {
        mine.slots.push_back(std::make_shared<upstream::ServerSlot>(server, cluster->transport));
      }
    }
    worker_view->shared = std::move(view);
    context_.SetView(std::move(worker_view));
  }

  // A client sends this head: "GET / HTTP/1.1\r\nHost: a\r\n\r\n".
  void Request(std::string_view text) {
    if (context_.view() == nullptr) Configure();
    http::H1RequestDecoder decoder{http::HeadLimits{}};
    const http::HeadResult got = decoder.FeedHead(text, arena_, head_);
    ASSERT_EQ(got.state, http::HeadResult::State::kComplete) << got.refusal.why;
    ASSERT_EQ(got.consumed, text.size());
    Open();
    exchange_->Start();
  }

  void Open() {
    peer_.ip = *Ip::Parse("192.0.2.7");
    exchange_.emplace(context_, arena_, client_, head_, peer_, listener_);
    client_.Attach(&*exchange_);
  }

  const conf::Listener listener_{.name = "front", .address = "127.0.0.1:80"};

  void Get() { Request("GET /page?q=1 HTTP/1.1\r\nHost: shop.example\r\n\r\n"); }
  void Post(size_t length) {
    Request("POST /cart HTTP/1.1\r\nHost: shop.example\r\nContent-Length: " +
            std::to_string(length) + "\r\n\r\n");
  }

  static http::Framing Length(uint64_t bytes) {
    return {.kind = http::Framing::Kind::kLength, .length = bytes};
  }
  static http::Framing Chunked() { return {.kind = http::Framing::Kind::kChunked}; }

  // The server the exchange waits for accepts.
  test::MemoryServer& Accept() { return servers_.Accepts(); }

  // The answer leaves; what was said of the exchange.
  const Said& Settle() {
    client_.SettlesAnswer();
    EXPECT_EQ(said_.size(), 1u);
    return said_.back();
  }

  const observe::ServerStats& StatsOf(size_t server) {
    return context_.view()->clusters[0].shared->servers[server]->stats.shard(0);
  }

  // Recorder
  void Record(const observe::ExchangeRecord& record, const RuntimeView&) override {
    said_.push_back({record, std::string(record.route), std::string(record.pool),
                     std::string(record.server), std::string(record.target),
                     std::string(record.why), std::string(record.request_id)});
  }

  test::MemoryConnector servers_;
  Context context_{loop_, servers_, 0, *this};
  Arena arena_;
  http::RequestHead head_{arena_};
  Peer peer_;
  test::MemoryClient client_;
  std::vector<Said> said_;
  std::optional<Exchange> exchange_;
};

}  // namespace sluice::exchange

#endif  // SLUICE_TESTS_EXCHANGE_EXCHANGE_FIXTURE_H_
