// Properties of reading a ClientHello, for any bytes: nothing is read beyond their end (the copy is
// of exactly their size, so that the sanitizer sees it); what is read fits into what was sent; a
// hello that is taken is refused when any number of bytes is cut off its end; and its fingerprint
// has the fingerprint's form.
// Run: client_hello_fuzz -max_total_time=60 tests/fuzz/corpus/client_hello
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/base/check.h"
#include "proxy/tls/client_hello.h"

namespace sluice::tls {
namespace {

bool IsInside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void CheckForm(std::string_view ja4) {
  SLUICE_CHECK(ja4.size() == 36 && ja4[0] == 't' && ja4[10] == '_' && ja4[23] == '_');
  SLUICE_CHECK(ja4[3] == 'd' || ja4[3] == 'i');
  SLUICE_CHECK(ja4.substr(11).find_first_not_of("0123456789abcdef_") == std::string_view::npos);
}

}  // namespace
}  // namespace sluice::tls

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::tls;
  const std::vector<char> exact(data, data + size);
  const std::string_view message(exact.data(), exact.size());
  const std::optional<ClientHello> hello = ParseClientHello(message);
  if (!hello.has_value()) return 0;
  SLUICE_CHECK(2 * (hello->ciphers.size() + hello->extensions.size() + hello->versions.size() +
                    hello->signature_algorithms.size()) +
                   hello->alpn.size() <=
               size);
  SLUICE_CHECK(IsInside(hello->server_name, message));
  for (const std::string_view protocol : hello->alpn) SLUICE_CHECK(IsInside(protocol, message));
  CheckForm(Ja4(*hello));
  // All of them would make long inputs quadratic.
  const size_t step = size / 64 + 1;
  for (size_t cut = 1; cut <= size; cut += step) {
    const std::vector<char> shorter(exact.begin(), exact.end() - static_cast<ptrdiff_t>(cut));
    SLUICE_CHECK(!ParseClientHello({shorter.data(), shorter.size()}).has_value());
  }
  return 0;
}
