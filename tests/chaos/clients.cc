#include "tests/chaos/clients.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tests/chaos/content.h"

namespace ringmaster::chaos {
namespace {

constexpr std::uint64_t kRestartAfterNs = 100'000'000;

// Half of them by sessions, the rest by the socket.
Way way_of(unsigned number) {
  switch (number % 4) {
    case 1:
      return Way::Wire;
    case 3:
      return Way::Socket;
    default:
      return Way::Session;
  }
}

// The judge's own, and where that is root two others.
uid_t user_of(unsigned number) {
  constexpr uid_t kNobody = 65534;
  return ::geteuid() != 0 || number % 3 == 1 ? ::geteuid() : kNobody - number % 3;
}

// One user's jobs crash, where there are several: the others must not feel it.
bool crashes(unsigned number) { return ::geteuid() != 0 || number % 3 == 2; }

void send(const UniqueFd& pidfd, int signal) { ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0); }

}  // namespace

Clients::Clients(const Setup& setup, const Journal& journal, std::uint64_t seed, unsigned count,
                 const PlanLimits& limits)
    : setup_(setup), journal_(journal), seed_(seed), limits_(limits), all_(count) {
  std::filesystem::create_directory(setup.folder + "/clients");
  for (unsigned i = 0; i < count; ++i) {
    all_[i].number = i + 1;
    all_[i].way = way_of(i);
  }
}

Clients::~Clients() {
  for (One& one : all_) {
    if (one.pid == 0) continue;
    send(one.pidfd, SIGKILL);
    ::waitpid(one.pid, nullptr, 0);
  }
}

std::string Clients::file_of(const One& one) const {
  return setup_.folder + "/clients/" + std::to_string(one.number) + "." + std::to_string(one.incarnation);
}

void Clients::start(One& one) {
  ++one.incarnation;
  ++lives_;
  const std::string history = file_of(one);
  const std::string errors = history + ".err";
  std::string words[] = {setup_.client,
                         setup_.socket(),
                         std::to_string(seed_),
                         std::to_string(static_cast<unsigned>(one.way)),
                         std::to_string(one.number),
                         std::to_string(one.incarnation),
                         std::to_string(limits_.pools),
                         std::to_string(limits_.mean_pause_us),
                         std::to_string(limits_.largest_bytes),
                         limits_.crashes && crashes(one.number) ? "1" : "0",
                         std::to_string(user_of(one.number))};
  char* arguments[std::size(words) + 1] = {};
  for (std::size_t i = 0; i < std::size(words); ++i) arguments[i] = words[i].data();
  one.pid = ::fork();
  if (one.pid < 0) throw std::runtime_error("cannot fork a client");
  if (one.pid == 0) {
    // Until it listens.
    sigset_t leave;
    ::sigemptyset(&leave);
    ::sigaddset(&leave, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &leave, nullptr);
    const int null = ::open("/dev/null", O_RDWR);
    const int err = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int file = ::open(history.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(null, 0);
    ::dup2(null, 1);
    ::dup2(err, 2);
    ::dup2(file, 3);
    ::close_range(4, ~0U, 0);
    if (!setup_.plant.empty()) ::setenv("PLANTED_FAULT", setup_.plant.c_str(), 1);
    ::execv(arguments[0], arguments);
    ::_exit(127);
  }
  one.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, one.pid, 0)));
  one.killed = one.gave_up = false;
}

bool Clients::bury(One& one) {
  int status = 0;
  if (one.pid == 0 || ::waitpid(one.pid, &status, WNOHANG) != one.pid) return false;
  const std::string errors = read_text(file_of(one) + ".err");
  journal_.write({0,
                  Kind::ClientEnds,
                  make_job(one.number, one.incarnation, 0),
                  {one.number, one.incarnation, status, one.killed, one.gave_up},
                  errors.substr(errors.size() > 2000 ? errors.size() - 2000 : 0)});
  if (errors.empty()) std::filesystem::remove(file_of(one) + ".err");
  one.pid = 0;
  one.pidfd.reset();
  one.start_at_ns = now_ns() + kRestartAfterNs;
  return true;
}

bool Clients::tend(bool again) {
  bool lives = false;
  for (One& one : all_) {
    bury(one);
    if (one.pid == 0 && again && now_ns() >= one.start_at_ns) start(one);
    lives = lives || one.pid != 0;
  }
  return lives;
}

bool Clients::signal(std::uint32_t pick, int signal) {
  std::vector<One*> living;
  for (One& one : all_)
    if (one.pid != 0) living.push_back(&one);
  if (living.empty()) return false;
  One& one = *living[pick % living.size()];
  if (signal == SIGKILL) one.killed = true;
  last_pid_ = one.pid;
  send(one.pidfd, signal);
  return true;
}

void Clients::go_on(pid_t pid) const {
  for (const One& one : all_)
    if (one.pid == pid) send(one.pidfd, SIGCONT);
}

void Clients::tell_all_to_leave() {
  for (const One& one : all_) {
    if (one.pid == 0) continue;
    send(one.pidfd, SIGCONT);
    send(one.pidfd, SIGTERM);
  }
}

void Clients::give_up() {
  for (One& one : all_) {
    if (one.pid == 0) continue;
    one.gave_up = true;
    send(one.pidfd, SIGKILL);
  }
}

}  // namespace ringmaster::chaos
