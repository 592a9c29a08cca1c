// FormatHttpDate of forward_head.h, apart because it is about the calendar and nothing else.
#include <cstdint>

#include "proxy/exchange/forward_head.h"

namespace sluice::exchange {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

char* PutText(char* to, std::string_view text) {
  for (const char c : text) *to++ = c;
  return to;
}

char* PutTwo(char* to, unsigned number) {
  *to++ = static_cast<char>('0' + number / 10 % 10);
  *to++ = static_cast<char>('0' + number % 10);
  return to;
}

}  // namespace

std::string_view FormatHttpDate(WallTime now, std::span<char, kHttpDateSize> buffer) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  const unsigned month = static_cast<unsigned>(date.month()) - 1;

  char* to = buffer.data();
  to = PutText(to, kDays.substr(std::chrono::weekday(day).c_encoding() * 3, 3));
  to = PutText(to, ", ");
  to = PutTwo(to, static_cast<unsigned>(date.day()));
  to = PutText(to, " ");
  to = PutText(to, kMonths.substr(month * 3, 3));
  to = PutText(to, " ");
  to = PutTwo(PutTwo(to, year / 100), year % 100);
  to = PutText(to, " ");
  to = PutTwo(to, static_cast<unsigned>(time.hours().count()));
  to = PutText(to, ":");
  to = PutTwo(to, static_cast<unsigned>(time.minutes().count()));
  to = PutText(to, ":");
  to = PutTwo(to, static_cast<unsigned>(time.seconds().count()));
  PutText(to, " GMT");
  return {buffer.data(), buffer.size()};
}

}  // namespace sluice::exchange
