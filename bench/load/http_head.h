// The head of an HTTP/1.1 message, as far as a load program must understand it. Deliberately not
// the proxy's own codec: what measures it must not share its mistakes. Views into the given text.
#ifndef SLUICE_BENCH_LOAD_HTTP_HEAD_H_
#define SLUICE_BENCH_LOAD_HTTP_HEAD_H_

#include <string_view>

namespace sluice::load {

// Of "HTTP/1.1 200 OK"; 0 when `head` does not begin like that.
int StatusOf(std::string_view head);

// The value of the first field with that name, in whatever case, trimmed; empty without one.
std::string_view FieldOf(std::string_view head, std::string_view name);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_HTTP_HEAD_H_
