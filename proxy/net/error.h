// Errors of connections, as numbers: 0 is success, below 0 is a system error (-errno, which is also
// what libuv uses on Linux). Rooms above compare with the names here and never include uv.h.
#ifndef SLUICE_PROXY_NET_ERROR_H_
#define SLUICE_PROXY_NET_ERROR_H_

#include <cerrno>
#include <string_view>

namespace sluice::net {

inline constexpr int kTimedOut = -ETIMEDOUT;
inline constexpr int kConnReset = -ECONNRESET;
inline constexpr int kConnRefused = -ECONNREFUSED;
inline constexpr int kConnAborted = -ECONNABORTED;
inline constexpr int kNotFound = -ENOENT;
inline constexpr int kTooManyFiles = -EMFILE;
inline constexpr int kSystemTooManyFiles = -ENFILE;

// For people: "connection refused". Lives forever.
std::string_view ErrorText(int error);

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_ERROR_H_
