#include "daemon/core/worker/death.h"

#include <csignal>
#include <cstdio>

namespace ringmaster::core {

bool ends_its_pool(Cause cause) noexcept { return cause == Cause::Lost || cause == Cause::PoolRemoved; }

DeathKind death_by(const shm::Verdict& verdict) noexcept {
  if (verdict.cause == Cause::RunTimeout) return DeathKind::TimedOut;
  if (verdict.cause == Cause::Cancelled) return DeathKind::Cancelled;
  if (verdict.cause == Cause::CancelledByForce) return DeathKind::CancelledByForce;
  return ends_its_pool(verdict.cause) ? DeathKind::Shutdown : DeathKind::ProtocolViolation;
}

bool wanted(DeathKind kind) noexcept {
  switch (kind) {
    case DeathKind::Clean:
    case DeathKind::Recycled:
    case DeathKind::Shutdown:
    case DeathKind::CancelledByForce:
      return true;
    case DeathKind::BootFailure:
    case DeathKind::ExitCode:
    case DeathKind::Signal:
    case DeathKind::OutOfMemory:
    case DeathKind::TimedOut:
    case DeathKind::ProtocolViolation:
    case DeathKind::Cancelled:
      return false;
  }
  return false;
}

DeathCause classify_death(const ExitFacts& facts) {
  const bool killed = facts.by_signal && facts.code_or_signal == SIGKILL;
  // A grace in which a forced cancel stands on record is no licence to crash.
  const bool crashed = facts.by_signal && (!killed || facts.fault_signal);
  const bool excused = facts.verdict && !(crashed && *facts.verdict == DeathKind::CancelledByForce);
  const auto kind = [&] {
    if (excused) return *facts.verdict;
    if (facts.out_of_memory) return DeathKind::OutOfMemory;
    if (!facts.was_ready) return DeathKind::BootFailure;
    return facts.by_signal ? DeathKind::Signal : DeathKind::ExitCode;
  }();
  const bool own_end = killed && !excused && !facts.out_of_memory;
  if (own_end && facts.fault_signal) return DeathCause{kind, *facts.fault_signal, true, false};
  return DeathCause{kind, facts.code_or_signal, facts.by_signal, own_end};
}

const char* to_string(DeathKind kind) {
  switch (kind) {
    case DeathKind::Clean:
      return "clean";
    case DeathKind::Recycled:
      return "recycled";
    case DeathKind::BootFailure:
      return "boot failure";
    case DeathKind::ExitCode:
      return "exit code";
    case DeathKind::Signal:
      return "signal";
    case DeathKind::OutOfMemory:
      return "out of memory";
    case DeathKind::TimedOut:
      return "timed out";
    case DeathKind::ProtocolViolation:
      return "protocol violation";
    case DeathKind::Cancelled:
      return "cancelled";
    case DeathKind::Shutdown:
      return "shutdown";
    case DeathKind::CancelledByForce:
      return "cancelled by force";
  }
  return "unknown";
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGHUP:
      return "SIGHUP";
    case SIGINT:
      return "SIGINT";
    case SIGQUIT:
      return "SIGQUIT";
    case SIGILL:
      return "SIGILL";
    case SIGTRAP:
      return "SIGTRAP";
    case SIGABRT:
      return "SIGABRT";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGKILL:
      return "SIGKILL";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGSEGV:
      return "SIGSEGV";
    case SIGUSR2:
      return "SIGUSR2";
    case SIGPIPE:
      return "SIGPIPE";
    case SIGALRM:
      return "SIGALRM";
    case SIGTERM:
      return "SIGTERM";
    case SIGXCPU:
      return "SIGXCPU";
    case SIGXFSZ:
      return "SIGXFSZ";
    case SIGSYS:
      return "SIGSYS";
    default:
      return "signal " + std::to_string(signal);
  }
}

std::string fault_words(int signal, int code, std::uint64_t address) {
  char place[32];
  std::snprintf(place, sizeof place, "0x%llx", static_cast<unsigned long long>(address));
  if (signal == SIGSEGV && code == SEGV_MAPERR) return std::string{"nothing is mapped at "} + place;
  if (signal == SIGSEGV && code == SEGV_ACCERR) return std::string{"no such access is allowed at "} + place;
  if (signal == SIGSEGV && code == SI_KERNEL) return "an address that no memory can have";
  if (signal == SIGBUS && code == BUS_ADRERR) return std::string{"a mapped file or memory ends before "} + place;
  if (signal == SIGBUS && code == BUS_ADRALN) return std::string{"a misaligned access at "} + place;
  if (signal == SIGFPE && code == FPE_INTDIV) return "an integer was divided by 0";
  if (signal == SIGFPE && code == FPE_FLTDIV) return "a number was divided by 0";
  if (signal == SIGILL && code > 0) return std::string{"an instruction that this CPU does not have, at "} + place;
  return {};
}

std::string core_place(std::string_view pattern) {
  if (pattern.empty()) return "core dumped";
  if (pattern.front() == '|') {
    const std::string program(pattern.substr(1, pattern.find(' ') - 1));
    return "core dumped, given to " + program + (program.ends_with("systemd-coredump") ? "; see coredumpctl" : "");
  }
  const std::string_view where = pattern.front() == '/' ? "" : " in the worker's working directory";
  return "core dumped as \"" + std::string(pattern) + "\"" + std::string(where);
}

std::string to_string(const DeathCause& cause) {
  std::string how =
      cause.by_signal ? "killed by " + signal_name(cause.detail) : "exited with status " + std::to_string(cause.detail);
  switch (cause.kind) {
    case DeathKind::Clean:
      return "ended when asked to";
    case DeathKind::Recycled:
      return "recycled";
    case DeathKind::BootFailure:
      return how + " before it was ready";
    case DeathKind::ExitCode:
      return how + " although nobody asked it to";
    case DeathKind::Signal:
      return how;
    case DeathKind::OutOfMemory:
      return "out of memory";
    case DeathKind::TimedOut:
      return "killed after its run deadline";
    case DeathKind::ProtocolViolation:
      return "killed for a protocol violation";
    case DeathKind::Cancelled:
      return "killed after a cancel";
    case DeathKind::Shutdown:
      return "killed at the end of its pool";
    case DeathKind::CancelledByForce:
      return "killed after a forced cancel";
  }
  return how;
}

}  // namespace ringmaster::core
