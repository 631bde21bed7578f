#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "daemon/control/message/status_message.h"
#include "daemon/incidents/stack_desk.h"
#include "daemon/os/scm_rights.h"
#include "daemon/pool/pool.h"
#include "daemon/sessions/segments.h"
#include "daemon/sessions/session.h"
#include "daemon/sessions/sessions.h"
#include "shm/ledger/ledger.h"
#include "shm/memfd.h"
#include "shm/port/client_port.h"
#include "shm/port/doorbell.h"
#include "shm/port/worker_port.h"
#include "tests/testing/fake_keeper.h"
#include "tests/testing/fake_loop.h"
#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::testing {

/// No process has this pid: it is above every pid_max.
inline constexpr std::int32_t kNoPid = 0x7FFFFFF0;

/// What outlives a supervisor: the ledger, a session of two segments, and worker 0 in its first incarnation.
struct Remains {
  Remains()
      : ledger_fd(*shm::create_segment("ledger", sizeof(shm::LedgerRecord))),
        ledger_map(*shm::Mapping::map(ledger_fd.get(), shm::Access::ReadWrite)),
        ledger(shm::format_ledger(ledger_map.bytes())),
        board_fd(*shm::create_segment("board", sizeof(shm::BoardRecord))),
        board_map(*shm::Mapping::map(board_fd.get(), shm::Access::ReadWrite)) {
    session.index = 3;
    session.serial = 7;
    session.supervisor = 1;  // one whose client is this process: all of it is mapped
    session.geometry = {64, 1 << 16, 1 << 16};
    EXPECT_TRUE(daemon::create_segments(session));
    session.state = daemon::SessionState::Open;
    client = std::make_unique<shm::ClientPort>(session.request, session.reply, nullptr);
    fds.lane = *shm::create_segment("lane", sizeof(shm::LaneRecord));
    fds.control = *shm::create_segment("control", sizeof(shm::ControlRecord));
    lane_map = *shm::Mapping::map(fds.lane.get(), shm::Access::ReadWrite);
    control_map = *shm::Mapping::map(fds.control.get(), shm::Access::ReadWrite);
    worker.owner = {0, 1};
    worker.lane = shm::format_lane(lane_map.bytes(), 0, worker.owner);
    control = shm::format_control(control_map.bytes(), 0, worker.owner);
    worker.control = control;
    worker.board = shm::format_board(board_map.bytes(), 0);
    attached = {session.index, session.request, session.reply};
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    fds.socket.reset(ends[0]);
    worker_socket.reset(ends[1]);
    for (UniqueFd* output : {&fds.out, &fds.err}) {
      EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
      EXPECT_EQ(::fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
      output->reset(ends[0]);
      (output == &fds.out ? worker_stdout : worker_stderr).reset(ends[1]);
    }
    record().incarnation = 1;
    record().flags = shm::kLedgerReady;
    record().state = static_cast<std::uint32_t>(shm::LedgerState::Live);
  }

  [[nodiscard]] shm::LedgerWorker& record() const { return ledger->workers[0]; }
  [[nodiscard]] std::uint64_t now_ns() const { return static_cast<std::uint64_t>(now.time_since_epoch().count()); }
  /// The worker takes a new job; its slot.
  std::uint32_t run_a_job(std::uint32_t flags = 0, std::uint64_t handler = 42, std::uint32_t run_timeout_ms = 0) {
    const auto slot = client->take_slot();
    shm::JobDescriptor job{};
    job.flags = flags;
    job.handler = handler;
    job.run_timeout_ms = run_timeout_ms;
    (void)client->publish(*slot, job);
    EXPECT_EQ(shm::claim(worker, attached, now_ns(), taken), shm::ClaimStatus::Claimed);
    return *slot;
  }
  void finish_the_job() { EXPECT_EQ(shm::finish(worker, attached, taken, {}, now_ns()), shm::FinishStatus::Finished); }
  /// Copies of what the keeper holds of the worker.
  [[nodiscard]] daemon::WorkerFds held() {
    daemon::WorkerFds copies;
    for (const auto kind : daemon::WorkerFds::kKinds) {
      copies.of(kind) = UniqueFd(::fcntl(fds.of(kind).get(), F_DUPFD_CLOEXEC, 0));
    }
    return copies;
  }
  /// What the keeper holds of a pool whose workers have this one handler.
  [[nodiscard]] daemon::PoolFds held_of_pool(const HandlerDescription& handler) const {
    daemon::PoolFds held;
    held.handlers = handler_segment({&handler, 1});
    held.board = UniqueFd(::fcntl(board_fd.get(), F_DUPFD_CLOEXEC, 0));
    held.bell = *shm::create_doorbell();
    return held;
  }
  [[nodiscard]] shm::SlotWord word(std::uint32_t slot) const { return shm::SlotWord(session.reply.word(slot).load()); }
  [[nodiscard]] static keeper::ExitRecord exit(int code = CLD_KILLED, int status = SIGKILL) {
    keeper::ExitRecord record;
    record.worker = 0;
    record.incarnation = 1;
    record.pid = kNoPid;
    record.code = code;
    record.status = status;
    return record;
  }

  core::TimePoint now{std::chrono::hours{1}};  ///< a life begins then, and puts it on
  UniqueFd ledger_fd;
  shm::Mapping ledger_map;
  shm::LedgerRecord* ledger;
  UniqueFd board_fd;
  shm::Mapping board_map;
  daemon::Session session;
  std::unique_ptr<shm::ClientPort> client;
  daemon::WorkerFds fds;
  shm::Mapping lane_map, control_map;
  shm::ControlRecord* control = nullptr;
  UniqueFd worker_socket, worker_stdout, worker_stderr;
  shm::WorkerSelf worker;
  shm::WorkerSession attached;
  shm::Claim taken;
};

/// One supervisor's life, as far as a pool of one worker goes. Its clock is turned by hand.
class PoolLife final : public daemon::PoolContext, public daemon::DaemonPort {
 public:
  explicit PoolLife(Remains& remains, daemon::PoolFds held = {}) : remains_(remains), loop_(remains.now) {
    sessions_ = std::make_unique<daemon::Sessions>(loop_, *this, quota_);
    config::PoolConfig config;
    config.name = "t";
    config.workers = 1;
    config.spares = 0;
    config.grace = std::chrono::milliseconds{10};
    pool_ = std::make_unique<daemon::Pool>(*this, config, 0, std::uint16_t{0});
    gates_.push_back(pool_.get());
    EXPECT_TRUE(pool_->open(std::move(held)));
  }
  ~PoolLife() override {
    pool_.reset();
    sessions_.reset();
  }

  /// As a successor begins: the worker, then its session, then the rest.
  void succeed(daemon::WorkerFds fds, bool dead = false) {
    pool_->adopt(0, 1, kNoPid, std::move(fds), dead);
    pool_->attach(remains_.session, [] {});
    pool_->start();
    settle();
  }
  void end(const keeper::ExitRecord& exit) {
    pool_->on_exit(exit);
    settle();
  }
  /// Everything that needs no time to pass.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      loop_.poll();
      keeper_.answer();
    }
  }
  /// Time passes, a millisecond after the other.
  void pass(core::Duration time) {
    for (core::Duration passed{0}; passed < time; passed += std::chrono::milliseconds{1}) {
      loop_.pass(std::chrono::milliseconds{1});
      settle();
    }
    remains_.now = loop_.now();
  }
  /// The same, for a minute at the most, until `condition`.
  void until(const std::function<bool()>& condition) {
    for (int ms = 0; ms < 60'000 && !condition(); ++ms) pass(std::chrono::milliseconds{1});
    EXPECT_TRUE(condition());
  }
  [[nodiscard]] control::v1::PoolStatus status() const { return daemon::pool_message(pool_->view()); }
  [[nodiscard]] daemon::Pool& pool() { return *pool_; }
  [[nodiscard]] daemon::Sessions& desk() { return *sessions_; }
  [[nodiscard]] const FakeKeeper& asked() const { return keeper_; }

  // PoolContext and DaemonPort
  [[nodiscard]] shm::LedgerRecord& ledger() override { return *remains_.ledger; }

  // PoolContext
  [[nodiscard]] daemon::EventLoop& loop() override { return loop_; }
  [[nodiscard]] daemon::Keeper& keeper() override { return keeper_; }
  [[nodiscard]] daemon::SessionFates& sessions() override { return sessions_->fates(); }
  [[nodiscard]] daemon::ResultRooms& result_rooms() override { return sessions_->result_rooms(); }
  [[nodiscard]] daemon::RequestParcels& parcels() override { return sessions_->parcels(); }
  [[nodiscard]] const std::string& stock_worker() override { return stock_worker_; }
  [[nodiscard]] unsigned usable_cpus() const override { return 1; }
  [[nodiscard]] daemon::WorkerCgroups& cgroups() override { return cgroups_; }
  [[nodiscard]] daemon::StackDesk& stacks() override { return stacks_; }
  void pool_changed() override {}

  // DaemonPort
  [[nodiscard]] daemon::PoolDirectory pools() const override { return daemon::PoolDirectory(gates_); }
  [[nodiscard]] std::uint32_t supervisor_incarnation() const override { return 2; }
  [[nodiscard]] std::uint64_t daemon_id() const override { return 1; }
  [[nodiscard]] std::string refusal() const override { return {}; }
  void deposit(std::span<const keeper::DepositLabel>, std::span<const int>, std::function<void(bool)>) override {}
  void release(const keeper::ReleaseSelector&) override {}
  void stop() override {}
  [[nodiscard]] daemon::DaemonView view(const daemon::Viewer&) override { return {}; }
  [[nodiscard]] daemon::HealthView health(const daemon::Viewer&) override { return {}; }
  void when_stack_named(std::uint64_t incident, core::Duration limit, std::function<void()> done) override {
    stacks_.when_named(incident, limit, std::move(done));
  }

 private:
  Remains& remains_;
  FakeLoop loop_;
  core::QuotaBook quota_{core::QuotaLimits{}};
  daemon::StackDesk stacks_{loop_, *remains_.ledger, {}};  // without a tracer
  FakeKeeper keeper_;
  std::unique_ptr<daemon::Sessions> sessions_;
  std::unique_ptr<daemon::Pool> pool_;
  std::vector<daemon::PoolPort*> gates_;
  daemon::WorkerCgroups cgroups_;  // none
  std::string stock_worker_ = "/bin/false";
};

}  // namespace ringmaster::testing
