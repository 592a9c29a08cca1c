#include "proxy/demo/form.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "proxy/demo/catalogue.h"

namespace sluice::demo {

namespace {

constexpr uint32_t kMostOfOne = 99;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = LowerChar(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// An escape that is none stays as it is, as browsers do it.
std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> FormValue(std::string_view form, std::string_view key) {
  while (!form.empty()) {
    const std::string_view pair = CutNext(form, '&');
    const size_t equals = pair.find('=');
    if (Decode(pair.substr(0, equals)) != key) continue;
    return equals == std::string_view::npos ? std::string() : Decode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<uint64_t> FormNumber(std::string_view form, std::string_view key) {
  const std::optional<std::string> text = FormValue(form, key);
  return text ? ParseDecimal(*text) : std::nullopt;
}

std::string_view CookieValue(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    // Several Cookie fields are joined with commas, which no cookie value may contain.
    const size_t end = cookies.find_first_of(";,");
    const std::string_view pair = TrimSpace(cookies.substr(0, end));
    cookies = end == std::string_view::npos ? std::string_view() : cookies.substr(end + 1);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void Add(Cart& cart, uint64_t product, uint64_t count) {
  if (FindProduct(product) == nullptr || count == 0) return;
  uint32_t& have = cart[product];
  have =
      static_cast<uint32_t>(std::min<uint64_t>(kMostOfOne, have + std::min<uint64_t>(count, 99)));
}

Cart ParseCart(std::string_view cookie) {
  Cart cart;
  while (!cookie.empty()) {
    std::string_view count = CutNext(cookie, '-');
    const std::string_view product = CutNext(count, '.');
    Add(cart, ParseDecimal(product).value_or(0), ParseDecimal(count).value_or(0));
  }
  return cart;
}

std::string CartText(const Cart& cart) {
  std::string text;
  for (const auto& [product, count] : cart) {
    absl::StrAppendFormat(&text, "%s%d.%d", text.empty() ? "" : "-", product, count);
  }
  return text;
}

}  // namespace sluice::demo
