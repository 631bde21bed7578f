#include "worker/process/fault_handler.h"

#include <cxxabi.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <typeinfo>

#include "proto/worker_link.h"

namespace ringmaster::worker {
namespace fault_detail {
std::atomic<bool> faulted{false};
}

namespace {

constexpr std::int64_t kCaptureWaitNs = 200'000'000;
constexpr std::size_t kStackBytes = std::size_t{64} << 10;

// Written by install_fault_handler(), read by the handler.
FaultLine g_line;
pid_t g_pid = 0;
std::terminate_handler g_terminate_before = nullptr;
// The reason of std::terminate, for the SIGABRT that follows.
std::atomic_flag g_text_taken = ATOMIC_FLAG_INIT;
char g_text[worker_link::kFaultTextBytes];

std::int64_t now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::uint64_t program_counter(const void* context) noexcept {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uint64_t>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return machine.pc;
#else
  (void)machine;
  return 0;
#endif
}

// Waits until the supervisor has taken the stack, or for 200 ms.
void await_capture() noexcept {
  // The kernel only compares the word: it may lie in memory that this process cannot write.
  const auto* taken = reinterpret_cast<const std::uint32_t*>(&g_line.control->fault_taken);
  const std::int64_t end = now_ns() + kCaptureWaitNs;
  for (std::int64_t left = kCaptureWaitNs; left > 0; left = end - now_ns()) {
    // SYNC: acquire, pairs with the supervisor's release; no other memory is read because of it.
    if (g_line.control->fault_taken.load(std::memory_order_acquire) != 0) return;
    timespec limit{0, static_cast<long>(left)};
    ::syscall(SYS_futex, taken, FUTEX_WAIT, 0, &limit, nullptr, 0);
  }
}

void say_fault(int signal, const siginfo_t& info, const void* context, bool by_instruction) noexcept {
  shm::LaneWords& lane = g_line.lane->words;
  const auto address = by_instruction ? reinterpret_cast<std::uint64_t>(info.si_addr) : 0;
  g_line.lane->fault_address.store(address, std::memory_order_relaxed);
  lane.fault.store(std::uint64_t{static_cast<std::uint32_t>(signal)} << 32 | static_cast<std::uint32_t>(info.si_code),
                   std::memory_order_release);  // SYNC: after the address, for a reader of the lane.
  lane.state.store(static_cast<std::uint32_t>(shm::LaneState::Faulted), std::memory_order_release);  // SYNC: as above
  worker_link::FaultPacket packet;
  packet.signal = signal;
  packet.code = info.si_code;
  packet.address = address;
  packet.pc = by_instruction ? program_counter(context) : 0;
  packet.tid = static_cast<std::uint32_t>(::syscall(SYS_gettid));
  if (signal == SIGABRT) std::memcpy(packet.text, g_text, sizeof packet.text - 1);
  // SEQPACKET sends whole packets, so this cannot mix with what the interrupted thread was sending.
  if (::send(g_line.socket, &packet, sizeof packet, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof packet) await_capture();
}

void fault(int signal, siginfo_t* info, void* context) noexcept {
  const int saved = errno;
  // A faulting instruction is run again after the handler, and then faults with the default action.
  const bool by_instruction = info->si_code > 0 && signal != SIGABRT;
  if (::getpid() == g_pid) {
    // A second thread that faults must not end the process while the first one's stack is taken.
    fault_detail::faulted.exchange(true) ? await_capture() : say_fault(signal, *info, context, by_instruction);
  }
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(signal, &standard, nullptr);
  if (!by_instruction) ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);  // comes when we return
  errno = saved;
}

void describe_exception() noexcept {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) {
    std::snprintf(g_text, sizeof g_text, "std::terminate was called");
    return;
  }
  int status = 0;
  char* const name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  const char* const shown = status == 0 && name != nullptr ? name : type->name();
  try {
    throw;
  } catch (const std::exception& error) {
    std::snprintf(g_text, sizeof g_text, "uncaught %s: %s", shown, error.what());
  } catch (...) {
    std::snprintf(g_text, sizeof g_text, "uncaught %s", shown);
  }
  std::free(name);
}

[[noreturn]] void terminated() {
  if (::getpid() == g_pid && !g_text_taken.test_and_set()) describe_exception();
  if (g_terminate_before != nullptr) g_terminate_before();
  std::abort();
}

// A stack for the handler of a stack overflow, with a guard page before it.
void give_alternate_stack() {
  stack_t present{};
  if (::sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const memory = ::mmap(nullptr, kStackBytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  ::mprotect(memory, page, PROT_NONE);
  stack_t stack{};
  stack.ss_sp = static_cast<char*>(memory) + page;
  stack.ss_size = kStackBytes;
  ::sigaltstack(&stack, nullptr);
}

}  // namespace

void install_fault_handler(const FaultLine& line) {
  g_line = line;
  g_pid = ::getpid();
  give_alternate_stack();
  struct sigaction action {};
  action.sa_sigaction = fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  // No signal interrupts the handler; a fault in it ends the process at once.
  ::sigfillset(&action.sa_mask);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) {
    struct sigaction present {};
    if (::sigaction(signal, nullptr, &present) != 0) continue;
    if ((present.sa_flags & SA_SIGINFO) != 0 || present.sa_handler != SIG_DFL) continue;
    ::sigaction(signal, &action, nullptr);
  }
  g_terminate_before = std::set_terminate(terminated);
}

void await_death() noexcept {
  while (true) ::pause();
}

}  // namespace ringmaster::worker
