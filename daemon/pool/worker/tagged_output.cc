#include "daemon/pool/worker/tagged_output.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "shm/output_mark.h"

namespace ringmaster::daemon {
namespace {

// How many bytes at the end of `text` may be the beginning of a mark.
std::size_t begun(std::string_view text, std::string_view mark) {
  for (std::size_t size = std::min(text.size(), mark.size() - 1); size > 0; --size) {
    if (text.ends_with(mark.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

TaggedOutput::TaggedOutput(const OutputLines::Limits& limits, std::uint64_t token) : lines_(limits) {
  if (token == 0) return;
  const shm::OutputMark mark = shm::make_output_mark(token, 0);
  mark_.assign(mark.data(), mark.size() - sizeof(std::uint64_t));
}

std::vector<TaggedOutput::Line> TaggedOutput::feed(core::TimePoint now, std::string_view bytes) {
  std::vector<Line> lines;
  // A mark may come in pieces.
  const std::size_t from = waiting_.size() - std::min(waiting_.size(), shm::kOutputMarkBytes - 1);
  waiting_ += bytes;
  if (mark_.empty()) return lines;
  std::size_t done = 0;
  for (std::size_t at = waiting_.find(mark_, from);
       at != std::string::npos && at + shm::kOutputMarkBytes <= waiting_.size(); at = waiting_.find(mark_, done)) {
    std::uint64_t job = 0;
    std::memcpy(&job, waiting_.data() + at + mark_.size(), sizeof job);
    if (at > done) add(now, std::string_view(waiting_).substr(done, at - done), job, lines);
    cut(now, lines);
    done = at + shm::kOutputMarkBytes;
  }
  waiting_.erase(0, done);
  return lines;
}

std::vector<TaggedOutput::Line> TaggedOutput::settle(core::TimePoint now, std::uint64_t job) {
  std::vector<Line> lines;
  std::string_view text = waiting_;
  if (!mark_.empty()) {
    // A mark whose beginning is here may only lack its job's number: feed() has handled all complete marks.
    const std::size_t whole = text.rfind(mark_);
    text.remove_suffix(whole != std::string_view::npos ? text.size() - whole : begun(text, mark_));
  }
  if (!text.empty()) add(now, text, job, lines);
  waiting_.erase(0, text.size());
  return lines;
}

std::vector<TaggedOutput::Line> TaggedOutput::finish(core::TimePoint now, std::uint64_t job) {
  std::vector<Line> lines = settle(now, job);
  waiting_.clear();
  for (auto& line : lines_.finish(now)) lines.push_back({std::move(line), job_});
  return lines;
}

void TaggedOutput::add(core::TimePoint now, std::string_view text, std::uint64_t job, std::vector<Line>& lines) {
  if (job != job_) cut(now, lines);
  job_ = job;
  for (auto& line : lines_.feed(now, text)) lines.push_back({std::move(line), job});
}

void TaggedOutput::cut(core::TimePoint now, std::vector<Line>& lines) {
  for (auto& line : lines_.cut(now)) lines.push_back({std::move(line), job_});
}

}  // namespace ringmaster::daemon
