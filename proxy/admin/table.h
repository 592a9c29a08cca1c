// Tables for people's terminals: a line of titles, then rows, in columns as wide as they must be.
//
// Threads: any. Pure.
#ifndef SLUICE_PROXY_ADMIN_TABLE_H_
#define SLUICE_PROXY_ADMIN_TABLE_H_

#include <string>
#include <vector>

namespace sluice::admin {

// The first row is the titles. REQUIRES: rows of one length.
using Table = std::vector<std::vector<std::string>>;

std::string FormatTable(const Table& table);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_TABLE_H_
