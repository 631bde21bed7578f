#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <utility>

namespace ringmaster::testing {

/// Runs `act` in a thread of this process that is another user: what it connects is that user's, whoever holds it
/// later. (The system calls themselves change one thread; the C library's would change all.) REQUIRES: root.
template <typename Act>
void in_thread_of_user(unsigned id, Act&& act) {
  std::thread([id, run = std::forward<Act>(act)] {
    if (::syscall(SYS_setresgid, id, id, id) == 0 && ::syscall(SYS_setresuid, id, id, id) == 0) run();
  }).join();
}

}  // namespace ringmaster::testing
