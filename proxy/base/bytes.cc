#include "proxy/base/bytes.h"

#include <algorithm>
#include <cstring>

#include "proxy/base/check.h"

namespace sluice {

Bytes& Bytes::operator=(Bytes&& other) noexcept {
  if (this == &other) return *this;
  Clear();
  head_ = std::exchange(other.head_, nullptr);
  tail_ = std::exchange(other.tail_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

char* Bytes::Reserve(size_t bytes) {
  if (tail_ == nullptr || tail_->size - tail_->end < bytes) {
    Block* const block = TakeBlock(bytes);
    if (tail_ == nullptr) {
      head_ = block;
    } else {
      tail_->next = block;
    }
    tail_ = block;
  }
  return tail_->data() + tail_->end;
}

void Bytes::Commit(size_t bytes) {
  SLUICE_DCHECK(tail_ != nullptr && tail_->end + bytes <= tail_->size);
  tail_->end += static_cast<uint32_t>(bytes);
  size_ += bytes;
}

void Bytes::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t room = tail_ == nullptr ? 0 : tail_->size - tail_->end;
    if (room == 0) {
      // What does not fit a large block is cut, so that a queue gives memory back as it drains.
      Reserve(std::min(bytes.size(), kLargeBlock - sizeof(Block)));
      room = tail_->size - tail_->end;
    }
    const size_t count = std::min(room, bytes.size());
    std::memcpy(tail_->data() + tail_->end, bytes.data(), count);
    Commit(count);
    bytes.remove_prefix(count);
  }
}

void Bytes::Append(Bytes&& other) {
  if (other.head_ == nullptr) return;
  if (tail_ == nullptr) {
    *this = std::move(other);
    return;
  }
  tail_->next = std::exchange(other.head_, nullptr);
  tail_ = std::exchange(other.tail_, nullptr);
  size_ += std::exchange(other.size_, 0);
}

std::string_view Bytes::Front() const {
  std::string_view piece;
  Gather({&piece, 1});
  return piece;
}

size_t Bytes::Gather(std::span<std::string_view> pieces) const {
  size_t count = 0;
  for (const Block* block = head_; block != nullptr && count < pieces.size(); block = block->next) {
    if (block->begin == block->end) continue;
    pieces[count++] = {block->data() + block->begin, block->end - block->begin};
  }
  return count;
}

void Bytes::RemovePrefix(size_t count) {
  SLUICE_DCHECK(count <= size_);
  size_ -= count;
  while (head_ != nullptr) {
    const size_t here = std::min<size_t>(count, head_->end - head_->begin);
    head_->begin += static_cast<uint32_t>(here);
    count -= here;
    if (head_->begin != head_->end) return;
    Block* const block = head_;
    head_ = block->next;
    if (head_ == nullptr) tail_ = nullptr;
    FreeBlock(block);
  }
}

void Bytes::Clear() {
  while (head_ != nullptr) {
    Block* const block = head_;
    head_ = block->next;
    FreeBlock(block);
  }
  tail_ = nullptr;
  size_ = 0;
}

std::string Bytes::ToString() const {
  std::string text;
  text.reserve(size_);
  for (const Block* block = head_; block != nullptr; block = block->next) {
    text.append(block->data() + block->begin, block->end - block->begin);
  }
  return text;
}

}  // namespace sluice
