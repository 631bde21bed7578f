#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {

/// The command `ringmaster` against a daemon of the test's own.
class CommandTest : public DaemonTest {
 protected:
  /// How a command is started.
  struct Start {
    std::vector<std::string> arguments;
    std::string in = "/dev/null";
    std::vector<int> closed = {};  ///< of 0 to 2
    int terminal = -1;             ///< standard output and error go there instead
    std::string tiny_disk = {};    ///< a folder that becomes a file system of a few KiB, for it alone
  };
  struct Ended {
    int code = -1;
    std::string out;
    std::string errors;
  };

  /// Its output goes to the folder's files "out" and "errors". Status 125: no tiny disk can be made here.
  [[nodiscard]] pid_t begin(const Start& start) const;
  Ended finish(pid_t pid) const;
  Ended call(const Start& start) const { return finish(begin(start)); }
  Ended call(std::vector<std::string> arguments) const { return call(Start{.arguments = std::move(arguments)}); }

  /// Jobs that the daemon counts as done, all pools together.
  [[nodiscard]] std::uint64_t jobs_done() const;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] static std::string content(const std::string& path);
  /// A pseudo-terminal of `columns`; everything that was written to it so far.
  struct Terminal {
    UniqueFd ours;
    UniqueFd theirs;
    std::string said = {};
    void read();
  };
  [[nodiscard]] static Terminal open_terminal(unsigned short columns);
};

}  // namespace ringmaster
