#include "client/session/lifeline.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace ringmaster::client {
namespace {

bool pending(int signal) {
  sigset_t set;
  return ::sigpending(&set) == 0 && ::sigismember(&set, signal) == 1;
}

// Takes the SIGPIPE that the write sent to this thread.
void swallow(const sigset_t& pipe) {
  const timespec none{0, 0};
  while (::sigtimedwait(&pipe, nullptr, &none) < 0 && errno == EINTR) {
  }
}

}  // namespace

bool daemon_let_go(int lifeline) noexcept {
  pollfd look{lifeline, 0, 0};  // POLLERR is always reported
  return lifeline >= 0 && ::poll(&look, 1, 0) > 0 && (look.revents & (POLLERR | POLLHUP)) != 0;
}

void write_farewell(int lifeline) noexcept {
  if (lifeline < 0) return;
  sigset_t pipe;
  sigset_t before;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  if (::pthread_sigmask(SIG_BLOCK, &pipe, &before) != 0) return;
  // A SIGPIPE that is already pending could not be told from the one of this write: then writes only if the daemon
  // reads.
  const bool was_pending = pending(SIGPIPE);
  const char byte = 0;
  ssize_t written = 0;
  while (!was_pending || !daemon_let_go(lifeline)) {
    written = ::write(lifeline, &byte, 1);  // if the pipe is full, the daemon has been told already
    if (written >= 0 || errno != EINTR) break;
  }
  if (written < 0 && errno == EPIPE && !was_pending) swallow(pipe);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace ringmaster::client
