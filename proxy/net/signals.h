// SignalWatcher: signals of the process as callbacks on a loop.
//
// Threads: the loop's; one watcher a signal in the process is the sane number. While it lives the
// signal's default action is off; when the last watcher of a signal is gone it is back.
#ifndef SLUICE_PROXY_NET_SIGNALS_H_
#define SLUICE_PROXY_NET_SIGNALS_H_

#include <initializer_list>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/net/loop.h"

namespace sluice::net {

class SignalWatcher {
 public:
  // Several signals of one kind that come at once may be one callback. It must not destroy the
  // watcher.
  using OnSignal = absl::AnyInvocable<void(int signal)>;
  SignalWatcher(Loop& loop, std::initializer_list<int> signals, OnSignal on_signal);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  struct Handle;  // owned by libuv until its close callback

  Loop& loop_;
  OnSignal on_signal_;
  std::vector<Handle*> handles_;
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_SIGNALS_H_
