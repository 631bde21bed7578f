#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/log/output_lines.h"

namespace ringmaster::daemon {

/// One worker's standard output or error as lines of which each carries its own job. Pure: bytes and words go in, lines
/// come out.
///
/// Bytes wait until it is known who wrote them: a mark (shm/output_mark.h) that stands behind them says so, or the
/// reader does, when there is nothing more to read, by what the worker's lane says then. Where the job changes and at a
/// mark an unfinished line ends: a job's text is never glued to another's.
class TaggedOutput {
 public:
  struct Line {
    OutputLines::Line line;
    std::uint64_t job = 0;  ///< 0: between jobs, or nobody knows

    friend bool operator==(const Line&, const Line&) = default;
  };

  /// `token`: of the marks; 0: there are none.
  TaggedOutput(const OutputLines::Limits& limits, std::uint64_t token);

  [[nodiscard]] std::vector<Line> feed(core::TimePoint now, std::string_view bytes);
  /// Whatever waits was written by `job`.
  [[nodiscard]] std::vector<Line> settle(core::TimePoint now, std::uint64_t job);
  /// The end of the stream; the same for what waits, and unfinished lines come out.
  [[nodiscard]] std::vector<Line> finish(core::TimePoint now, std::uint64_t job);

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  void add(core::TimePoint now, std::string_view text, std::uint64_t job, std::vector<Line>& lines);
  void cut(core::TimePoint now, std::vector<Line>& lines);

  OutputLines lines_;
  std::string mark_;  ///< how a mark begins; empty: there are none
  std::string waiting_;
  std::uint64_t job_ = 0;  ///< of the unfinished line
};

}  // namespace ringmaster::daemon
