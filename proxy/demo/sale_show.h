// SaleShow: a sale played live, for `sluice demo --sale`: the shoppers on a thread and a loop of
// their own, from when sluice listens until the line is empty, and the story of it line by line. In
// the middle of it an operator may turn the panic switch on, and some seconds later off.
//
// Threads: made and destroyed on any one thread; what it is given to call is called on its own.
#ifndef SLUICE_PROXY_DEMO_SALE_SHOW_H_
#define SLUICE_PROXY_DEMO_SALE_SHOW_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "proxy/base/address.h"
#include "proxy/base/time.h"
#include "proxy/demo/fetch.h"
#include "proxy/demo/sale.h"
#include "proxy/demo/sale_story.h"
#include "proxy/demo/storefront.h"
#include "proxy/net/dialer.h"
#include "proxy/net/loop.h"

namespace sluice::demo {

class SaleShow {
 public:
  struct Cast {
    SaleMode mode = SaleMode::kWeb;
    SaleGuard guard = SaleGuard::kRoom;  // for the story
    Address admin;                       // of sluice
    SaleOptions sale;                    // its crowd's `shop` is sluice
    // When the sale begins that sluice knows of; the calm before is as long as is left then.
    std::optional<WallTime> event = std::nullopt;
    // From so long after the last has come for the sale, for so long; 0: no panic.
    Duration panic_after = std::chrono::seconds(10), panic_for{};
  };
  // `over` is called when the sale came to its end; `say` with each piece of the story. REQUIRES:
  // the storefront outlives the show.
  SaleShow(const Storefront& shop, const Cast& cast, absl::AnyInvocable<void()> over,
           absl::AnyInvocable<void(bool on)> panic,
           absl::AnyInvocable<void(std::string_view)> say = Print);
  ~SaleShow();  // whatever it is doing
  SaleShow(const SaleShow&) = delete;
  SaleShow& operator=(const SaleShow&) = delete;

 private:
  static void Print(std::string_view text);
  void Knock();
  void OnKnocked(std::unique_ptr<net::Socket> socket, int error);
  void OnSecond(const SaleSecond& second);
  void Panic();
  void Tell(const std::optional<std::string>& metrics);

  const Storefront& shop_;
  const Cast cast_;
  absl::AnyInvocable<void()> over_;
  absl::AnyInvocable<void(bool on)> panic_;
  absl::AnyInvocable<void(std::string_view)> say_;
  SaleStory story_;
  net::Loop loop_;
  BoundDeadline<SaleShow, &SaleShow::Knock> again_{this};
  std::unique_ptr<net::Dial> knock_;
  std::unique_ptr<Sale> sale_;
  std::unique_ptr<Fetch> fetch_;
  SaleSecond second_;
  bool panics_ = false;  // now
  std::thread thread_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SALE_SHOW_H_
