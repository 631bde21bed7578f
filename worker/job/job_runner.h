#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "worker/job/job_context.h"
#include "worker/job/output_marks.h"
#include "worker/process/child_watch.h"
#include "worker/session/session_table.h"

namespace ringmaster::worker {

/// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] std::uint64_t monotonic_now_ns() noexcept;

enum class RunStatus {
  Finished,
  Held,          ///< Condemned while it ran: touch nothing, wait.
  Tampered,      ///< The client altered the slot's word: its session is to be dropped.
  BadDescriptor  ///< The job was finished as invalid; its session is to be dropped.
};

/// Takes a claimed job to its end: checks the descriptor, copies in what must be copied, runs the handler, completes.
/// Nothing is allocated for a job without arguments whose request is read in place.
class JobRunner {
 public:
  JobRunner(const shm::WorkerSelf& self, const HandlerRegistry& registry, ChildWatch& children, OutputMarks& marks)
      : self_(self),
        registry_(registry),
        children_(children),
        marks_(marks),
        context_(self.lane->words.progress, [&children](std::int64_t pid) { return children.declare(pid); }) {}

  void copy_in_up_to(std::uint32_t bytes) noexcept { copy_in_bytes_ = bytes; }

  /// Afterwards ended_ns() is when the job ended.
  [[nodiscard]] RunStatus run(AttachedSession& session, const shm::Claim& claim);
  [[nodiscard]] std::uint64_t ended_ns() const noexcept { return ended_ns_; }

 private:
  [[nodiscard]] shm::JobResult result_of(AttachedSession& session, const shm::Claim& claim,
                                         const shm::JobExtents& extents);
  [[nodiscard]] shm::JobResult call(const RegisteredHandler& handler, AttachedSession& session, const shm::Claim& claim,
                                    const shm::JobExtents& extents);

  [[nodiscard]] shm::JobResult refused(const shm::ChargedUser& charge, std::uint64_t now_ns);
  void note_user(std::uint32_t uid) noexcept;

  // A buffer that grows and is never cleared: copies are small and frequent.
  class Buffer {
   public:
    [[nodiscard]] std::span<const std::byte> copy(std::span<const std::byte> from);

   private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_ = 0;
  };

  const shm::WorkerSelf& self_;
  const HandlerRegistry& registry_;
  ChildWatch& children_;
  OutputMarks& marks_;
  JobContext context_;
  Buffer input_;
  Buffer arguments_;
  std::string refusal_;
  std::uint32_t copy_in_bytes_ = 64 * 1024;
  std::uint64_t ended_ns_ = 0;
};

}  // namespace ringmaster::worker
