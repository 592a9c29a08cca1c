#include "proxy/admission/waiting_words.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <initializer_list>
#include <utility>

namespace sluice::admission {
namespace {

using State = WaitingView::State;
using std::chrono::minutes;
using std::chrono::seconds;

TextId TextOf(TextId first, State state) {
  return static_cast<TextId>(static_cast<size_t>(first) + static_cast<size_t>(state));
}

std::string_view Padded(int64_t number, size_t digits, Arena& arena) {
  char* const text = arena.AllocateArray<char>(digits);
  for (size_t i = digits; i-- > 0; number /= 10) text[i] = static_cast<char>('0' + number % 10);
  return {text, digits};
}

std::string_view Grouped(uint64_t number, std::string_view separator, Arena& arena) {
  const std::string_view digits = arena.Decimal(number);
  if (digits.size() <= 3) return digits;
  const size_t groups = (digits.size() - 1) / 3;
  const size_t size = digits.size() + groups * separator.size();
  char* const text = arena.AllocateArray<char>(size);
  char* to = text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) {
      to = std::copy(separator.begin(), separator.end(), to);
    }
    *to++ = digits[i];
  }
  return {text, size};
}

// `pattern` with its {names} replaced; it has no others (WaitingText::Parse).
using Names = std::initializer_list<std::pair<std::string_view, std::string_view>>;
std::string_view Fill(std::string_view pattern, Names names, Arena& arena) {
  size_t size = pattern.size();
  for (const auto& [name, value] : names) size += value.size();
  char* const text = arena.AllocateArray<char>(size);
  char* to = text;
  while (!pattern.empty()) {
    const auto* const name = std::find_if(
        names.begin(), names.end(), [&](const auto& n) { return pattern.starts_with(n.first); });
    if (name != names.end()) {
      to = std::copy(name->second.begin(), name->second.end(), to);
      pattern.remove_prefix(name->first.size());
    }
    const size_t plain = std::min(pattern.find('{'), pattern.size());
    to = std::copy_n(pattern.begin(), plain, to);
    pattern.remove_prefix(plain);
  }
  return {text, static_cast<size_t>(to - text)};
}

// The words of one unit.
struct UnitTexts {
  TextId exactly, range, up_to, over;
};
constexpr UnitTexts kMinuteTexts = {TextId::kWaitMinutes, TextId::kWaitMinutesRange,
                                    TextId::kWaitMinutesUpTo, TextId::kWaitMinutesOver};
constexpr UnitTexts kHourTexts = {TextId::kWaitHours, TextId::kWaitHoursRange,
                                  TextId::kWaitHoursUpTo, TextId::kWaitHoursOver};
constexpr minutes kFromHereInHours{120};

minutes StepAt(Duration wait) {
  if (wait <= minutes(10)) return minutes(1);
  return wait <= minutes(60) ? minutes(5) : minutes(10);
}

class WaitWords {
 public:
  WaitWords(const WaitingText& text, Arena& arena) : text_(text), arena_(arena) {}

  std::string_view Of(std::optional<Duration> least, std::optional<Duration> most) {
    if (!least && !most) return text_[TextId::kWaitUnknown];
    const Duration from = std::max(least.value_or(Duration{0}), Duration{0});
    const Duration to = std::max(most.value_or(from), from);
    const bool in_hours = to >= kFromHereInHours;
    const minutes unit = in_hours ? minutes(60) : minutes(1);
    const UnitTexts& say = in_hours ? kHourTexts : kMinuteTexts;
    const minutes low_step = in_hours ? unit : StepAt(from);
    const minutes low = std::chrono::floor<minutes>(from) / low_step * low_step;
    if (!most) return Over(static_cast<uint64_t>(low / unit), say);
    const minutes step = in_hours ? unit : StepAt(to);
    const minutes high = (std::chrono::ceil<minutes>(to) + step - minutes(1)) / step * step;
    return Between(static_cast<uint64_t>(low / unit), static_cast<uint64_t>(high / unit), say);
  }

 private:
  std::string_view Over(uint64_t low, const UnitTexts& say) {
    // More than nothing is all that is known.
    if (low == 0) return text_[TextId::kWaitUnknown];
    if (low == 1) return text_[TextId::kWaitMinuteOver];
    return With(say.over, low);
  }

  std::string_view Between(uint64_t low, uint64_t high, const UnitTexts& say) {
    if (low == 0) return high <= 1 ? text_[TextId::kWaitSoon] : With(say.up_to, high);
    if (low == high) return low == 1 ? text_[TextId::kWaitMinute] : With(say.exactly, low);
    return Fill(text_[say.range], {{"{least}", Number(low)}, {"{most}", Number(high)}}, arena_);
  }

  std::string_view With(TextId id, uint64_t number) {
    return Fill(text_[id], {{"{n}", Number(number)}}, arena_);
  }
  std::string_view Number(uint64_t number) {
    return Grouped(number, text_[TextId::kThousands], arena_);
  }

  const WaitingText& text_;
  Arena& arena_;
};

void SayPlace(const WaitingView& view, const WaitingText& text, SlotValues& values, Arena& arena) {
  const std::string_view separator = text[TextId::kThousands];
  values[Slot::kPosition] = arena.Decimal(view.position);
  values[Slot::kPlaceText] = Grouped(view.position, separator, arena);
  values[Slot::kAhead] = arena.Decimal(view.ahead);
  values[Slot::kAheadText] = view.ahead == 0 ? text[TextId::kAheadNone]
                             : view.ahead == 1
                                 ? text[TextId::kAheadOne]
                                 : Fill(text[TextId::kAheadOther],
                                        {{"{n}", Grouped(view.ahead, separator, arena)}}, arena);
}

// Nobody is told a wait who is not waiting for others.
void SayWait(const WaitingView& view, const WaitingText& text, SlotValues& values, Arena& arena) {
  const bool paused = view.state == State::kPaused;
  const bool known = !paused && (view.least || view.most);
  if (!known && !paused && view.state != State::kWaiting) return;
  if (!known) {
    values[Slot::kWaitText] = text[TextId::kWaitUnknown];
    return;
  }
  values[Slot::kWaitText] = WaitWords(text, arena).Of(view.least, view.most);
  const Duration middle =
      (view.least.value_or(Duration{0}) + view.most.value_or(view.least.value_or(Duration{0}))) / 2;
  const auto in_seconds = std::max<int64_t>(std::chrono::ceil<seconds>(middle).count(), 0);
  values[Slot::kWaitSeconds] = arena.Decimal(static_cast<uint64_t>(in_seconds));
}

void SayStart(const WaitingView& view, const WaitingText& text, SlotValues& values, Arena& arena) {
  const WallTime start = *view.event_start;
  const auto day = std::chrono::floor<std::chrono::days>(start);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<seconds>(start - day));
  const std::string_view y = Padded(int{date.year()}, 4, arena);
  const std::string_view m = Padded(unsigned{date.month()}, 2, arena);
  const std::string_view d = Padded(unsigned{date.day()}, 2, arena);
  const std::string_view hour = Padded(time.hours().count(), 2, arena);
  const std::string_view minute = Padded(time.minutes().count(), 2, arena);
  const std::string_view second = Padded(time.seconds().count(), 2, arena);
  values[Slot::kEventStart] =
      arena.Concat({y, "-", m, "-", d, "T", hour, ":", minute, ":", second, "Z"});
  values[Slot::kStartText] = Fill(
      text[TextId::kDate],
      {{"{year}", y}, {"{month}", m}, {"{day}", d}, {"{hour}", hour}, {"{minute}", minute}}, arena);
  const auto left = std::chrono::ceil<seconds>(start - view.now).count();
  values[Slot::kStartsInSeconds] = arena.Decimal(static_cast<uint64_t>(std::max<int64_t>(left, 0)));
}

// At most kLongestMessage bytes, ending with a whole character.
std::string_view Shortened(std::string_view message) {
  if (message.size() <= WaitingView::kLongestMessage) return message;
  size_t end = WaitingView::kLongestMessage;
  while (end > 0 && (static_cast<uint8_t>(message[end]) & 0xc0) == 0x80) --end;
  return message.substr(0, end);
}

}  // namespace

std::string_view NameOf(State state) {
  static constexpr std::string_view kNames[] = {"waiting", "prequeue", "paused", "full", "enter"};
  return kNames[static_cast<size_t>(state)];
}

void Say(const WaitingView& view, const WaitingText& text, WaitingText::Escape escape,
         SlotValues& values, Arena& arena) {
  const bool raffle = view.state == State::kPrequeue && view.raffle;
  values[Slot::kState] = NameOf(view.state);
  values[Slot::kTitle] = text[TextOf(TextId::kTitleWaiting, view.state)];
  values[Slot::kText] =
      text[raffle ? TextId::kTextRaffle : TextOf(TextId::kTextWaiting, view.state)];
  if (view.position > 0) SayPlace(view, text, values, arena);
  SayWait(view, text, values, arena);
  if (view.state == State::kPrequeue && view.event_start) SayStart(view, text, values, arena);
  values[Slot::kPollSeconds] =
      arena.Decimal(static_cast<uint64_t>(std::max<int64_t>(view.poll.count(), 1)));
  values[Slot::kMessage] = escape(Shortened(view.message), arena);
}

}  // namespace sluice::admission
