#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"
#include "shm/control_record.h"
#include "shm/lane_record.h"
#include "worker/job/job_messages.h"

namespace ringmaster::worker {

/// In a pool with `output = "client"`: what this process and its children write to standard output and error while a
/// job is open goes into that job's message log, as far as its submitter made room there; all else goes to the
/// supervisor, for the daemon's log. The two pipes are those of any other pool: the daemon made them, and the keeper
/// holds their read ends, but from Ready on this process alone reads them. What it has not read when it dies, the
/// supervisor reads, and puts behind the rest.
///
/// The worker's thread opens and ends jobs; a thread of this object's own empties the pipes meanwhile, so that nobody
/// who writes waits for long. Both move text only under one lock, which messages of the handler take too: so text and
/// messages keep their order, and all of both is in the log before the job's word says that it has ended.
class OutputCapture {
 public:
  OutputCapture() = default;  ///< off: it does nothing
  ~OutputCapture();
  OutputCapture(const OutputCapture&) = delete;
  OutputCapture& operator=(const OutputCapture&) = delete;

  /// Opens the read ends, if the pool asks for that. Before any handler's code runs, which may confine the process so
  /// that /proc is gone.
  [[nodiscard]] Result<void> open(const shm::ControlRecord& control);
  /// Starts the thread, and says in the lane that the supervisor need not read. Before Ready is sent.
  [[nodiscard]] Result<void> start(shm::LaneRecord& lane, int control_socket);
  /// Ready was sent: from now on text may be passed on.
  void begin() noexcept;
  /// It has been started.
  [[nodiscard]] bool on() const noexcept { return thread_.joinable(); }

  /// A job begins; its handler has not been called. What is in the pipes is not its own.
  void open_job(const JobMessages& messages, unsigned attempt, std::uint64_t job) noexcept {
    if (on()) begin_job(messages, attempt, job);
  }
  /// The open job, if there is one, ends: its text is in its log when this returns.
  void end_job() noexcept {
    if (job_.is_open) finish_job();
  }
  /// For a message of the open job: what was written before it is in the log, and nobody else appends to that until
  /// the lock is given back.
  [[nodiscard]] std::unique_lock<std::mutex> take_turn() noexcept;

 private:
  struct OpenJob {
    bool is_open = false;
    unsigned attempt = 1;
    std::uint64_t id = 0;
    JobMessages to;
  };
  static constexpr int kGatherMs = 1;  ///< after the first text: so that a talkative job costs one wake-up each

  void begin_job(const JobMessages& messages, unsigned attempt, std::uint64_t job) noexcept;
  void finish_job() noexcept;
  void run() noexcept;
  [[nodiscard]] bool await_text(bool blocked) noexcept;
  void wake() const noexcept;
  // REQUIRES for all below: the lock is held.
  [[nodiscard]] bool is_any_waiting() const noexcept;
  bool move_text() noexcept;
  void take() noexcept;
  [[nodiscard]] bool pass_on() noexcept;
  [[nodiscard]] bool pass_on(std::size_t stream) noexcept;
  void throw_away() noexcept;

  std::array<UniqueFd, 2> pipes_;  ///< read ends of standard output and error
  UniqueFd wake_;                  ///< an eventfd, for the thread
  int socket_ = -1;
  shm::LaneRecord* lane_ = nullptr;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> begun_{false};

  std::mutex lock_;
  OpenJob job_;                   ///< `is_open` is written by the worker's thread alone
  std::uint64_t lost_ = 0;        ///< bytes that could not be passed on, since the last that could
  bool blocked_ = false;          ///< the thread waits for the control socket, with text in the pipes
  std::array<bool, 2> closed_{};  ///< nobody has that pipe open for writing any more; the thread's own
};

}  // namespace ringmaster::worker
