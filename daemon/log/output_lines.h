#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// Lets `rate` lines a second through, and `burst` lines at once after a quiet time.
class TokenBucket {
 public:
  TokenBucket(double rate_per_second, double burst) : rate_(rate_per_second), burst_(burst), tokens_(burst) {}

  [[nodiscard]] bool take(core::TimePoint now);

 private:
  double rate_;
  double burst_;
  double tokens_;
  core::TimePoint last_ = core::TimePoint::min();
};

/// Splits one worker's standard output or error into lines for the log. Pure: bytes and time go in, lines come out.
///
/// A line that is too long comes out in pieces of full length, all but the last marked `cut`. An unfinished line is
/// kept until it ends, is too long, or `finish` is called. Lines over the rate are dropped and counted; the count comes
/// with the next line that gets through.
class OutputLines {
 public:
  struct Limits {
    std::size_t max_line = 2048;
    double lines_per_second = 200;
    double burst = 1000;
  };
  struct Line {
    std::string text;           ///< without its line end ("\n" or "\r\n"); any bytes
    bool cut = false;           ///< the line continues in the next one
    std::uint64_t dropped = 0;  ///< lines that the rate limit dropped just before this one

    friend bool operator==(const Line&, const Line&) = default;
  };

  explicit OutputLines(const Limits& limits);

  [[nodiscard]] std::vector<Line> feed(core::TimePoint now, std::string_view bytes);
  /// Ends the unfinished line here, although its writer did not.
  [[nodiscard]] std::vector<Line> cut(core::TimePoint now);
  /// End of stream: the unfinished line, and an empty line that carries the last count of dropped ones, if any.
  [[nodiscard]] std::vector<Line> finish(core::TimePoint now);

 private:
  void emit(core::TimePoint now, bool cut, std::vector<Line>& lines);

  Limits limits_;
  TokenBucket bucket_;
  std::string partial_;
  std::uint64_t dropped_ = 0;
};

/// Who wrote a line. `job` 0: between jobs, or not known.
struct OutputTag {
  std::string_view pool;
  core::SeatNumber seat = 0;
  std::int64_t pid = 0;
  bool is_stderr = false;
  std::uint64_t job = 0;
};

/// Writes one line, tagged, to the log; stdout as info, stderr as warning.
void log_output_line(const OutputTag& tag, const OutputLines::Line& line);

}  // namespace ringmaster::daemon
