#include "worker/job/output_capture.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

#include "proto/worker_link.h"
#include "shm/port/hints.h"
#include "shm/port/output_taking.h"

namespace ringmaster::worker {
namespace {

constexpr int kAboveFixedNumbers = 10;
constexpr std::size_t kStreams = 2;

constexpr shm::MessageKind kind_of(std::size_t stream) {
  return stream == 0 ? shm::MessageKind::Output : shm::MessageKind::Error;
}

// A read end of the pipe that descriptor `number` writes to, with flags that no other process can change.
Result<UniqueFd> open_read_end(int number) {
  struct stat status {};
  if (::fstat(number, &status) != 0 || !S_ISFIFO(status.st_mode))
    return Error{"descriptor " + std::to_string(number) + " is not the daemon's pipe"};
  const std::string path = "/proc/self/fd/" + std::to_string(number);
  const UniqueFd low(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!low) return errno_error("cannot open " + path + " for reading", errno);
  UniqueFd end(::fcntl(low.get(), F_DUPFD_CLOEXEC, kAboveFixedNumbers));
  if (!end) return errno_error("no descriptor is left", errno);
  return end;
}

void flush_standard_output() {
  std::cout.flush();
  std::fflush(stdout);
}

}  // namespace

Result<void> OutputCapture::open(const shm::ControlRecord& control) {
  if (control.output_to_client.load(std::memory_order_relaxed) == 0) return {};
  for (std::size_t i = 0; i < kStreams; ++i) {
    auto end = open_read_end(static_cast<int>(i) + 1);
    if (!end) return end.error();
    pipes_[i] = std::move(*end);
  }
  wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return errno_error("cannot create an eventfd", errno);
  return {};
}

Result<void> OutputCapture::start(shm::LaneRecord& lane, int control_socket) {
  if (!wake_) return {};
  socket_ = control_socket;
  flush_standard_output();
  // Signals are for the program's own threads.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::error_code failed;
  try {
    thread_ = std::thread([this] { run(); });
    ::pthread_setname_np(thread_.native_handle(), "rm:output");
  } catch (const std::system_error& error) {
    failed = error.code();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failed) return errno_error("cannot start the thread that reads the output", failed.value());
  lane_ = &lane;
  lane.reads_output.store(1, std::memory_order_release);  // SYNC: before Ready is sent, after which it is read.
  return {};
}

void OutputCapture::begin() noexcept {
  if (!on()) return;
  begun_.store(true, std::memory_order_release);  // SYNC: pairs with run(): Ready is in the socket.
  wake();
}

OutputCapture::~OutputCapture() {
  if (!on()) return;
  stopping_.store(true, std::memory_order_release);  // SYNC: pairs with run().
  wake();
  thread_.join();
}

void OutputCapture::begin_job(const JobMessages& messages, unsigned attempt, std::uint64_t job) noexcept {
  flush_standard_output();  // what was printed between jobs, or before the first
  const std::lock_guard turn(lock_);
  const bool for_client = !messages.log.empty();
  if (is_any_waiting() && !pass_on() && for_client) throw_away();
  shm::finish_taking(messages.log);
  job_ = {true, attempt, job, messages};
  // SYNC: release: what is in the pipes of one that dies from now on is this job's.
  lane_->output_of.store(lane_->words.intent.load(std::memory_order_relaxed), std::memory_order_release);
  if (blocked_ && for_client) wake();
}

void OutputCapture::finish_job() noexcept {
  flush_standard_output();
  const std::lock_guard turn(lock_);
  if (is_any_waiting()) (void)move_text();
  job_ = {};
  lane_->output_of.store(0, std::memory_order_release);  // SYNC: as in begin_job().
}

std::unique_lock<std::mutex> OutputCapture::take_turn() noexcept {
  flush_standard_output();
  std::unique_lock turn(lock_);
  if (is_any_waiting()) (void)move_text();
  return turn;
}

bool OutputCapture::is_any_waiting() const noexcept {
  std::array<pollfd, kStreams> polled{{{pipes_[0].get(), POLLIN, 0}, {pipes_[1].get(), POLLIN, 0}}};
  return ::poll(polled.data(), polled.size(), 0) > 0;
}

// What is there now: those who write without end do not hold up the job's end. False: some is left, because the
// control socket is full.
bool OutputCapture::move_text() noexcept {
  if (!job_.is_open || job_.to.log.empty()) return pass_on();
  take();
  return true;
}

void OutputCapture::take() noexcept {
  bool any = false;
  for (std::size_t i = 0; i < kStreams; ++i) {
    const int pipe = pipes_[i].get();
    std::uint64_t left = shm::waiting_output(pipe);
    while (left != 0) {
      const std::uint64_t taken = shm::take_output(pipe, kind_of(i), job_.attempt, left, job_.to.log);
      if (taken == 0) break;
      left -= taken;
      any = true;
    }
  }
  if (any) shm::announce_done(*job_.to.reply, job_.to.slot);
}

bool OutputCapture::pass_on() noexcept {
  const bool output = pass_on(0);
  return pass_on(1) && output;
}

bool OutputCapture::pass_on(std::size_t stream) noexcept try {
  worker_link::Output text;
  text.standard_error = stream == 1;
  text.job = job_.is_open ? job_.id : 0;
  for (std::uint64_t left = shm::waiting_output(pipes_[stream].get()); left != 0; left -= text.bytes.size()) {
    // Told to be writable only while most of it is free: so the worker's own messages find room.
    pollfd room{socket_, POLLOUT, 0};
    if (!begun_.load(std::memory_order_relaxed) || ::poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
      return false;
    text.bytes.resize(std::min<std::uint64_t>(left, worker_link::kMaxOutputBytes));
    const ssize_t got = ::read(pipes_[stream].get(), text.bytes.data(), text.bytes.size());
    if (got <= 0) break;
    text.bytes.resize(static_cast<std::size_t>(got));
    text.lost = static_cast<std::uint32_t>(std::min<std::uint64_t>(lost_, UINT32_MAX));
    const auto packet = worker_link::encode(worker_link::ToSupervisor(text));
    if (::send(socket_, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      lost_ += text.bytes.size();
    } else {
      lost_ = 0;
    }
  }
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

// It would become another client's.
void OutputCapture::throw_away() noexcept {
  std::array<std::byte, 4096> nowhere;
  for (const UniqueFd& pipe : pipes_) {
    for (std::uint64_t left = shm::waiting_output(pipe.get()); left != 0;) {
      const ssize_t got = ::read(pipe.get(), nowhere.data(), std::min<std::uint64_t>(left, nowhere.size()));
      if (got <= 0) break;
      left -= static_cast<std::uint64_t>(got);
      lost_ += static_cast<std::uint64_t>(got);
    }
  }
}

void OutputCapture::wake() const noexcept {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void OutputCapture::run() noexcept {
  bool blocked = false;
  while (!stopping_.load(std::memory_order_acquire)) {  // SYNC: pairs with the destructor.
    if (!await_text(blocked)) {
      blocked = false;
      continue;
    }
    // More is about to come. A job that ends meanwhile moves its text itself.
    pollfd sign{wake_.get(), POLLIN, 0};
    (void)::poll(&sign, 1, kGatherMs);
    const std::lock_guard turn(lock_);
    blocked = is_any_waiting() && !move_text();
    blocked_ = blocked;
  }
}

// True: there is text to be moved. `blocked`: not before the control socket has room, or a job begins.
bool OutputCapture::await_text(bool blocked) noexcept {
  const bool listens = begun_.load(std::memory_order_acquire) && !blocked;  // SYNC: pairs with begin().
  std::array<pollfd, kStreams + 2> polled{{{wake_.get(), POLLIN, 0},
                                           {blocked ? socket_ : -1, POLLOUT, 0},
                                           {listens && !closed_[0] ? pipes_[0].get() : -1, POLLIN, 0},
                                           {listens && !closed_[1] ? pipes_[1].get() : -1, POLLIN, 0}}};
  (void)::poll(polled.data(), polled.size(), -1);
  if (polled[0].revents != 0) {
    std::uint64_t signs = 0;
    (void)!::read(wake_.get(), &signs, sizeof signs);
  }
  bool text = false;
  for (std::size_t i = 0; i < kStreams; ++i) {
    const short seen = polled[2 + i].revents;
    if ((seen & POLLIN) != 0) {
      text = true;
    } else if (seen != 0) {
      closed_[i] = true;  // else poll() would return at once for ever
    }
  }
  return text;
}

}  // namespace ringmaster::worker
