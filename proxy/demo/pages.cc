#include "proxy/demo/pages.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "proxy/demo/catalogue.h"
#include "proxy/demo/form.h"
#include "proxy/demo/html.h"
#include "proxy/demo/random.h"

namespace sluice::demo {

namespace {

using http::FieldId;
using http::Method;
using std::chrono::milliseconds;

struct PageRow {
  std::string_view path;
  bool prefix;
  Page page;
  std::string_view allow;
  milliseconds web_time;
  uint32_t queries;
  bool needs_worker;
};

// The whole shop at a glance. Times are what such pages take in the web tier of a real shop.
constexpr std::string_view kRead = "GET, HEAD";
constexpr std::string_view kForm = "GET, HEAD, POST";
constexpr PageRow kPages[] = {
    {"/", false, Page::kHome, kRead, milliseconds(5), 1, true},
    {"/product/", true, Page::kProduct, kRead, milliseconds(5), 1, true},
    {"/search", false, Page::kSearch, kRead, milliseconds(10), 2, true},
    {"/cart", false, Page::kCart, kForm, milliseconds(4), 1, true},
    {"/checkout", false, Page::kCheckout, "POST", milliseconds(15), 3, true},
    {"/static/", true, Page::kStatic, kRead, milliseconds(0), 0, true},
    {"/api/stock/", true, Page::kStock, kRead, milliseconds(2), 1, true},
    {"/healthz", false, Page::kHealth, kRead, milliseconds(0), 0, false},
    {"/events", false, Page::kEvents, kRead, milliseconds(1), 0, true},
    {"/bytes/", true, Page::kBytes, kRead, milliseconds(0), 0, true},
    {"/upload", false, Page::kUpload, "POST, PUT", milliseconds(0), 0, true},
    {"/echo", false, Page::kEcho, "GET, HEAD, POST, PUT, DELETE, PATCH", milliseconds(0), 0, true},
    {"/_demo/", true, Page::kControl, kForm, milliseconds(0), 0, false},
};

// An answer that takes no work.
Plan Without(Page page, std::string_view allow) {
  Plan plan;
  plan.page = page;
  plan.allow = allow;
  plan.needs_worker = false;
  return plan;
}

bool Allowed(std::string_view allow, std::string_view method) {
  while (!allow.empty()) {
    if (CutNext(allow, ',') == method) return true;
  }
  return false;
}

std::string GoodsHtml(std::string_view wanted, size_t most) {
  std::string html = "<div class=\"goods\">\n";
  const std::string needle = LowerCase(wanted);
  const std::span<const Product> all = Catalogue();
  size_t shown = 0;
  for (size_t i = 0; i < all.size() && shown < most; ++i) {
    if (LowerCase(all[i].name).find(needle) == std::string::npos && all[i].kind != needle) continue;
    ++shown;
    absl::StrAppendFormat(
        &html,
        "<a href=\"/product/%d\"><img src=\"/static/%d.svg\" alt=\"\" width=\"160\""
        " height=\"120\">%s<br>%s</a>\n",
        i + 1, i + 1, EscapeHtml(all[i].name), Price(all[i].cents));
  }
  html += shown == 0 ? "<p>Nothing found.</p></div>" : "</div>";
  return html;
}

Answer Html(std::string_view title, std::string_view main, const Visit& visit) {
  Answer answer;
  answer.body = HtmlPage(title, main, visit.server);
  answer.fields.emplace_back("Cache-Control", "no-store");
  return answer;
}

Answer Text(std::string body, std::string_view type = "text/plain; charset=utf-8") {
  Answer answer;
  answer.content_type = type;
  answer.body = std::move(body);
  answer.fields.emplace_back("Cache-Control", "no-store");
  return answer;
}

Answer ProductPage(const Visit& visit, const Database& database) {
  const uint64_t id = ParseDecimal(visit.plan.rest).value_or(0);
  const Product* const product = FindProduct(id);
  if (product == nullptr)
    return Notice(404, "No such product", "We don't sell that.", visit.server);
  return Html(product->name,
              absl::StrFormat("<img src=\"/static/%d.svg\" alt=\"\" width=\"320\" height=\"240\">\n"
                              "<p>%s. %d in stock.</p>\n"
                              "<form method=\"post\" action=\"/cart\">"
                              "<input type=\"hidden\" name=\"add\" value=\"%d\">"
                              "<button>Into the cart</button></form>",
                              id, Price(product->cents), database.stock(id - 1), id),
              visit);
}

Answer SearchPage(const Visit& visit) {
  const std::string wanted = FormValue(visit.head.query, "q").value_or("");
  Answer answer =
      Html(wanted.empty() ? "Everything" : "Search: " + wanted, GoodsHtml(wanted, 100), visit);
  answer.chunked = true;  // as pages are that are made while they are sent
  return answer;
}

Answer CartPage(const Visit& visit) {
  Cart cart = ParseCart(CookieValue(visit.head.fields.Joined(FieldId::kCookie), "cart"));
  if (visit.head.method == Method::kPost) {
    if (const auto id = FormNumber(visit.body, "add")) {
      Add(cart, *id, FormNumber(visit.body, "n").value_or(1));
    }
    if (const auto id = FormNumber(visit.body, "remove")) cart.erase(*id);
    Answer answer = Notice(303, "Cart", "See /cart.", visit.server);
    answer.fields.emplace_back("Location", "/cart");
    answer.fields.emplace_back(
        "Set-Cookie", absl::StrFormat("cart=%s; Path=/; HttpOnly; SameSite=Lax", CartText(cart)));
    return answer;
  }
  if (cart.empty()) return Html("Cart", "<p>Nothing in it yet.</p>", visit);
  std::string rows = "<table>\n";
  uint64_t cents = 0;
  for (const auto& [id, count] : cart) {
    const Product& product = *FindProduct(id);
    cents += uint64_t{product.cents} * count;
    absl::StrAppendFormat(&rows, "<tr><td>%d x</td><td>%s</td><td>%s</td></tr>\n", count,
                          EscapeHtml(product.name), Price(uint64_t{product.cents} * count));
  }
  absl::StrAppendFormat(&rows,
                        "<tr><th></th><th>Together</th><th>%s</th></tr>\n</table>\n"
                        "<form method=\"post\" action=\"/checkout\"><button>Buy</button></form>",
                        Price(cents));
  return Html("Cart", rows, visit);
}

Answer CheckoutPage(const Visit& visit, Database& database) {
  const Cart cart = ParseCart(CookieValue(visit.head.fields.Joined(FieldId::kCookie), "cart"));
  if (cart.empty()) return Notice(400, "Checkout", "The cart is empty.", visit.server);
  for (const auto& [id, count] : cart) {
    if (database.stock(id - 1) < count) {
      return Notice(409, "Sold out", FindProduct(id)->name, visit.server);
    }
  }
  for (const auto& [id, count] : cart) database.Take(id - 1, count);
  Answer answer = Html(
      "Thank you", absl::StrFormat("<p>Your order is number %d.</p>", visit.order_number), visit);
  answer.fields.emplace_back("Set-Cookie", "cart=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
  return answer;
}

// Pictures and the style sheet may be cached, and asked for again with their tag (RFC 9110 13.1.2).
Answer StaticFile(const Visit& visit) {
  Answer answer;
  std::string_view name = visit.plan.rest;
  const std::string tag = absl::StrFormat("\"%s-1\"", EscapeHtml(name));
  answer.fields.emplace_back("Cache-Control", "public, max-age=86400");
  answer.fields.emplace_back("ETag", tag);
  if (name == "shop.css") {
    answer.content_type = "text/css";
    answer.body = std::string(StyleSheet());
  } else if (name.ends_with(".svg") && name.size() > 4) {
    answer.content_type = "image/svg+xml";
    answer.body = Picture(name.substr(0, name.size() - 4));
  } else {
    return Notice(404, "Not found", "There is no such file.", visit.server);
  }
  const http::Field* const known = visit.head.fields.Find("If-None-Match");
  if (known != nullptr && known->value == tag) {
    answer.status = 304;
    answer.body.clear();
  }
  return answer;
}

Answer StockAnswer(const Visit& visit, const Database& database) {
  const uint64_t id = ParseDecimal(visit.plan.rest).value_or(0);
  Answer answer = Text("{\"error\":\"no such product\"}\n", "application/json");
  if (FindProduct(id) == nullptr) {
    answer.status = 404;
    return answer;
  }
  answer.body = absl::StrFormat("{\"id\":%d,\"stock\":%d,\"server\":\"%s\"}\n", id,
                                database.stock(id - 1), visit.server);
  return answer;
}

Answer BytesAnswer(const Visit& visit) {
  const std::optional<uint64_t> count = ParseDecimal(visit.plan.rest);
  if (!count) return Notice(404, "Not found", "/bytes/ wants a number.", visit.server);
  Answer answer = Text("", "application/octet-stream");
  answer.filler_bytes = *count;
  answer.chunked = FormNumber(visit.head.query, "chunked").value_or(0) != 0;
  return answer;
}

Answer EventsAnswer(const Visit& visit) {
  Answer answer = Text("", "text/event-stream");
  answer.chunked = true;
  answer.events = static_cast<uint32_t>(
      std::clamp<uint64_t>(FormNumber(visit.head.query, "n").value_or(10), 1, 100'000));
  answer.event_interval = milliseconds(
      std::clamp<uint64_t>(FormNumber(visit.head.query, "ms").value_or(1000), 1, 60'000));
  return answer;
}

// The request as this server sees it.
Answer EchoAnswer(const Visit& visit) {
  std::string text = absl::StrFormat("%s %s\n", visit.head.method_text, visit.head.target);
  for (const http::Field& field : visit.head.fields) {
    absl::StrAppendFormat(&text, "%s: %s\n", field.name, field.value);
  }
  absl::StrAppendFormat(&text, "\nbody: %d bytes\n", visit.body_bytes);
  return Text(std::move(text));
}

}  // namespace

Plan PlanFor(const http::RequestHead& head) {
  if (head.path == "*") {
    return Without(Page::kOptions, "GET, HEAD, POST, PUT, OPTIONS");
  }
  for (const PageRow& row : kPages) {
    if (row.prefix ? !head.path.starts_with(row.path) : head.path != row.path) continue;
    Plan plan{.page = row.page,
              .rest = head.path.substr(row.path.size()),
              .allow = row.allow,
              .web_time = row.web_time,
              .queries = row.queries,
              .needs_worker = row.needs_worker};
    if (Allowed(row.allow, head.method_text)) return plan;
    const bool asks = head.method == Method::kOptions;
    return Without(asks ? Page::kOptions : Page::kNotAllowed, row.allow);
  }
  return {};
}

Answer Notice(int status, std::string_view title, std::string_view text, std::string_view server) {
  Answer answer;
  answer.status = status;
  answer.body = HtmlPage(title, absl::StrFormat("<p>%s</p>", EscapeHtml(text)), server);
  return answer;
}

Answer MakePage(const Visit& visit, Database& database) {
  switch (visit.plan.page) {
    case Page::kHome:
      return Html("Welcome", GoodsHtml("", 12), visit);
    case Page::kProduct:
      return ProductPage(visit, database);
    case Page::kSearch:
      return SearchPage(visit);
    case Page::kCart:
      return CartPage(visit);
    case Page::kCheckout:
      return CheckoutPage(visit, database);
    case Page::kStatic:
      return StaticFile(visit);
    case Page::kStock:
      return StockAnswer(visit, database);
    case Page::kHealth:
      return Text("ok\n");
    case Page::kEvents:
      return EventsAnswer(visit);
    case Page::kBytes:
      return BytesAnswer(visit);
    case Page::kUpload:
      return Text(absl::StrFormat("%d bytes\n", visit.body_bytes));
    case Page::kEcho:
      return EchoAnswer(visit);
    case Page::kOptions: {
      Answer answer;
      answer.status = 204;
      answer.fields.emplace_back("Allow", std::string(visit.plan.allow));
      return answer;
    }
    case Page::kNotAllowed: {
      Answer answer = Notice(405, "Not allowed", "Not with this method.", visit.server);
      answer.fields.emplace_back("Allow", std::string(visit.plan.allow));
      return answer;
    }
    case Page::kControl:
    case Page::kNotFound:
      break;
  }
  return Notice(404, "Not found", "There is no such page.", visit.server);
}

std::string_view Filler(uint64_t offset) {
  constexpr size_t kPeriod = 65'521;
  static const std::string* const kText = [] {
    auto* const text = new std::string(kPeriod, '\n');  // lives as long as the process
    Random random(1);
    for (size_t i = 0; i < kPeriod; ++i) {
      if (i % 64 != 63) (*text)[i] = static_cast<char>('a' + random.Next() % 26);
    }
    return text;
  }();
  return std::string_view(*kText).substr(offset % kPeriod);
}

}  // namespace sluice::demo
