#pragma once

#include <functional>
#include <string>
#include <vector>

#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster::testing {

/// A daemon that is kept busy with all that it can be asked for, one thing after the other, while its calls fail.
/// A refusal with a sentence is right; a job that was taken and is lost, an answer that does not come, or a process
/// that ends are not, and are said in `wrongs`.
class BusyDaemon : public DaemonTest {
 protected:
  using Act = std::function<void()>;

  /// Sessions, messages, crashes, deadlines, cancels, output, drains, status: the supervisor's whole day.
  [[nodiscard]] std::vector<Act> acts();
  /// Until a job of the session that was opened first, and one of a new session, are done. False: they never are.
  [[nodiscard]] bool well(Session& kept);
  /// A job of a session that is open has to end well whatever happens.
  void job_in(Session& session, const std::string& what);

  std::vector<std::string> wrongs_;

 private:
  void with_session(const std::function<void(Client&, Session&)>& act);
  void ask(const std::function<void(control::v1::Request&)>& fill);
  void look_at(const std::string& what, Submission<PendingJob> job, std::initializer_list<Status> right);
  void timed(const std::string& what, const Act& act);
  [[nodiscard]] Result<Client> connect() const;
};

}  // namespace ringmaster::testing
