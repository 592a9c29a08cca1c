// ShopServer: one server of the storefront: its listener, its connections, its workers, its temper.
//
// Threads: the loop's, but for switches(), address() and counts().
#ifndef SLUICE_PROXY_DEMO_SHOP_SERVER_H_
#define SLUICE_PROXY_DEMO_SHOP_SERVER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proxy/base/address.h"
#include "proxy/demo/alarm.h"
#include "proxy/demo/random.h"
#include "proxy/demo/slots.h"
#include "proxy/demo/storefront.h"
#include "proxy/demo/switches.h"
#include "proxy/net/acceptor.h"

namespace sluice::demo {

class ShopConnection;

class ShopServer {
 public:
  // REQUIRES: the site outlives the server.
  ShopServer(Site& site, size_t index);
  ~ShopServer();
  ShopServer(const ShopServer&) = delete;
  ShopServer& operator=(const ShopServer&) = delete;

  absl::Status Open(const Address& address);

  const Address& address() const { return address_; }
  Switches& switches() { return *switches_; }
  ServerCounts counts() const;  // any thread; the parts may be from different moments

  const std::string& name() const { return name_; }
  size_t index() const { return index_; }
  Site& site() { return site_; }
  Slots& slots() { return slots_; }

  // For connections: what a request of this median web time takes here and now.
  Duration DrawWebTime(Duration median);
  bool DrawFailure();
  uint64_t NextOrder() { return (index_ + 1) * 1'000'000 + ++orders_; }

  // Somebody has begun to wait for a worker: too many, and the server is gone at the end of the
  // turn.
  void OnWaiting();

  // Whether one more connection of who has left may stay open until its work is done. A bound on
  // descriptors: who cuts thousands of connections does not see the difference.
  bool MayKeepDeparted() const { return departed_kept_ < kMostDepartedKept; }
  void KeepDeparted() { ++departed_kept_; }
  void LoseDeparted() { --departed_kept_; }

  // Takes the connection out of the list; it dies at the end of the turn.
  void Drop(ShopConnection& connection);

  // The counts while they are being counted; written by the loop alone.
  struct Counters {
    std::atomic<uint64_t> requests{0}, answered{0}, refused{0}, failed{0}, made{0}, departed{0},
        crashes{0}, connections{0}, accepted{0}, working{0}, most_working{0}, waiting{0};
  };
  Counters& counters() { return counters_; }
  void PublishSlots();

 private:
  static constexpr uint32_t kMostDepartedKept = 1000;

  absl::Status Listen(const Address& address);
  void OnAccept(std::unique_ptr<net::Socket> socket);
  void Apply();     // what the switches say about being up
  void ComeBack();  // the alarm after a crash
  void DropAll();

  Site& site_;
  const size_t index_;
  const std::string name_;
  Address address_;
  Slots slots_;
  Random random_;
  uint64_t orders_ = 0;
  uint32_t departed_kept_ = 0;
  Counters counters_;
  std::optional<net::Fd> listener_;
  std::unique_ptr<net::Acceptor> acceptor_;
  std::vector<std::unique_ptr<ShopConnection>> connections_;
  BoundAlarm<ShopServer, &ShopServer::ComeBack> back_{this};

  // Tasks that the switches posted hold this weakly: they may outlive the server.
  const std::shared_ptr<ShopServer*> self_;
  std::unique_ptr<Switches> switches_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SHOP_SERVER_H_
