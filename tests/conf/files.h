// Files and environment of a test, all in memory.
#ifndef SLUICE_TESTS_CONF_FILES_H_
#define SLUICE_TESTS_CONF_FILES_H_

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "conf/loader.h"

namespace sluice::conf {

// Enough for Load() to find nothing missing.
inline constexpr std::string_view kListener = "[[listener]]\naddress = \"[::]:80\"\n";
inline constexpr std::string_view kPool = "[[pool]]\nname = \"web\"\nservers = [\"a:1\"]\n";

class Files : public testing::Test {
 protected:
  void Write(std::string path, std::string_view text) { files_[std::move(path)] = text; }
  void Setenv(std::string name, std::string value) {
    environment_[std::move(name)] = std::move(value);
  }

  Loaded LoadFile(std::string_view path) {
    const Sources sources = {
        .read_file = [this](std::string_view name) -> absl::StatusOr<std::string> {
          const auto found = files_.find(name);
          if (found == files_.end()) return absl::NotFoundError("no such file");
          return found->second;
        },
        .environment = [this](std::string_view name) -> std::optional<std::string> {
          const auto found = environment_.find(name);
          if (found == environment_.end()) return std::nullopt;
          return found->second;
        }};
    return Load(path, sources);
  }

  // The Config of a text that must be right.
  Config Good(std::string_view text) {
    Write("t.toml", text);
    return GoodFile("t.toml");
  }
  Config GoodFile(std::string_view path) {
    Loaded loaded = LoadFile(path);
    if (auto* config = std::get_if<Config>(&loaded)) return std::move(*config);
    for (const Error& error : std::get<std::vector<Error>>(loaded)) {
      ADD_FAILURE() << error.ToString();
    }
    return {};
  }

  // The errors of a text, one per line; empty when it is right.
  std::string Wrong(std::string_view text) {
    Write("t.toml", text);
    return WrongFile("t.toml");
  }
  std::string WrongFile(std::string_view path) {
    std::string lines;
    const Loaded loaded = LoadFile(path);
    if (const auto* errors = std::get_if<std::vector<Error>>(&loaded)) {
      for (const Error& error : *errors) lines += error.ToString() + "\n";
    }
    return lines;
  }

 private:
  std::map<std::string, std::string, std::less<>> files_;
  std::map<std::string, std::string, std::less<>> environment_;
};

}  // namespace sluice::conf

#endif  // SLUICE_TESTS_CONF_FILES_H_
