#include "daemon/incidents/tracer_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/log/log.h"
#include "daemon/os/child/child_program.h"
#include "daemon/os/child/fork_child.h"
#include "daemon/os/pidfd.h"
#include "daemon/os/scm_rights.h"
#include "proto/stranger.h"

namespace ringmaster::daemon {
namespace {

constexpr rlim_t kDescriptors = 1024;
constexpr rlim_t kLongestCpu = 600;  // hard limit; the tracer sets a lower soft one for each answer
constexpr int kOomScore = 500;       // the out-of-memory killer shall choose it before a worker

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool kLimitMemory = true;
#else
constexpr bool kLimitMemory = false;  // sanitizers reserve terabytes of address space
#endif

constexpr rlim_t kAddressSpace = rlim_t{2} << 30;

}  // namespace

TracerProcess::TracerProcess(EventLoop& loop, std::string program) : loop_(loop), program_(std::move(program)) {}

TracerProcess::~TracerProcess() {
  if (limit_) loop_.cancel(*limit_);
  watch_.reset();
  if (pidfd_) (void)send_signal(pidfd_.get(), SIGKILL);
}

void TracerProcess::start() {
  if (!socket_) (void)spawn();
}

bool TracerProcess::spawn() {
  int ends[2];
  int errors[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  (void)wire::refuse_descriptors(ours.get());  // the tracer reads files of hostile workers, so it is not trusted
  if (::pipe2(errors, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  const UniqueFd failure_read(errors[0]);
  const UniqueFd failure_write(errors[1]);

  const std::array<int, 3> fds{theirs.get(), STDERR_FILENO, STDERR_FILENO};
  const std::array<ChildProgram::Limit, 5> limits{{{RLIMIT_CORE, {0, 0}},
                                                   {RLIMIT_FSIZE, {0, 0}},
                                                   {RLIMIT_NOFILE, {kDescriptors, kDescriptors}},
                                                   {RLIMIT_CPU, {kLongestCpu, kLongestCpu}},
                                                   {RLIMIT_AS, {kAddressSpace, kAddressSpace}}}};
  std::string name = "ringmaster-tracer";
  const std::array<char*, 2> argv{name.data(), nullptr};
  const std::array<char*, 1> env{nullptr};  // empty: no variable may make libdw search elsewhere or ask a server
  ChildProgram program;
  program.path = program_.c_str();
  program.argv = argv.data();
  program.env = env.data();
  program.cwd = "/";
  program.fds = fds;
  program.limits = std::span(limits).first(kLimitMemory ? limits.size() : limits.size() - 1);
  program.oom_score_adj = kOomScore;
  program.parent = ::getpid();
  ForkedChild child = fork_child();
  if (child.pid == 0) run_child_program(program, failure_write.get());
  if (child.pid < 0) return false;
  socket_ = std::move(ours);
  pidfd_ = std::move(child.pidfd);
  watch_ = std::make_unique<FdWatch>(loop_, socket_.get(), [this] { receive(); });
  return true;
}

void TracerProcess::ask(const tracer::Question& question, core::Duration limit, Done done) {
  done_ = std::move(done);
  if (!socket_ && !spawn()) return loop_.post([this] { answer(std::nullopt); });
  if (send_packet(socket_.get(), tracer::encode(question)) != 0) {
    // It has died since the last question, which was not noticed yet.
    end();
    if (!spawn() || send_packet(socket_.get(), tracer::encode(question)) != 0) {
      return loop_.post([this] { answer(std::nullopt); });
    }
  }
  limit_ = loop_.after(limit, [this] {
    limit_.reset();
    log_warning("a tracer took too long and is killed", {{"program", program_}});
    end();
    answer(std::nullopt);
  });
}

void TracerProcess::receive() {
  static std::vector<std::byte> buffer(tracer::kMaxMessageBytes);
  const ReceivedPacket packet = receive_packet(socket_.get(), buffer);
  if (packet.error == EAGAIN || packet.error == EINTR) return;
  if (packet.error != 0 || packet.size == 0 || packet.truncated || !busy()) {
    if (!std::exchange(said_missing_, true) || busy()) {
      log_warning("a tracer has ended: without one there are no stacks; it is started again when one is needed",
                  {{"program", program_}});
    }
    end();
    return answer(std::nullopt);
  }
  auto answered = tracer::decode_answer(std::span(buffer).first(packet.size));
  if (!answered) {
    log_warning("a tracer sent an answer that cannot be read, and is killed", {{"program", program_}});
    end();
    return answer(std::nullopt);
  }
  said_missing_ = false;
  answer(std::move(*answered));
}

void TracerProcess::answer(std::optional<tracer::Answer> what) {
  if (limit_) loop_.cancel(*limit_);
  limit_.reset();
  if (done_) std::exchange(done_, nullptr)(std::move(what));
}

void TracerProcess::end() {
  watch_.reset();
  socket_.reset();
  if (!pidfd_) return;
  (void)send_signal(pidfd_.get(), SIGKILL);
  const int raw = pidfd_.get();
  dying_.push_back({std::move(pidfd_), nullptr});
  dying_.back().watch = std::make_unique<FdWatch>(loop_, raw, [this, raw] { reap(raw); });
}

void TracerProcess::reap(int pidfd) {
  ChildExit exit;
  if (reap_exit(pidfd, exit) == EAGAIN) return;
  std::erase_if(dying_, [pidfd](const Dying& one) { return one.pidfd.get() == pidfd; });
}

}  // namespace ringmaster::daemon
