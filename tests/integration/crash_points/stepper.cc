#include "tests/integration/crash_points/stepper.h"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>

namespace ringmaster::testing {
namespace {

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR)
      throw std::runtime_error(std::string("cannot wait for the stepped child: ") + std::strerror(errno));
  }
  return status;
}

}  // namespace

Stepper::Stepper(const std::vector<std::span<std::byte>>& watched, const std::function<void()>& work) : pid_(fork()) {
  for (const auto part : watched) parts_.push_back({part, {part.begin(), part.end()}});
  if (pid_ < 0) throw std::runtime_error(std::string("cannot fork: ") + std::strerror(errno));
  if (pid_ == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    raise(SIGSTOP);
    work();
    raise(SIGSTOP);
    _exit(0);
  }
  if (!WIFSTOPPED(wait_for(pid_))) {
    pid_ = -1;
    throw std::runtime_error("cannot trace a child of one's own: ptrace is forbidden here");
  }
  ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL);
}

Stepper::~Stepper() { kill(); }

bool Stepper::step() {
  if (ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) {
    throw std::runtime_error(std::string("cannot step the child: ") + std::strerror(errno));
  }
  const int status = wait_for(pid_);
  if (!WIFSTOPPED(status)) {
    pid_ = -1;
    throw std::runtime_error("the stepped child ended by itself, status " + std::to_string(status));
  }
  if (WSTOPSIG(status) == SIGSTOP) return false;
  if (WSTOPSIG(status) != SIGTRAP) {
    throw std::runtime_error("the stepped child was stopped by signal " + std::to_string(WSTOPSIG(status)));
  }
  ++steps_;
  bool changed = false;
  for (Part& part : parts_) {
    if (std::memcmp(part.now.data(), part.last.data(), part.last.size()) == 0) continue;
    std::memcpy(part.last.data(), part.now.data(), part.last.size());
    changed = true;
  }
  if (changed) ++changes_;
  return true;
}

bool Stepper::step_to_change() {
  const std::size_t before = changes_;
  while (step()) {
    if (changes_ != before) return true;
  }
  return false;
}

void Stepper::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  // A stop that was under way may be reported before the death is.
  while (!WIFSIGNALED(wait_for(pid_))) {
  }
  pid_ = -1;
}

}  // namespace ringmaster::testing
