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

#include "daemon/core/worker_talk.h"
#include "daemon/keeper/keeper_codec.h"
#include "daemon/supervisor/event_loop.h"
#include "daemon/supervisor/output_drain.h"
#include "proto/worker_link.h"
#include "shm/base/unique_fd.h"
#include "shm/mapping.h"
#include "shm/segment_view.h"

namespace ringmaster {

class Closer;
struct Session;

/// Where a worker stands: its id in the daemon and incarnation, its pool and place there.
struct WorkerPlace {
  Owner owner;
  std::uint32_t pool = 0;
  std::string pool_name;
  std::uint16_t seat = 0;
};

/// The descriptors of one incarnation that the supervisor keeps and the keeper holds.
struct WorkerFds {
  UniqueFd lane;
  UniqueFd control;
  UniqueFd socket;  ///< our end
  UniqueFd out;     ///< read ends
  UniqueFd err;
  UniqueFd cgroup;  ///< its own, if it has one; the keeper deposits it by itself

  static constexpr std::array<keeper::DepositKind, 5> kKinds{
      keeper::DepositKind::Lane, keeper::DepositKind::Control, keeper::DepositKind::WorkerSocket,
      keeper::DepositKind::WorkerStdout, keeper::DepositKind::WorkerStderr};
  [[nodiscard]] UniqueFd& of(keeper::DepositKind kind);
  [[nodiscard]] bool complete() const;
  /// All that the keeper holds of an incarnation.
  [[nodiscard]] static keeper::ReleaseSelector deposits_of(Owner owner);
};

/// One worker process: its two segments, its control socket, its output. Passive: it decodes and sends, its Pool
/// decides. The supervisor's one thread. The lane can be written by the worker: look, never trust.
class WorkerProcess {
 public:
  using OnMessage = std::function<void(worker_link::ToSupervisor&&)>;
  using OnBroken = std::function<void(const std::string& what)>;

  /// The descriptors that become 3, 4, 5 and 1, 2 of the worker; they may be closed once it is spawned.
  struct ChildEnds {
    UniqueFd null;
    UniqueFd out;
    UniqueFd err;
    UniqueFd socket;
    UniqueFd control;  ///< read-only reopen
  };

  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// New segments, sockets and pipes for a process that is to be spawned.
  [[nodiscard]] static Result<std::unique_ptr<WorkerProcess>> create(const WorkerPlace& place);
  /// Takes up a process that a predecessor had spawned; `ready`: it heard of it that it was. An Error: what was
  /// inherited does not fit together, and `fds` is as it was.
  [[nodiscard]] static Result<std::unique_ptr<WorkerProcess>> adopt(const WorkerPlace& place, WorkerFds& fds,
                                                                    std::int32_t pid, bool ready);

  /// Starts to read the control socket and the output. A packet that cannot be read, or a message out of turn, ends the
  /// reading: `on_broken` is called once, and the process must go. `job_of`: for the tags of its output's lines.
  void listen(EventLoop& loop, OnMessage on_message, OnBroken on_broken, OutputDrain::JobOf job_of);

  /// In order; what the worker's queue cannot take yet (it runs a long job) waits for flush().
  void send(const worker_link::ToWorker& message);
  /// False: its descriptors cannot be passed on (none is left).
  bool send_attach(const Session& session, bool same_uid);
  /// Tells it to look for jobs. While its queue is full one look at everything is kept for flush(), however many were
  /// asked for.
  /// False: nobody reads at the other end any more.
  bool call(const worker_link::Look& look);
  void flush();
  /// Whether anything was sent since the last call.
  bool take_told() { return std::exchange(told_, false); }

  /// What is left in the pipes of a dead worker goes to the log.
  void finish_output() { output_.finish(); }

  [[nodiscard]] const WorkerPlace& place() const { return place_; }
  [[nodiscard]] LaneRecord& lane() const { return *lane_; }
  [[nodiscard]] ControlRecord& control() const { return *control_; }
  [[nodiscard]] WorkerFds& fds() { return fds_; }
  [[nodiscard]] ChildEnds& child_ends() { return child_ends_; }
  [[nodiscard]] std::int32_t pid() const { return pid_; }
  /// A predecessor's: it may have been given sessions that are not among those below.
  [[nodiscard]] bool adopted() const { return adopted_; }
  void set_pid(std::int32_t pid) { pid_ = pid, output_.set_pid(pid); }

  /// The session was given to this process and has not come back.
  [[nodiscard]] bool holds(std::uint32_t serial) const { return talk_.holds(serial); }
  bool owes_attach = false;              ///< a session could not be given to it and has to be, later
  bool said_owed = false;                ///< and the log says so, once
  std::vector<std::byte> handler_bytes;  ///< of the table, as far as its pieces have come
  std::uint32_t next_chunk = 0;

 private:
  struct Outgoing {
    std::vector<std::byte> packet;
    std::vector<UniqueFd> fds;
  };

  explicit WorkerProcess(const WorkerPlace& place);
  void flush_later(int error);
  Result<void> map();
  Result<void> map_inherited();
  void receive();
  [[nodiscard]] bool take(worker_link::ToSupervisor&& message);

  WorkerPlace place_;
  WorkerFds fds_;
  ChildEnds child_ends_;
  Mapping lane_map_;
  Mapping control_map_;
  LaneRecord* lane_ = nullptr;
  ControlRecord* control_ = nullptr;
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
  std::optional<EventLoop::TimerId> retry_;  ///< of flush()
  std::unique_ptr<FdWatch> watch_;
  OutputDrain output_;
};

}  // namespace ringmaster
