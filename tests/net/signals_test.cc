#include "proxy/net/signals.h"

#include <csignal>

#include "tests/support/loop_fixture.h"

namespace sluice::net {
namespace {

TEST_F(LoopTest, ASignalBecomesACallbackThatNamesIt) {
  std::vector<int> got;
  SignalWatcher watcher(loop_, {SIGUSR1, SIGUSR2}, [&](int signal) { got.push_back(signal); });
  ::raise(SIGUSR2);
  RunUntil([&] { return got.size() == 1; });
  ::raise(SIGUSR1);
  RunUntil([&] { return got.size() == 2; });
  EXPECT_EQ(got, (std::vector<int>{SIGUSR2, SIGUSR1}));
}

}  // namespace
}  // namespace sluice::net
