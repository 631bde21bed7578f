#pragma once

#include <cstdint>
#include <string>

#include "proto/worker_link.h"
#include "shm/control_record.h"
#include "shm/lane_record.h"
#include "shm/slot_word.h"

namespace ringmaster::daemon {

struct Session;

/// Where a worker stands: its id in the daemon and incarnation, its pool and place there.
struct WorkerName {
  shm::Owner owner;
  std::uint32_t pool = 0;
  std::string pool_name;
  std::uint16_t seat = 0;
};

/// A worker process as the rooms of its pool see it: two segments to look at and to write to, and a line to speak on.
/// The supervisor's one thread. The lane can be written by the worker: look, never trust.
class PoolWorker {
 public:
  virtual ~PoolWorker() = default;

  [[nodiscard]] virtual const WorkerName& name() const = 0;
  [[nodiscard]] virtual shm::LaneRecord& lane() const = 0;
  [[nodiscard]] virtual shm::ControlRecord& control() const = 0;
  [[nodiscard]] virtual std::int32_t pid() const = 0;  ///< 0: the keeper has not told yet
  [[nodiscard]] virtual int cgroup() const = 0;        ///< its own; -1: none
  /// A predecessor's: it may have been given sessions that are not among those it holds.
  [[nodiscard]] virtual bool adopted() const = 0;
  /// The session was given to this process and has not come back.
  [[nodiscard]] virtual bool holds(std::uint32_t serial) const = 0;

  /// In order; what the worker's queue cannot take yet (it runs a long job) waits for flush().
  virtual void send(const worker_link::ToWorker& message) = 0;
  /// False: its descriptors cannot be passed on (none is left).
  virtual bool send_attach(const Session& session, bool same_uid) = 0;
  /// Tells it to look for jobs. While its queue is full one look at everything is kept for flush(), however many were
  /// asked for.
  /// False: nobody reads at the other end any more.
  virtual bool call(const worker_link::Look& look) = 0;
  virtual void flush() = 0;
  /// Whether anything was sent since the last call.
  virtual bool take_told() = 0;
  /// What is left in the pipes of a dead worker goes to the log.
  virtual void finish_output() = 0;
};

}  // namespace ringmaster::daemon
