#include <dlfcn.h>
#include <link.h>
#include <sys/random.h>

#include <cstdint>

// Two functions of glibc 2.35 and 2.36 that the C++ runtime calls where it is linked in (RINGMASTER_SELF_CONTAINED).
// Defined here they are not asked of the machine's glibc, so the programs run with 2.34 as well. Hidden: they are this
// program's own.

namespace {

struct Search {
  std::uintptr_t address = 0;
  dl_find_object* found = nullptr;
};

// 1, which ends the walk, if the object holds the address and can be unwound.
int look_into(dl_phdr_info* object, std::size_t, void* argument) {
  const Search& search = *static_cast<Search*>(argument);
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::uintptr_t unwind_table = 0;
  for (const auto* part = object->dlpi_phdr; part != object->dlpi_phdr + object->dlpi_phnum; ++part) {
    const std::uintptr_t at = object->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD && search.address >= at && search.address - at < part->p_memsz) {
      begin = at;
      end = at + part->p_memsz;
    } else if (part->p_type == DLFO_EH_SEGMENT_TYPE) {
      unwind_table = at;
    }
  }
  if (begin == 0 || unwind_table == 0) return 0;
  *search.found = {};
  search.found->dlfo_map_start = reinterpret_cast<void*>(begin);
  search.found->dlfo_map_end = reinterpret_cast<void*>(end);
  search.found->dlfo_eh_frame = reinterpret_cast<void*>(unwind_table);
  return 1;
}

}  // namespace

// For the unwinder of exceptions (libgcc), which uses of the answer what is filled in above.
// NOLINTNEXTLINE(bugprone-reserved-identifier): glibc's name
extern "C" __attribute__((visibility("hidden"))) int _dl_find_object(void* address, dl_find_object* found) noexcept {
  Search search{reinterpret_cast<std::uintptr_t>(address), found};
  return ::dl_iterate_phdr(look_into, &search) == 1 ? 0 : -1;
}

// For std::random_device.
extern "C" __attribute__((visibility("hidden"))) std::uint32_t arc4random() noexcept {
  std::uint32_t number = 0;
  while (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
  }
  return number;
}
