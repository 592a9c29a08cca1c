// The dress of the pretend shop: the frame around every page, its style sheet, its pictures.
#ifndef SLUICE_PROXY_DEMO_HTML_H_
#define SLUICE_PROXY_DEMO_HTML_H_

#include <string>
#include <string_view>

namespace sluice::demo {

// A whole page around `main`, which must be HTML already. `title` is escaped here.
std::string HtmlPage(std::string_view title, std::string_view main, std::string_view server);
std::string_view StyleSheet();
// A picture drawn from its name; the same name gives the same picture.
std::string Picture(std::string_view name);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_HTML_H_
