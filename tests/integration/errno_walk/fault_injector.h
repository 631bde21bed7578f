#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "tests/integration/errno_walk/call_site.h"

namespace ringmaster::testing {

/// Makes system calls of a running process fail, from outside: a process of its own traces it (ptrace), finds the sites
/// of its calls as they come, and lets each fail once with one errno, or once with each.
class FaultInjector {
 public:
  enum class Errnos { OneASite, All };

  FaultInjector(pid_t target, Errnos errnos);
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;
  /// The target goes on untraced.
  ~FaultInjector();

  /// Empty: it works; else why it does not.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// From now on the next `most` calls whose turn it is fail.
  void arm(int most);
  void disarm() { arm(0); }
  /// Every call of that kind that can fail so does until that is taken back (errno 0).
  void refuse(long number, int error);

  [[nodiscard]] unsigned injected() const;
  [[nodiscard]] unsigned sites() const;
  /// The faults since the first `from`, a line each.
  [[nodiscard]] std::string describe(unsigned from) const;

 private:
  struct Board;
  [[noreturn]] static void trace(pid_t target, Board& board);
  friend class Tracing;

  Board* board_;
  pid_t process_ = 0;
  std::string program_;
  std::string problem_;
};

}  // namespace ringmaster::testing
