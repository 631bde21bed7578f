#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/types/message.h"
#include "client/types/session_hold.h"
#include "shm/cause.h"

namespace ringmaster {
class Outcome;
}

namespace ringmaster::client {
class ControlLink;
class SessionCore;
void explain(Outcome& outcome, ControlLink& link, std::chrono::nanoseconds limit);
}  // namespace ringmaster::client

/// Public header: how a job ended.
namespace ringmaster {

using Duration = std::chrono::nanoseconds;
/// As a time limit: no limit.
inline constexpr Duration kForever = Duration::max();

[[nodiscard]] std::string_view to_string(Status status) noexcept;

struct Timings {
  Duration queued{0};  ///< from submission to the last claim by a worker, or to the job's end if none claimed it
  Duration run{0};     ///< of the last attempt, even if it was killed; 0: it never ran
};

/// What is known of an ended job, without its result.
struct OutcomeFacts {
  Status status = Status::Lost;  ///< shm/cause.h
  Cause cause = Cause::None;
  std::uint16_t detail = 0;  ///< signal or exit code of a crash (cause.h); 1 with TooLarge: see wants_room()
  unsigned attempts = 0;     ///< runs, counted from 1; 0: it never ran
  std::uint64_t job_id = 0;
  std::uint64_t needed_bytes = 0;      ///< with Cause::TooLarge: the room that the result needs
  std::uint64_t dropped_messages = 0;  ///< for which SubmitOptions::messages was too small
  Timings timings;
  std::string message;  ///< the handler's (its remark, if done), or the daemon's; empty if the cause says all
  std::string handler;  ///< only for a job that is not done
  // Only for a job whose worker died over it. For a job sent as a message, what was known at the job's end; in a
  // session, and for the names of functions, call Session::explain or Client::explain.
  std::string worker;  ///< "images[1]"
  std::string stack;   ///< one frame per line, the innermost first, up to the handler; or why there is none
  std::string what;    ///< the address of a fault, or the uncaught exception
  std::string core;    ///< says that a core was written, and where to look

  /// True if the result was too large, and the job may be run again with room for needed_bytes. False also if its
  /// worker has asked the daemon for that room: more could not be had.
  [[nodiscard]] bool wants_room() const noexcept {
    return cause == Cause::TooLarge && needed_bytes != 0 && detail == 0;
  }
};

/// How one job ended, with its result in place. Move-only. Destroying it returns the result's memory to the session, so
/// result() is valid exactly as long as the Outcome. Any thread may hold it; it keeps the session's memory alive.
class Outcome {
 public:
  Outcome() = default;
  explicit Outcome(OutcomeFacts facts) : facts_(std::move(facts)) {}
  /// For a result that arrived as a message.
  Outcome(OutcomeFacts facts, std::string copy) : facts_(std::move(facts)), copy_(std::move(copy)) {}
  /// For a result in memory of its own, which `hold` keeps.
  Outcome(OutcomeFacts facts, std::shared_ptr<SessionHold> hold, std::span<const std::byte> result)
      : facts_(std::move(facts)), session_(std::move(hold)), in_place_(result) {}
  Outcome(Outcome&&) noexcept = default;
  Outcome& operator=(Outcome&& other) noexcept;
  ~Outcome() { release(); }

  [[nodiscard]] bool ok() const noexcept { return facts_.status == Status::Done; }
  [[nodiscard]] const OutcomeFacts& facts() const noexcept { return facts_; }
  [[nodiscard]] Status status() const noexcept { return facts_.status; }
  [[nodiscard]] Cause cause() const noexcept { return facts_.cause; }
  [[nodiscard]] std::uint16_t detail() const noexcept { return facts_.detail; }
  [[nodiscard]] unsigned attempts() const noexcept { return facts_.attempts; }
  [[nodiscard]] const Timings& timings() const noexcept { return facts_.timings; }
  [[nodiscard]] const std::string& message() const noexcept { return facts_.message; }

  /// The result of a job that is done, or what the handler of a failed job delivered with the failure. Otherwise empty;
  /// also empty in a forked child, which does not have the session's memory.
  [[nodiscard]] std::span<const std::byte> result() const noexcept;
  [[nodiscard]] std::string_view text() const noexcept {
    const auto bytes = result();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// One line for people: "failed: not an image", "crashed by signal 11 (SIGSEGV) after 12 ms in resize.cc:88 (job
  /// 17-1, worker images[1])".
  [[nodiscard]] std::string describe() const;
  /// True if the worker died over the job: explain() may find out more.
  [[nodiscard]] bool took_its_worker() const noexcept;

 private:
  friend class client::SessionCore;
  friend void client::explain(Outcome& outcome, client::ControlLink& link, Duration limit);
  void release() noexcept;

  OutcomeFacts facts_;
  std::shared_ptr<SessionHold> session_;  ///< if the result lies in its memory, which `extent_` gives back
  std::uint64_t extent_ = 0;
  std::span<const std::byte> in_place_;
  std::string copy_;
};

/// The end of a job that was posted; or, where it was posted with room for messages, one of them.
struct Ended {
  std::uint64_t cookie = 0;  ///< SubmitOptions::cookie
  Outcome outcome;
  std::optional<Message> message = std::nullopt;  ///< set: the job has not ended, and there is no outcome
};

}  // namespace ringmaster
