// Status: the state of a running sluice as one JSON document: process, listeners, pools with their
// servers, routes. Field names are stable; new ones may come.
//
// Threads: the supervisor's.
#ifndef SLUICE_PROXY_ADMIN_STATUS_H_
#define SLUICE_PROXY_ADMIN_STATUS_H_

#include <string>
#include <string_view>

#include "proxy/server/supervisor.h"

namespace sluice::admin {

std::string_view StateName(server::Supervisor::State state);  // "serving", "draining", …

std::string Status(const server::Supervisor& supervisor);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_STATUS_H_
