// What `sluice demo` is asked for, and what it takes: a shop, a configuration of sluice, what to
// print, and with --sale the shoppers too. main.cc puts a server between them.
#ifndef SLUICE_PROXY_DEMO_DEMO_H_
#define SLUICE_PROXY_DEMO_DEMO_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/base/address.h"
#include "proxy/base/time.h"
#include "proxy/demo/sale_show.h"
#include "proxy/demo/storefront.h"

namespace sluice::demo {

struct DemoCall {
  int port = 8080, admin_port = 9900;
  bool sale = false;
  std::string mode = "web";  // of the sale: one of SaleModeNames()
  bool roomless = false;     // the sale without a waiting room
  bool unheld = false;       // the sale with a sluice that holds nothing back
  bool event = false;        // it was announced: some gather before, and lots are drawn
  bool panic = false;        // in the middle of it the switch is turned on, and off again
  WallTime began = std::chrono::system_clock::now();  // the event's start is counted from here
};

StorefrontOptions ShopOf(const DemoCall& call);
std::string ConfigOf(const DemoCall& call, const std::vector<Address>& servers);
// Empty for a sale, which tells its own story.
std::string GreetingOf(const DemoCall& call, const std::vector<Address>& servers);
// Null without a sale; waits for sluice to listen. `over` and `panic` are called on a thread of its
// own; `panic` turns the switch.
std::unique_ptr<SaleShow> ShowOf(const DemoCall& call, const Storefront& shop,
                                 absl::AnyInvocable<void()> over,
                                 absl::AnyInvocable<void(bool on)> panic);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_DEMO_H_
