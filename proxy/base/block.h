// Blocks are the one kind of buffer memory: arenas and byte queues are made of them. Each thread
// keeps a small free list, so that a steady path never reaches malloc, and every block in use
// counts against one process-wide budget.
//
// The budget is soft: an allocation always succeeds (bytes already read must be stored somewhere);
// whoever reads sockets asks BufferBudget::Exhausted() and stops reading while it is true, so the
// overshoot is at most one read per connection that was reading at that moment. Threads say what
// they took in steps of 64 KiB, so a reader is told that much less or more of each other thread's
// use.
//
// Threads: any; a block may be freed on another thread than the one that took it.
#ifndef SLUICE_PROXY_BASE_BLOCK_H_
#define SLUICE_PROXY_BASE_BLOCK_H_

#include <cstddef>
#include <cstdint>

namespace sluice {

struct Block {
  Block* next = nullptr;
  uint32_t size = 0;   // usable bytes at data()
  uint32_t begin = 0;  // first byte in use (byte queues)
  uint32_t end = 0;    // one past the last byte in use

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
};

// Two sizes: small for heads and arenas, large for queued bodies. Both include the Block header.
inline constexpr size_t kSmallBlock = 4 * 1024;
inline constexpr size_t kLargeBlock = 16 * 1024;

// At least `bytes` usable; more than fits a large block is taken from malloc and given back to it.
Block* TakeBlock(size_t bytes);
void FreeBlock(Block* block);

class BufferBudget {
 public:
  static void SetLimit(size_t bytes);
  static size_t limit();
  static size_t used();
  static bool Exhausted() { return used() >= limit(); }
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_BLOCK_H_
