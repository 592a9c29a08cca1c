// The keys that tickets of waiting rooms are signed with, when no file of the operator's has them:
// made at random at the first start, and kept in the file "keys" of the state directory, so that a
// ticket is good after a restart. To exchange them in the middle of a sale a line is put above the
// first (crypto/key_ring.h).
//
// Threads: the supervisor's, at the start: it waits for the disk, kPatience at most.
#ifndef SLUICE_PROXY_SERVER_STATE_KEYS_H_
#define SLUICE_PROXY_SERVER_STATE_KEYS_H_

#include <string>

#include "proxy/server/state_dir.h"

namespace sluice::server {

// Lines that crypto::KeyRing::Of() takes. Where there are none in the file, new ones are on the
// disk before they are handed out, if it can be written to. A file that is there and cannot be
// read, or holds no keys, is left as it is for somebody to look at; the keys are then of this
// process only, which the log says.
std::string LoadOrMakeKeys(StateDir& state);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_STATE_KEYS_H_
