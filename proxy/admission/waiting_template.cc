#include "proxy/admission/waiting_template.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "proxy/admission/waiting_markup.h"
#include "proxy/base/text.h"

namespace sluice::admission {
namespace {

constexpr std::string_view kNames[] = {
    "lang",
    "dir",
    "room",
    "status_url",
    "place_label",
    "wait_label",
    "start_label",
    "countdown_label",
    "state",
    "title",
    "text",
    "position",
    "place_text",
    "ahead",
    "ahead_text",
    "eta_s",
    "eta_text",
    "poll_s",
    "event_start",
    "start_text",
    "starts_in_s",
    "message",
    // Parts of the built-in page.
    "style",
    "script",
    "refresh",
};
const std::string_view* const kParts[] = {&kStyleTag, &kScriptTag, &kRefreshTag};
constexpr size_t kSlots = static_cast<size_t>(Slot::kCount);
static_assert(std::size(kNames) == kSlots + std::size(kParts));

constexpr std::string_view kHiddenMark = "hidden:";

}  // namespace

absl::StatusOr<WaitingTemplate> WaitingTemplate::Parse(std::string_view file,
                                                       std::string_view text) {
  if (text.size() > kLargest) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: is larger than %d bytes", file, kLargest));
  }
  if (!IsUtf8(text)) return absl::InvalidArgumentError(absl::StrFormat("%s: is not UTF-8", file));
  WaitingTemplate made;
  if (absl::Status wrong = made.Append(file, text); !wrong.ok()) return wrong;
  return made;
}

absl::Status WaitingTemplate::Append(std::string_view file, std::string_view text) {
  const auto wrong = [&](size_t at, std::string_view why) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n');
    return absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s", file, line, why));
  };
  size_t begin = 0;  // of the plain text not yet stored
  for (size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", begin)) {
    const size_t end = text.find("}}", at);
    if (end == std::string_view::npos) return wrong(at, "{{ without }}");
    std::string_view name = TrimSpace(text.substr(at + 2, end - at - 2));
    const bool if_empty = name.starts_with(kHiddenMark);
    if (if_empty) name.remove_prefix(kHiddenMark.size());
    const auto known = static_cast<size_t>(std::find(std::begin(kNames), std::end(kNames), name) -
                                           std::begin(kNames));
    if (known == std::size(kNames) || (if_empty && known >= kSlots)) {
      return wrong(at, absl::StrFormat("there is no {{%s}}%s", name, conf::MayBe(name, kNames)));
    }
    pieces_.push_back({std::string(text.substr(begin, at - begin)),
                       static_cast<Slot>(std::min(known, kSlots)), if_empty});
    if (known >= kSlots) {
      if (absl::Status bad = Append("built in", *kParts[known - kSlots]); !bad.ok()) return bad;
    }
    begin = end + 2;
  }
  pieces_.push_back({std::string(text.substr(begin)), Slot::kCount, false});
  return absl::OkStatus();
}

std::string_view WaitingTemplate::Of(const Piece& piece, const SlotValues& values) {
  if (piece.slot == Slot::kCount) return {};
  const std::string_view value = values[piece.slot];
  if (!piece.if_empty) return value;
  return value.empty() ? "hidden" : "";
}

WaitingTemplate WaitingTemplate::Bind(const SlotValues& fixed) const {
  WaitingTemplate bound;
  std::string before;
  for (const Piece& piece : pieces_) {
    before += piece.before;
    if (piece.slot < kFirstOfVisitor) {
      before += Of(piece, fixed);
    } else if (piece.slot != Slot::kCount) {
      bound.pieces_.push_back({std::exchange(before, {}), piece.slot, piece.if_empty});
    }
  }
  bound.pieces_.push_back({before, Slot::kCount, false});
  return bound;
}

std::string_view WaitingTemplate::Expand(const SlotValues& values, Arena& arena) const {
  size_t size = 0;
  for (const Piece& piece : pieces_) size += piece.before.size() + Of(piece, values).size();
  char* const page = arena.AllocateArray<char>(size);
  char* to = page;
  for (const Piece& piece : pieces_) {
    for (const std::string_view part : {std::string_view(piece.before), Of(piece, values)}) {
      to = std::copy(part.begin(), part.end(), to);
    }
  }
  return {page, size};
}

}  // namespace sluice::admission
