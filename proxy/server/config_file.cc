#include "proxy/server/config_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "conf/loader.h"

namespace sluice::server {
namespace {

absl::StatusOr<std::string> ReadFile(std::string_view path) {
  std::ifstream file{std::string(path), std::ios::binary};
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    return absl::NotFoundError(errno != 0 ? std::strerror(errno) : "cannot be read");
  }
  return text;
}

std::optional<std::string> ReadEnvironment(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

absl::StatusOr<std::shared_ptr<const conf::Config>> Finish(conf::Loaded loaded) {
  if (const auto* errors = std::get_if<std::vector<conf::Error>>(&loaded)) {
    std::string all;
    for (const conf::Error& error : *errors) {
      if (!all.empty()) all += '\n';
      all += error.ToString();
    }
    return absl::InvalidArgumentError(all);
  }
  return std::make_shared<const conf::Config>(std::get<conf::Config>(std::move(loaded)));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const conf::Config>> ReadConfigFile(const std::string& path) {
  return Finish(conf::Load(path, {.read_file = ReadFile, .environment = ReadEnvironment}));
}

absl::StatusOr<std::shared_ptr<const conf::Config>> ReadConfigText(const std::string& name,
                                                                   const std::string& text) {
  const auto read = [&](std::string_view path) -> absl::StatusOr<std::string> {
    if (path == name) return text;
    return ReadFile(path);
  };
  return Finish(conf::Load(name, {.read_file = read, .environment = ReadEnvironment}));
}

}  // namespace sluice::server
