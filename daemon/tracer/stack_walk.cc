#include "daemon/tracer/stack_walk.h"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"
#include "daemon/os/file_identity.h"

namespace ringmaster::tracer {
namespace {

using DwflHandle = std::unique_ptr<Dwfl, void (*)(Dwfl*)>;

constexpr auto kStopLimit = std::chrono::milliseconds{500};
constexpr auto kStopPoll = std::chrono::microseconds{200};
constexpr const char* kHandlerSection = "ringmaster_run";  // worker/job/job_context.cc calls the handler there

// The user that the next files are opened as, and the library; globals, because libdwfl's callbacks have no argument
// for them.
FileUser user_of_files;
const Libdw* libdw_in_use = nullptr;

bool is_deleted(const char* name) { return std::string_view(name).ends_with(" (deleted)"); }

// Opens the file as the worker's user, and only if it is a regular file: opening a device or pipe in its place may have
// effects or block for ever. For a deleted file and the vdso, libdwfl's own function reads the process's memory.
int find_elf(Dwfl_Module* module, void** data, const char* name, Dwarf_Addr base, char** path, Elf** elf) {
  if (name[0] == '/') {
    const daemon::FileIdentity as_its_user(user_of_files.uid, user_of_files.gid);
    UniqueFd file(::open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat about {};
    if (file && ::fstat(file.get(), &about) == 0 && S_ISREG(about.st_mode)) {
      *path = ::strdup(name);
      return *path != nullptr ? file.release() : -1;
    }
    if (file || errno != ENOENT || !is_deleted(name)) return -1;
  }
  return libdw_in_use->dwfl_linux_proc_find_elf(module, data, name, base, path, elf);
}

// Uses no debug information, which may take long to find and read: unwind tables are in the modules themselves.
int find_no_debuginfo(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word, char**) {
  return -1;
}

std::string hex(const unsigned char* bytes, int count) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < count; ++i) text += kDigits[bytes[i] >> 4], text += kDigits[bytes[i] & 15];
  return text;
}

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  [[nodiscard]] bool holds(std::uint64_t address) const { return address >= begin && address < end; }
};

// Where the module calls handlers, by its section headers, which a strip does not remove.
Range handler_calls(const Libdw& libdw, Elf* elf) {
  std::size_t names = 0;
  if (libdw.elf_getshdrstrndx(elf, &names) != 0) return {};
  for (Elf_Scn* section = nullptr; (section = libdw.elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header{};
    if (libdw.gelf_getshdr(section, &header) == nullptr) continue;
    const char* name = libdw.elf_strptr(elf, names, header.sh_name);
    if (name != nullptr && std::strcmp(name, kHandlerSection) == 0) {
      return {header.sh_addr, header.sh_addr + header.sh_size};
    }
  }
  return {};
}

// A module of the process, looked up once per capture.
struct Module {
  std::string path;
  std::string build_id;
  std::uint64_t bias = 0;
  Range handler_calls;
};

class Modules {
 public:
  Modules(const Libdw& libdw, Dwfl* dwfl) : libdw_(libdw), dwfl_(dwfl) {}

  [[nodiscard]] core::StackFrame frame_at(std::uint64_t address) {
    core::StackFrame frame;
    frame.offset = address;
    Dwfl_Module* handle = libdw_.dwfl_addrmodule(dwfl_, address);
    if (handle == nullptr) return frame;
    const Module& module = of(handle);
    frame.module = module.path;
    frame.build_id = module.build_id;
    frame.offset = address - module.bias;
    frame.handler_call = module.handler_calls.holds(frame.offset);
    return frame;
  }

 private:
  const Module& of(Dwfl_Module* handle) {
    const auto known = modules_.find(handle);
    if (known != modules_.end()) return known->second;
    Module& module = modules_[handle];
    Dwarf_Addr start = 0;
    const char* path = libdw_.dwfl_module_info(handle, nullptr, &start, nullptr, nullptr, nullptr, nullptr, nullptr);
    if (path != nullptr) module.path = path;
    GElf_Addr bias = 0;
    Elf* elf = libdw_.dwfl_module_getelf(handle, &bias);
    module.bias = elf != nullptr ? bias : start;
    if (elf != nullptr) module.handler_calls = handler_calls(libdw_, elf);
    const unsigned char* bits = nullptr;
    GElf_Addr where = 0;
    if (const int size = libdw_.dwfl_module_build_id(handle, &bits, &where); size > 0)
      module.build_id = hex(bits, size);
    return module;
  }

  const Libdw& libdw_;
  Dwfl* dwfl_;
  std::map<Dwfl_Module*, Module> modules_;
};

struct Walk {
  const Libdw& libdw;
  Modules& modules;
  std::vector<core::StackFrame> frames;
};

int take_frame(Dwfl_Frame* frame, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  Dwarf_Addr pc = 0;
  bool activation = false;
  if (!walk.libdw.dwfl_frame_pc(frame, &pc, &activation) || walk.frames.size() >= kMaxFrames) return DWARF_CB_ABORT;
  // A return address is after the call, perhaps in another function.
  walk.frames.push_back(walk.modules.frame_at(activation ? pc : pc - 1));
  walk.frames.back().interrupted = activation && walk.frames.size() > 1;
  return DWARF_CB_OK;
}

bool wait_for_stop(pid_t tid) {
  const auto limit = std::chrono::steady_clock::now() + kStopLimit;
  while (std::chrono::steady_clock::now() < limit) {
    int status = 0;
    const pid_t got = ::waitpid(tid, &status, __WALL | WNOHANG);
    if (got == tid) return WIFSTOPPED(status);
    if (got < 0) return false;
    std::this_thread::sleep_for(kStopPoll);
  }
  return false;
}

/// A thread of another process, seized for the object's life.
class Seized {
 public:
  explicit Seized(pid_t tid) : tid_(tid), error_(::ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) == 0 ? 0 : errno) {}
  ~Seized() {
    if (error_ == 0 && ::ptrace(PTRACE_DETACH, tid_, nullptr, nullptr) != 0) {
      // It was killed meanwhile: this process must wait for it, or the keeper could not reap it while the tracer lives.
      (void)::waitpid(tid_, nullptr, __WALL | WNOHANG);
    }
  }
  Seized(const Seized&) = delete;
  Seized& operator=(const Seized&) = delete;

  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] bool stop() const {
    return ::ptrace(PTRACE_INTERRUPT, tid_, nullptr, nullptr) == 0 && wait_for_stop(tid_);
  }

 private:
  pid_t tid_;
  int error_;
};

Frames no_frames(std::string problem) {
  Frames frames;
  frames.problem = std::move(problem);
  return frames;
}

std::optional<core::RecentFaults::Place> place_of(Modules& modules, const Capture& order) {
  if (order.pc == 0) return std::nullopt;
  const core::StackFrame frame = modules.frame_at(order.pc);
  // A place in a shared library says nothing about its caller.
  const bool shared = frame.module.find("/libc.so") != std::string::npos ||
                      frame.module.find("/libstdc++.so") != std::string::npos ||
                      frame.module.find("/ld-linux") != std::string::npos;
  if (frame.build_id.empty() || shared) return std::nullopt;
  return core::RecentFaults::Place{frame.build_id, frame.offset};
}

}  // namespace

Frames StackWalk::capture(const Capture& order, core::TimePoint now) {
  if (!libdw_) return no_frames("no stack: " + libdw_.error().message);
  const Libdw& libdw = *libdw_;
  libdw_in_use = &libdw;
  if (::access(("/proc/" + std::to_string(order.pid) + "/task/" + std::to_string(order.tid)).c_str(), F_OK) != 0) {
    return no_frames("no stack: the worker is gone, or has no such thread");
  }
  user_of_files = order.user;
  const daemon::FileIdentity as_owner_of_its_entry(order.pid);
  static const Dwfl_Callbacks callbacks = {
      .find_elf = find_elf, .find_debuginfo = find_no_debuginfo, .section_address = nullptr, .debuginfo_path = nullptr};
  const DwflHandle dwfl(libdw.dwfl_begin(&callbacks), libdw.dwfl_end);
  if (!dwfl || libdw.dwfl_linux_proc_report(dwfl.get(), order.pid) != 0 ||
      libdw.dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0) {
    return no_frames(std::string{"no stack: the worker's mappings cannot be read: "} + libdw.dwfl_errmsg(-1));
  }
  Modules modules(libdw, dwfl.get());
  const auto place = place_of(modules, order);
  if (place) {
    if (const std::uint64_t known = recent_.find(now, *place); known != 0) {
      Frames same;
      same.same_as = known;
      return same;
    }
  }
  const Seized thread(order.tid);
  if (thread.error() != 0) {
    return no_frames(std::string{"no stack: the worker cannot be traced: "} + std::strerror(thread.error()));
  }
  if (!thread.stop()) return no_frames("no stack: the worker did not stop in time");
  if (libdw.dwfl_linux_proc_attach(dwfl.get(), order.pid, true) != 0) {
    return no_frames(std::string{"no stack: "} + libdw.dwfl_errmsg(-1));
  }
  Walk walk{libdw, modules, {}};
  (void)libdw.dwfl_getthread_frames(dwfl.get(), order.tid, take_frame, &walk);
  if (walk.frames.empty()) return no_frames(std::string{"no stack: "} + libdw.dwfl_errmsg(-1));
  if (place) recent_.note(now, *place, order.label);
  Frames frames;
  frames.frames = std::move(walk.frames);
  return frames;
}

}  // namespace ringmaster::tracer
