// WaitingTemplate: a page with {{names}} in it, ours or the operator's, cut into pieces when the
// configuration is loaded. {{position}} stands for a value; {{hidden:position}} for the word
// "hidden" while that value is empty, which takes an element off the page that would say nothing.
// {{style}}, {{script}} and {{refresh}} stand for those parts of the built-in page, tags and all
// (waiting_markup.h). Single braces are plain text, as CSS and scripts need them; a {{name}} that
// there is not is an error.
//
// Threads: any, once made. Cost: Expand is one allocation and a copy of the page.
#ifndef SLUICE_PROXY_ADMISSION_WAITING_TEMPLATE_H_
#define SLUICE_PROXY_ADMISSION_WAITING_TEMPLATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/arena.h"

namespace sluice::admission {

enum class Slot : uint8_t {
  // Of a room and a language: put in once.
  kLanguage,
  kDirection,
  kRoom,
  kStatusUrl,
  kLabelPlace,
  kLabelWait,
  kLabelStart,
  kLabelCountdown,
  // Of a visitor and a moment.
  kState,
  kTitle,
  kText,
  kPosition,  // 1234; the ones with Text are for people: 1,234
  kPlaceText,
  kAhead,
  kAheadText,
  kWaitSeconds,
  kWaitText,
  kPollSeconds,
  kEventStart,
  kStartText,
  kStartsInSeconds,
  kMessage,
  kCount,
};
inline constexpr Slot kFirstOfVisitor = Slot::kState;

// What the names stand for, already escaped.
class SlotValues {
 public:
  std::string_view& operator[](Slot slot) { return values_[static_cast<size_t>(slot)]; }
  std::string_view operator[](Slot slot) const { return values_[static_cast<size_t>(slot)]; }

 private:
  std::array<std::string_view, static_cast<size_t>(Slot::kCount)> values_;
};

class WaitingTemplate {
 public:
  static constexpr size_t kLargest = 256 * 1024;  // bytes; every poll without a script sends it

  // What is wrong is told with `file` and the line, and the name that was probably meant.
  static absl::StatusOr<WaitingTemplate> Parse(std::string_view file, std::string_view text);

  // The same page with the slots before kFirstOfVisitor filled in.
  WaitingTemplate Bind(const SlotValues& fixed) const;
  // Of a bound one.
  std::string_view Expand(const SlotValues& values, Arena& arena) const;

 private:
  struct Piece {
    std::string before;        // plain text
    Slot slot = Slot::kCount;  // kCount: nothing follows it
    bool if_empty = false;     // "hidden" or nothing, in place of the value
  };
  absl::Status Append(std::string_view file, std::string_view text);
  static std::string_view Of(const Piece& piece, const SlotValues& values);

  std::vector<Piece> pieces_;
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_WAITING_TEMPLATE_H_
