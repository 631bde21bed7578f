#include "base/program_folder.h"

#include <filesystem>
#include <system_error>

namespace ringmaster {

namespace fs = std::filesystem;

std::string program_folder() {
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  return failed ? std::string{} : program.parent_path().string();
}

std::vector<std::string> handler_folders(const std::string& program) {
  std::vector<std::string> folders;
  if (program.empty()) return folders;
  for (const char* relative :
       {RINGMASTER_HANDLERS_FROM_LIBEXEC, "handlers", "../worker/handlers", "../../worker/handlers"}) {
    folders.push_back((fs::path(program) / relative).lexically_normal().string());
  }
  return folders;
}

}  // namespace ringmaster
