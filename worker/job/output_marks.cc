#include "worker/job/output_marks.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "shm/output_mark.h"

namespace ringmaster::worker {
namespace {

constexpr int kFirstOwnNumber = 10;
constexpr int kTries = 4;

UniqueFd own_pipe(int number) {
  struct stat status {};
  if (::fstat(number, &status) != 0 || !S_ISFIFO(status.st_mode)) return {};
  return UniqueFd(::fcntl(number, F_DUPFD_CLOEXEC, kFirstOwnNumber));
}

}  // namespace

OutputMarks::OutputMarks(const shm::ControlRecord& control, shm::LaneWords& lane, bool captured)
    : control_(control), lane_(lane), token_(control.output_token.load(std::memory_order_relaxed)) {
  if (token_ == 0 || captured) return;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    streams_[i].pipe = own_pipe(static_cast<int>(i) + 1);
    enabled_ |= streams_[i].pipe.valid();
    if (streams_[i].pipe) streams_[i].total = total_of(i);
  }
}

void OutputMarks::look(std::uint64_t writer, std::uint64_t now_ns) noexcept {
  std::cout.flush();
  std::fflush(stdout);
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    if (!stream.pipe) continue;
    const std::uint64_t total = total_of(i);
    if (total == stream.total && total != kUnknown) continue;
    talked_ns_ = now_ns;
    mark(stream, writer);
    stream.total = total_of(i);
  }
  const bool talking = talked_ns_ != 0 && now_ns - talked_ns_ < kTalkingNs;
  look_due_ns_ = talking ? 0 : now_ns + kSpacingNs;
  unmarked_ = 0;
  lane_.unmarked.store(0, std::memory_order_release);  // SYNC: after the marks.
}

// All bytes written so far: those that the supervisor has read, and those still in the pipe. kUnknown: the supervisor
// was reading at every attempt.
std::uint64_t OutputMarks::total_of(std::size_t index) const noexcept {
  const shm::Word64& read_so_far = control_.output_read[index];
  for (int i = 0; i < kTries; ++i) {
    // SYNC: acquire for both loads, pairs with WorkerOutput: a read in between changes the second value.
    const std::uint64_t before = read_so_far.load(std::memory_order_acquire);
    int unread = 0;
    if (::ioctl(streams_[index].pipe.get(), FIONREAD, &unread) != 0) return kUnknown;
    const std::uint64_t after = read_so_far.load(std::memory_order_acquire);
    if (before == after && (before & 1) == 0) return before / 2 + static_cast<std::uint64_t>(unread);
  }
  return kUnknown;
}

// Never blocks: a slow log must not delay jobs.
void OutputMarks::mark(Stream& stream, std::uint64_t job) const noexcept {
  pollfd room{stream.pipe.get(), POLLOUT, 0};
  if (::poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) {
    stream.owed = true;
    return;
  }
  const shm::OutputMark bytes = shm::make_output_mark(token_, stream.owed ? 0 : job);
  stream.owed = ::write(stream.pipe.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size());
}

}  // namespace ringmaster::worker
