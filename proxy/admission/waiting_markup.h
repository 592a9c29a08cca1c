// The built-in waiting page: a template as an operator would write it (waiting_template.h), a style
// sheet and a script, all inside one page of less than 8 KiB that asks nothing of anybody else.
//
// The page works by itself: kRefreshTag asks again where no scripts run. Where they do, the script
// asks the room's status address every poll_s seconds (and up to a fifth later, so that a crowd
// spreads), puts each text of the answer where data-wr names it, hides what data-if finds empty,
// counts down to the start of an event, and asks for the page again when it is to be let in. It has
// no words of its own, so that it is the same in every language. What is read aloud is the title
// and the estimate, when the state changes and otherwise at most once a minute; the numbers change
// quietly. After failures it asks half as often each time, down to once in two minutes (or poll_s).
//
// It takes its values from the attributes of its own tag: its text, like the style sheet's, never
// changes, and a Content-Security-Policy can name both by their hashes.
#ifndef SLUICE_PROXY_ADMISSION_WAITING_MARKUP_H_
#define SLUICE_PROXY_ADMISSION_WAITING_MARKUP_H_

#include <string_view>

namespace sluice::admission {

// Templates, the last three to be put in where a page says {{style}}, {{script}} and {{refresh}}.
extern const std::string_view kBuiltInPage;
extern const std::string_view kStyleTag;
extern const std::string_view kScriptTag;
extern const std::string_view kRefreshTag;

// What stands between the first tag of `element` and the last.
constexpr std::string_view InsideOf(std::string_view element) {
  const size_t begin = element.find('>') + 1;
  return element.substr(begin, element.rfind('<') - begin);
}

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_WAITING_MARKUP_H_
