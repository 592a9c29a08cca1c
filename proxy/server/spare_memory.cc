#include "proxy/server/spare_memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

#include "proxy/net/fd.h"

namespace sluice::server {
namespace {

// 0 where there is no /proc.
size_t Resident() {
  const net::Fd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  std::array<char, 128> text;
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size <= 0) return 0;
  std::string_view rest(text.data(), static_cast<size_t>(size));
  rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
  size_t pages = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), pages);
  return pages * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void SpareMemory::Look() {
  const struct mallinfo2 info = ::mallinfo2();
  if (Due(Resident(), info.uordblks + info.hblkhd)) ::malloc_trim(0);
}

}  // namespace sluice::server
