#include "proxy/base/block.h"

#include <atomic>
#include <cstdlib>
#include <new>

#include "proxy/base/check.h"

namespace sluice {
namespace {

std::atomic<size_t> g_used{0};
std::atomic<size_t> g_limit{256u << 20};

// What one thread keeps for reuse: 64 of each size, 1.3 MiB at most.
constexpr uint32_t kKept = 64;

struct FreeList {
  Block* head = nullptr;
  uint32_t count = 0;

  ~FreeList() {
    while (head != nullptr) {
      Block* const block = head;
      head = block->next;
      std::free(block);
    }
    count = kKept;  // frees that come later on this thread go straight to malloc
  }
  Block* Take() {
    Block* const block = head;
    if (block != nullptr) {
      head = block->next;
      --count;
    }
    return block;
  }
  bool Keep(Block* block) {
    if (count >= kKept) return false;
    block->next = head;
    head = block;
    ++count;
    return true;
  }
};

thread_local FreeList t_small;
thread_local FreeList t_large;

FreeList* ListFor(size_t total) {
  if (total == kSmallBlock) return &t_small;
  return total == kLargeBlock ? &t_large : nullptr;
}

}  // namespace

Block* TakeBlock(size_t bytes) {
  size_t total = bytes + sizeof(Block);
  if (total <= kSmallBlock) {
    total = kSmallBlock;
  } else if (total <= kLargeBlock) {
    total = kLargeBlock;
  }
  FreeList* const list = ListFor(total);
  void* memory = list != nullptr ? list->Take() : nullptr;
  if (memory == nullptr) memory = std::malloc(total);
  SLUICE_CHECK(memory != nullptr);
  g_used.fetch_add(total, std::memory_order_relaxed);
  Block* const block = new (memory) Block;
  block->size = static_cast<uint32_t>(total - sizeof(Block));
  return block;
}

void FreeBlock(Block* block) {
  const size_t total = block->size + sizeof(Block);
  g_used.fetch_sub(total, std::memory_order_relaxed);
  FreeList* const list = ListFor(total);
  if (list == nullptr || !list->Keep(block)) std::free(block);
}

void BufferBudget::SetLimit(size_t bytes) { g_limit.store(bytes, std::memory_order_relaxed); }
size_t BufferBudget::limit() { return g_limit.load(std::memory_order_relaxed); }
size_t BufferBudget::used() { return g_used.load(std::memory_order_relaxed); }

}  // namespace sluice
