#include "daemon/tracer/symbols.h"

#include <cxxabi.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/unique_fd.h"
#include "daemon/os/file_identity.h"

namespace ringmaster::tracer {
namespace {

std::string demangled(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol, nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : symbol;
}

// Checks the build id, because the file may have been replaced since the worker mapped it.
bool is_build(const Libdw& libdw, Dwfl_Module* module, const std::string& build_id) {
  const unsigned char* bits = nullptr;
  GElf_Addr where = 0;
  const int size = libdw.dwfl_module_build_id(module, &bits, &where);
  if (size <= 0 || static_cast<std::size_t>(size) * 2 != build_id.size()) return false;
  for (int i = 0; i < size; ++i) {
    const std::string_view pair = std::string_view(build_id).substr(static_cast<std::size_t>(i) * 2, 2);
    if (std::strtoul(std::string(pair).c_str(), nullptr, 16) != bits[i]) return false;
  }
  return true;
}

}  // namespace

struct SymbolBook::Entry {
  explicit Entry(const Libdw& library) : libdw(library), dwfl(nullptr, library.dwfl_end) {}

  const Libdw& libdw;
  std::unique_ptr<Dwfl, void (*)(Dwfl*)> dwfl;
  Dwfl_Module* module = nullptr;  ///< null: it cannot be read
  GElf_Addr bias = 0;
  std::uint64_t last_use = 0;

  void open(const core::StackFrame& frame);
};

void SymbolBook::Entry::open(const core::StackFrame& frame) {
  static const Dwfl_Callbacks callbacks = {.find_elf = libdw.dwfl_build_id_find_elf,
                                           .find_debuginfo = libdw.dwfl_standard_find_debuginfo,
                                           .section_address = libdw.dwfl_offline_section_address,
                                           .debuginfo_path = nullptr};
  // O_NONBLOCK: a hostile worker may have put a device or pipe in the file's place, where open() could block for ever.
  UniqueFd file(::open(frame.module.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) return;
  dwfl.reset(libdw.dwfl_begin(&callbacks));
  if (!dwfl) return;
  const int fd = file.release();
  Dwfl_Module* found = libdw.dwfl_report_offline(dwfl.get(), frame.module.c_str(), frame.module.c_str(), fd);
  if (found == nullptr) ::close(fd);
  if (found == nullptr || libdw.dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0) return;
  if (libdw.dwfl_module_getelf(found, &bias) == nullptr) return;
  if (is_build(libdw, found, frame.build_id)) module = found;
}

SymbolBook::SymbolBook(const Result<Libdw>& libdw) : libdw_(libdw) {}
SymbolBook::~SymbolBook() = default;

SymbolBook::Entry& SymbolBook::entry_of(const core::StackFrame& frame, const FileUser& user) {
  auto& entry = entries_[{user, frame.build_id}];
  if (!entry) {
    entry = std::make_unique<Entry>(*libdw_);
    entry->open(frame);
  }
  Entry& found = *entry;
  found.last_use = ++uses_;
  if (entries_.size() > kMost) {
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& one, const auto& other) {
      return one.second->last_use < other.second->last_use;
    }));
  }
  return found;
}

void SymbolBook::name(core::StackFrame& frame, const FileUser& user) {
  if (!libdw_ || frame.module.empty() || frame.module.front() != '/' || frame.build_id.empty()) return;
  const daemon::FileIdentity as_its_user(user.uid, user.gid);
  const Entry& entry = entry_of(frame, user);
  if (entry.module == nullptr) return;
  const Dwarf_Addr address = frame.offset + entry.bias;
  if (const char* symbol = libdw_->dwfl_module_addrname(entry.module, address)) frame.function = demangled(symbol);
  Dwfl_Line* line = libdw_->dwfl_module_getsrc(entry.module, address);
  int number = 0;
  const char* file =
      line != nullptr ? libdw_->dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr) : nullptr;
  if (file == nullptr || number <= 0) return;
  frame.file = file;
  frame.line = static_cast<unsigned>(number);
}

}  // namespace ringmaster::tracer
