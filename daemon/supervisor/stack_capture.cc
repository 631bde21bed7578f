#include "daemon/supervisor/stack_capture.h"

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "daemon/os/file_identity.h"

namespace ringmaster {
namespace {

constexpr int kMaxFrames = 48;
constexpr auto kStopLimit = std::chrono::milliseconds{500};
constexpr auto kStopPoll = std::chrono::milliseconds{1};

struct Walk {
  Dwfl* dwfl = nullptr;
  std::string text;
  int frames = 0;
};

std::string readable(const char* symbol) {
  if (symbol == nullptr) return "?";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol, nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : symbol;
}

int take_frame(Dwfl_Frame* frame, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  Dwarf_Addr pc = 0;
  bool activation = false;
  if (!dwfl_frame_pc(frame, &pc, &activation) || walk.frames >= kMaxFrames) return DWARF_CB_ABORT;
  // A return address is one past the call.
  const Dwarf_Addr at = activation ? pc : pc - 1;
  Dwfl_Module* module = dwfl_addrmodule(walk.dwfl, at);
  const char* symbol = module != nullptr ? dwfl_module_addrname(module, at) : nullptr;
  const char* file =
      module != nullptr ? dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) : "?";
  char line[1024];
  std::snprintf(line, sizeof line, "#%d 0x%llx %s (%s)\n", walk.frames, static_cast<unsigned long long>(pc),
                readable(symbol).c_str(), file != nullptr ? file : "?");
  walk.text += line;
  ++walk.frames;
  return DWARF_CB_OK;
}

bool wait_for_stop(pid_t pid) {
  const auto limit = std::chrono::steady_clock::now() + kStopLimit;
  while (std::chrono::steady_clock::now() < limit) {
    int status = 0;
    const pid_t got = ::waitpid(pid, &status, __WALL | WNOHANG);
    if (got == pid) return WIFSTOPPED(status);
    if (got < 0) return false;
    std::this_thread::sleep_for(kStopPoll);
  }
  return false;
}

std::string walk_stopped(pid_t pid) {
  static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                           .find_debuginfo = dwfl_standard_find_debuginfo,
                                           .section_address = nullptr,
                                           .debuginfo_path = nullptr};
  const FileIdentity as_its_user(pid);
  const std::unique_ptr<Dwfl, void (*)(Dwfl*)> dwfl(dwfl_begin(&callbacks), dwfl_end);
  if (!dwfl || dwfl_linux_proc_report(dwfl.get(), pid) != 0 || dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0 ||
      dwfl_linux_proc_attach(dwfl.get(), pid, true) != 0) {
    return std::string{"no stack: "} + dwfl_errmsg(-1);
  }
  Walk walk{dwfl.get(), {}, 0};
  (void)dwfl_getthread_frames(dwfl.get(), pid, take_frame, &walk);
  return walk.text.empty() ? std::string{"no stack: "} + dwfl_errmsg(-1) : walk.text;
}

std::string capture(pid_t pid) {
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) {
    return std::string{"no stack: cannot trace the worker: "} + std::strerror(errno);
  }
  std::string text = "no stack: the worker did not stop in time";
  if (::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) == 0 && wait_for_stop(pid)) text = walk_stopped(pid);
  if (::ptrace(PTRACE_DETACH, pid, nullptr, nullptr) != 0) {
    // Killed meanwhile: its end must be taken, or the keeper cannot reap it before this thread ends.
    (void)::waitpid(pid, nullptr, __WALL | WNOHANG);
  }
  return text;
}

}  // namespace

std::string stack_summary(const std::string& stack) {
  if (stack.rfind("#0 ", 0) != 0) return stack;
  std::string summary;
  std::size_t at = 0;
  for (int frame = 0; frame < 3 && at < stack.size(); ++frame) {
    const std::size_t end = std::min(stack.find('\n', at), stack.size());
    // "#0 0x1234 name(args) (file)"
    const std::size_t name = stack.find(' ', stack.find(' ', at) + 1) + 1;
    const std::size_t file = stack.rfind(" (", end);
    if (name < end && file > name) summary += (frame == 0 ? "" : " < ") + stack.substr(name, file - name);
    at = end + 1;
  }
  return summary;
}

void capture_stack(EventLoop& loop, pid_t pid, std::function<void(std::string)> done) {
  const auto kept = std::make_shared<std::function<void(std::string)>>(std::move(done));
  try {
    std::thread([&loop, pid, kept] {
      std::string text = capture(pid);
      loop.post([kept, text = std::move(text)]() mutable { (*kept)(std::move(text)); });
    }).detach();
  } catch (const std::system_error& error) {
    loop.post([kept, text = std::string{"no stack: no thread can be had: "} + error.what()] { (*kept)(text); });
  }
}

}  // namespace ringmaster
