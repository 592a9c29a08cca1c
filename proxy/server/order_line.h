// OrderLine: a word and named values as a line of text, "room do=pause room=sale": how one order is
// kept on disk (orders.h). A value may be any text: what is no visible ASCII, and '%', is %XX
// there.
//
// Threads: any; pure.
#ifndef SLUICE_PROXY_SERVER_ORDER_LINE_H_
#define SLUICE_PROXY_SERVER_ORDER_LINE_H_

#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/text.h"

namespace sluice::server {

// Writes one.
class OrderLine {
 public:
  explicit OrderLine(std::string_view word) : text_(word) {}

  // REQUIRES: a name of letters. An empty value is left out.
  void Add(std::string_view name, std::string_view value);
  std::string Finish() && { return std::move(text_) + '\n'; }

 private:
  std::string text_;
};

// Reads one.
class OrderFields {
 public:
  // Nothing when it is damaged.
  static std::optional<OrderFields> Parse(std::string_view line);

  std::string_view word() const { return word_; }
  // Empty when it is not there.
  std::string_view Get(std::string_view name) const;

 private:
  std::string word_;
  TextMap<std::string> values_;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_ORDER_LINE_H_
