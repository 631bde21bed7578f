#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringmaster::chaos {

/// What a process did or saw. The comment of each kind lists the numbers that its record carries, in order.
enum class Kind : std::uint8_t {
  // by clients
  ClientStarts,  ///< pid, client, incarnation, descriptors, 1: its jobs may crash
  Opening,       ///< pool
  Opened,        ///< pool, serial
  NotOpened,     ///< pool, error code; text
  Submitting,    ///< way, pool, behave, idempotent + 2 if it listens, request, result, capacity, timeout ms, queue
                 ///< timeout ms, twice
  Accepted,      ///< public id
  Refused,       ///< SubmitError or 100 + ErrorCode, jobs in flight, bytes given out since the oldest of them; text
  Cancelling,
  Outcome,    ///< status, cause, detail, attempts, run ns, queued ns, bytes, content verdict, needed; text
  SameAgain,  ///< as Outcome: the answer to one more question about the same job
  Stray,      ///< a reply that answers no question: text
  Dropped,    ///< its session was closed, or its client leaves, without asking for the outcome
  Leaving,    ///< submits no more
  Left,       ///< descriptors
  // by handlers
  Begins,      ///< attempt, pid, public id
  Ends,        ///< attempt, pid, behave
  Stopped,     ///< attempt, pid: it was asked to
  BadRequest,  ///< attempt, pid; text
  // by the judge
  Signal,      ///< role (0 worker, 1 supervisor, 2 client), pid, signal, pool + 1
  Drain,       ///< pool, 1: on, 0: over
  Daemon,      ///< daemon id, supervisor's pid
  Missed,      ///< wakes, of all pools together
  ClientEnds,  ///< client, incarnation, wait status, 1: it was killed by the judge; text
  Fault,       ///< what is left, or does not answer; text
};
inline constexpr Kind kLastKind = Kind::Fault;
[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

struct Record {
  std::uint64_t ns = 0;  ///< CLOCK_MONOTONIC
  Kind kind = Kind::Fault;
  std::uint64_t job = 0;
  std::array<std::int64_t, 10> numbers{};
  std::string text;
  bool operator==(const Record&) const = default;
};

/// One line: "NS KIND JOB N... |TEXT\n". Line ends in the text become blanks.
[[nodiscard]] std::string to_line(const Record& record);
/// nullopt: no whole line, as the last one may be of a process that was killed.
[[nodiscard]] std::optional<Record> parse_line(std::string_view line);

[[nodiscard]] std::uint64_t now_ns() noexcept;

/// An append-only file, one write for each record, so that it outlives its writer's SIGKILL and several may write.
class Journal {
 public:
  explicit Journal(int fd) noexcept : fd_(fd) {}
  void write(const Record& record) const noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace ringmaster::chaos
