#pragma once

#include <cstdint>
#include <string>

#include "daemon/ports/result_rooms.h"
#include "proto/worker_link.h"
#include "shm/control_record.h"
#include "shm/lane_record.h"
#include "shm/slot_word.h"

namespace ringmaster::daemon {

struct Session;
class JobLog;

/// Names a worker: its id in the daemon and incarnation, its pool and seat.
struct WorkerName {
  shm::Owner owner;
  std::uint32_t pool = 0;
  std::string pool_name;
  std::uint16_t seat = 0;
};

/// A worker process as the rooms of its pool see it: its lane, its control segment, and its control socket. The
/// supervisor's one thread. The worker can write the lane: never trust it.
class PoolWorker {
 public:
  virtual ~PoolWorker() = default;

  [[nodiscard]] virtual const WorkerName& name() const = 0;
  [[nodiscard]] virtual shm::LaneRecord& lane() const = 0;
  [[nodiscard]] virtual shm::ControlRecord& control() const = 0;
  [[nodiscard]] virtual std::int32_t pid() const = 0;  ///< 0: the keeper has not reported it yet
  [[nodiscard]] virtual int cgroup() const = 0;        ///< its own cgroup; -1: none
  /// True if a predecessor started it: it may have more sessions attached than holds() knows.
  [[nodiscard]] virtual bool adopted() const = 0;
  /// True if the session was attached to this process and has not been detached.
  [[nodiscard]] virtual bool holds(std::uint32_t serial) const = 0;

  /// Sends in order. What the worker's socket cannot take yet (it runs a long job) waits for flush().
  virtual void send(const worker_link::ToWorker& message) = 0;
  /// False: the descriptors cannot be passed, because none is left.
  virtual bool send_attach(const Session& session, bool same_uid) = 0;
  /// The answer to its question of that number. Sent in order, like messages.
  virtual void send_room(std::uint32_t number, RoomGiven&& room) = 0;
  /// Tells it to look for jobs. While its socket is full, all calls become a single look at everything, sent by
  /// flush(). False: nobody reads at the other end.
  virtual bool call(const worker_link::Look& look) = 0;
  virtual void flush() = 0;
  /// True if anything was sent since the last call of this.
  virtual bool take_told() = 0;
  /// Takes what is left in the pipes of a dead worker: into the log of its job, if there is one, else into the
  /// daemon's.
  virtual void finish_output(JobLog&& log) = 0;
};

}  // namespace ringmaster::daemon
