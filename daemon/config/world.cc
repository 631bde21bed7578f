#include "daemon/config/world.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/program_folder.h"

namespace ringmaster::config {
namespace {

namespace fs = std::filesystem;

std::optional<World::FileFacts> file_facts(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return World::FileFacts{facts.st_mode};
}

std::vector<std::string> file_names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<World::UserFacts> user_facts(const std::string& name) {
  const passwd* const found = ::getpwnam(name.c_str());
  if (found == nullptr) return std::nullopt;
  return World::UserFacts{found->pw_uid, found->pw_gid};
}

std::optional<gid_t> group_id(const std::string& name) {
  const group* const found = ::getgrnam(name.c_str());
  if (found == nullptr) return std::nullopt;
  return found->gr_gid;
}

std::vector<std::string> folders_for_handlers() {
  std::vector<std::string> folders = handler_folders(program_folder());
  if (const char* chosen = ::secure_getenv("RINGMASTER_HANDLERS"); chosen != nullptr && *chosen != '\0') {
    folders.emplace(folders.begin(), chosen);
  }
  return folders;
}

}  // namespace

World real_world() {
  World world;
  world.stat = file_facts;
  world.user = user_facts;
  world.group = group_id;
  world.list = file_names;
  world.handler_folders = folders_for_handlers();
  if (const char* path = ::secure_getenv("PATH"); path != nullptr && *path != '\0') world.path = path;
  std::error_code error;
  if (const fs::path here = fs::current_path(error); !error) world.cwd = here.string();
  world.euid = ::geteuid();
  return world;
}

}  // namespace ringmaster::config
