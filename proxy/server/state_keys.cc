#include "proxy/server/state_keys.h"

#include <utility>

#include "proxy/base/log.h"
#include "proxy/crypto/key_ring.h"

namespace sluice::server {
namespace {

constexpr std::string_view kName = "keys";
constexpr size_t kLargestKeys = 64 << 10;
constexpr auto kPatience = std::chrono::seconds(2);

}  // namespace

std::string LoadOrMakeKeys(StateDir& state) {
  absl::StatusOr<std::string> kept = state.Read(kName, kLargestKeys);
  absl::Status wrong = kept.status();
  if (kept.ok()) wrong = crypto::KeyRing::Of(*kept).status();
  if (wrong.ok()) return *std::move(kept);

  std::string made = crypto::KeyRing::MakeLine() + "\n";
  if (absl::IsNotFound(wrong)) {
    state.Write(kName, made);
    state.Flush(kPatience);
  } else {
    log::Error(log::kUnlimited,
               "state.dir %s: the keys of tickets in the file %s are no good: %s; those of this "
               "process are new, and a ticket from before it is none",
               state.path(), kName, wrong.message());
  }
  return made;
}

}  // namespace sluice::server
