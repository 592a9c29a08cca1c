// The signals of the process are the main thread's (net/signals.h): a thread that runs no loop
// begins with this. What would be a SIGPIPE is then an errno.
#ifndef SLUICE_PROXY_BASE_BLOCK_SIGNALS_H_
#define SLUICE_PROXY_BASE_BLOCK_SIGNALS_H_

#include <pthread.h>
#include <signal.h>

namespace sluice {

// Of the calling thread, for good.
inline void BlockSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_BLOCK_SIGNALS_H_
