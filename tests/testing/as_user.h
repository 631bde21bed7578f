#pragma once

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringmaster {

/// The uid and gid of tests that need a second user: nobody's.
inline constexpr unsigned kNobody = 65534;

/// Runs `look` in a child of that uid and gid, without other groups; what it returned (0 to 200), or 255 if it could
/// not be that user. REQUIRES: root.
template <typename Look>
int as_user(unsigned id, Look&& look) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) ::_exit(255);
    ::_exit(look());
  }
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace ringmaster
