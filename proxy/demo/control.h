// The storefront's switches over HTTP, on every server of it:
//
//   POST /_demo/slow?ms=500       every request takes that much longer
//   POST /_demo/fail?rate=0.5     that share of the requests gets 500
//   POST /_demo/crash?ms=15000    listener closed, connections reset; back after that time
//   POST /_demo/recover           undoes all of it
//   GET  /_demo/status            every server's state and counts, as JSON
//
// ?server= chooses one by number or name ("2", "web-2"), "all", or for slow and recover "database".
// Without it: the server that got the request, and for recover all and the database.
#ifndef SLUICE_PROXY_DEMO_CONTROL_H_
#define SLUICE_PROXY_DEMO_CONTROL_H_

#include <cstddef>
#include <string_view>

#include "proxy/demo/pages.h"
#include "proxy/demo/site.h"

namespace sluice::demo {

// `action` is the path behind "/_demo/"; `self` the server that got the request.
Answer Control(Site& site, size_t self, std::string_view action, const http::RequestHead& head);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_CONTROL_H_
