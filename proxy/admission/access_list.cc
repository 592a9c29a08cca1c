#include "proxy/admission/access_list.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::admission {
namespace {

absl::Status AddAll(const std::vector<std::string>& written, const conf::File& file, uint8_t value,
                    std::string_view key, CidrSet::Builder& networks) {
  for (const std::string& text : written) {
    if (absl::Status status = networks.Add(text, value, key); !status.ok()) return status;
  }
  if (file.name.empty()) return absl::OkStatus();
  return networks.AddLines(file.content, value, file.name);
}

}  // namespace

absl::StatusOr<AccessList> AccessList::Build(const conf::Access& access) {
  CidrSet::Builder networks;
  absl::Status status = AddAll(access.deny, access.deny_file, kDeny, "access.deny", networks);
  if (status.ok()) {
    status = AddAll(access.allow, access.allow_file, kAllow, "access.allow", networks);
  }
  if (!status.ok()) return status;
  absl::StatusOr<CidrSet> set = std::move(networks).Build();
  if (!set.ok()) return set.status();
  AccessList list;
  list.networks_ = *std::move(set);
  list.deny_others_ = access.deny_others;
  return list;
}

}  // namespace sluice::admission
