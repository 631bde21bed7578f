#pragma once

#include <cstdio>
#include <cstdlib>

namespace ringmaster::detail {

/// Prints one line to standard error and aborts. Formats on the stack: usable in any process, after any failure.
template <typename... Args>
[[noreturn]] inline void check_failed(const char* file, int line, const char* what, const char* format, Args... args) {
  char text[512];
  if constexpr (sizeof...(Args) == 0) {
    std::snprintf(text, sizeof text, "%s", format);
  } else {
    std::snprintf(text, sizeof text, format, args...);
  }
  std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", file, line, what, text);
  std::abort();
}

}  // namespace ringmaster::detail

/// Ends the process when an invariant of this program is broken (a bug). Always on.
/// Never for input: what another process wrote into shared memory is an ordinary error.
/// Usage: RM_CHECK(a < b) or RM_CHECK(a < b, "a=%d b=%d", a, b).
#define RM_CHECK(condition, ...)                                                          \
  do {                                                                                    \
    if (!(condition)) [[unlikely]]                                                        \
      ::ringmaster::detail::check_failed(__FILE__, __LINE__, #condition, "" __VA_ARGS__); \
  } while (false)
