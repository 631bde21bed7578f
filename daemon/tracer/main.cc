#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/keeper_gone.h"
#include "base/monotonic_clock.h"
#include "daemon/link/tracer_protocol.h"
#include "daemon/os/signals.h"
#include "daemon/tracer/confinement.h"
#include "daemon/tracer/libdw.h"
#include "daemon/tracer/stack_walk.h"
#include "daemon/tracer/symbols.h"
#include "ringmaster_version.h"

// Captures stacks of workers, or finds the names in them, for the supervisor that started it. What it reads comes from
// a worker that may be hostile, so this is done here, with limits, and never in the supervisor. The tracer ends with
// its supervisor; if it dies or takes too long, the supervisor starts another one.
namespace ringmaster::tracer {
namespace {

constexpr int kSocket = 0;
constexpr rlim_t kCpuSeconds = 10;  // for one answer

// Limits the CPU time of one question: otherwise a crafted file could keep a CPU busy until the supervisor's timeout.
void limit_cpu() {
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) != 0) return;
  rlimit limit{};
  if (::getrlimit(RLIMIT_CPU, &limit) != 0) return;
  limit.rlim_cur =
      std::min(limit.rlim_max, static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + kCpuSeconds);
  (void)::setrlimit(RLIMIT_CPU, &limit);
}

Answer answer_to(const Question& question, StackWalk& walk, SymbolBook& symbols) {
  if (const auto* capture = std::get_if<Capture>(&question)) {
    return walk.capture(*capture, core::from_monotonic_ns(monotonic_ns()));
  }
  const auto& symbolise = std::get<Symbolise>(question);
  Symbols named{symbolise.frames};
  for (core::StackFrame& frame : named.frames) symbols.name(frame, symbolise.user);
  return named;
}

// Handles the signal of the supervisor's death, and ignores it if somebody else sent it.
pid_t supervisor = 0;
void on_supervisor_gone(int) {
  if (::getppid() != supervisor) ::_exit(0);
}

// Handles the CPU limit of one answer, and ignores the signal if another process sent it.
void on_cpu_limit(int, siginfo_t* info, void*) {
  if (info->si_code == SI_KERNEL) ::_exit(1);
}

void prepare_signals() {
  supervisor = ::getppid();
  struct sigaction action {};
  action.sa_handler = on_supervisor_gone;
  action.sa_flags = SA_RESTART;
  ::sigaction(kKeeperGoneSignal, &action, nullptr);
  action.sa_sigaction = on_cpu_limit;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  ::sigaction(SIGXCPU, &action, nullptr);
  daemon::ignore_signals({kKeeperGoneSignal, SIGXCPU});  // the supervisor has done the same before the exec
}

int serve(const Result<Libdw>& libdw) {
  StackWalk walk(libdw);
  SymbolBook symbols(libdw);
  static std::array<std::byte, kMaxMessageBytes> buffer;
  while (true) {
    const ssize_t got = ::recv(kSocket, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    const auto question = decode_question(std::span(buffer).first(static_cast<std::size_t>(got)));
    if (!question) return 1;
    limit_cpu();
    const std::vector<std::byte> packet = encode(answer_to(*question, walk, symbols));
    if (::send(kSocket, packet.data(), packet.size(), MSG_NOSIGNAL) < 0) return 1;
  }
}

}  // namespace
}  // namespace ringmaster::tracer

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--version") == 0) {
    std::puts("ringmaster-tracer " RINGMASTER_VERSION);
    return 0;
  }
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
    std::fputs("ringmaster-tracer: this program is started by ringmaster-supervisor; run ringmasterd instead\n",
               stderr);
    return 64;
  }
  ringmaster::tracer::prepare_signals();
  const auto libdw = ringmaster::tracer::load_libdw();
  ringmaster::tracer::confine();
  ::prctl(PR_SET_NAME, "ringmaster-trc", 0, 0, 0);
  const int code = ringmaster::tracer::serve(libdw);
  ::_exit(code);
}
