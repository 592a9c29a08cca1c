#include "proxy/base/arena.h"

#include <algorithm>
#include <charconv>

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
  // Not memcpy, which an empty view's null is forbidden to.
  for (const std::string_view part : parts) to = std::copy(part.begin(), part.end(), to);
  return {begin, size};
}

std::string_view Arena::Decimal(uint64_t number) {
  constexpr size_t kMostDigits = 20;
  char* const text = AllocateArray<char>(kMostDigits);
  const char* const end = std::to_chars(text, text + kMostDigits, number).ptr;
  return {text, static_cast<size_t>(end - text)};
}

void Arena::Clear() {
  while (head_ != nullptr) {
    Block* const block = head_;
    head_ = block->next;
    FreeBlock(block);
  }
}

}  // namespace sluice
