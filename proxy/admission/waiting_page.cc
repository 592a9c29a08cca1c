#include "proxy/admission/waiting_page.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proxy/admission/accept_language.h"
#include "proxy/admission/waiting_markup.h"
#include "proxy/admission/waiting_words.h"
#include "proxy/base/text.h"
#include "proxy/crypto/digest.h"
#include "proxy/http/escape.h"

namespace sluice::admission {
namespace {

std::string HashSource(std::string_view text) {
  const crypto::Sha256Digest digest = crypto::Sha256(text);
  const absl::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
  return absl::StrCat("'sha256-", absl::Base64Escape(bytes), "'");
}

// Forms and frames are named because default-src does not speak for them; images for the icon.
std::string PolicyOfBuiltIn() {
  return absl::StrCat("default-src 'none'; style-src ", HashSource(InsideOf(kStyleTag)),
                      "; script-src ", HashSource(InsideOf(kScriptTag)),
                      "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'");
}

SlotValues FixedOf(std::string_view room, const WaitingText& html, Arena& arena) {
  const std::string_view url =
      arena.Concat({WaitingPage::kStatusPath, http::EscapeLocation(room, arena)});
  SlotValues fixed;
  fixed[Slot::kLanguage] = html[TextId::kLanguage];
  fixed[Slot::kDirection] = html[TextId::kDirection];
  fixed[Slot::kRoom] = http::EscapeHtml(room, arena);
  fixed[Slot::kStatusUrl] = http::EscapeHtml(url, arena);
  fixed[Slot::kLabelPlace] = html[TextId::kLabelPlace];
  fixed[Slot::kLabelWait] = html[TextId::kLabelWait];
  fixed[Slot::kLabelStart] = html[TextId::kLabelStart];
  fixed[Slot::kLabelCountdown] = html[TextId::kLabelCountdown];
  return fixed;
}

std::string_view OrNull(std::string_view number) { return number.empty() ? "null" : number; }

}  // namespace

absl::StatusOr<WaitingPage> WaitingPage::Make(const conf::WaitingRoom& room) {
  const std::span<const WaitingText> built_in = WaitingText::BuiltIn();
  std::vector<WaitingText> all(built_in.begin(), built_in.end());
  for (const conf::File& file : room.text_files) {
    auto text = WaitingText::Parse(file.name, file.content);
    if (!text.ok()) return text.status();
    const auto same = std::find_if(all.begin(), all.end(), [&](const WaitingText& other) {
      return EqualsIgnoreCase(other.language(), text->language());
    });
    if (same == all.end()) {
      all.push_back(*std::move(text));
    } else {
      *same = *std::move(text);
    }
  }
  const bool built_in_page = room.page_file.content.empty();
  const auto page = built_in_page
                        ? WaitingTemplate::Parse("built in", kBuiltInPage)
                        : WaitingTemplate::Parse(room.page_file.name, room.page_file.content);
  if (!page.ok()) return page.status();
  WaitingPage made(room.name, *page, all);
  if (built_in_page) made.policy_ = PolicyOfBuiltIn();
  return made;
}

WaitingPage::WaitingPage(std::string_view room, const WaitingTemplate& page,
                         std::span<const WaitingText> texts) {
  Arena arena;
  for (const WaitingText& text : texts) {
    WaitingText html = text.Escaped(http::EscapeHtml);
    WaitingTemplate bound = page.Bind(FixedOf(room, html, arena));
    languages_.push_back({std::move(html), text.Escaped(http::EscapeJson), std::move(bound)});
  }
  for (const Language& language : languages_) tags_.push_back(language.html.language());
}

const WaitingPage::Language& WaitingPage::Choose(std::string_view accept_language) const {
  return languages_[ChooseLanguage(accept_language, tags_)];
}

std::string_view WaitingPage::LanguageFor(std::string_view accept_language) const {
  return Choose(accept_language).html.language();
}

std::string_view WaitingPage::Html(const WaitingView& view, std::string_view accept_language,
                                   Arena& arena) const {
  const Language& language = Choose(accept_language);
  SlotValues values;
  Say(view, language.html, http::EscapeHtml, values, arena);
  return language.page.Expand(values, arena);
}

std::string_view WaitingPage::Json(const WaitingView& view, std::string_view accept_language,
                                   Arena& arena) const {
  SlotValues say;
  Say(view, Choose(accept_language).json, http::EscapeJson, say, arena);
  const std::string_view quote = say[Slot::kEventStart].empty() ? "" : "\"";
  return arena.Concat({
      R"({"state":")",
      say[Slot::kState],
      R"(","position":)",
      OrNull(say[Slot::kPosition]),
      R"(,"ahead":)",
      OrNull(say[Slot::kAhead]),
      R"(,"eta_s":)",
      OrNull(say[Slot::kWaitSeconds]),
      R"(,"poll_s":)",
      say[Slot::kPollSeconds],
      R"(,"event_start":)",
      quote,
      OrNull(say[Slot::kEventStart]),
      quote,
      R"(,"starts_in_s":)",
      OrNull(say[Slot::kStartsInSeconds]),
      R"(,"title":")",
      say[Slot::kTitle],
      R"(","text":")",
      say[Slot::kText],
      R"(","place_text":")",
      say[Slot::kPlaceText],
      R"(","ahead_text":")",
      say[Slot::kAheadText],
      R"(","eta_text":")",
      say[Slot::kWaitText],
      R"(","start_text":")",
      say[Slot::kStartText],
      R"(","message":")",
      say[Slot::kMessage],
      "\"}\n",
  });
}

}  // namespace sluice::admission
