// Layering: the include table of the house (layers.txt) and what breaks it. Pure: the caller reads
// the files.
#ifndef SLUICE_TESTS_LAYERS_LAYERING_H_
#define SLUICE_TESTS_LAYERS_LAYERING_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class Layering {
 public:
  // Lines that are not understood are found in mistakes().
  explicit Layering(std::string_view table);

  const std::vector<std::string>& mistakes() const { return mistakes_; }
  // The room a path is in: the longest that is a prefix on folder borders; empty: none.
  std::string_view RoomOf(std::string_view path) const;
  // Everything in the text of `path` that breaks the table, as "path:line: what".
  std::vector<std::string> Check(std::string_view path, std::string_view text) const;

 private:
  std::string WhatIsWrong(std::string_view room, std::string_view header, bool quoted) const;
  bool MayInclude(std::string_view room, std::string_view header) const;
  std::string_view ThirdPartyOf(std::string_view header) const;

  using Names = std::set<std::string, std::less<>>;
  std::map<std::string, Names, std::less<>> rooms_;
  std::map<std::string, Names, std::less<>> third_;
  Names pure_;
  std::vector<std::string> mistakes_;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_LAYERS_LAYERING_H_
