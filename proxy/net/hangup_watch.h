// HangupWatch: notices that the peer of a paused socket reset or closed altogether. A paused socket
// is out of epoll, so the watch polls a duplicate of the descriptor, once the pause has lasted.
//
// It asks for urgent data only: errors and hang-ups are reported in any case, and a mere FIN is
// not, which is what we want, for a FIN would keep a level-triggered poll ringing. It tells its
// socket once and then rests. Destroying it ends the watch and closes the duplicate at once: an
// open duplicate would keep the connection open behind a close.
#ifndef SLUICE_PROXY_NET_HANGUP_WATCH_H_
#define SLUICE_PROXY_NET_HANGUP_WATCH_H_

#include "proxy/base/deadline.h"

namespace sluice::net {

class Socket;

class HangupWatch final : public Deadline {
 public:
  explicit HangupWatch(Socket& socket);
  ~HangupWatch() override;

 private:
  struct Poll;  // owned by libuv until its close callback

  void OnDeadline() override;

  Socket& socket_;
  Poll* poll_ = nullptr;
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_HANGUP_WATCH_H_
