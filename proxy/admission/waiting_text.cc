#include "proxy/admission/waiting_text.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "proxy/admission/accept_language.h"
#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace sluice::admission {
namespace {

constexpr std::string_view kEnglish = R"(language = en
direction = ltr
thousands = ,
date = {year}-{month}-{day} {hour}:{minute} UTC
title.waiting = You are in line
title.prequeue = It starts soon
title.paused = The line is paused
title.full = The waiting room is full
title.enter = It is your turn
text.waiting = Many people are here right now. When it is your turn, this page lets you in by itself. Please keep it open.
text.prequeue = Once it has started, everybody is let in by order of arrival. This page does that by itself. Please keep it open.
text.paused = Nobody is being let in at the moment. Your place in line is kept. Please keep this page open.
text.full = There is no room left in the line right now. This page tries again by itself, and you are welcome to come back later.
text.enter = You are being let in now.
text.raffle = At the start, everybody who is here gets a place in line by lot. Coming earlier is no advantage. Please keep this page open.
label.place = Your place in line
label.wait = Estimated wait
label.start = Start
label.countdown = Starts in
ahead.none = Nobody is ahead of you
ahead.one = 1 person is ahead of you
ahead.other = {n} people are ahead of you
wait.unknown = Not known yet
wait.soon = Less than a minute
wait.minute = About 1 minute
wait.minutes = About {n} minutes
wait.minutes.range = About {least} to {most} minutes
wait.minutes.up_to = Up to {n} minutes
wait.minute.over = More than 1 minute
wait.minutes.over = More than {n} minutes
wait.hours = About {n} hours
wait.hours.range = About {least} to {most} hours
wait.hours.up_to = Up to {n} hours
wait.hours.over = More than {n} hours
)";

constexpr std::string_view kGerman = R"(language = de
direction = ltr
thousands = .
date = {day}.{month}.{year}, {hour}:{minute} Uhr (UTC)
title.waiting = Sie sind in der Warteschlange
title.prequeue = Bald geht es los
title.paused = Die Warteschlange ist angehalten
title.full = Der Warteraum ist voll
title.enter = Sie sind an der Reihe
text.waiting = Im Moment sind sehr viele Menschen hier. Sobald Sie an der Reihe sind, leitet diese Seite Sie automatisch weiter. Bitte lassen Sie sie geöffnet.
text.prequeue = Nach dem Start werden alle in der Reihenfolge ihrer Ankunft eingelassen. Diese Seite leitet Sie automatisch weiter. Bitte lassen Sie sie geöffnet.
text.paused = Zurzeit wird niemand eingelassen. Ihr Platz bleibt Ihnen erhalten. Bitte lassen Sie diese Seite geöffnet.
text.full = Zurzeit ist auch in der Warteschlange kein Platz mehr frei. Diese Seite versucht es automatisch weiter, und Sie können gern später wiederkommen.
text.enter = Sie werden jetzt weitergeleitet.
text.raffle = Beim Start werden die Plätze unter allen verlost, die dann hier sind. Wer früher kommt, hat keinen Vorteil. Bitte lassen Sie diese Seite geöffnet.
label.place = Ihr Platz in der Reihe
label.wait = Voraussichtliche Wartezeit
label.start = Beginn
label.countdown = Beginnt in
ahead.none = Vor Ihnen wartet niemand
ahead.one = Vor Ihnen wartet noch 1 Person
ahead.other = Vor Ihnen warten noch {n} Personen
wait.unknown = Noch nicht bekannt
wait.soon = Weniger als eine Minute
wait.minute = Etwa 1 Minute
wait.minutes = Etwa {n} Minuten
wait.minutes.range = Etwa {least} bis {most} Minuten
wait.minutes.up_to = Bis zu {n} Minuten
wait.minute.over = Mehr als 1 Minute
wait.minutes.over = Mehr als {n} Minuten
wait.hours = Etwa {n} Stunden
wait.hours.range = Etwa {least} bis {most} Stunden
wait.hours.up_to = Bis zu {n} Stunden
wait.hours.over = Mehr als {n} Stunden
)";

constexpr std::string_view kNames[] = {
    "language",         "direction",         "thousands",          "date",
    "title.waiting",    "title.prequeue",    "title.paused",       "title.full",
    "title.enter",      "text.waiting",      "text.prequeue",      "text.paused",
    "text.full",        "text.enter",        "text.raffle",        "label.place",
    "label.wait",       "label.start",       "label.countdown",    "ahead.none",
    "ahead.one",        "ahead.other",       "wait.unknown",       "wait.soon",
    "wait.minute",      "wait.minutes",      "wait.minutes.range", "wait.minutes.up_to",
    "wait.minute.over", "wait.minutes.over", "wait.hours",         "wait.hours.range",
    "wait.hours.up_to", "wait.hours.over",
};
static_assert(std::size(kNames) == static_cast<size_t>(TextId::kCount));

// As the subtags of RFC 5646 are written; whether there is such a language is not asked.
bool IsTag(std::string_view text) {
  constexpr size_t kLongestTag = 35;
  return text.size() >= 2 && text.size() <= kLongestTag && LowerChar(text.front()) >= 'a' &&
         LowerChar(text.front()) <= 'z' && std::all_of(text.begin(), text.end(), [](char c) {
           return (LowerChar(c) >= 'a' && LowerChar(c) <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-';
         });
}

// The {names} in `text`, sorted; a brace that closes nothing is one too, so that it is refused.
std::vector<std::string_view> Placeholders(std::string_view text) {
  std::vector<std::string_view> found;
  for (size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const size_t end = text.find('}', at);
    found.push_back(text.substr(at, end == std::string_view::npos ? end : end + 1 - at));
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Empty when `text` is good for `id`; `english` is null only while the built-in ones are made.
std::string WrongWith(TextId id, std::string_view text, const WaitingText* english) {
  if (text.empty() && id != TextId::kThousands) return "has no text";
  if (text.size() > WaitingText::kLongestText) {
    return absl::StrFormat("is longer than %d bytes", WaitingText::kLongestText);
  }
  if (id == TextId::kLanguage && !IsTag(text)) return "must be a tag like fr or pt-BR";
  if (id == TextId::kDirection && text != "ltr" && text != "rtl") return "must be ltr or rtl";
  if (english == nullptr) return {};
  const std::string_view model = (*english)[id];
  if (Placeholders(text) == Placeholders(model)) return {};
  const std::vector<std::string_view> wanted = Placeholders(model);
  if (wanted.empty()) return "takes no {placeholder}";
  std::string list;
  for (const std::string_view name : wanted) list.append(list.empty() ? "" : ", ").append(name);
  return absl::StrFormat("must have %s, once and nothing else in braces", list);
}

struct Line {
  size_t number;
  TextId id;
  std::string_view text;
};

absl::StatusOr<std::vector<Line>> ReadLines(std::string_view file, std::string_view content,
                                            const WaitingText* english) {
  std::vector<Line> lines;
  if (content.size() > WaitingText::kLargestFile) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: is larger than %d bytes", file, WaitingText::kLargestFile));
  }
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  for (size_t number = 1; !content.empty(); ++number) {
    std::string_view line = CutNext(content, '\n');
    if (line.ends_with('\r')) line = TrimSpace(line.substr(0, line.size() - 1));
    const auto wrong = [&](std::string_view why) {
      return absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s", file, number, why));
    };
    if (line.empty() || line.starts_with('#')) continue;
    if (!IsUtf8(line)) return wrong("is not UTF-8");
    if (line.find('=') == std::string_view::npos) return wrong("must be: name = text");
    const std::string_view name = CutNext(line, '=');
    const auto* const known = std::find(std::begin(kNames), std::end(kNames), name);
    if (known == std::end(kNames)) {
      const std::string_view near = conf::Nearest(name, kNames);
      return wrong(absl::StrFormat(
          "there is no text '%s'%s", name,
          near.empty() ? std::string() : absl::StrFormat("; did you mean '%s'?", near)));
    }
    const auto id = static_cast<TextId>(known - kNames);
    for (const Line& before : lines) {
      if (before.id != id) continue;
      return wrong(absl::StrFormat("'%s' is given in line %d already", name, before.number));
    }
    const std::string_view text = TrimSpace(line);
    if (const std::string why = WrongWith(id, text, english); !why.empty()) {
      return wrong(absl::StrFormat("'%s' %s", name, why));
    }
    lines.push_back({number, id, text});
  }
  return lines;
}

}  // namespace

std::span<const WaitingText> WaitingText::BuiltIn() {
  static const auto* const kBuiltIn = [] {
    auto* const texts = new std::array<WaitingText, 2>;
    const std::string_view sources[] = {kEnglish, kGerman};
    for (size_t i = 0; i < texts->size(); ++i) {
      const auto lines = ReadLines("built in", sources[i], i == 0 ? nullptr : texts->data());
      SLUICE_CHECK(lines.ok());
      SLUICE_CHECK(lines->size() == std::size(kNames));
      for (const Line& line : *lines) (*texts)[i].texts_[static_cast<size_t>(line.id)] = line.text;
    }
    return texts;
  }();
  return *kBuiltIn;
}

absl::StatusOr<WaitingText> WaitingText::Parse(std::string_view file, std::string_view content) {
  const std::span<const WaitingText> built_in = BuiltIn();
  auto lines = ReadLines(file, content, &built_in.front());
  if (!lines.ok()) return lines.status();
  const auto language = std::find_if(lines->begin(), lines->end(),
                                     [](const Line& line) { return line.id == TextId::kLanguage; });
  if (language == lines->end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: must say whose words they are: language = fr", file));
  }
  std::vector<std::string_view> tags;
  for (const WaitingText& text : built_in) tags.push_back(text.language());
  WaitingText text = built_in[ChooseLanguage(language->text, tags)];
  for (const Line& line : *lines) text.texts_[static_cast<size_t>(line.id)] = line.text;
  return text;
}

WaitingText WaitingText::Escaped(Escape escape) const {
  WaitingText escaped;
  Arena arena;
  for (size_t i = 0; i < texts_.size(); ++i) escaped.texts_[i] = escape(texts_[i], arena);
  return escaped;
}

}  // namespace sluice::admission
