#include "proxy/tls/ticket_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/crypto/random.h"

namespace sluice::tls {
namespace {

TicketKey NewKey(WallTime now) {
  TicketKey key;
  crypto::FillRandom(key.name);
  crypto::FillRandom(key.cipher);
  crypto::FillRandom(key.mac);
  key.made = now;
  return key;
}

}  // namespace

TicketKey::~TicketKey() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(mac.data(), mac.size());
}

TicketKeys::TicketKeys(WallTime now, Duration rotation, Duration kept)
    : rotation_(rotation), kept_(kept), ring_(std::make_shared<const Ring>(Ring{NewKey(now)})) {}

void TicketKeys::Rotate(WallTime now) {
  MutexLock lock(mutex_);
  const bool due = now - ring_->front().made >= rotation_;
  const bool stale = now - ring_->back().made >= kept_;
  if (!due && !stale) return;
  Ring ring;
  if (due) ring.push_back(NewKey(now));
  for (const TicketKey& key : *ring_) {
    const bool current = ring.empty();
    if (ring.size() < kMostKeys && (current || now - key.made < kept_)) ring.push_back(key);
  }
  ring_ = std::make_shared<const Ring>(std::move(ring));
}

void TicketKeys::Adopt(Ring keys) {
  SLUICE_CHECK(!keys.empty());
  keys.resize(std::min(keys.size(), kMostKeys));
  MutexLock lock(mutex_);
  ring_ = std::make_shared<const Ring>(std::move(keys));
}

std::shared_ptr<const TicketKeys::Ring> TicketKeys::Snapshot() const {
  MutexLock lock(mutex_);
  return ring_;
}

}  // namespace sluice::tls
