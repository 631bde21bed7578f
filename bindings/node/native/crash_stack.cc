#include "bindings/node/native/crash_stack.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "bindings/node/native/javascript_stack.h"

namespace ringmaster::node {
namespace {

constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kPatienceMs = 200;
constexpr rlim_t kMostBytes = 64 * 1024;  // V8 prints objects too; its frames come first

// V8's, by the names under which versions of Node.js export them.
using TryTrap = bool (*)(int, siginfo_t*, void*);
using PrintFrames = void (*)();
template <typename Call>
Call find(const char* name) {
  return reinterpret_cast<Call>(::dlsym(RTLD_DEFAULT, name));
}

// Written before the handlers are there.
struct Line {
  napi_env env = nullptr;
  rm_job* const* open_job = nullptr;
  pid_t process = 0;
  pid_t thread = 0;
  TryTrap try_trap = nullptr;
  PrintFrames print_frames = nullptr;
  std::array<struct sigaction, kFaults.size()> before{};
  std::size_t folder_size = 0;
  std::array<char, PATH_MAX> path{};  ///< folder/crash-JOB, the number after `folder_size`
};
Line g_line;
std::atomic_flag g_told = ATOMIC_FLAG_INIT;

// The path of a job's file; async-signal-safe.
const char* path_of(const rm_job& job) {
  std::array<char, 24> digits{};
  std::size_t at = digits.size() - 1;
  for (std::uint64_t left = job.id; left != 0 || at == digits.size() - 1; left /= 10)
    digits[--at] = static_cast<char>('0' + left % 10);
  std::memcpy(g_line.path.data() + g_line.folder_size, digits.data() + at, digits.size() - at);
  return g_line.path.data();
}

void write_error_stack(int file) {
  const std::string text = javascript_stack(g_line.env);
  if (text.empty()) ::_exit(1);
  ::_exit(::write(file, text.data(), text.size()) > 0 ? 0 : 1);
}

void write_frames(int file) {
  if (g_line.print_frames == nullptr) ::_exit(1);
  ::dup2(file, STDOUT_FILENO);
  g_line.print_frames();
  std::fflush(stdout);
  ::_exit(0);
}

// "start-end rw-p offset device inode path": a line of /proc/self/maps, in hexadecimal numbers.
class MapsLine {
 public:
  explicit MapsLine(const char* text) : at_(text) {}
  std::uintptr_t number() {
    std::uintptr_t value = 0;
    for (int digit = 0; (digit = digit_of(*at_)) >= 0; ++at_) value = value * 16 + static_cast<unsigned>(digit);
    if (*at_ != '\0' && *at_ != '\n') ++at_;
    return value;
  }
  const char* word() {
    const char* const begin = at_;
    while (*at_ != ' ' && *at_ != '\0' && *at_ != '\n') ++at_;
    if (*at_ == ' ') ++at_;
    return begin;
  }
  bool says(char c) const { return std::strchr(at_, c) != nullptr; }

 private:
  static int digit_of(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }
  const char* at_;
};

// V8 keeps its heap from forked children. This lets them have what is private to this process, and no file's: not the
// memory that it shares with other processes.
void let_children_have_it(char* text) {
  MapsLine line(text);
  const std::uintptr_t begin = line.number();
  const std::uintptr_t end = line.number();
  const char* const access = line.word();
  (void)line.number();                                              // the offset
  (void)line.word();                                                // the device
  const bool is_anonymous = line.number() == 0 && !line.says('v');  // [vvar], [vdso]
  if (access[3] == 'p' && is_anonymous) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DOFORK);
}

void let_children_have_the_heap() {
  static std::array<char, 8192> text;
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  std::size_t held = 0;
  for (ssize_t got = 0; (got = ::read(file, text.data() + held, text.size() - 1 - held)) > 0;) {
    held += static_cast<std::size_t>(got);
    text[held] = '\0';
    char* begin = text.data();
    for (char* end = nullptr; (end = std::strchr(begin, '\n')) != nullptr; begin = end + 1) {
      *end = '\0';
      let_children_have_it(begin);
    }
    held -= static_cast<std::size_t>(begin - text.data());
    std::memmove(text.data(), begin, held);
  }
  ::close(file);
}

// True: a child has run `tell`, and ended well within its time.
bool in_a_child(void (*tell)(int file), const char* path) {
  const pid_t child = ::_Fork();
  if (child < 0) return false;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_DUMPABLE, 0);
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit most{kMostBytes, kMostBytes};
    ::setrlimit(RLIMIT_FSIZE, &most);
    for (const int signal : kFaults) ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0 && ::getppid() == g_line.process) tell(file);
    ::_exit(1);
  }
  int status = 0;
  for (int ms = 0; ms < kPatienceMs; ++ms) {
    if (const pid_t ended = ::waitpid(child, &status, WNOHANG); ended != 0) return ended == child && status == 0;
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return false;
}

void tell_stack() {
  const rm_job* const job = *g_line.open_job;
  if (job == nullptr || ::getpid() != g_line.process || ::gettid() != g_line.thread || g_told.test_and_set()) return;
  const char* const path = path_of(*job);
  let_children_have_the_heap();
  if (!in_a_child(write_error_stack, path) && !in_a_child(write_frames, path)) ::unlink(path);
}

// As if this handler were not there.
void pass_on(int signal, siginfo_t* info, void* context) {
  std::size_t at = 0;
  while (kFaults[at] != signal) ++at;
  const struct sigaction& before = g_line.before[at];
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signal);
  ::signal(signal, SIG_DFL);
  // A faulting instruction is run again, and faults again.
  if (info->si_code <= 0 || signal == SIGABRT) ::raise(signal);
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const int saved = errno;
  if (signal == SIGSEGV && g_line.try_trap(signal, info, context)) return;
  tell_stack();
  pass_on(signal, info, context);
  errno = saved;
}

}  // namespace

void make_way_for_faults() {
#if !defined(__SANITIZE_ADDRESS__)  // Which tells of faults itself.
  g_line.try_trap = find<TryTrap>("_ZN2v829TryHandleWebAssemblyTrapPosixEiP9siginfo_tPv");
  if (g_line.try_trap != nullptr) ::signal(SIGSEGV, SIG_DFL);
#endif
}

void tell_of_faults(napi_env env, const std::string& folder, rm_job* const& open_job) {
  const std::string start = folder + "/crash-";
  constexpr std::size_t kDigits = 21;
  if (g_line.try_trap == nullptr || start.size() + kDigits > g_line.path.size()) return;
  g_line.env = env;
  g_line.open_job = &open_job;
  g_line.process = ::getpid();
  g_line.thread = ::gettid();
  g_line.print_frames = find<PrintFrames>("_Z29_v8_internal_Print_StackTracev");
  start.copy(g_line.path.data(), start.size());
  g_line.folder_size = start.size();
  // Not on the alternate stack: V8 takes what lies below its own stack for an overflow of it.
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  ::sigfillset(&action.sa_mask);
  for (std::size_t i = 0; i < kFaults.size(); ++i) ::sigaction(kFaults[i], &action, &g_line.before[i]);
}

void forget_fault(const rm_job& job) {
  if (g_line.folder_size != 0) ::unlink(path_of(job));
}

}  // namespace ringmaster::node
