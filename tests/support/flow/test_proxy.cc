#include "tests/support/flow/test_proxy.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/server/config_file.h"

namespace sluice::test {
namespace {

// As a file would be read; but no test keeps anything where this machine's own sluice does.
absl::StatusOr<std::shared_ptr<const conf::Config>> Read(const std::string& text) {
  auto config = server::ReadConfigText("test.toml", text);
  if (!config.ok() || (*config)->state != conf::State()) return config;
  auto own = std::make_shared<conf::Config>(**config);
  own->state.dir = "off";
  return own;
}

}  // namespace

std::string Site::Text() const {
  std::string quoted;
  for (const std::string& server : servers) absl::StrAppendFormat(&quoted, "\"%s\", ", server);
  return absl::StrFormat(
      "[process]\nworkers = %d\n%s\n[admin]\naddress = \"127.0.0.1:0\"\n%s\n"
      "[access_log]\n%s\n[log]\nlevel = \"error\"\n"
      "[[listener]]\naddress = \"%s\"\n%s\n"
      "[[pool]]\nname = \"web\"\nservers = [%s]\n%s\n%s\n",
      workers, process, admin.empty() ? "socket = \"off\"" : admin, access_log, address, listener,
      quoted, pool, routes);
}

std::string RouteAll(std::string_view keys) {
  return absl::StrFormat("[[route]]\nmatch = { path_prefix = \"/\" }\npool = \"web\"\n%s\n", keys);
}

TestProxy::TestProxy(const std::string& text) : text_(text) {
  auto config = Read(text);
  if (!config.ok()) {
    ADD_FAILURE() << config.status() << "\n" << text;
    return;
  }
  supervisor_ = std::make_unique<server::Supervisor>(*std::move(config), [this] {
    const std::lock_guard lock(mutex_);
    return Read(text_);
  });
  api_ = std::make_unique<admin::Api>(*supervisor_);
  supervisor_->ServeAdmin(*api_);
  if (const absl::Status status = supervisor_->Start(); !status.ok()) {
    ADD_FAILURE() << status;
    return;
  }
  first_ = supervisor_->listeners().all().front()->bound;
  thread_ = std::thread([this] {
    supervisor_->Run();
    ended_.Happen();
  });
}

TestProxy::~TestProxy() {
  if (!thread_.joinable()) return;
  supervisor_->Shutdown();
  Join();
}

bool TestProxy::Join() {
  if (!ended_.Await()) {
    ADD_FAILURE() << "the proxy did not end";
    std::abort();  // its thread would use what the test is about to destroy
  }
  thread_.join();
  return true;
}

void TestProxy::OnSupervisor(std::function<void(server::Supervisor&)> question) {
  Moment answered;
  supervisor_->loop().Post([&] {
    question(*supervisor_);
    answered.Happen();
  });
  ASSERT_TRUE(answered.Await());
}

Address TestProxy::address(size_t listener) {
  Address found;
  OnSupervisor(
      [&](server::Supervisor& proxy) { found = proxy.listeners().all()[listener]->bound; });
  return found;
}

Address TestProxy::admin() {
  Address found;
  OnSupervisor([&](server::Supervisor& proxy) { found = proxy.admin_address(); });
  return found;
}

Message TestProxy::Get(std::string_view path) { return Connect().Get(path); }

Message TestProxy::AskAdmin(std::string_view path) {
  return Wire::To(admin()).Ask(
      std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

void TestProxy::NextReload(const std::string& text) {
  const std::lock_guard lock(mutex_);
  text_ = text;
}

bool TestProxy::Reload(const std::string& text) {
  NextReload(text);
  uint64_t good = 0, good_after = 0;
  OnSupervisor([&](server::Supervisor& proxy) { good = proxy.reloads(); });
  supervisor_->Reload();
  OnSupervisor([&](server::Supervisor& proxy) { good_after = proxy.reloads(); });
  return good_after > good;
}

observe::ListenerTotals TestProxy::ListenerCounts() {
  observe::ListenerTotals totals;
  OnSupervisor([&](server::Supervisor& proxy) {
    totals = observe::Sum(proxy.listeners().all().front()->stats);
  });
  return totals;
}

observe::ServerTotals TestProxy::ServerCounts(size_t server) {
  observe::ServerTotals totals;
  OnSupervisor([&](server::Supervisor& proxy) {
    totals = observe::Sum(proxy.view()->clusters[0]->servers[server]->stats);
  });
  return totals;
}

observe::PoolTotals TestProxy::PoolCounts() {
  observe::PoolTotals totals;
  OnSupervisor([&](server::Supervisor& supervisor) {
    totals = observe::Sum(supervisor.view()->clusters[0]->state->stats);
  });
  return totals;
}

uint32_t TestProxy::Waiting() {
  uint32_t waiting = 0;
  OnSupervisor([&](server::Supervisor& supervisor) {
    waiting = supervisor.view()->clusters[0]->state->dispatch.waiting();
  });
  return waiting;
}

Duration TestProxy::HedgeDelay() {
  Duration delay{};
  OnSupervisor([&](server::Supervisor& supervisor) {
    delay = supervisor.view()->clusters[0]->state->hedge.after();
  });
  return delay;
}

bool TestProxy::AwaitRefusing() {
  return Eventually([this] { return Wire::To(first_).end() != Wire::End::kOpen; });
}

bool TestProxy::Eventually(const std::function<bool()>& wanted) {
  const auto late = std::chrono::steady_clock::now() + kPatience;
  while (!wanted()) {
    if (std::chrono::steady_clock::now() > late) return false;
    ::poll(nullptr, 0, 1);  // other threads are to run
  }
  return true;
}

}  // namespace sluice::test
