#include "conf/include.h"

#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/expand.h"
#include "conf/schema.h"
#include "conf/values.h"

namespace sluice::conf {
namespace {

// More is a mistake of the one who generates them.
constexpr size_t kMostFiles = 256;

class FileReader {
 public:
  FileReader(const Sources& sources, Report& report) : sources_(sources), report_(report) {}

  // `from` is where the name was written, nothing for the first file.
  void Read(const std::string& path, std::optional<Spot> from) {
    const std::string same = std::filesystem::path(path).lexically_normal().string();
    if (const auto read = read_.find(same); read != read_.end()) {
      report_.Wrong(*from, absl::StrFormat("%s is read already, %s; include every file once", path,
                                           read->second));
      return;
    }
    if (read_.size() == kMostFiles) {
      report_.Wrong(*from, absl::StrFormat("too many files; there may be %d", kMostFiles));
      return;
    }
    read_.emplace(same, from ? absl::StrFormat("included at %s", report_.Describe(*from))
                             : "as the first file");
    const absl::StatusOr<std::string> text = sources_.read_file(path);
    if (!text.ok()) {
      const uint32_t file = from ? from->file : report_.AddFile(path);
      report_.Wrong(from.value_or(Spot{.file = file}),
                    absl::StrFormat("cannot read %s: %s", path, text.status().message()));
      return;
    }
    Parse(path, *text);
  }

  std::vector<ParsedFile> Take() { return std::move(files_); }

 private:
  void Parse(const std::string& path, std::string_view text) {
    const uint32_t file = report_.AddFile(path);
    std::variant<toml::table, TomlError> parsed = ParseToml(text);
    if (auto* error = std::get_if<TomlError>(&parsed)) {
      error->spot.file = file;
      report_.Wrong(error->spot, std::move(error->what));
      return;
    }
    files_.push_back({file, std::get<toml::table>(std::move(parsed))});
    for (const auto& [name, spot] : Includes(files_.back())) Read(PathBeside(path, name), spot);
  }

  // What the file names under "include", each with its place.
  std::vector<std::pair<std::string, Spot>> Includes(const ParsedFile& parsed) {
    std::vector<std::pair<std::string, Spot>> includes;
    const toml::node* node = parsed.table.get("include");
    if (node == nullptr) return includes;
    Texts names;
    const ValueContext context{sources_, report_, parsed.file};
    std::vector<Spot> spots;
    ReadTexts(context, *FindKey("include"), *node, names, &spots);
    for (size_t i = 0; i < names.size(); ++i) includes.emplace_back(std::move(names[i]), spots[i]);
    return includes;
  }

  const Sources& sources_;
  Report& report_;
  std::map<std::string, std::string> read_;  // normal path to how it came in, for messages
  std::vector<ParsedFile> files_;
};

}  // namespace

std::vector<ParsedFile> ReadFiles(std::string_view path, const Sources& sources, Report& report) {
  FileReader reader(sources, report);
  reader.Read(std::string(path), std::nullopt);
  return reader.Take();
}

std::string PathBeside(std::string_view from, std::string_view name) {
  const std::filesystem::path beside = std::filesystem::path(from).parent_path() / name;
  return beside.lexically_normal().string();
}

}  // namespace sluice::conf
