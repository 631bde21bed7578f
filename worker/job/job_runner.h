#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "worker/job/job_context.h"
#include "worker/job/output_capture.h"
#include "worker/job/output_marks.h"
#include "worker/process/child_watch.h"
#include "worker/session/session_table.h"

namespace ringmaster::worker {

/// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] std::uint64_t monotonic_now_ns() noexcept;

enum class RunStatus {
  Finished,
  Held,          ///< Condemned while it ran: touch nothing, wait to be killed.
  Tampered,      ///< The client altered the slot's word: drop its session.
  BadDescriptor  ///< The job was ended as invalid: drop its session.
};

/// Runs a claimed job: begin() checks the descriptor, copies what must be copied and prepares the job for its handler;
/// call() runs the handler, or a host does so in its own way; end() completes the slot. One job at a time. Allocates
/// nothing for a job without arguments whose request is read in place.
class JobRunner {
 public:
  /// Asks the supervisor for a job's request that lies in a parcel, and waits for its answer.
  using AskParcel = std::function<Result<ResultRoom::Given>(const worker_link::AskParcel&)>;

  /// `ask`: takes both kinds of question, as ResultRoom::Ask and AskParcel.
  template <typename Ask>
  JobRunner(const shm::WorkerSelf& self, const HandlerRegistry& registry, ChildWatch& children, OutputMarks& marks,
            OutputCapture& output, const Ask& ask)
      : self_(self),
        registry_(registry),
        children_(children),
        marks_(marks),
        output_(output),
        room_(ask),
        ask_parcel_(ask),
        context_(self.lane->words.progress, [&children](std::int64_t pid) { return children.declare(pid); }) {}

  void copy_in_up_to(std::uint32_t bytes) noexcept { copy_in_bytes_ = bytes; }

  /// The job's handler; nullptr: the job has ended without it, see ended(). REQUIRES: `session` and `claim` stay valid
  /// and unchanged until the job has ended.
  [[nodiscard]] const RegisteredHandler* begin(AttachedSession& session, const shm::Claim& claim);
  /// The status of the last job that has ended.
  [[nodiscard]] RunStatus ended() const noexcept { return status_; }
  [[nodiscard]] std::uint64_t ended_ns() const noexcept { return ended_ns_; }

  /// The job that has begun, for its handler.
  [[nodiscard]] rm_job* job() noexcept { return context_.raw(); }
  /// Runs the handler; returns its code.
  [[nodiscard]] std::int32_t call() { return context_.call(); }
  /// Ends the job; `code`: RM_DONE …
  [[nodiscard]] RunStatus end(std::int32_t code);

 private:
  struct Judged {
    const RegisteredHandler* handler = nullptr;
    shm::JobResult refusal;  ///< How the job ends, if there is no handler.
  };
  [[nodiscard]] Judged judge(shm::JobExtents& extents);
  [[nodiscard]] Judged judge_beside_parcel(shm::JobExtents& extents);
  [[nodiscard]] Judged judge_job();
  [[nodiscard]] Result<void> open_parcel(bool writable);
  [[nodiscard]] bool prepare(const RegisteredHandler& handler, const shm::JobExtents& extents);
  [[nodiscard]] shm::JobResult result_of(const JobEnd& end);
  void leave_room(shm::JobResult& result);
  [[nodiscard]] RunStatus complete(const shm::JobResult& result);

  [[nodiscard]] shm::JobResult refused(const shm::ChargedUser& charge, std::uint64_t now_ns);
  void note_user(std::uint32_t uid) noexcept;

  // A buffer that only grows: copies are small and frequent.
  class Buffer {
   public:
    [[nodiscard]] std::span<const std::byte> copy(std::span<const std::byte> from);
    [[nodiscard]] std::byte* data() const noexcept { return bytes_.get(); }

   private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_ = 0;
  };

  const shm::WorkerSelf& self_;
  const HandlerRegistry& registry_;
  ChildWatch& children_;
  OutputMarks& marks_;
  OutputCapture& output_;
  ResultRoom room_;
  const AskParcel ask_parcel_;
  shm::Mapping parcel_;  // the open job's request, if it lies in one
  JobContext context_;
  AttachedSession* session_ = nullptr;
  const shm::Claim* claim_ = nullptr;
  const RegisteredHandler* handler_ = nullptr;
  JobInput given_;
  Buffer input_;
  Buffer arguments_;
  std::string refusal_;
  std::uint32_t copy_in_bytes_ = 64 * 1024;
  std::uint64_t ended_ns_ = 0;
  RunStatus status_ = RunStatus::Finished;
};

}  // namespace ringmaster::worker
