#include "worker/loop/worker_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "shm/port/doorbell.h"
#include "worker/process/fault_handler.h"
#include "worker/process/keeper_watch.h"
#include "worker/process/outside_signals.h"
#include "worker/process/process_guard.h"
#include "worker/process/process_name.h"

namespace ringmaster::worker {
namespace {

constexpr int kControlSocket = 3;
constexpr int kLane = 4;
constexpr int kControlSegment = 5;
constexpr int kBoard = 6;
constexpr int kPoolBell = 7;

void prepare_process() {
  guard_process();
  end_with_keeper();
  outlive_outside_signals();
  for (int fd = kControlSocket; fd <= kPoolBell; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  // Orphans that a handler leaves become children of this worker, and so die with it.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const char* const pool = std::getenv("RINGMASTER_POOL");
  const char* const place = std::getenv("RINGMASTER_WORKER");
  if (pool != nullptr && place != nullptr) ::prctl(PR_SET_NAME, process_name(pool, place).c_str(), 0, 0, 0);
  // Writes whole lines, so that each can be logged with its job.
  ::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

Result<std::uint32_t> number_from_environment(const char* name) {
  const char* const text = std::getenv(name);
  std::uint32_t value = 0;
  if (text == nullptr) return Error{std::string("$") + name + " is not set"};
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  if (error != std::errc{} || *end != '\0') return Error{std::string("$") + name + "=" + text + " is not a number"};
  return value;
}

Result<shm::WorkerSelf> open_self(WorkerProcess::Segments& segments) {
  auto place = number_from_environment("RINGMASTER_WORKER");
  if (!place) return place.error();
  if (*place >= 64 * shm::kBoardWords) return Error{"$RINGMASTER_WORKER is beyond the board's 256 places"};
  auto lane = shm::Mapping::map(kLane, shm::Access::ReadWrite);
  auto control = shm::Mapping::map(kControlSegment, shm::Access::ReadOnly);
  auto board = shm::Mapping::map(kBoard, shm::Access::ReadWrite);
  if (!lane) return lane.error();
  if (!control) return control.error();
  if (!board) return board.error();
  shm::WorkerSelf self;
  self.place = *place;
  self.lane = shm::open_lane(lane->bytes());
  self.control = shm::open_control(control->bytes());
  self.board = shm::open_board(board->bytes());
  if (self.lane == nullptr || self.control == nullptr || self.board == nullptr) {
    return Error{"descriptors 4 to 6 are not a lane, a control segment and a board of this layout version (" +
                 std::to_string(shm::kLayoutVersion) + "); worker and daemon must be of one version"};
  }
  self.owner = {static_cast<std::uint16_t>(self.lane->header.worker),
                static_cast<std::uint16_t>(self.lane->header.incarnation)};
  segments = {std::move(*lane), std::move(*control), std::move(*board)};
  return self;
}

Result<void> describe_handlers(ControlLink& link, const HandlerRegistry& registry) {
  const auto table = encode_handlers(registry.descriptions());
  if (!table) return table.error();
  for (auto& chunk : worker_link::to_chunks(*table)) {
    if (const auto sent = link.send(std::move(chunk)); !sent) return sent.error();
  }
  return {};
}

// Replaces the bell's end that all workers of the pool share by one of its own, whose flags no other worker can change.
Result<void> open_own_bell() {
  auto bell = shm::open_doorbell_anew(kPoolBell);
  if (!bell) return bell.error();
  if (::dup3(bell->get(), kPoolBell, O_CLOEXEC) < 0) return errno_error("cannot move the pool's bell", errno);
  return {};
}

}  // namespace

bool started_by_daemon() {
  struct stat status {};
  return std::getenv("RINGMASTER_ABI") != nullptr && ::fstat(kControlSocket, &status) == 0 && S_ISSOCK(status.st_mode);
}

WorkerProcess::WorkerProcess() : link_(kControlSocket) { prepare_process(); }

Result<void> WorkerProcess::open(const LoadHandlers& load) {
  const auto abi = number_from_environment("RINGMASTER_ABI");
  if (!abi) return abi.error();
  if (*abi != worker_link::kAbiVersion) {
    return Error{"the daemon speaks worker ABI " + std::to_string(*abi) + ", this worker " +
                 std::to_string(worker_link::kAbiVersion) + "; install both from one version"};
  }
  if (auto said = link_.send(worker_link::Hello{worker_link::kAbiVersion, static_cast<std::uint32_t>(getpid())}); !said)
    return said;
  auto self = open_self(segments_);
  if (!self) return self.error();
  self_ = *self;
  install_fault_handler({kControlSocket, self_.lane, self_.control});
  // Before any handler's code runs, which may confine the process so that /proc is gone.
  if (auto bell = open_own_bell(); !bell) return bell;
  if (auto output = output_.open(*self_.control); !output) return output;
  if (auto loaded = load(registry_); !loaded) return loaded;
  return describe_handlers(link_, registry_);
}

Result<void> WorkerProcess::ready() {
  auto parking = Parking::create(kControlSocket, kPoolBell);
  if (!parking) return parking.error();
  if (auto output = output_.start(*self_.lane, kControlSocket); !output) return output;
  if (auto said = link_.send(worker_link::Ready{}); !said) return said;
  output_.begin();
  loop_.emplace(self_, registry_, link_, output_, std::move(*parking), kPoolBell);
  loop_->start();
  return {};
}

void WorkerProcess::say_boot_failed(const std::string& why) {
  // If the daemon is gone, standard error may still have a reader.
  if (const auto said = link_.send(worker_link::BootFailed{why}); !said)
    std::fprintf(stderr, "worker: %s\n", why.c_str());
}

}  // namespace ringmaster::worker
