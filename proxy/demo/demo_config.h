// The configurations of `sluice demo`: one listener, one pool of the storefront's servers.
#ifndef SLUICE_PROXY_DEMO_DEMO_CONFIG_H_
#define SLUICE_PROXY_DEMO_DEMO_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/time.h"

namespace sluice::demo {

// TOML text. Listens on every address of this machine (IPv4 alone where the kernel has no IPv6);
// the admin listener on loopback.
std::string DemoConfig(int port, int admin_port, const std::vector<Address>& servers);
// What keeps the crowd of a sale from the servers.
enum class SaleGuard : uint8_t {
  kNothing,
  kLimits,  // what sluice finds that the servers carry at once
  kRoom,    // that, and a waiting room before the shop
};
// An announced sale: who comes within `prequeue` before `start` gathers, and lots are drawn.
struct SaleEvent {
  WallTime start;  // whole seconds
  std::chrono::seconds prequeue;
};
// The same for a sale: routes say which pages go first, and no number says what the servers carry.
// REQUIRES: with an event there is a room.
std::string SaleConfig(int port, int admin_port, const std::vector<Address>& servers,
                       SaleGuard guard, const std::optional<SaleEvent>& event = std::nullopt);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_DEMO_CONFIG_H_
