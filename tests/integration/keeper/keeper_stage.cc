#include "tests/integration/keeper/keeper_stage.h"

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace ringmaster::keeper {
namespace {

namespace fs = std::filesystem;

/// The copies, where they are needed.
class Stage {
 public:
  Stage() : folder_(KEEPER_STAGE) {
    if (may_execute(folder_ + "/unruly-worker", kOtherUser)) return;
    std::string copy = fs::temp_directory_path() / "ringmaster-stage-XXXXXX";
    if (::mkdtemp(copy.data()) == nullptr) throw std::runtime_error("cannot make " + copy);
    for (const fs::directory_entry& program : fs::directory_iterator(folder_))
      if (program.is_regular_file()) fs::copy(program.path(), copy / program.path().filename());
    fs::permissions(copy, fs::perms{0755});
    folder_ = copy;
    copied_ = true;
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() {
    std::error_code ignored;
    if (copied_) fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  bool copied_ = false;
};

}  // namespace

bool may_execute(const std::string& program, unsigned id) {
  if (::geteuid() != 0) return true;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(id) != 0 || ::setuid(id) != 0) ::_exit(0);
    ::_exit(::access(program.c_str(), X_OK) == 0 ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

const std::string& keeper_stage() {
  static const Stage stage;
  return stage.folder();
}

}  // namespace ringmaster::keeper
