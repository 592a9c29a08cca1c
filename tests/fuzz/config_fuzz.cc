// Whatever the text: loading it ends in a Config or in errors that each have a place in a file, and
// twice the same text ends twice the same.
//
// The bytes up to the first 0 are the first file, what follows is the file it may include.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "conf/diff.h"
#include "conf/loader.h"

namespace {

using sluice::conf::Config;
using sluice::conf::Error;
using sluice::conf::Loaded;

void Require(bool holds) {
  if (!holds) std::abort();
}

Loaded LoadText(std::string_view first, std::string_view second) {
  const sluice::conf::Sources sources = {
      .read_file = [&](std::string_view path) -> absl::StatusOr<std::string> {
        if (path == "first.toml") return std::string(first);
        if (path == "second.toml") return std::string(second);
        return absl::NotFoundError("no such file");
      },
      .environment = [](std::string_view name) -> std::optional<std::string> {
        if (name == "A") return "a";
        return std::nullopt;
      }};
  return Load("first.toml", sources);
}

std::string Words(const std::vector<Error>& errors) {
  std::string words;
  for (const Error& error : errors) words += error.ToString() + "\n";
  return words;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = text.find('\0');
  const std::string_view second =
      cut == std::string_view::npos ? std::string_view() : text.substr(cut + 1);
  const Loaded once = LoadText(text.substr(0, cut), second);
  const Loaded twice = LoadText(text.substr(0, cut), second);
  Require(once.index() == twice.index());
  if (const auto* errors = std::get_if<std::vector<Error>>(&once)) {
    Require(!errors->empty());
    for (const Error& error : *errors) {
      Require(!error.file.empty() && error.line > 0 && error.column > 0 && !error.what.empty());
    }
    Require(Words(*errors) == Words(std::get<std::vector<Error>>(twice)));
  } else {
    const Config& config = std::get<Config>(once);
    Require(!config.listeners.empty() && !config.routes.empty());
    Require(Diff(config, std::get<Config>(twice)).empty());
  }
  return 0;
}
