#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/loop/event_loop.h"
#include "daemon/pool/worker/job_log.h"
#include "daemon/pool/worker/tagged_output.h"
#include "proto/worker_link.h"
#include "shm/control_record.h"
#include "shm/lane_record.h"

namespace ringmaster::daemon {

/// Reads one worker's standard output and error and logs them line by line. The keeper holds the read ends too, so that
/// a successor reads on and a worker never dies of SIGPIPE. A worker whose output goes to clients reads it itself
/// while it lives, and passes the rest on. The supervisor's one thread.
class WorkerOutput {
 public:
  /// The public id of the job that an intent names; 0: not known.
  using JobOf = std::function<std::uint64_t(std::uint64_t intent)>;

  WorkerOutput();
  ~WorkerOutput();
  WorkerOutput(const WorkerOutput&) = delete;
  WorkerOutput& operator=(const WorkerOutput&) = delete;

  /// The segments that tell which job wrote the bytes: the control segment with the marks' token, and the lane, which
  /// names the running job. Null: not available, so jobs are not known.
  struct Words {
    const shm::LaneRecord* lane = nullptr;
    shm::ControlRecord* control = nullptr;
  };
  /// The descriptors are borrowed until destruction; -1: none. REQUIRES: O_NONBLOCK.
  void start(EventLoop& loop, const std::string& pool, std::uint16_t seat, int out, int err, const Words& words,
             JobOf job_of);
  void set_pid(std::int32_t pid) { pid_ = pid; }
  /// The worker is ready, and no job of it has begun: if it reads its output itself from now on, reads what is there
  /// and stops. What it passes on is given to pass().
  void hand_over();
  void pass(const worker_link::Output& text);
  /// Called when the worker is fenced: reads what is left and stops. Where there is a `log`, it gets that.
  void finish(JobLog&& log);

 private:
  struct Stream;
  void watch(Stream& stream);
  [[nodiscard]] bool is_read_by_worker() const;
  /// False: the stream has ended.
  bool read(Stream& stream, std::size_t most);
  /// One read, counted in the control segment, where the worker looks.
  ssize_t read_counted(Stream& stream, std::span<char> buffer) const;
  [[nodiscard]] std::optional<std::uint64_t> intent() const;
  [[nodiscard]] std::uint64_t job_of(std::optional<std::uint64_t> intent) const;
  void log_lines(const Stream& stream, const std::vector<TaggedOutput::Line>& lines) const;

  EventLoop* loop_ = nullptr;
  std::string pool_;
  std::uint16_t seat_ = 0;
  std::int32_t pid_ = 0;
  Words words_;
  JobOf job_of_;
  std::unique_ptr<Stream> streams_[2];
};

}  // namespace ringmaster::daemon
