#include "daemon/config/world.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

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

/// The installed folder, relative to the binary so that an installed tree can be moved; then the build tree's.
std::vector<std::string> handler_folders() {
  std::vector<std::string> folders;
  if (const char* chosen = ::secure_getenv("RINGMASTER_HANDLERS"); chosen != nullptr && *chosen != '\0') {
    folders.emplace_back(chosen);
  }
  std::error_code error;
  const fs::path binary = fs::read_symlink("/proc/self/exe", error);
  if (error) return folders;
  const fs::path folder = binary.parent_path();
  for (const char* relative : {RINGMASTER_HANDLERS_FROM_LIBEXEC, "../../worker/handlers", "../worker/handlers"}) {
    folders.push_back((folder / relative).lexically_normal().string());
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
  world.handler_folders = handler_folders();
  if (const char* path = ::secure_getenv("PATH"); path != nullptr && *path != '\0') world.path = path;
  std::error_code error;
  if (const fs::path here = fs::current_path(error); !error) world.cwd = here.string();
  world.euid = ::geteuid();
  return world;
}

}  // namespace ringmaster::config
