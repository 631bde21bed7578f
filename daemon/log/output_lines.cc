#include "daemon/log/output_lines.h"

#include <algorithm>
#include <utility>

#include "daemon/log/log.h"

namespace ringmaster::daemon {

bool TokenBucket::take(core::TimePoint now) {
  if (last_ == core::TimePoint::min()) last_ = now;
  if (now > last_) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    tokens_ = std::min(burst_, tokens_ + seconds * rate_);
    last_ = now;
  }
  if (tokens_ < 1.0) return false;
  tokens_ -= 1.0;
  return true;
}

OutputLines::OutputLines(const Limits& limits) : limits_(limits), bucket_(limits.lines_per_second, limits.burst) {}

std::vector<OutputLines::Line> OutputLines::feed(core::TimePoint now, std::string_view bytes) {
  std::vector<Line> lines;
  while (!bytes.empty()) {
    const std::size_t room = limits_.max_line - partial_.size();
    // Searches no further than a full line: otherwise a stream without line ends takes quadratic time.
    const auto end = bytes.substr(0, room + 1).find('\n');
    const std::size_t part = std::min(end, bytes.size());
    if (part > room) {
      partial_ += bytes.substr(0, room);
      bytes.remove_prefix(room);
      emit(now, true, lines);
      continue;
    }
    partial_ += bytes.substr(0, part);
    bytes.remove_prefix(part);
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(1);
    if (!partial_.empty() && partial_.back() == '\r') partial_.pop_back();
    emit(now, false, lines);
  }
  return lines;
}

std::vector<OutputLines::Line> OutputLines::cut(core::TimePoint now) {
  std::vector<Line> lines;
  if (!partial_.empty()) emit(now, false, lines);
  return lines;
}

std::vector<OutputLines::Line> OutputLines::finish(core::TimePoint now) {
  std::vector<Line> lines = cut(now);
  if (dropped_ > 0) lines.push_back(Line{"", false, std::exchange(dropped_, 0)});
  return lines;
}

void OutputLines::emit(core::TimePoint now, bool cut, std::vector<Line>& lines) {
  if (bucket_.take(now)) {
    lines.push_back(Line{std::move(partial_), cut, std::exchange(dropped_, 0)});
  } else {
    ++dropped_;
  }
  partial_.clear();
}

void log_output_line(const OutputTag& tag, const OutputLines::Line& line) {
  const auto write = tag.is_stderr ? log_warning : log_info;
  const char* stream = tag.is_stderr ? "stderr" : "stdout";
  if (line.dropped > 0) {
    log_warning(
        "worker output dropped, it writes too fast",
        {{"pool", tag.pool}, {"seat", tag.seat}, {"pid", tag.pid}, {"stream", stream}, {"lines", line.dropped}});
  }
  if (line.text.empty() && line.dropped > 0) return;
  if (tag.job == 0) {
    write("worker output",
          {{"pool", tag.pool}, {"seat", tag.seat}, {"pid", tag.pid}, {"stream", stream}, {"text", line.text}});
  } else {
    write("worker output", {{"pool", tag.pool},
                            {"seat", tag.seat},
                            {"pid", tag.pid},
                            {"stream", stream},
                            {"job", tag.job},
                            {"text", line.text}});
  }
}

}  // namespace ringmaster::daemon
