#include "proxy/upstream/lease.h"

#include "proxy/base/check.h"

namespace sluice::upstream {

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Drop();
  stream_ = std::exchange(other.stream_, nullptr);
  reused_ = other.reused_;
  return *this;
}

http::Upstream& Lease::stream() const {
  SLUICE_CHECK(stream_ != nullptr);
  return *stream_;
}

void Lease::Begin(http::UpstreamEvents& events, Arena& arena) {
  SLUICE_CHECK(stream_ != nullptr);
  stream_->Begin(events, arena);
}

}  // namespace sluice::upstream
