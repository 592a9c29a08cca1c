#include "proxy/base/siphash.h"

#include <bit>
#include <cstring>

namespace sluice {
namespace {

// Up to 8 bytes, the first the least.
uint64_t Little(std::span<const uint8_t> bytes) {
  uint64_t word = 0;
  if (bytes.size() == sizeof word && std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes.data(), sizeof word);
    return word;
  }
  for (size_t i = bytes.size(); i > 0; --i) word = word << 8 | bytes[i - 1];
  return word;
}

}  // namespace

SipList::SipList(const SipKey& key) {
  const uint64_t k0 = Little(std::span(key).first<8>());
  const uint64_t k1 = Little(std::span(key).last<8>());
  v0_ = k0 ^ 0x736f6d6570736575;
  v1_ = k1 ^ 0x646f72616e646f6d;
  v2_ = k0 ^ 0x6c7967656e657261;
  v3_ = k1 ^ 0x7465646279746573;
}

void SipList::Round() {
  v0_ += v1_;
  v1_ = std::rotl(v1_, 13) ^ v0_;
  v0_ = std::rotl(v0_, 32);
  v2_ += v3_;
  v3_ = std::rotl(v3_, 16) ^ v2_;
  v0_ += v3_;
  v3_ = std::rotl(v3_, 21) ^ v0_;
  v2_ += v1_;
  v1_ = std::rotl(v1_, 17) ^ v2_;
  v2_ = std::rotl(v2_, 32);
}

void SipList::Add(uint64_t number) {
  v3_ ^= number;
  Round();
  Round();
  v0_ ^= number;
}

void SipList::Add(std::string_view text) {
  Add(uint64_t{text.size()});
  const uint64_t last = AddWords({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  if (text.size() % 8 != 0) Add(last);
}

uint64_t SipList::AddWords(std::span<const uint8_t> bytes) {
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) Add(Little(bytes.first<8>()));
  return Little(bytes);
}

uint64_t SipList::Finish() {
  v2_ ^= 0xff;
  for (int i = 0; i < 4; ++i) Round();
  return v0_ ^ v1_ ^ v2_ ^ v3_;
}

uint64_t SipHash(const SipKey& key, std::span<const uint8_t> bytes) {
  SipList whole(key);
  const uint64_t last = whole.AddWords(bytes);
  whole.Add(uint64_t{bytes.size()} << 56 | last);
  return whole.Finish();
}

}  // namespace sluice
