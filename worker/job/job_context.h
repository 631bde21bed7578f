#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/args.h"
#include "shm/segment_view.h"
#include "worker/job/handler_registry.h"
#include "worker/job/job_messages.h"
#include "worker/job/result_room.h"

namespace ringmaster::worker {

/// What JobContext needs of a job; all memory must stay valid until JobContext::end().
struct JobInput {
  std::uint64_t id = 0;
  std::uint32_t attempt = 1;
  std::uint32_t seq = 0;
  std::span<const std::byte> input;
  std::span<std::byte> output;  ///< The result extent.
  JobMessages messages;
  ResultRoom* room = nullptr;            ///< For a result that outgrows it; nullptr: such a one is too large.
  std::span<const std::byte> arguments;  ///< Encoded; private memory.
  /// A private, writable mapping of the request; nullptr: the handler may not write its input.
  std::byte* writable_input = nullptr;
  std::int64_t deadline_ns = INT64_MAX;                           ///< Monotonic; INT64_MAX: none.
  const std::atomic<std::uint32_t>* client_cancel = nullptr;      ///< The job must stop if this equals `seq`,
  const std::atomic<std::uint64_t>* supervisor_cancel = nullptr;  ///< or if this equals `intent`.
  std::uint64_t intent = 0;
};

/// How a job ended. `message` is valid until the context's next job; it is shortened to what fits a slot.
struct JobEnd {
  std::int32_t code = RM_FAILED;  ///< RM_DONE …
  std::uint64_t size = 0;         ///< Of the result, for RM_DONE. It lies in the extent if that has room for it.
  std::uint64_t needed = 0;       ///< For RM_TOO_LARGE.
  bool no_room = false;           ///< For RM_TOO_LARGE: more room was asked for, and there is none.
  std::string_view message;       ///< Why it failed; of RM_DONE: a remark, most often empty.
};

/// The worker's side of an rm_job, reused for each job: no allocation and no system call for a job without arguments.
/// Used by the worker's thread only, except the calls that handler_abi.h allows to a handler's own threads.
class JobContext : private rm_job {
 public:
  /// Called when a handler declares a helper process; without one every such declaration is refused.
  using KeepProcess = std::function<bool(std::int64_t pid)>;
  /// `progress`: the lane's counter of signs of life.
  explicit JobContext(std::atomic<std::uint64_t>& progress, KeepProcess keep_process = {});
  JobContext(const JobContext&) = delete;
  JobContext& operator=(const JobContext&) = delete;

  /// Prepares this context for `job`, which must stay valid until end(), and checks the arguments. False: they are
  /// refused; end(RM_INVALID) tells why.
  [[nodiscard]] bool prepare(const RegisteredHandler& handler, const JobInput& job);
  /// Calls the handler and returns its code. REQUIRES: prepare() was true, and the handler has a function.
  [[nodiscard]] std::int32_t call();
  /// How the job ended, if its handler or its host ended it with `code`.
  [[nodiscard]] JobEnd end(std::int32_t code);
  /// The job, for its handler.
  [[nodiscard]] rm_job* raw() noexcept { return this; }
  /// True if this job's handler got a writable input.
  [[nodiscard]] bool input_was_lent() const noexcept { return input_lent_; }

 private:
  static const rm_job_calls kCalls;
  static JobContext& of(rm_job* raw) { return *static_cast<JobContext*>(raw); }
  static const JobContext& of(const rm_job* raw) { return *static_cast<const JobContext*>(raw); }

  [[nodiscard]] bool take_arguments(const RegisteredHandler& handler, std::span<const std::byte> encoded);
  [[nodiscard]] bool get_room(std::uint64_t size) noexcept;
  [[nodiscard]] std::string too_large() const;
  [[nodiscard]] bool send(std::uint32_t kind, std::span<const std::byte> bytes) noexcept;
  void say(std::string_view text);
  [[nodiscard]] bool find_argument(std::string_view name, std::string_view& value) const;

  std::atomic<std::uint64_t>& progress_;
  KeepProcess keep_process_;
  const JobInput* job_ = nullptr;
  const RegisteredHandler* handler_ = nullptr;
  std::vector<ArgumentView> given_;
  std::uint64_t committed_ = 0;
  std::uint64_t reserved_ = 0;
  std::uint64_t needed_ = 0;
  std::span<std::byte> output_;  // the extent, or all of the room that took its place
  bool no_room_ = false;
  bool input_lent_ = false;
  std::size_t message_size_ = 0;
  std::array<char, 1024> message_{};
};

}  // namespace ringmaster::worker
