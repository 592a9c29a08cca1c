#include "balancer/picker.h"

#include <utility>

namespace sluice::balancer {

std::unique_ptr<Picker> MakePicker(const PickerSpec& spec, HostView hosts) {
  for (const PickerKind& kind : kPickerKinds) {
    if (kind.name == spec.strategy) return kind.make(spec, std::move(hosts));
  }
  return nullptr;
}

}  // namespace sluice::balancer
