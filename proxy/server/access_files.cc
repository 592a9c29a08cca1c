#include "proxy/server/access_files.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/log.h"

namespace sluice::server {
namespace {

void Watch(const conf::File& file, std::optional<WatchedFile>& watched) {
  if (file.name.empty()) {
    watched.reset();
  } else if (watched && watched->path() == file.name) {
    watched->Take(file.content);
  } else {
    watched.emplace(file.name, conf::kLargestAccessFile, file.content);
  }
}

absl::Status Read(const std::optional<WatchedFile>& watched, conf::File& file) {
  if (!watched) return absl::OkStatus();
  absl::StatusOr<std::string> content = watched->Read();
  if (!content.ok()) {
    return absl::Status(content.status().code(),
                        absl::StrFormat("%s: %s", watched->path(), content.status().message()));
  }
  file.content = *std::move(content);
  return absl::OkStatus();
}

}  // namespace

void AccessFiles::Take(const conf::Access& access, List list) {
  Watch(access.deny_file, deny_);
  Watch(access.allow_file, allow_);
  access_ = {.deny = access.deny,
             .allow = access.allow,
             .deny_file = {.name = access.deny_file.name, .content = {}},
             .allow_file = {.name = access.allow_file.name, .content = {}},
             .deny_others = access.deny_others};
  list_ = std::move(list);
  good_ = true;
}

bool AccessFiles::Look() {
  bool changed = false;
  for (std::optional<WatchedFile>* const file : {&deny_, &allow_}) {
    if (*file && (*file)->Look()) changed = true;
  }
  if (!changed) return false;
  conf::Access now = access_;
  absl::Status status = Read(deny_, now.deny_file);
  if (status.ok()) status = Read(allow_, now.allow_file);
  absl::StatusOr<admission::AccessList> list =
      status.ok() ? admission::AccessList::Build(now) : status;
  if (!list.ok()) {
    Keep(std::string(list.status().message()));
    return false;
  }
  good_ = true;
  list_ = std::make_shared<const admission::AccessList>(*std::move(list));
  log::Info(log::kUnlimited, "access: %d networks in force", list_->size());
  return true;
}

void AccessFiles::Keep(const std::string& why) {
  good_ = false;
  log::Error(log::kUnlimited, "access: %s; the %d networks in force stay", why, list_->size());
}

}  // namespace sluice::server
