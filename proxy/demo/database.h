// Database: the one pretend database behind all servers of a storefront. Up to `knee` visits at
// once cost what they cost alone; beyond it each visit makes all later ones slower, so that
// throughput falls when too many press in. It may have only so many connections: then who finds
// none free waits, first come first served, and presses like the others meanwhile. It also keeps
// the stock, which checkouts take from.
//
// Threads: the storefront's loop; SetSlow() any. Time: visits are given a duration, the caller
// waits.
#ifndef SLUICE_PROXY_DEMO_DATABASE_H_
#define SLUICE_PROXY_DEMO_DATABASE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "proxy/base/time.h"
#include "proxy/demo/slots.h"

namespace sluice::demo {

struct DatabaseOptions {
  Duration query_time = std::chrono::milliseconds(2);  // of one query while nobody presses
  uint32_t knee = 12;                                  // visits at once without slowing each other
  // Above the knee a query takes 1 + contention * (visits - knee) / knee times as long. At 1 the
  // throughput stays level however many press in; above 1 it falls.
  double contention = 1.5;
  uint32_t parallel = 0;    // visits served at once, others wait; 0: all
  int64_t stock = 100'000;  // of each product in the beginning
};

class Database {
 public:
  Database(const DatabaseOptions& options, size_t products)
      : options_(options),
        connections_(options.parallel > 0 ? options.parallel : kMany, kMany),
        stock_(products, options.stock) {}

  // Counts as load for as long as it lives, waiting for a connection or holding one.
  class [[nodiscard]] Visit {
   public:
    explicit Visit(Database* database) : database_(database) {
      if (database_ != nullptr) ++database_->visits_;
    }
    Visit(Visit&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Visit& operator=(Visit&& other) noexcept {
      std::swap(database_, other.database_);
      return *this;
    }
    ~Visit() {
      if (database_ != nullptr) --database_->visits_;
    }

   private:
    Database* database_;
  };

  Visit Enter() { return Visit(this); }
  // One of these is held while queries run.
  Slots& connections() { return connections_; }
  // How long `queries` one after another take at the present load.
  Duration TimeFor(uint32_t queries) const;

  // Added to every query: a database with a trouble of its own.
  void SetSlow(Duration extra) { slow_ns_ = extra.count(); }
  Duration slow() const { return Duration(slow_ns_.load()); }
  uint32_t visits() const { return visits_; }

  // REQUIRES: product < products.
  int64_t stock(size_t product) const { return stock_[product]; }
  // All or nothing: false when fewer are left.
  bool Take(size_t product, int64_t count);

 private:
  static constexpr uint32_t kMany = std::numeric_limits<uint32_t>::max();

  const DatabaseOptions options_;
  Slots connections_;
  std::vector<int64_t> stock_;
  uint32_t visits_ = 0;
  std::atomic<Duration::rep> slow_ns_{0};
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_DATABASE_H_
