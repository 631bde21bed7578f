#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <thread>

#include "proto/control.pb.h"
#include "proto/frame.h"
#include "tests/bench/measures.h"
#include "tests/bench/samples.h"

namespace ringmaster::bench {
namespace {

namespace v1 = control::v1;
using Millis = std::chrono::milliseconds;

constexpr uid_t kStranger = 65534;
constexpr int kConnections = 60;

std::string frame_of(v1::Request request, std::uint64_t id) {
  request.set_id(id);
  return wire::make_frame(request.SerializeAsString());
}

std::string hello() {
  v1::Request request;
  request.mutable_hello()->set_version_min(1);
  request.mutable_hello()->set_version_max(1);
  return frame_of(request, 1);
}

std::string many(const v1::Request& request) {
  std::string frames;
  for (std::uint64_t i = 2; i < 2002; ++i) frames += frame_of(request, i);
  return frames;
}

/// What a hostile client sends again and again on each connection, by name.
std::vector<std::pair<const char*, std::string>> storms() {
  v1::Request status;
  status.mutable_get_status();
  v1::Request open;
  open.mutable_open_session()->set_pool("storm");
  open.mutable_open_session()->set_request_ring_bytes(4096);
  open.mutable_open_session()->set_result_ring_bytes(4096);
  v1::Request cancel;
  cancel.mutable_cancel()->set_job_id((std::uint64_t{1} << 32) + 0x7FFFFFFF);
  v1::Request submit;
  submit.mutable_submit()->set_pool("storm");
  submit.mutable_submit()->set_handler("nothing");
  submit.mutable_submit()->set_cookie_low(1);
  submit.mutable_submit()->set_payload(std::string(std::size_t{1} << 20, 'x'));
  // As large as a frame may be, in as many fields as a request may have.
  v1::Request arguments;
  arguments.mutable_submit()->set_pool("storm");
  arguments.mutable_submit()->set_cookie_low(1);
  for (int i = 0; i < 150; ++i) arguments.mutable_submit()->add_arguments()->set_value(std::string(13'000, 'v'));
  return {{"status", many(status)},
          {"open", many(open)},
          {"cancel", many(cancel)},
          {"submit", frame_of(submit, 2)},
          {"arguments", frame_of(arguments, 2)},
          {"connect", {}}};
}

/// One connection of the storm: it sends for ever and reads what comes.
class Hose {
 public:
  Hose(const sockaddr_un& address, const std::string& frames) : address_(address), frames_(frames) { open(); }
  ~Hose() { ::close(fd_); }
  Hose(const Hose&) = delete;
  Hose& operator=(const Hose&) = delete;

  [[nodiscard]] pollfd wish() const { return {fd_, POLLIN | POLLOUT, 0}; }
  void go_on() {
    static char sink[65536];
    while (::recv(fd_, sink, sizeof sink, MSG_DONTWAIT) > 0) continue;
    const std::string& what = greeted_ ? frames_ : greeting_;
    const ssize_t sent = ::send(fd_, what.data() + at_, what.size() - at_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      ::close(fd_);
      return open();
    }
    at_ += sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (at_ < what.size()) return;
    at_ = 0;
    greeted_ = true;
    // A storm of connections says hello and goes.
    if (frames_.empty()) {
      ::close(fd_);
      open();
    }
  }

 private:
  void open() {
    at_ = 0;
    greeted_ = false;
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)::connect(fd_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
  }

  sockaddr_un address_;
  const std::string& frames_;
  std::string greeting_ = hello();
  int fd_ = -1;
  std::size_t at_ = 0;
  bool greeted_ = false;
};

[[noreturn]] void storm(const std::string& socket, const std::string& frames) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kStranger, kStranger, kStranger) != 0 ||
      ::setresuid(kStranger, kStranger, kStranger) != 0) {
    ::_exit(1);
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.copy(address.sun_path, sizeof address.sun_path - 1);
  std::vector<std::unique_ptr<Hose>> hoses;
  for (int i = 0; i < kConnections; ++i) hoses.push_back(std::make_unique<Hose>(address, frames));
  for (;;) {
    std::vector<pollfd> wishes;
    for (const auto& hose : hoses) wishes.push_back(hose->wish());
    (void)::poll(wishes.data(), wishes.size(), 10);
    for (std::size_t i = 0; i < hoses.size(); ++i) {
      if (wishes[i].revents != 0) hoses[i]->go_on();
    }
  }
}

/// A stranger's storm for as long as this lives.
class Storm {
 public:
  Storm(const std::string& socket, const std::string& frames) : pid_(::fork()) {
    if (pid_ == 0) storm(socket, frames);
  }
  ~Storm() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

 private:
  pid_t pid_;
};

std::vector<double> first_answers(const Daemon& daemon, int count) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto start = Clock::now();
    auto client = daemon.connect();
    (void)client.handlers("storm").value();
    times.push_back(milliseconds(Clock::now() - start));
    std::this_thread::sleep_for(Millis(5));
  }
  return times;
}

}  // namespace

void measure_storms(const Programs& programs, Report& report) {
  if (::geteuid() != 0) {
    std::fprintf(stderr, "bench: storms of another user need root; left out\n");
    return;
  }
  const Daemon daemon(programs,
                      "[daemon]\nsocket_mode = \"0666\"\n[pool.storm]\nhandlers = [\"" + programs.handlers + "\"]\n");
  daemon.admit_everyone();
  auto calm = first_answers(daemon, 200);
  report.add("calm_first_answer_ms", percentile(std::move(calm), 0.99));
  double worst = 0;
  for (const auto& [name, frames] : storms()) {
    const Storm blowing(daemon.socket(), frames);
    std::this_thread::sleep_for(Millis(500));
    auto times = first_answers(daemon, 200);
    const double p99 = percentile(times, 0.99);
    std::fprintf(stderr, "bench: storm of %s: first answer p50 %.2f ms, p99 %.2f ms\n", name, percentile(times, 0.5),
                 p99);
    worst = std::max(worst, p99);
  }
  report.add("storm_first_answer_ms", worst);
}

}  // namespace ringmaster::bench
