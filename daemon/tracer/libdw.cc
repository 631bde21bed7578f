#include "daemon/tracer/libdw.h"

#include <dlfcn.h>

#include <string>

namespace ringmaster::tracer {
namespace {

/// Looks up one function after the other in libdw and in libelf, which it brings along, until one is missing.
class Lookup {
 public:
  explicit Lookup(void* library) : library_(library) {}

  template <typename Function>
  Lookup& find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(::dlsym(library_, name));
    if (function == nullptr && missing_.empty()) missing_ = name;
    return *this;
  }
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  void* library_;
  std::string missing_;
};

}  // namespace

#define FIND(function) find(libdw.function, #function)

Result<Libdw> load_libdw(const char* name) {
  void* const library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = ::dlerror();
    return Error{std::string("libdw not found (") + (why != nullptr ? why : name) + "); install elfutils' libdw"};
  }
  Libdw libdw;
  Lookup lookup(library);
  lookup.FIND(dwfl_addrmodule).FIND(dwfl_begin).FIND(dwfl_build_id_find_elf).FIND(dwfl_end).FIND(dwfl_errmsg);
  lookup.FIND(dwfl_frame_pc).FIND(dwfl_getthread_frames).FIND(dwfl_lineinfo).FIND(dwfl_linux_proc_attach);
  lookup.FIND(dwfl_linux_proc_find_elf).FIND(dwfl_linux_proc_report).FIND(dwfl_module_addrname);
  lookup.FIND(dwfl_module_build_id).FIND(dwfl_module_getelf).FIND(dwfl_module_getsrc).FIND(dwfl_module_info);
  lookup.FIND(dwfl_offline_section_address).FIND(dwfl_report_end).FIND(dwfl_report_offline);
  lookup.FIND(dwfl_standard_find_debuginfo).FIND(elf_getshdrstrndx).FIND(elf_nextscn).FIND(elf_strptr);
  lookup.FIND(gelf_getshdr);
  if (!lookup.missing().empty()) return Error{std::string("libdw is too old: ") + name + " has no " + lookup.missing()};
  return libdw;
}

#undef FIND

}  // namespace ringmaster::tracer
