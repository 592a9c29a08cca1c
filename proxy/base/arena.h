// Arena: the memory of one exchange. Bump allocation out of blocks, everything freed at once, no
// destructors run. A copied head and all that is derived from it live here, so that views into it
// stay good as long as the exchange.
//
// Threads: one. Cost: an allocation is an addition and a comparison.
#ifndef SLUICE_PROXY_BASE_ARENA_H_
#define SLUICE_PROXY_BASE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "proxy/base/block.h"

namespace sluice {

class Arena {
 public:
  Arena() = default;
  ~Arena() { Clear(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised memory, aligned for any plain type.
  void* Allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (head_ == nullptr || head_->size - head_->end < bytes) Grow(bytes);
    void* const memory = head_->data() + head_->end;
    head_->end += static_cast<uint32_t>(bytes);
    return memory;
  }

  template <typename T>
  T* AllocateArray(size_t count) {
    static_assert(alignof(T) <= 8);
    return static_cast<T*>(Allocate(count * sizeof(T)));
  }

  std::string_view Copy(std::string_view text) {
    char* const to = static_cast<char*>(Allocate(text.size()));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  std::string_view Concat(std::initializer_list<std::string_view> parts);
  std::string_view Decimal(uint64_t number);

  // Gives every block back; all views into the arena die.
  void Clear();

 private:
  void Grow(size_t bytes);

  Block* head_ = nullptr;
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_ARENA_H_
