// Slots: the workers of one pretend server as permits, and the bounded queue before them, first
// come first served.
//
// Threads: the storefront's loop. Queueing and leaving the queue cost at most one walk along it.
#ifndef SLUICE_PROXY_DEMO_SLOTS_H_
#define SLUICE_PROXY_DEMO_SLOTS_H_

#include <cstdint>
#include <deque>
#include <utility>

namespace sluice::demo {

class Slots {
 public:
  Slots(uint32_t workers, uint32_t queue) : workers_(workers), queue_(queue) {}

  // One worker, held as long as it lives.
  class [[nodiscard]] Worker {
   public:
    Worker() = default;
    Worker(Worker&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
    Worker& operator=(Worker&& other) noexcept {
      Release();
      from_ = std::exchange(other.from_, nullptr);
      return *this;
    }
    ~Worker() { Release(); }
    bool held() const { return from_ != nullptr; }
    // May call OnWorker() of whoever waits.
    void Release() {
      if (Slots* const from = std::exchange(from_, nullptr); from != nullptr) from->Leave();
    }

   private:
    friend class Slots;
    explicit Worker(Slots* from) : from_(from) {}
    Slots* from_ = nullptr;
  };

  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void OnWorker(Worker worker) = 0;
  };

  // A worker now, or nothing.
  Worker Take();
  // Waits in the queue; false when that is full. REQUIRES: the waiter calls Forget() before it
  // dies.
  [[nodiscard]] bool Wait(Waiter& waiter);
  void Forget(Waiter& waiter);  // harmless when it does not wait

  uint32_t working() const { return working_; }
  uint32_t most_working() const { return most_working_; }
  uint32_t waiting() const { return static_cast<uint32_t>(waiting_.size()); }

 private:
  void Leave();

  const uint32_t workers_;
  const uint32_t queue_;
  uint32_t working_ = 0;
  uint32_t most_working_ = 0;
  std::deque<Waiter*> waiting_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SLOTS_H_
