#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "client/client.h"

namespace ringmaster {

/// A real ringmasterd on a socket of its own, with a pool "t" of workers that misbehave as told and, without a
/// configuration, the embedded one. TearDown stops it and asserts that no process and no file is left.
class DaemonTest : public ::testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{60};

  void SetUp() override;
  void TearDown() override;

  /// Starts the daemon with pool "t"; `more` are further lines of [pool.t]. Returns when it serves.
  void start(const std::string& more = "run_timeout = \"20s\"\n");
  void start_default();
  /// With a whole configuration of the test's own.
  void start_with(const std::string& config);
  [[nodiscard]] Session open(const std::string& pool = "t", const SessionOptions& wishes = {});
  static Outcome run(Session& session, std::string_view handler, const Arguments& arguments = {},
                     const SubmitOptions& options = {}, std::string_view payload = {});

  /// A process of this daemon: "ringmaster-supervisor", or a worker.
  [[nodiscard]] pid_t supervisor() const;
  [[nodiscard]] std::vector<pid_t> workers() const;
  /// One of workers(), once there is one: a daemon serves before its workers have started.
  [[nodiscard]] pid_t a_worker() const;
  /// workers(), once there are the three of start() and all are ready: to be compared with those of later.
  [[nodiscard]] std::vector<pid_t> all_workers() const;
  [[nodiscard]] std::vector<pid_t> children() const;
  /// Kills the supervisor and waits until its successor serves.
  void replace_supervisor();
  /// Waits for the keeper's end: exit code, or minus the signal.
  int wait_keeper();
  /// Runs a second daemon on the same socket; its exit code, what it said in `output`.
  int run_second(std::string& output);
  [[nodiscard]] std::string log() const;
  static unsigned count_in(const std::string& text, const std::string& part);
  /// `act` in a process of another uid, which may connect then; its exit code is what it returns, or 100 where it
  /// throws. Needs root. Before this process has a connection: a fork carries none over.
  [[nodiscard]] pid_t as_another_uid(const std::function<int()>& act) const;
  static int code_of(pid_t child);
  static void eventually(const std::string& what, const std::function<bool()>& condition);

  /// Runs in the daemon's process before it is one: limits, say.
  std::function<void()> before_exec_;
  std::vector<std::string> more_arguments_;  ///< of the daemon
  int output_flags_ = O_APPEND;              ///< of standard output and error, which are the file of log()
  pid_t keeper_ = 0;
  std::string folder_;
  std::string socket_;

 private:
  void launch(std::vector<std::string> arguments);
};

}  // namespace ringmaster
