// Bytes: a queue of bytes made of blocks. Appending copies; the front is taken off as the kernel
// accepts it. An empty queue holds no memory.
//
// Threads: one at a time; may be moved between threads.
#ifndef SLUICE_PROXY_BASE_BYTES_H_
#define SLUICE_PROXY_BASE_BYTES_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/block.h"

namespace sluice {

// What is to leave in one go though it does not stand in one place.
using Pieces = std::span<const std::string_view>;

class Bytes {
 public:
  Bytes() = default;
  ~Bytes() { Clear(); }
  Bytes(Bytes&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)),
        tail_(std::exchange(other.tail_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Bytes& operator=(Bytes&& other) noexcept;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void Append(std::string_view bytes);
  // Moves all of `other` behind what is here, without copying.
  void Append(Bytes&& other);

  // Room for exactly `bytes` contiguous bytes at the end; the caller fills at most that many and
  // says how many with Commit(). For encoders.
  char* Reserve(size_t bytes);
  void Commit(size_t bytes);

  // The first contiguous piece; empty when the queue is.
  std::string_view Front() const;
  // Up to `pieces.size()` pieces from the front, for a gathered write. Returns how many were set.
  size_t Gather(std::span<std::string_view> pieces) const;
  // Every piece in order, for a reader that leaves the queue as it is.
  template <typename Visit>  // void(std::string_view)
  void ForEach(Visit visit) const {
    for (const Block* block = head_; block != nullptr; block = block->next) {
      if (block->begin != block->end) {
        visit(std::string_view(block->data() + block->begin, block->end - block->begin));
      }
    }
  }
  // REQUIRES: count <= size().
  void RemovePrefix(size_t count);

  void Clear();
  std::string ToString() const;

 private:
  Block* head_ = nullptr;
  Block* tail_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_BYTES_H_
