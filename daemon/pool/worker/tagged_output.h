#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/log/output_lines.h"

namespace ringmaster::daemon {

/// Splits one worker's standard output or error into lines, each with the job that wrote it. Pure: bytes go in, lines
/// come out.
///
/// Bytes wait until it is known which job wrote them: a mark (shm/output_mark.h) after them says so; or, when there is
/// nothing more to read, the reader says so by the worker's lane. An unfinished line ends at a mark and when the job
/// changes, so that the text of two jobs is never joined.
class TaggedOutput {
 public:
  struct Line {
    OutputLines::Line line;
    std::uint64_t job = 0;  ///< 0: between jobs, or not known

    friend bool operator==(const Line&, const Line&) = default;
  };

  /// `token`: the token of the marks; 0: there are no marks.
  TaggedOutput(const OutputLines::Limits& limits, std::uint64_t token);

  [[nodiscard]] std::vector<Line> feed(core::TimePoint now, std::string_view bytes);
  /// All waiting bytes were written by `job`.
  [[nodiscard]] std::vector<Line> settle(core::TimePoint now, std::uint64_t job);
  /// The stream has ended: as settle(), and unfinished lines come out too.
  [[nodiscard]] std::vector<Line> finish(core::TimePoint now, std::uint64_t job);

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  void add(core::TimePoint now, std::string_view text, std::uint64_t job, std::vector<Line>& lines);
  void cut(core::TimePoint now, std::vector<Line>& lines);

  OutputLines lines_;
  std::string mark_;  ///< how a mark begins; empty: there are none
  std::string waiting_;
  std::uint64_t job_ = 0;  ///< job of the unfinished line
};

}  // namespace ringmaster::daemon
