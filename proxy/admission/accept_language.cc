#include "proxy/admission/accept_language.h"

#include <optional>

#include "proxy/base/check.h"
#include "proxy/base/text.h"
#include "proxy/http/accept.h"

namespace sluice::admission {
namespace {

constexpr int kFullWeight = 1000;

// Is `tag` the whole of `range`, or the front of it up to a hyphen?
bool Covers(std::string_view tag, std::string_view range) {
  if (range.size() < tag.size() || !EqualsIgnoreCase(range.substr(0, tag.size()), tag)) {
    return false;
  }
  return range.size() == tag.size() || range[tag.size()] == '-';
}

std::optional<size_t> Match(std::string_view range, std::span<const std::string_view> tags) {
  if (range == "*") return 0;
  std::optional<size_t> best;
  for (size_t i = 0; i < tags.size(); ++i) {
    if (!Covers(tags[i], range)) continue;
    if (!best || tags[i].size() > tags[*best].size()) best = i;
  }
  for (size_t i = 0; i < tags.size() && !best; ++i) {
    if (Covers(range, tags[i])) best = i;
  }
  return best;
}

}  // namespace

size_t ChooseLanguage(std::string_view accept_language, std::span<const std::string_view> tags) {
  SLUICE_CHECK(!tags.empty());
  size_t best = 0;
  int best_weight = 0;
  for (size_t i = 0; i < kMostRanges && !accept_language.empty(); ++i) {
    std::string_view parameters = CutNext(accept_language, ',');
    const std::string_view range = CutNext(parameters, ';');
    const int weight = http::WeightOf(parameters);
    if (range.empty() || weight <= best_weight) continue;
    if (const std::optional<size_t> match = Match(range, tags)) {
      best = *match;
      best_weight = weight;
    }
    if (best_weight == kFullWeight) break;
  }
  return best;
}

}  // namespace sluice::admission
