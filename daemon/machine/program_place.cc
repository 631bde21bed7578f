#include "daemon/machine/program_place.h"

#include <unistd.h>

#include "base/program_folder.h"

namespace ringmaster::daemon {
namespace {

bool can_run(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

}  // namespace

std::vector<std::string> program_folders() {
  const std::string found = program_folder();
  const std::string own = found.empty() ? "." : found;
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
