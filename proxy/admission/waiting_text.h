// WaitingText: the words of the waiting page in one language. English and German are built in;
// further ones, and other words for those two, come as files of lines `name = text`:
//
//   # French
//   language = fr
//   title.waiting = Vous êtes dans la file d'attente
//   ahead.one = 1 personne est devant vous
//   ahead.other = {n} personnes sont devant vous
//
// Names are those of the built-in ones (waiting_text.cc, docs/waiting-page.md); `language` must be
// among them, what else is missing is taken from the built-in language nearest to it, English where
// none is near. Texts are plain: they are escaped for where they go. {n} and its like stand for
// numbers, and a text must have exactly those of its English counterpart.
//
// Threads: any, once made. Cost: made when a configuration is loaded, some 5 KiB.
#ifndef SLUICE_PROXY_ADMISSION_WAITING_TEXT_H_
#define SLUICE_PROXY_ADMISSION_WAITING_TEXT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/base/arena.h"

namespace sluice::admission {

enum class TextId : uint8_t {
  kLanguage,   // a tag of RFC 5646
  kDirection,  // ltr, rtl
  kThousands,  // stands between groups of three digits; may be empty
  kDate,
  // In the order of WaitingView::State.
  kTitleWaiting,
  kTitlePrequeue,
  kTitlePaused,
  kTitleFull,
  kTitleEnter,
  kTextWaiting,
  kTextPrequeue,
  kTextPaused,
  kTextFull,
  kTextEnter,
  kTextRaffle,  // in place of kTextPrequeue
  kLabelPlace,
  kLabelWait,
  kLabelStart,
  kLabelCountdown,
  kAheadNone,
  kAheadOne,
  kAheadOther,
  kWaitUnknown,
  kWaitSoon,
  kWaitMinute,
  kWaitMinutes,
  kWaitMinutesRange,
  kWaitMinutesUpTo,
  kWaitMinuteOver,
  kWaitMinutesOver,
  kWaitHours,
  kWaitHoursRange,
  kWaitHoursUpTo,
  kWaitHoursOver,
  kCount,
};

class WaitingText {
 public:
  static constexpr size_t kLargestFile = 64 * 1024;  // bytes
  static constexpr size_t kLongestText = 300;        // bytes; all together stay below 8 KiB of page

  // English first, the language of those who read none of the others.
  static std::span<const WaitingText> BuiltIn();

  // What is wrong is told with `file` and the line, and the name that was probably meant.
  static absl::StatusOr<WaitingText> Parse(std::string_view file, std::string_view content);

  std::string_view operator[](TextId id) const { return texts_[static_cast<size_t>(id)]; }
  std::string_view language() const { return (*this)[TextId::kLanguage]; }

  // The same words made fit for a page or a JSON string, once for all renderings.
  using Escape = std::string_view (*)(std::string_view text, Arena& arena);
  WaitingText Escaped(Escape escape) const;

 private:
  std::array<std::string, static_cast<size_t>(TextId::kCount)> texts_;
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_WAITING_TEXT_H_
