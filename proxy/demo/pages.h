// The pages of the pretend shop: which page a request is for and what it will cost, then the page
// itself. Pure but for the stock that a checkout takes.
//
// Threads: the storefront's loop. An Answer owns what it holds.
#ifndef SLUICE_PROXY_DEMO_PAGES_H_
#define SLUICE_PROXY_DEMO_PAGES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/time.h"
#include "proxy/demo/database.h"
#include "proxy/http/message.h"

namespace sluice::demo {

enum class Page : uint8_t {
  kHome,
  kProduct,
  kSearch,
  kCart,
  kCheckout,
  kStatic,
  kStock,
  kHealth,
  kEvents,
  kBytes,
  kUpload,
  kEcho,
  kControl,
  kNotFound,
  kNotAllowed,
  kOptions,
};

// What one request will take.
struct Plan {
  Page page = Page::kNotFound;
  std::string_view rest;   // of the path, behind the page's own part: an id, a name; in the head
  std::string_view allow;  // methods, for Allow
  Duration web_time{};     // median, before the server's own factor
  uint32_t queries = 0;    // to the database
  bool needs_worker = true;
};
Plan PlanFor(const http::RequestHead& head);

struct Answer {
  int status = 200;
  std::string_view content_type = "text/html; charset=utf-8";
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::string body;
  uint64_t filler_bytes = 0;  // instead of `body`: that many of Filler()
  bool chunked = false;
  uint32_t events = 0;        // instead of `body`: so many server-sent events,
  Duration event_interval{};  // one every so often
};

// What a page is made from. The views must live as long as the call.
struct Visit {
  const Plan& plan;
  const http::RequestHead& head;
  std::string_view body;      // at most kMostForm bytes of it
  uint64_t body_bytes = 0;    // all that came
  std::string_view server;    // "web-1"
  uint64_t order_number = 0;  // for a checkout
};
Answer MakePage(const Visit& visit, Database& database);

// A short page of text in the shop's dress: errors and refusals.
Answer Notice(int status, std::string_view title, std::string_view text, std::string_view server);

// Request bodies are kept up to here; the rest is counted and dropped.
inline constexpr size_t kMostForm = 64 * 1024;

// Endless text for downloads: the bytes from `offset` on, as far as they lie together (at least
// one). The period is 65,521 bytes, a prime, so that bytes lost or doubled by any power of two
// show.
std::string_view Filler(uint64_t offset);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_PAGES_H_
