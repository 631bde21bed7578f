#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/core/worker/worker_talk.h"
#include "daemon/link/keeper_codec.h"
#include "daemon/loop/event_loop.h"
#include "daemon/pool/worker/pool_worker.h"
#include "daemon/pool/worker/worker_output.h"
#include "proto/worker_link.h"
#include "shm/mapping.h"
#include "shm/segment_view.h"

namespace ringmaster::daemon {

class Closer;

/// The descriptors of one worker incarnation; the keeper holds copies of them.
struct WorkerFds {
  UniqueFd lane;
  UniqueFd control;
  UniqueFd socket;  ///< our end
  UniqueFd out;     ///< read ends
  UniqueFd err;
  UniqueFd cgroup;  ///< its own cgroup, if any; the keeper adds this deposit itself

  static constexpr std::array<keeper::DepositKind, 5> kKinds{
      keeper::DepositKind::Lane, keeper::DepositKind::Control, keeper::DepositKind::WorkerSocket,
      keeper::DepositKind::WorkerStdout, keeper::DepositKind::WorkerStderr};
  [[nodiscard]] UniqueFd& of(keeper::DepositKind kind);
  [[nodiscard]] bool complete() const;
  /// Selects all that the keeper holds of an incarnation.
  [[nodiscard]] static keeper::ReleaseSelector deposits_of(shm::Owner owner);
};

/// One worker process: its two segments, its control socket, its output. Passive: it decodes and sends; the pool
/// decides. The supervisor's one thread.
class WorkerProcess final : public PoolWorker {
 public:
  using OnMessage = std::function<void(worker_link::ToSupervisor&&)>;
  using OnBroken = std::function<void(const std::string& what)>;

  /// The descriptors that become 3, 4, 5 and 1, 2 of the worker; they may be closed once it is spawned.
  struct ChildEnds {
    UniqueFd null;
    UniqueFd out;
    UniqueFd err;
    UniqueFd socket;
    UniqueFd control;  ///< the control segment, reopened read-only
  };

  ~WorkerProcess() override;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Creates segments, sockets and pipes for a process that is about to be spawned.
  [[nodiscard]] static Result<std::unique_ptr<WorkerProcess>> create(const WorkerName& place);
  /// Takes up a process that a predecessor had spawned; `ready`: the predecessor knew that it was ready. An Error: the
  /// inherited descriptors do not fit together; `fds` is unchanged.
  [[nodiscard]] static Result<std::unique_ptr<WorkerProcess>> adopt(const WorkerName& place, WorkerFds& fds,
                                                                    std::int32_t pid, bool ready);

  /// Starts to read the control socket and the output. After a malformed packet or a message that is not allowed it
  /// reads no more and calls `on_broken` once: the process must be killed. `job_of`: finds the jobs of output lines.
  void listen(EventLoop& loop, OnMessage on_message, OnBroken on_broken, WorkerOutput::JobOf job_of);

  /// The output alone, of a process that is dead: what it has left is read by finish_output().
  void follow_output(EventLoop& loop, WorkerOutput::JobOf job_of);

  /// Lets the process read its own output, and tells it to: that of a job goes to the job's client. Before the spawn.
  [[nodiscard]] Result<void> give_output_to_clients();

  [[nodiscard]] WorkerFds& fds() { return fds_; }
  [[nodiscard]] ChildEnds& child_ends() { return child_ends_; }
  void set_pid(std::int32_t pid) { pid_ = pid, output_.set_pid(pid); }

  // PoolWorker
  [[nodiscard]] const WorkerName& name() const override { return name_; }
  [[nodiscard]] shm::LaneRecord& lane() const override { return *lane_; }
  [[nodiscard]] shm::ControlRecord& control() const override { return *control_; }
  [[nodiscard]] std::int32_t pid() const override { return pid_; }
  [[nodiscard]] int cgroup() const override { return fds_.cgroup.get(); }
  [[nodiscard]] bool adopted() const override { return adopted_; }
  [[nodiscard]] bool holds(std::uint32_t serial) const override { return talk_.holds(serial); }
  void send(const worker_link::ToWorker& message) override;
  bool send_attach(const Session& session, bool same_uid) override;
  void send_room(std::uint32_t number, RoomGiven&& room) override;
  bool call(const worker_link::Look& look) override;
  void flush() override;
  bool take_told() override { return std::exchange(told_, false); }
  void finish_output(JobLog&& log) override { output_.finish(std::move(log)); }

 private:
  struct Outgoing {
    std::vector<std::byte> packet;
    std::vector<UniqueFd> fds;
  };

  explicit WorkerProcess(const WorkerName& place);
  void flush_later(int error);
  Result<void> map();
  Result<void> map_inherited();
  void receive();
  [[nodiscard]] bool take(worker_link::ToSupervisor&& message);

  WorkerName name_;
  WorkerFds fds_;
  ChildEnds child_ends_;
  shm::Mapping lane_map_;
  shm::Mapping control_map_;
  shm::LaneRecord* lane_ = nullptr;
  shm::ControlRecord* control_ = nullptr;
  std::int32_t pid_ = 0;
  core::WorkerTalk talk_;
  OnMessage on_message_;
  OnBroken on_broken_;
  std::deque<Outgoing> outbox_;
  Closer* closer_ = nullptr;
  bool told_ = false;
  bool adopted_ = false;
  bool call_kept_ = false;
  EventLoop* loop_ = nullptr;
  std::optional<EventLoop::TimerId> retry_;  ///< will call flush()
  std::unique_ptr<FdWatch> watch_;
  WorkerOutput output_;
};

}  // namespace ringmaster::daemon
