// WaitingPage: what a waiting room answers to those it does not let in yet, as a page for people
// and as JSON for scripts and applications, in the language they read best.
//
// The JSON is one object, for the page's own script and for clients that prefer JSON:
//   state        "waiting", "prequeue", "paused", "full" or "enter"
//   position     from 1, ahead how many before it; null where there is no place to tell
//   eta_s        the middle of the estimated range; null while unknown
//   poll_s       when to ask again
//   event_start  RFC 3339, starts_in_s the time until then; null but before an event
//   title, text, place_text, ahead_text, eta_text, start_text, message: for people, localised; ""
//                where there is nothing to say
//
// Threads: any; immutable, made with a configuration. Cost: no allocation but in the arena; see
// BM_WaitingPage for the time. Memory: two copies of the texts and one page per language, 15 KiB.
#ifndef SLUICE_PROXY_ADMISSION_WAITING_PAGE_H_
#define SLUICE_PROXY_ADMISSION_WAITING_PAGE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "conf/waiting_room.h"
#include "proxy/admission/waiting_template.h"
#include "proxy/admission/waiting_text.h"
#include "proxy/admission/waiting_view.h"
#include "proxy/base/arena.h"

namespace sluice::admission {

class WaitingPage {
 public:
  // Where the script asks: this and the room's name.
  static constexpr std::string_view kStatusPath = "/.sluice/waiting-room/";

  // Of the room's name, page_file and text_files; without them the built-in page and texts. A text
  // file of a language there already is, built in or of an earlier file, takes its place.
  static absl::StatusOr<WaitingPage> Make(const conf::WaitingRoom& room);
  WaitingPage(WaitingPage&&) = default;

  // text/html and application/json, both UTF-8, in `arena`.
  std::string_view Html(const WaitingView& view, std::string_view accept_language,
                        Arena& arena) const;
  std::string_view Json(const WaitingView& view, std::string_view accept_language,
                        Arena& arena) const;
  // The tag of what both would be written in, for Content-Language.
  std::string_view LanguageFor(std::string_view accept_language) const;

  // The Content-Security-Policy of the built-in page: only what it brings itself, named by hash.
  // Empty with a page of the operator's, whose needs are not known.
  std::string_view content_security_policy() const { return policy_; }

 private:
  struct Language {
    WaitingText html;
    WaitingText json;
    WaitingTemplate page;
  };
  WaitingPage(std::string_view room, const WaitingTemplate& page,
              std::span<const WaitingText> texts);
  const Language& Choose(std::string_view accept_language) const;

  std::vector<Language> languages_;
  std::vector<std::string_view> tags_;  // theirs
  std::string policy_;
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_WAITING_PAGE_H_
