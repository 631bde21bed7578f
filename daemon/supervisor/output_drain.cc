#include "daemon/supervisor/output_drain.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ringmaster {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr std::size_t kAtOnce = 64 * 1024;   // then other descriptors have their turn
constexpr std::size_t kAtEnd = 1024 * 1024;  // what a pipe can hold at most by default rules

}  // namespace

struct OutputDrain::Stream {
  int fd = -1;
  bool is_stderr = false;
  OutputLines lines{OutputLines::Limits{}};
  std::unique_ptr<FdWatch> watch;
};

OutputDrain::OutputDrain() = default;
OutputDrain::~OutputDrain() = default;

void OutputDrain::start(EventLoop& loop, const std::string& pool, std::uint16_t seat, int out, int err,
                        const LaneRecord* lane, JobOf job_of) {
  loop_ = &loop;
  pool_ = pool;
  seat_ = seat;
  lane_ = lane;
  job_of_ = std::move(job_of);
  for (int i = 0; i < 2; ++i) {
    const int fd = i == 0 ? out : err;
    if (fd < 0) continue;
    auto stream = std::make_unique<Stream>();
    stream->fd = fd;
    stream->is_stderr = i == 1;
    // Only this end: the worker's end of a pipe has flags of its own.
    ::fcntl(stream->fd, F_SETFL, O_NONBLOCK);
    Stream& watched = *stream;
    stream->watch = std::make_unique<FdWatch>(loop, stream->fd, [this, &watched] {
      if (!read(watched, kAtOnce)) watched.watch.reset();
    });
    streams_[i] = std::move(stream);
  }
}

bool OutputDrain::read(Stream& stream, std::size_t most) {
  std::array<char, kChunk> buffer;
  const std::uint64_t intent = lane_ != nullptr ? lane_->words.intent.load(std::memory_order_relaxed) : 0;
  const OutputTag tag{pool_, seat_, pid_, stream.is_stderr, intent != 0 && job_of_ ? job_of_(intent) : 0};
  for (std::size_t taken = 0; taken < most;) {
    const ssize_t got = ::read(stream.fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    taken += static_cast<std::size_t>(got);
    for (const auto& line : stream.lines.feed(loop_->now(), {buffer.data(), static_cast<std::size_t>(got)})) {
      log_output_line(tag, line);
    }
  }
  return true;
}

void OutputDrain::finish() {
  for (auto& stream : streams_) {
    if (!stream) continue;
    read(*stream, kAtEnd);
    for (const auto& line : stream->lines.finish(loop_->now())) {
      log_output_line({pool_, seat_, pid_, stream->is_stderr, 0}, line);
    }
    stream.reset();
  }
}

}  // namespace ringmaster
