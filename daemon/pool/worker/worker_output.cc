#include "daemon/pool/worker/worker_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "daemon/log/log.h"

namespace ringmaster::daemon {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr std::size_t kAtOnce = 64 * 1024;  // read per turn; then other descriptors have theirs
constexpr std::size_t kMostWaiting = 256 * 1024;
constexpr std::size_t kAtEnd = 1024 * 1024;  // the most that a pipe can hold by default

}  // namespace

struct WorkerOutput::Stream {
  Stream(int descriptor, bool standard_error, std::uint64_t token)
      : fd(descriptor), is_stderr(standard_error), output(OutputLines::Limits{}, token) {}
  int fd;
  bool is_stderr;
  TaggedOutput output;
  std::unique_ptr<FdWatch> watch;
};

WorkerOutput::WorkerOutput() = default;
WorkerOutput::~WorkerOutput() = default;

void WorkerOutput::start(EventLoop& loop, const std::string& pool, std::uint16_t seat, int out, int err,
                         const Words& words, JobOf job_of) {
  loop_ = &loop;
  pool_ = pool;
  seat_ = seat;
  words_ = words;
  const std::uint64_t token =
      words.control != nullptr ? words.control->output_token.load(std::memory_order_relaxed) : 0;
  job_of_ = std::move(job_of);
  for (int i = 0; i < 2; ++i) {
    const int fd = i == 0 ? out : err;
    if (fd < 0) continue;
    auto stream = std::make_unique<Stream>(fd, i == 1, token);
    // A predecessor may have died during a read, and left the "reading" bit set.
    if (words.control != nullptr) words.control->output_read[i].fetch_and(~std::uint64_t{1}, std::memory_order_relaxed);
    streams_[i] = std::move(stream);
    if (!is_read_by_worker()) watch(*streams_[i]);
  }
}

void WorkerOutput::watch(Stream& stream) {
  stream.watch = std::make_unique<FdWatch>(*loop_, stream.fd, [this, &stream] {
    if (!read(stream, kAtOnce)) stream.watch.reset();
  });
}

bool WorkerOutput::is_read_by_worker() const {
  // SYNC: acquire, pairs with OutputCapture::start.
  return words_.lane != nullptr && words_.lane->reads_output.load(std::memory_order_acquire) != 0;
}

void WorkerOutput::hand_over() {
  if (!is_read_by_worker()) return;
  for (auto& stream : streams_) {
    if (!stream || !stream->watch) continue;
    (void)read(*stream, kAtEnd);
    stream->watch.reset();
  }
}

void WorkerOutput::pass(const worker_link::Output& text) {
  auto& stream = streams_[text.standard_error ? 1 : 0];
  if (!stream) return;
  if (text.lost != 0) {
    log_warning("output of a worker is lost: it came faster than it could be read",
                {{"pool", pool_}, {"seat", seat_}, {"pid", pid_}, {"bytes", text.lost}});
  }
  const std::string_view bytes(reinterpret_cast<const char*>(text.bytes.data()), text.bytes.size());
  log_lines(*stream, stream->output.feed(loop_->now(), bytes));
  log_lines(*stream, stream->output.settle(loop_->now(), text.job));
}

// Reads until the pipe is empty. Text without a mark after it was written by the job of the intent that was loaded
// before the read that found nothing: a worker marks a job's text before it clears the intent.
bool WorkerOutput::read(Stream& stream, std::size_t most) {
  std::array<char, kChunk> buffer;
  for (std::size_t taken = 0;;) {
    const auto before = intent();
    const ssize_t got = read_counted(stream, buffer);
    if (got < 0 && errno == EINTR) continue;
    const bool nothing = got < 0 && errno == EAGAIN;
    if (nothing) log_lines(stream, stream.output.settle(loop_->now(), job_of(before)));
    if (got <= 0) return nothing;
    taken += static_cast<std::size_t>(got);
    log_lines(stream, stream.output.feed(loop_->now(), {buffer.data(), static_cast<std::size_t>(got)}));
    if (taken < most) continue;
    // There is more. If the same job ran all the time, it wrote this; otherwise the next turn will tell.
    const bool same = before && before == intent();
    if (same || stream.output.waiting() > kMostWaiting) {
      log_lines(stream, stream.output.settle(loop_->now(), same ? job_of(before) : 0));
    }
    return true;
  }
}

ssize_t WorkerOutput::read_counted(Stream& stream, std::span<char> buffer) const {
  if (words_.control == nullptr) return ::read(stream.fd, buffer.data(), buffer.size());
  shm::Word64& count = words_.control->output_read[stream.is_stderr ? 1 : 0];
  const std::uint64_t begun = count.load(std::memory_order_relaxed);
  // SYNC: seq_cst before the read, release after it: pairs with OutputMarks::total_of, which looks at both sides of the
  // pipe.
  count.store(begun + 1, std::memory_order_seq_cst);
  const ssize_t got = ::read(stream.fd, buffer.data(), buffer.size());
  const int error = errno;
  count.store(begun + (got > 0 ? 2 * static_cast<std::uint64_t>(got) : 0), std::memory_order_release);
  errno = error;
  return got;
}

// The intent of the job that writes now; nullopt: it cannot be known.
std::optional<std::uint64_t> WorkerOutput::intent() const {
  if (words_.lane == nullptr) return std::nullopt;
  // SYNC: acquire: pairs with OutputMarks::job_ended.
  const std::uint64_t intent = words_.lane->words.intent.load(std::memory_order_acquire);
  if (words_.lane->words.unmarked.load(std::memory_order_acquire) != 0) return std::nullopt;
  return intent;
}

std::uint64_t WorkerOutput::job_of(std::optional<std::uint64_t> intent) const {
  return intent && *intent != 0 && job_of_ ? job_of_(*intent) : 0;
}

void WorkerOutput::log_lines(const Stream& stream, const std::vector<TaggedOutput::Line>& lines) const {
  for (const TaggedOutput::Line& one : lines) {
    log_output_line({pool_, seat_, pid_, stream.is_stderr, one.job}, one.line);
  }
}

void WorkerOutput::finish(JobLog&& log) {
  const bool to_client = is_read_by_worker() && log.finish_taking();
  for (auto& stream : streams_) {
    if (!stream) continue;
    if (to_client) log.take(stream->fd, stream->is_stderr, kAtEnd);
    while (read(*stream, kAtEnd) && stream->output.waiting() > 0) {
    }
    log_lines(*stream, stream->output.finish(loop_->now(), job_of(intent())));
    stream.reset();
  }
}

}  // namespace ringmaster::daemon
