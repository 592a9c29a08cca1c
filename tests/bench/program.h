// Program: one of the programs of the comparison as a process of its own, for the tests that run
// them as they are. It listens on a port of the kernel's choosing when its argument is 0.
//
// Threads: the test's. Every wait is bounded by kPatience. The destructor kills what still runs.
#ifndef SLUICE_TESTS_BENCH_PROGRAM_H_
#define SLUICE_TESTS_BENCH_PROGRAM_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/net/fd.h"

namespace sluice::test {

class Program {
 public:
  Program(const std::string& name, std::vector<std::string> arguments);
  ~Program();

  // "127.0.0.1:4711", from the line that the program prints.
  const std::string& where();
  Address address() { return *Address::Parse(where()); }
  uint16_t port() { return address().port(); }

  // Exit code; 128 and the signal for one that ended by it; -1 for one that does not end.
  int Wait();
  int Terminate();
  // Everything it said on stdout and stderr, but for the port; at its end.
  std::string Said();
  // Open descriptors.
  size_t Descriptors() const;

 private:
  // A line, or what came until the end.
  std::string ReadLine();

  pid_t pid_ = -1;
  net::Fd process_;  // readable when it has ended
  net::Fd output_;
  std::string where_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_BENCH_PROGRAM_H_
