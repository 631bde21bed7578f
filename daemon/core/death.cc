#include "daemon/core/death.h"

#include <csignal>

namespace ringmaster::core {

DeathCause classify_death(const ExitFacts& facts) {
  const auto kind = [&] {
    if (facts.verdict) return *facts.verdict;
    if (facts.out_of_memory) return DeathKind::OutOfMemory;
    if (!facts.was_ready) return DeathKind::BootFailure;
    return facts.by_signal ? DeathKind::Signal : DeathKind::ExitCode;
  }();
  const bool killed = facts.by_signal && facts.code_or_signal == SIGKILL;
  return DeathCause{kind, facts.code_or_signal, facts.by_signal, killed && !facts.verdict && !facts.out_of_memory};
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

std::string to_string(const DeathCause& cause) {
  const std::string how =
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
      return "killed at shutdown";
  }
  return how;
}

}  // namespace ringmaster::core
