// SLUICE_CHECK is for what only our own code can get wrong; it stays alive in release builds and
// ends the process with the place and the condition. What a peer, a file or the kernel can cause
// is never a CHECK but a status, counted and logged. SLUICE_DCHECK is for the few places where a
// benchmark shows the cost.
#ifndef SLUICE_PROXY_BASE_CHECK_H_
#define SLUICE_PROXY_BASE_CHECK_H_

namespace sluice {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace sluice

#define SLUICE_CHECK(condition)                              \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::sluice::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#ifdef NDEBUG
#define SLUICE_DCHECK(condition)             \
  do {                                       \
    if (false) static_cast<void>(condition); \
  } while (false)
#else
#define SLUICE_DCHECK(condition) SLUICE_CHECK(condition)
#endif

#endif  // SLUICE_PROXY_BASE_CHECK_H_
