#include "proxy/base/block.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <utility>

#include "proxy/base/check.h"

namespace sluice {
namespace {

std::atomic<size_t> g_used{0};
std::atomic<size_t> g_limit{256u << 20};

// What one thread keeps for reuse, 5 MiB at most: the heads of a thousand requests in flight.
constexpr uint32_t kKeptSmall = 1024;
constexpr uint32_t kKeptLarge = 64;
// What one thread has taken or freed before the others hear of it: a request takes and frees a few
// blocks, and all workers would write to the one counter each time.
constexpr int64_t kUnsaid = 64 * 1024;

class FreeList {
 public:
  explicit FreeList(uint32_t most) : most_(most) {}
  ~FreeList() {
    while (head_ != nullptr) std::free(Take());
    most_ = 0;  // frees that come later on this thread go straight to malloc
  }

  Block* Take() {
    Block* const block = head_;
    if (block != nullptr) {
      head_ = block->next;
      --count_;
    }
    return block;
  }

  bool Keep(Block* block) {
    if (count_ >= most_) return false;
    block->next = head_;
    head_ = block;
    ++count_;
    return true;
  }

 private:
  Block* head_ = nullptr;
  uint32_t count_ = 0;
  uint32_t most_;
};

struct ThreadBlocks {
  FreeList small{kKeptSmall};
  FreeList large{kKeptLarge};
  int64_t unsaid = 0;

  // What is freed on this thread still later is counted and, below a step, never said.
  ~ThreadBlocks() { Say(); }

  FreeList* ListFor(size_t total) {
    if (total == kSmallBlock) return &small;
    return total == kLargeBlock ? &large : nullptr;
  }

  void Count(int64_t bytes) {
    unsaid += bytes;
    if (unsaid >= kUnsaid || unsaid <= -kUnsaid) Say();
  }

  void Say() {
    g_used.fetch_add(static_cast<size_t>(std::exchange(unsaid, 0)), std::memory_order_relaxed);
  }
};

thread_local ThreadBlocks t_blocks;

}  // namespace

Block* TakeBlock(size_t bytes) {
  size_t total = bytes + sizeof(Block);
  if (total <= kSmallBlock) {
    total = kSmallBlock;
  } else if (total <= kLargeBlock) {
    total = kLargeBlock;
  }
  ThreadBlocks& blocks = t_blocks;
  FreeList* const list = blocks.ListFor(total);
  void* memory = list != nullptr ? list->Take() : nullptr;
  if (memory == nullptr) memory = std::malloc(total);
  SLUICE_CHECK(memory != nullptr);
  blocks.Count(static_cast<int64_t>(total));
  Block* const block = new (memory) Block;
  block->size = static_cast<uint32_t>(total - sizeof(Block));
  return block;
}

void FreeBlock(Block* block) {
  const size_t total = block->size + sizeof(Block);
  ThreadBlocks& blocks = t_blocks;
  blocks.Count(-static_cast<int64_t>(total));
  FreeList* const list = blocks.ListFor(total);
  if (list == nullptr || !list->Keep(block)) std::free(block);
}

void BufferBudget::SetLimit(size_t bytes) { g_limit.store(bytes, std::memory_order_relaxed); }
size_t BufferBudget::limit() { return g_limit.load(std::memory_order_relaxed); }

size_t BufferBudget::used() {
  const auto used = static_cast<int64_t>(g_used.load(std::memory_order_relaxed)) + t_blocks.unsaid;
  return static_cast<size_t>(std::max<int64_t>(used, 0));
}

}  // namespace sluice
