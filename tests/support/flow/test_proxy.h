// TestProxy: a whole sluice in this process: supervisor, workers, admin listener, all on ports of
// the kernel's choosing, made from a configuration text like any other.
//
// Threads: the test's; the proxy has its own.
#ifndef SLUICE_TESTS_SUPPORT_FLOW_TEST_PROXY_H_
#define SLUICE_TESTS_SUPPORT_FLOW_TEST_PROXY_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/admin/api.h"
#include "proxy/base/address.h"
#include "proxy/server/supervisor.h"
#include "tests/support/flow/wire.h"

namespace sluice::test {

// A configuration in the parts that tests vary; each is TOML text.
struct Site {
  std::vector<std::string> servers = {};  // of the pool "web"
  std::string listener = {};              // keys of the first listener
  std::string pool = {};                  // keys of the pool
  std::string routes = {};                // anything behind: routes, pools, further listeners
  std::string process = "shutdown_timeout = \"5s\"\n";  // keys of [process]
  std::string admin = {};                               // keys of [admin], but for address
  std::string access_log = "output = \"off\"\n";
  std::string address = "127.0.0.1:0";
  int workers = 2;

  std::string Text() const;
};

// Site{.servers = …, .routes = …} with one route to the pool that has these keys.
std::string RouteAll(std::string_view keys);

class TestProxy {
 public:
  explicit TestProxy(const Site& site) : TestProxy(site.Text()) {}
  explicit TestProxy(const std::string& text);
  ~TestProxy();

  Address address(size_t listener = 0);
  Address admin();
  Wire Connect(size_t listener = 0, int receive_buffer = 0) {
    return Wire::To(address(listener), receive_buffer);
  }
  // One request on a connection of its own.
  Message Get(std::string_view path);
  Message AskAdmin(std::string_view path);

  // What the next reload reads.
  void NextReload(const std::string& text);
  // Returns when the new configuration is published or refused; true for published.
  bool Reload(const std::string& text);
  // Begins to drain.
  void Shutdown() { supervisor_->Shutdown(); }
  // Waits for the end of Run(); false when it takes longer than kPatience.
  bool Join();

  // Runs `question` on the supervisor's thread.
  void OnSupervisor(std::function<void(server::Supervisor&)> question);
  observe::ListenerTotals ListenerCounts();
  observe::ServerTotals ServerCounts(size_t server = 0);
  // Of the first pool.
  observe::PoolTotals PoolCounts();
  uint32_t Waiting();  // in its queue
  Duration HedgeDelay();
  // Waits until no worker listens any more.
  [[nodiscard]] bool AwaitRefusing();
  // Looks again and again until `wanted` holds; false when that takes longer than kPatience.
  [[nodiscard]] static bool Eventually(const std::function<bool()>& wanted);

 private:
  std::mutex mutex_;
  std::string text_;  // what a reload reads
  std::unique_ptr<server::Supervisor> supervisor_;
  std::unique_ptr<admin::Api> api_;
  Address first_;
  Moment ended_;
  std::thread thread_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_FLOW_TEST_PROXY_H_
