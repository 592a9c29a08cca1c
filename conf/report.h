// Report: where in the files each key was written, and what is wrong there. One Load fills one.
//
// Keys are named by their place in the Config: "pool[2].servers[0].address". Threads: one.
#ifndef SLUICE_CONF_REPORT_H_
#define SLUICE_CONF_REPORT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/loader.h"

namespace sluice::conf {

struct Spot {
  uint32_t file = 0;  // index of Report::AddFile
  uint32_t line = 1;
  uint32_t column = 1;
};

class Report {
 public:
  // Files are numbered in the order they are added, which is the order of the errors.
  uint32_t AddFile(std::string path);
  const std::string& file(uint32_t index) const { return files_[index]; }

  // Remembers where `path` was written; the first time counts.
  void Note(std::string path, Spot spot);
  std::optional<Spot> Find(std::string_view path) const;
  bool Written(std::string_view path) const { return Find(path).has_value(); }
  // Where `path` or else the innermost thing around it was written.
  Spot Around(std::string_view path) const;
  // "shop.toml:12:3"
  std::string Describe(Spot spot) const;

  void Wrong(Spot spot, std::string what);
  void WrongAt(std::string_view path, std::string what) { Wrong(Around(path), std::move(what)); }
  bool ok() const { return wrongs_.empty(); }
  // In the order of the text.
  std::vector<Error> Errors() const;

 private:
  struct Mistake {
    Spot spot;
    std::string what;
  };

  std::vector<std::string> files_;
  std::map<std::string, Spot, std::less<>> spots_;
  std::vector<Mistake> wrongs_;
};

// `text` in quotes for a message: controls escaped, cut after some 60 bytes.
std::string Quote(std::string_view text);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_REPORT_H_
