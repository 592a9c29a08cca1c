// `sluice ctl`: what an operator asks and orders of a running sluice, over its admin API. Answers
// are tables for people, or the API's JSON for programs.
//
// Threads: the caller's; blocks. Exit codes: 0 done, 1 refused or nobody there (said on stderr),
// 2 the words make no sense.
#ifndef SLUICE_PROXY_ADMIN_CTL_H_
#define SLUICE_PROXY_ADMIN_CTL_H_

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::admin {

inline constexpr std::string_view kCtlHelp =
    "status | servers | changes | drain, maintenance, ready, remove or undo POOL SERVER | "
    "weight POOL SERVER N | add POOL SERVER [WEIGHT] | limits | limit NAME VALUE… | "
    "limit set NAME KEY=VALUE… | limit remove or undo NAME | bans | ban or lift LIMIT VALUE… | "
    "panic | panic on CLASS,… | panic off | "
    "rooms | room NAME pause, hold, resume or undo | room NAME pace RATE | room NAME max_active N "
    "| "
    "room NAME release N | room NAME message TEXT";

struct CtlCall {
  std::vector<std::string> words = {};  // as kCtlHelp has them
  std::string admin = {};               // "unix:/run/sluice/admin.sock", "127.0.0.1:9900"
  std::string config = {};              // where `admin` and the token are found if not said
  std::string token_file = {};
  std::string reason = {};
  std::string lasts = {};  // of a limit, a room: "30min"; empty: until it is undone
  uint32_t wait_s = 0;     // drain, maintenance: until nothing runs there any more; 0: don't
  bool json = false;
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

// REQUIRES: words.
int Ctl(const CtlCall& call);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_CTL_H_
