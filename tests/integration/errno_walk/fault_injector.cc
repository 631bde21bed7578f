#include "tests/integration/errno_walk/fault_injector.h"

#include <elf.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <new>
#include <optional>
#include <sstream>
#include <thread>

#include "tests/integration/errno_walk/errno_plan.h"

namespace ringmaster::testing {
namespace {

constexpr std::size_t kMostFaults = 16384;

struct Fault {
  long number;
  int error;
  std::array<std::uint64_t, 4> offsets;
};

volatile sig_atomic_t ending = 0;
void end(int) { ending = 1; }

#if defined(__x86_64__)
std::uint64_t frame_pointer_of(pid_t thread) {
  return static_cast<std::uint64_t>(::ptrace(PTRACE_PEEKUSER, thread, offsetof(user, regs.rbp), nullptr));
}
void skip_call(pid_t thread) { ::ptrace(PTRACE_POKEUSER, thread, offsetof(user, regs.orig_rax), -1L); }
void set_result(pid_t thread, long result) { ::ptrace(PTRACE_POKEUSER, thread, offsetof(user, regs.rax), result); }
#elif defined(__aarch64__)
user_regs_struct registers_of(pid_t thread) {
  user_regs_struct registers{};
  iovec part{&registers, sizeof registers};
  ::ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &part);
  return registers;
}
std::uint64_t frame_pointer_of(pid_t thread) { return registers_of(thread).regs[29]; }
void skip_call(pid_t thread) {
  int none = -1;
  iovec part{&none, sizeof none};
  ::ptrace(PTRACE_SETREGSET, thread, 0x404, &part);  // NT_ARM_SYSTEM_CALL
}
void set_result(pid_t thread, long result) {
  user_regs_struct registers = registers_of(thread);
  registers.regs[0] = static_cast<std::uint64_t>(result);
  iovec part{&registers, sizeof registers};
  ::ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &part);
}
#else
std::uint64_t frame_pointer_of(pid_t) { return 0; }
void skip_call(pid_t) {}
void set_result(pid_t, long) {}
#endif

}  // namespace

struct FaultInjector::Board {
  std::atomic<int> budget{0};
  std::atomic<long> refused_call{-1};
  std::atomic<int> refused_with{0};
  std::atomic<unsigned> injected{0};
  std::atomic<unsigned> sites{0};
  std::atomic<int> attached{0};  // 1, or minus an errno
  Errnos errnos = Errnos::OneASite;
  Fault faults[kMostFaults];
};

/// The traced process, in the process that traces it.
class Tracing {
 public:
  Tracing(pid_t target, FaultInjector::Board& board) : target_(target), board_(board), code_(target) {}

  int attach() {
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(target_) + "/task")) {
      const pid_t thread = std::atoi(task.path().filename().c_str());
      if (::ptrace(PTRACE_SEIZE, thread, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE) != 0) return errno;
      threads_[thread] = {};
      ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
    }
    return 0;
  }

  void run() {
    while (!threads_.empty()) {
      if (ending != 0) {
        for (const auto& [thread, state] : threads_) ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
      }
      int status = 0;
      const pid_t thread = ::waitpid(-1, &status, __WALL);
      if (thread < 0 && errno == EINTR) continue;
      if (thread < 0) return;
      if (!WIFSTOPPED(status)) {
        threads_.erase(thread);
        continue;
      }
      stopped(thread, status);
    }
  }

 private:
  struct Thread {
    int error = 0;  // of the call that it is in
    bool skipped = false;
  };
  struct Site {
    std::size_t next = 0;
    std::size_t done = 0;
  };

  void stopped(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    Thread& state = threads_[thread];
    if (signal == (SIGTRAP | 0x80)) {
      call(thread, state);
    } else if (event == PTRACE_EVENT_STOP &&
               (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)) {
      ::ptrace(PTRACE_LISTEN, thread, nullptr, nullptr);
      return;
    }
    // Not in the middle of a call that was skipped: it would look as if it had succeeded.
    if (ending != 0 && !state.skipped && state.error == 0) {
      ::ptrace(PTRACE_DETACH, thread, nullptr, event == 0 && signal != (SIGTRAP | 0x80) ? signal : 0);
      threads_.erase(thread);
      return;
    }
    const bool deliver = event == 0 && signal != (SIGTRAP | 0x80);
    ::ptrace(PTRACE_SYSCALL, thread, nullptr, deliver ? signal : 0);
  }

  void call(pid_t thread, Thread& state) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
      if (state.error != 0) set_result(thread, -state.error);
      state = {};
      return;
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    state = {};
    SystemCall now{static_cast<long>(info.entry.nr), {}};
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), now.arguments.begin());
    const auto error = fault_for(thread, now, info.stack_pointer);
    if (!error) return;
    state.error = *error;
    state.skipped = !fails_afterwards(now);
    if (state.skipped) skip_call(thread);
  }

  std::optional<int> fault_for(pid_t thread, const SystemCall& call, std::uint64_t stack_pointer) {
    if (board_.refused_call == call.number && !errnos_for(call).empty()) return board_.refused_with;
    if (board_.budget <= 0 || ending != 0) return std::nullopt;
    const std::span<const int> errnos = errnos_for(call);
    if (errnos.empty()) return std::nullopt;
    const CallChain chain = code_.chain(stack_pointer, frame_pointer_of(thread));
    if (chain[0] == 0) return std::nullopt;  // before its program has begun, or a thread of a library
    const auto [at, fresh] = sites_.try_emplace({call.number, errnos[0], chain});
    Site& site = at->second;
    if (fresh) {
      site.next = sites_.size();
      board_.sites = static_cast<unsigned>(sites_.size());
    }
    if (site.done >= (board_.errnos == FaultInjector::Errnos::All ? errnos.size() : 1)) return std::nullopt;
    ++site.done;
    const int error = errnos[site.next++ % errnos.size()];
    note(call.number, error, chain);
    --board_.budget;
    return error;
  }

  void note(long number, int error, const CallChain& chain) {
    const unsigned at = board_.injected;
    if (at >= kMostFaults) return;
    Fault& fault = board_.faults[at];
    fault = {number, error, {}};
    for (std::size_t i = 0; i < chain.size() && chain[i] != 0; ++i) fault.offsets[i] = code_.offset_of(chain[i]);
    board_.injected = at + 1;
  }

  pid_t target_;
  FaultInjector::Board& board_;
  ProgramCode code_;
  std::map<pid_t, Thread> threads_;
  std::map<std::tuple<long, int, CallChain>, Site> sites_;
};

void FaultInjector::trace(pid_t target, Board& board) {
  struct sigaction action {};
  action.sa_handler = end;
  ::sigaction(SIGTERM, &action, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  Tracing tracing(target, board);
  const int error = tracing.attach();
  board.attached = error == 0 ? 1 : -error;
  if (error == 0) tracing.run();
  ::_exit(0);
}

FaultInjector::FaultInjector(pid_t target, Errnos errnos) {
  void* const memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  board_ = new (memory) Board;
  board_->errnos = errnos;
  char path[PATH_MAX] = {};
  if (::readlink(("/proc/" + std::to_string(target) + "/exe").c_str(), path, sizeof path - 1) > 0) program_ = path;
  process_ = ::fork();
  if (process_ == 0) trace(target, *board_);
  while (board_->attached == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  if (board_->attached < 0) problem_ = std::string{"cannot trace the daemon: "} + std::strerror(-board_->attached);
}

FaultInjector::~FaultInjector() {
  disarm();
  refuse(-1, 0);
  while (::waitpid(process_, nullptr, WNOHANG) == 0) {
    ::kill(process_, SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  ::munmap(board_, sizeof(Board));
}

void FaultInjector::arm(int most) { board_->budget = most; }

void FaultInjector::refuse(long number, int error) {
  board_->refused_with = error;
  board_->refused_call = error == 0 ? -1 : number;
}

unsigned FaultInjector::injected() const { return board_->injected; }
unsigned FaultInjector::sites() const { return board_->sites; }

std::string FaultInjector::describe(unsigned from) const {
  std::ostringstream text;
  for (unsigned i = from; i < injected(); ++i) {
    const Fault& fault = board_->faults[i];
    text << "  " << name_of(fault.number) << " = " << ::strerrorname_np(fault.error) << "  addr2line -Cfpie "
         << program_;
    for (const std::uint64_t offset : fault.offsets) {
      if (offset != 0) text << " 0x" << std::hex << offset - 1 << std::dec;
    }
    text << '\n';
  }
  return text.str();
}

}  // namespace ringmaster::testing
