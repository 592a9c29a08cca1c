#include "proxy/demo/html.h"

#include <cstdint>

#include "absl/strings/str_format.h"
#include "proxy/demo/form.h"

namespace sluice::demo {

std::string HtmlPage(std::string_view title, std::string_view main, std::string_view server) {
  return absl::StrFormat(
      R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s - The Lock Shop</title>
<link rel="stylesheet" href="/static/shop.css">
</head>
<body>
<header>
<a class="name" href="/">The Lock Shop</a>
<form action="/search"><input name="q" placeholder="Search" aria-label="Search"></form>
<a href="/cart">Cart</a>
</header>
<main>
<h1>%s</h1>
%s
</main>
<footer>Made by %s</footer>
</body>
</html>
)",
      EscapeHtml(title), EscapeHtml(title), main, EscapeHtml(server));
}

std::string_view StyleSheet() {
  return R"(body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1d2b33; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 1rem; }
header { display: flex; gap: 1rem; align-items: center; }
header form { flex: 1; }
.name { font-weight: 700; }
a { color: #00587a; text-decoration: none; }
input, button { font: inherit; padding: .3rem .7rem; }
.goods { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; }
.goods img { width: 100%; border-radius: .4rem; }
td, th { padding: .2rem 1rem .2rem 0; text-align: left; }
footer { color: #6b7a82; font-size: .85rem; }
)";
}

std::string Picture(std::string_view name) {
  uint32_t hash = 2166136261u;  // FNV-1a: any spread of names over colours will do
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  const uint32_t hue = hash % 360;
  return absl::StrFormat(
      R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120">
<rect width="160" height="120" fill="hsl(%d 45%% 88%%)"/>
<path d="M0 %d q40 -18 80 0 t80 0 V120 H0 Z" fill="hsl(%d 50%% 60%%)"/>
<circle cx="%d" cy="34" r="14" fill="hsl(%d 70%% 70%%)"/>
</svg>
)svg",
      hue, 70 + hash / 360 % 20, (hue + 150) % 360, 30 + hash / 7200 % 100, (hue + 40) % 360);
}

}  // namespace sluice::demo
