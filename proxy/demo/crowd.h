// Crowd: the shoppers of a sale, all on one thread. Each comes when it is told to and then goes by
// itself: home, a product, into the cart, checkout, thinking in between. It gives a page up after
// `page_patience` by closing its connection and tries again, at most `retries` times a page, errors
// included; waits when an answer says when to come back (Retry-After in seconds; Refresh in what is
// not the shop's own page), which counts as no try; and keeps cookies. The shop's own pages are
// those with X-Server; any other answer without such a word, and 4xx and 5xx, are errors.
//
// Each comes from an address of its own, told in X-Forwarded-For, as behind a balancer.
//
// Threads: the loop's. Cost: some 6 KiB, one descriptor and no more than one request at a time for
// each that is inside.
#ifndef SLUICE_PROXY_DEMO_CROWD_H_
#define SLUICE_PROXY_DEMO_CROWD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/time.h"
#include "proxy/demo/alarm.h"
#include "proxy/demo/random.h"
#include "proxy/net/loop.h"

namespace sluice::demo {

class Customer;

// What a ticket says of its owner.
struct Standing {
  uint64_t visitor = 0;
  uint64_t place = 0;  // in line, smaller first
  bool inside = false;
};
// Of a Set-Cookie field; nothing where that is no ticket.
using StandingReader = std::function<std::optional<Standing>(std::string_view set_cookie)>;

struct CrowdOptions {
  Address shop;  // what is in front of it
  uint64_t seed = 1;
  Duration think_time = std::chrono::milliseconds(300);  // between pages: the mean, exponential
  Duration page_patience = std::chrono::seconds(4);
  uint32_t retries = 2;
  // Who waits longer for a page than this was served badly.
  Duration slow_page = std::chrono::seconds(2);
  // All waits that answers ask for, together; who is asked for more leaves.
  Duration told_patience = std::chrono::seconds(30);
  // A page whose connection is refused or cut is asked for again after that, as by who reloads it:
  // no try, and a wait like those that answers ask for. 0: it is an error.
  Duration reload_after{};
  StandingReader standing_of = nullptr;  // none: nobody looks at tickets
  // This share ignores what answers ask for and keeps no cookies: programs, not people.
  double bots = 0;
  uint32_t most_inside = 16'000;  // bounds descriptors; who comes beyond is counted as kept out
};

enum class Step : uint8_t { kHome, kProduct, kCart, kCheckout };
inline constexpr size_t kSteps = 4;
inline constexpr std::string_view kStepNames[kSteps] = {"home", "product", "cart", "checkout"};

// How it went for one shopper.
struct Outcome {
  TimePoint came;
  TimePoint went;  // of who is still inside: the present
  uint8_t wave = 0;
  bool bot = false;
  bool bought = false;
  bool gave_up = false;    // neither: still inside
  bool saw_error = false;  // an error, or a cut connection, that did not say when to come back
  bool waited = false;     // longer than slow_page for a page, what it was told to wait aside
  // By its tickets: another's, a later place in line, or in line again after it was inside.
  bool lost_place = false;
  Step at = Step::kHome;  // where it ended, or is
  Duration told{};        // waited because it was told to
  // In line before the shop: told to wait before its first page.
  bool lined_up = false;
  Duration longest_told{};  // there: by the last answer
  TimePoint first_page{};   // of the shop; none: it saw none

  bool affected() const { return gave_up || saw_error || waited; }
};

// All that has happened since the crowd was made.
struct CrowdCounts {
  uint64_t came = 0;
  uint64_t kept_out = 0;  // because of most_inside
  uint64_t bought = 0;
  uint64_t gave_up = 0;
  uint64_t errors = 0;  // that did not say when to come back
  uint64_t told = 0;    // answers that did
  uint64_t reloads = 0;
  uint64_t left = 0;  // pages given up
  // Who was told to wait, and then saw its first page: how many, and how long since they came.
  uint64_t let_in = 0;
  Duration let_in_after{};
  std::array<uint64_t, kSteps> asked{};
  std::array<uint64_t, kSteps> pages{};  // of the shop, seen
};

class Crowd {
 public:
  static constexpr uint8_t kWaves = 3;

  // REQUIRES: the loop outlives the crowd.
  Crowd(net::Loop& loop, const CrowdOptions& options);
  ~Crowd();  // who is inside is gone without an outcome
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // One more shopper comes. `wave` is for the caller to tell them apart. REQUIRES: wave < kWaves.
  void Come(uint8_t wave);

  const CrowdCounts& counts() const { return counts_; }
  uint64_t inside() const { return inside_.size(); }
  uint64_t inside(uint8_t wave) const { return inside_of_[wave]; }
  uint64_t asking() const { return asking_; }  // requests under way
  // Told to wait, and not let in yet.
  uint64_t waiting() const { return waiting_; }
  // How long each page of the shop took that was seen, from the request that brought it.
  const std::vector<Duration>& page_times(Step step) const {
    return page_times_[static_cast<size_t>(step)];
  }
  // Of those that have gone, in the order in which they went.
  const std::vector<Outcome>& outcomes() const { return outcomes_; }
  // Of those that are still inside.
  std::vector<Outcome> Inside();

 private:
  friend class Customer;  // the shopper's view of the crowd
  void Leave(Customer& customer, const Outcome& outcome);

  net::Loop& loop_;
  const CrowdOptions options_;
  Alarms alarms_;
  Random random_;
  CrowdCounts counts_;
  std::array<uint64_t, kWaves> inside_of_{};
  uint64_t asking_ = 0;
  uint64_t waiting_ = 0;
  std::vector<std::unique_ptr<Customer>> inside_;
  std::vector<Outcome> outcomes_;
  std::array<std::vector<Duration>, kSteps> page_times_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_CROWD_H_
