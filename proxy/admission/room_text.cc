#include "proxy/admission/room_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "ratelimit/line.h"

namespace sluice::admission {

using Snapshot = ratelimit::WaitingRoom::Snapshot;

namespace {

constexpr double kThousandths = 1000;
constexpr uint64_t kFastest = 1'000'000'000;  // thousandths of a second: what is more is damage

// The number of the next word, which begins with `key`.
std::optional<uint64_t> Next(std::string_view& words, std::string_view key) {
  const std::string_view word = CutNext(words, ' ');
  return word.starts_with(key) ? ParseDecimal(word.substr(key.size())) : std::nullopt;
}

std::optional<Snapshot> Parse(std::string_view head, std::string_view counts) {
  const auto called = Next(head, "called=");
  const auto taken = Next(head, "taken=");
  const auto pace = Next(head, "pace=");
  const auto drain = Next(head, "drain=");
  const auto active = Next(head, "active=");
  const auto first = Next(head, "first=");
  const auto width = Next(head, "width=");
  if (!called || !taken || !pace || !drain || !active || !first || !width ||
      std::max(*pace, *drain) > kFastest || *width == 0 || *width % ratelimit::Line::kWidth != 0) {
    return std::nullopt;
  }
  Snapshot snapshot{.called = *called,
                    .taken = *taken,
                    .pace = static_cast<double>(*pace) / kThousandths,
                    .drain = static_cast<double>(*drain) / kThousandths,
                    .active = *active,
                    .line = {.first = *first, .width = *width, .counts = {}}};
  while (!counts.empty()) {
    const auto count = Next(counts, "");
    if (!count || *count > UINT32_MAX || snapshot.line.counts.size() == ratelimit::Line::kMost) {
      return std::nullopt;
    }
    snapshot.line.counts.push_back(static_cast<uint32_t>(*count));
  }
  return snapshot;
}

}  // namespace

void AppendRoomText(std::string_view name, const Snapshot& snapshot, std::string& text) {
  absl::StrAppendFormat(
      &text, "room %s called=%d taken=%d pace=%.0f drain=%.0f active=%d first=%d width=%d\n", name,
      snapshot.called, snapshot.taken, snapshot.pace * kThousandths, snapshot.drain * kThousandths,
      snapshot.active, snapshot.line.first, snapshot.line.width);
  const char* between = "";
  for (const uint32_t count : snapshot.line.counts) {
    absl::StrAppendFormat(&text, "%s%d", between, count);
    between = " ";
  }
  text += '\n';
}

std::optional<Snapshot> FindRoomText(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view head = CutNext(text, '\n');
    std::string_view counts = CutNext(text, '\n');
    if (CutNext(head, ' ') == "room" && CutNext(head, ' ') == name) return Parse(head, counts);
  }
  return std::nullopt;
}

}  // namespace sluice::admission
