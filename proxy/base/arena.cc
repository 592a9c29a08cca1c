#include "proxy/base/arena.h"

namespace sluice {

void Arena::Grow(size_t bytes) {
  Block* const block = TakeBlock(bytes);
  block->next = head_;
  head_ = block;
}

std::string_view Arena::Concat(std::initializer_list<std::string_view> parts) {
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* const begin = static_cast<char*>(Allocate(size));
  char* to = begin;
  for (const std::string_view part : parts) {
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  return {begin, size};
}

void Arena::Clear() {
  while (head_ != nullptr) {
    Block* const block = head_;
    head_ = block->next;
    FreeBlock(block);
  }
}

}  // namespace sluice
