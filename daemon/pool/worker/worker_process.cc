#include "daemon/pool/worker/worker_process.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/link_error.h"
#include "base/overloaded.h"
#include "daemon/loop/closer.h"
#include "daemon/os/scm_rights.h"
#include "daemon/sessions/session.h"
#include "proto/stranger.h"
#include "shm/memfd.h"

namespace ringmaster::daemon {
namespace {

constexpr int kPacketsPerTurn = 16;
constexpr core::Duration kRetryPause = std::chrono::milliseconds{20};

Result<void> make_pipe(UniqueFd& read_end, UniqueFd& write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe for a worker's output", errno);
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  // Only for our end: the worker's end has its own flags. A blocking read would stop the whole supervisor.
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
    return errno_error("cannot make the pipe for a worker's output non-blocking", errno);
  }
  return {};
}

// The kind of a message and the session that it is about, for WorkerTalk.
struct Kind {
  core::WorkerTalk::Said said;
  std::uint32_t serial = 0;
};

Kind kind_of(const worker_link::ToSupervisor& message) {
  using Said = core::WorkerTalk::Said;
  return std::visit(Overloaded{
                        [](const worker_link::Hello&) { return Kind{Said::Hello}; },
                        [](const worker_link::HandlersChunk& piece) {
                          return Kind{piece.last ? Said::LastHandlersPiece : Said::HandlersPiece};
                        },
                        [](const worker_link::Ready&) { return Kind{Said::Ready}; },
                        [](const worker_link::BootFailed&) { return Kind{Said::BootFailed}; },
                        [](const worker_link::Attached& session) {
                          return Kind{Said::Attached, session.serial};
                        },
                        [](const worker_link::Detached& session) {
                          return Kind{Said::Detached, session.serial};
                        },
                        [](const worker_link::SessionBroken& session) {
                          return Kind{Said::Broken, session.serial};
                        },
                        [](const worker_link::Leftovers&) { return Kind{Said::Leftovers}; },
                        [](const worker_link::Fault&) { return Kind{Said::Fault}; },
                        [](const worker_link::Leaving&) { return Kind{Said::Leaving}; },
                        [](const worker_link::AskRoom&) { return Kind{Said::AskRoom}; },
                        [](const worker_link::AskParcel&) { return Kind{Said::AskRoom}; },
                        [](const worker_link::Output&) { return Kind{Said::Output}; },
                    },
                    message);
}

template <typename Record>
Result<UniqueFd> make_segment(const std::string& name, std::uint32_t pool, shm::Owner owner,
                              Record* (*format)(std::span<std::byte>, std::uint32_t, shm::Owner) noexcept) {
  auto fd = shm::create_segment(name, sizeof(Record));
  if (!fd) return fd.error();
  auto mapping = shm::Mapping::map(fd->get(), shm::Access::ReadWrite);
  if (!mapping) return mapping.error();
  format(mapping->bytes(), pool, owner);
  return std::move(*fd);
}

}  // namespace

UniqueFd& WorkerFds::of(keeper::DepositKind kind) {
  if (kind == keeper::DepositKind::Lane) return lane;
  if (kind == keeper::DepositKind::Control) return control;
  if (kind == keeper::DepositKind::WorkerSocket) return socket;
  return kind == keeper::DepositKind::WorkerStdout ? out : err;
}

keeper::ReleaseSelector WorkerFds::deposits_of(shm::Owner owner) {
  std::uint32_t kinds = 0;
  for (const auto kind : kKinds) kinds |= keeper::kind_bit(kind);
  return {kinds, owner.worker, owner.incarnation};
}

bool WorkerFds::complete() const {
  return lane.valid() && control.valid() && socket.valid() && out.valid() && err.valid();
}

WorkerProcess::WorkerProcess(const WorkerName& place) : name_(place) {}
WorkerProcess::~WorkerProcess() {
  if (retry_) loop_->cancel(*retry_);
}

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::create(const WorkerName& place) {
  std::unique_ptr<WorkerProcess> worker(new WorkerProcess(place));
  auto lane = make_segment("ringmaster-lane", place.pool, place.owner, &shm::format_lane);
  if (!lane) return lane.error();
  auto control = make_segment("ringmaster-control", place.pool, place.owner, &shm::format_control);
  if (!control) return control.error();
  worker->fds_.lane = std::move(*lane);
  worker->fds_.control = std::move(*control);
  auto read_only = shm::reopen_read_only(worker->fds_.control.get());
  if (!read_only) return read_only.error();
  ChildEnds& child = worker->child_ends_;
  child.control = std::move(*read_only);
  child.null.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!child.null) return errno_error("cannot open \"/dev/null\"", errno);
  if (auto made = make_pipe(worker->fds_.out, child.out); !made) return made.error();
  if (auto made = make_pipe(worker->fds_.err, child.err); !made) return made.error();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return errno_error("cannot make a worker's control socket", errno);
  }
  worker->fds_.socket.reset(ends[0]);
  child.socket.reset(ends[1]);
  (void)wire::refuse_descriptors(worker->fds_.socket.get());
  if (auto mapped = worker->map(); !mapped) return mapped.error();
  std::uint64_t token = 0;
  if (::getrandom(&token, sizeof token, 0) != static_cast<ssize_t>(sizeof token)) {
    return errno_error("cannot get random bytes for the marks in a worker's output", errno);
  }
  worker->control_->output_token.store(token | 1, std::memory_order_relaxed);
  return worker;
}

Result<void> WorkerProcess::give_output_to_clients() {
  for (const UniqueFd* pipe : {&fds_.out, &fds_.err}) {
    // Whoever holds an end may open another one: so may a worker that runs as a user of its own.
    if (::fchmod(pipe->get(), 0666) != 0) return errno_error("cannot set the mode of a worker's pipe", errno);
  }
  control_->output_to_client.store(1, std::memory_order_relaxed);
  return {};
}

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::adopt(const WorkerName& place, WorkerFds& fds, std::int32_t pid,
                                                            bool ready) {
  std::unique_ptr<WorkerProcess> worker(new WorkerProcess(place));
  if (!fds.complete()) return Error{"its descriptors are not all there"};
  worker->fds_ = std::move(fds);
  if (auto mapped = worker->map_inherited(); !mapped) {
    fds = std::move(worker->fds_);
    return mapped.error();
  }
  worker->adopted_ = true;
  worker->set_pid(pid);
  worker->talk_ = core::WorkerTalk::taken_over(ready);
  return worker;
}

Result<void> WorkerProcess::map_inherited() {
  if (auto mapped = map(); !mapped) return mapped;
  const shm::SegmentHeader& header = control_->header;
  if (header.worker == name_.owner.worker && header.incarnation == name_.owner.incarnation) return {};
  return Error{"its segments are another worker's"};
}

Result<void> WorkerProcess::map() {
  auto lane = shm::Mapping::map(fds_.lane.get(), shm::Access::ReadOnly);
  if (!lane) return lane.error();
  auto control = shm::Mapping::map(fds_.control.get(), shm::Access::ReadWrite);
  if (!control) return control.error();
  lane_map_ = std::move(*lane);
  control_map_ = std::move(*control);
  lane_ = shm::open_lane(lane_map_.bytes());
  control_ = shm::open_control(control_map_.bytes());
  if (lane_ == nullptr || control_ == nullptr) return Error{"its segments have another layout"};
  return {};
}

void WorkerProcess::listen(EventLoop& loop, OnMessage on_message, OnBroken on_broken, WorkerOutput::JobOf job_of) {
  loop_ = &loop;
  on_message_ = std::move(on_message);
  on_broken_ = std::move(on_broken);
  closer_ = &loop.closer();
  watch_ = std::make_unique<FdWatch>(loop, fds_.socket.get(), [this] { receive(); });
  follow_output(loop, std::move(job_of));
}

void WorkerProcess::follow_output(EventLoop& loop, WorkerOutput::JobOf job_of) {
  output_.start(loop, name_.pool_name, name_.seat, fds_.out.get(), fds_.err.get(), {lane_, control_},
                std::move(job_of));
}

// Reads only a few packets per turn, so that a worker that floods its socket does not delay others. The rest keeps the
// socket readable.
void WorkerProcess::receive() {
  std::vector<std::byte> buffer(worker_link::kMaxMessageBytes);
  for (int turn = 0; watch_ && turn < kPacketsPerTurn; ++turn) {
    auto packet = wire::receive_from_stranger(fds_.socket.get(), buffer, MSG_DONTWAIT);
    // A temporary failure: the packet is still in the socket.
    if (!packet && !link_is_dead(packet.error().code)) return;
    if (!packet || (packet->size == 0 && packet->fds.empty())) {
      watch_.reset();  // the process is gone or closed the socket; the keeper reports exits
      return;
    }
    auto message = worker_link::decode_to_supervisor(std::span(buffer).first(packet->size), packet->fds.size());
    closer_->close(Closer::Account::of_workers(name_.pool), std::move(packet->fds));
    if (!message || packet->cut) {
      watch_.reset();
      on_broken_("it sent a message that cannot be read: " + (message ? "too long" : message.error().message));
      return;
    }
    if (!take(std::move(*message))) return;
  }
}

bool WorkerProcess::take(worker_link::ToSupervisor&& message) {
  using Verdict = core::WorkerTalk::Verdict;
  const Kind kind = kind_of(message);
  const Verdict verdict = talk_.hear(loop_->now(), kind.said, kind.serial);
  if (verdict == Verdict::Violation) {
    watch_.reset();
    on_broken_("it " + std::string(talk_.complaint()));
    return false;
  }
  if (verdict == Verdict::Heard) {
    // Before the pool lets it claim.
    if (kind.said == core::WorkerTalk::Said::Ready) output_.hand_over();
    if (const auto* text = std::get_if<worker_link::Output>(&message)) {
      output_.pass(*text);
      return true;
    }
    on_message_(std::move(message));
    return true;
  }
  // It attached a session that a predecessor gave it: note that, so that it is asked to detach it.
  const auto* attached = std::get_if<worker_link::Attached>(&message);
  if (attached != nullptr && !talk_.holds(attached->serial)) {
    send(worker_link::Detach{attached->index, attached->serial});
  }
  return true;
}

void WorkerProcess::send(const worker_link::ToWorker& message) {
  if (const auto* back = std::get_if<worker_link::Detach>(&message)) talk_.asked_back(back->serial);
  outbox_.push_back({worker_link::encode(message), {}});
  flush();
}

void WorkerProcess::send_room(std::uint32_t number, RoomGiven&& room) {
  Outgoing out{worker_link::encode(worker_link::Room{number, room.bytes}), {}};
  out.fds.push_back(std::move(room.file));
  outbox_.push_back(std::move(out));
  flush();
}

bool WorkerProcess::call(const worker_link::Look& look) {
  if (outbox_.empty() && !call_kept_) {
    const int error = send_packet(fds_.socket.get(), worker_link::encode(look), {});
    if (link_is_dead(error)) return false;
    if (error == 0) {
      told_ = true;
      return true;
    }
  }
  call_kept_ = true;
  flush();
  return true;
}

void WorkerProcess::flush() {
  while (!outbox_.empty()) {
    std::vector<int> fds;
    for (const UniqueFd& fd : outbox_.front().fds) fds.push_back(fd.get());
    const int error = send_packet(fds_.socket.get(), outbox_.front().packet, fds);
    if (error != 0 && !link_is_dead(error)) return flush_later(error);
    told_ = true;
    outbox_.pop_front();  // sent, or nobody reads any more
  }
  if (!call_kept_) return;
  const int error = send_packet(fds_.socket.get(), worker_link::encode(worker_link::Look{}), {});
  if (error != 0 && !link_is_dead(error)) return flush_later(error);
  call_kept_ = false;
  told_ = true;
}

// After EAGAIN the pool's round calls flush() again; after other errors nothing tells when to try, so a timer does.
void WorkerProcess::flush_later(int error) {
  if (error == EAGAIN || loop_ == nullptr || retry_) return;
  retry_ = loop_->after(kRetryPause, [this] {
    retry_.reset();
    flush();
  });
}

bool WorkerProcess::send_attach(const Session& session, bool same_uid) {
  worker_link::Attach attach;
  attach.index = session.index;
  attach.serial = session.serial;
  attach.uid = session.uid;
  attach.same_uid = same_uid;
  attach.opened_ns = session.opened_ns;
  attach.told_of = session.internal();
  attach.slots = session.geometry.slots;
  attach.request_segment_bytes = session.geometry.request_segment_bytes();
  attach.reply_segment_bytes = session.geometry.reply_segment_bytes();
  attach.request_ring_bytes = session.geometry.request_ring_bytes;
  attach.result_ring_bytes = session.geometry.result_ring_bytes;
  auto request = shm::reopen_read_only(session.request_fd.get());
  if (!request) return false;
  Outgoing out{worker_link::encode(attach), {}};
  out.fds.push_back(std::move(*request));
  out.fds.emplace_back(::fcntl(session.reply_fd.get(), F_DUPFD_CLOEXEC, 0));
  out.fds.emplace_back(::fcntl(session.bell.get(), F_DUPFD_CLOEXEC, 0));
  if (!out.fds[1] || !out.fds[2]) return false;
  talk_.gave(session.serial);
  outbox_.push_back(std::move(out));
  flush();
  return true;
}

}  // namespace ringmaster::daemon
