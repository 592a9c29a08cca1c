#include "proxy/admission/room_word_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"

namespace sluice::admission {

using ratelimit::RoomNews;
using ratelimit::RoomTidings;
using ratelimit::RoomWord;

namespace {

constexpr uint64_t kFormat = 1;
constexpr double kThousandths = 1000;
// What is more is damage.
constexpr uint64_t kMostVisitors = 1'000'000'000;
constexpr uint64_t kFastest = 1'000'000'000;        // thousandths a second
constexpr uint64_t kLatest = uint64_t{1} << 52;     // the year 2112
constexpr uint64_t kMostBeats = uint64_t{1} << 62;  // and entries ever
constexpr size_t kIdDigits = 16;

// Reads word by word; what is none, or is more than it may be, spoils all.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  uint64_t Number(uint64_t most) {
    const std::optional<uint64_t> number = ParseDecimal(Next());
    if (!number || *number > most) good_ = false;
    return good_ ? *number : 0;
  }
  double Pace() { return static_cast<double>(Number(kFastest)) / kThousandths; }
  double SignedPace() {
    const bool negative = rest_.starts_with('-');
    if (negative) rest_.remove_prefix(1);
    return negative ? -Pace() : Pace();
  }
  RoomNews News() {
    const std::string_view word = Next();
    RoomNews news;
    good_ = good_ && word.size() == 1 + kIdDigits && (word[0] == 'i' || word[0] == 'e');
    if (!good_) return news;
    news.what = word[0] == 'i' ? RoomNews::What::kEntered : RoomNews::What::kEnded;
    const auto [end, error] =
        std::from_chars(word.data() + 1, word.data() + word.size(), news.id, 16);
    good_ = error == std::errc() && end == word.data() + word.size();
    return news;
  }
  bool good() const { return good_; }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view Next() { return CutNext(rest_, ' '); }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string WriteRoomWord(const RoomWord& word) {
  std::string text = absl::StrFormat(
      "%d %d %d %d %d %d %d %d %.0f %.0f %d", kFormat, word.beat, word.keeps_order, word.called,
      word.waiting, word.active, word.most, word.entered, word.pace * kThousandths,
      word.drain * kThousandths, std::llround(word.leaving * kThousandths));
  for (const ratelimit::RoomTime place : word.line) absl::StrAppendFormat(&text, " %d", place);
  for (const RoomNews& news : word.news) {
    absl::StrAppendFormat(&text, " %c%016x", news.what == RoomNews::What::kEntered ? 'i' : 'e',
                          news.id);
  }
  return text;
}

std::optional<RoomWord> ReadRoomWord(std::string_view text) {
  Words words(text);
  RoomWord word;
  if (words.Number(kFormat) != kFormat) return std::nullopt;
  word.beat = words.Number(kMostBeats);
  word.keeps_order = words.Number(1) == 1;
  word.called = words.Number(kLatest);
  word.waiting = words.Number(kMostVisitors);
  word.active = words.Number(kMostVisitors);
  word.most = words.Number(kMostVisitors);
  word.entered = words.Number(kMostBeats);
  word.pace = words.Pace();
  word.drain = words.Pace();
  word.leaving = words.SignedPace();
  ratelimit::RoomTime before = 0;
  for (ratelimit::RoomTime& place : word.line) {
    place = words.Number(kLatest);
    if (place < before) return std::nullopt;
    before = place;
  }
  while (words.good() && !words.done()) {
    if (word.news.size() == RoomTidings::kMostTold) return std::nullopt;
    word.news.push_back(words.News());
  }
  if (!words.good()) return std::nullopt;
  return word;
}

}  // namespace sluice::admission
