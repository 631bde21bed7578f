#include "daemon/machine/program_place.h"

#include <limits.h>
#include <unistd.h>

namespace ringmaster::daemon {
namespace {

// The folder of the running program.
std::string own_folder() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return ".";
  const std::string text(path, static_cast<std::size_t>(length));
  return text.substr(0, text.rfind('/'));
}

bool can_run(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

}  // namespace

std::vector<std::string> program_folders() {
  const std::string own = own_folder();
  return {own, own + "/../libexec/ringmaster", own + "/../worker", RINGMASTER_LIBEXEC_DIR};
}

std::string find_program(const std::string& name, const std::vector<std::string>& folders) {
  std::string place;
  for (const std::string& folder : folders) {
    place = folder + "/" + name;
    if (can_run(place)) break;
  }
  return place;
}

Result<void> check_program(const std::string& name, const std::vector<std::string>& folders) {
  if (can_run(find_program(name, folders))) return {};
  std::string places;
  for (const std::string& folder : folders) places += (places.empty() ? "\"" : ", nor in \"") + folder + "\"";
  return Error{"cannot find the program \"" + name + "\": it is neither in " + places +
               "; install the daemon as a whole (cmake --install)"};
}

}  // namespace ringmaster::daemon
