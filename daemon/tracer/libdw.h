#pragma once

#include <elfutils/libdwfl.h>
#include <gelf.h>

#include "base/result.h"

namespace ringmaster::tracer {

/// The functions of libdw and libelf that the tracer calls, found when it starts and not when it is linked: ringmaster
/// also runs where they are not installed, only without stacks.
struct Libdw {
  decltype(&::dwfl_addrmodule) dwfl_addrmodule = nullptr;
  decltype(&::dwfl_begin) dwfl_begin = nullptr;
  decltype(&::dwfl_build_id_find_elf) dwfl_build_id_find_elf = nullptr;
  decltype(&::dwfl_end) dwfl_end = nullptr;
  decltype(&::dwfl_errmsg) dwfl_errmsg = nullptr;
  decltype(&::dwfl_frame_pc) dwfl_frame_pc = nullptr;
  decltype(&::dwfl_getthread_frames) dwfl_getthread_frames = nullptr;
  decltype(&::dwfl_lineinfo) dwfl_lineinfo = nullptr;
  decltype(&::dwfl_linux_proc_attach) dwfl_linux_proc_attach = nullptr;
  decltype(&::dwfl_linux_proc_find_elf) dwfl_linux_proc_find_elf = nullptr;
  decltype(&::dwfl_linux_proc_report) dwfl_linux_proc_report = nullptr;
  decltype(&::dwfl_module_addrname) dwfl_module_addrname = nullptr;
  decltype(&::dwfl_module_build_id) dwfl_module_build_id = nullptr;
  decltype(&::dwfl_module_getelf) dwfl_module_getelf = nullptr;
  decltype(&::dwfl_module_getsrc) dwfl_module_getsrc = nullptr;
  decltype(&::dwfl_module_info) dwfl_module_info = nullptr;
  decltype(&::dwfl_offline_section_address) dwfl_offline_section_address = nullptr;
  decltype(&::dwfl_report_end) dwfl_report_end = nullptr;
  decltype(&::dwfl_report_offline) dwfl_report_offline = nullptr;
  decltype(&::dwfl_standard_find_debuginfo) dwfl_standard_find_debuginfo = nullptr;
  decltype(&::elf_getshdrstrndx) elf_getshdrstrndx = nullptr;
  decltype(&::elf_nextscn) elf_nextscn = nullptr;
  decltype(&::elf_strptr) elf_strptr = nullptr;
  decltype(&::gelf_getshdr) gelf_getshdr = nullptr;
};

inline constexpr const char* kLibdw = "libdw.so.1";

/// Loads the library called `name`, for the life of the process. The Error says what is missing and what to install.
[[nodiscard]] Result<Libdw> load_libdw(const char* name = kLibdw);

}  // namespace ringmaster::tracer
