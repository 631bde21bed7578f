#pragma once

#include <fcntl.h>

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "daemon/loop/event_loop.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/session.h"
#include "proto/control.pb.h"
#include "proto/handler_id.h"
#include "shm/memfd.h"
#include "shm/port/worker_port.h"

namespace ringmaster::testing {

/// A record in ordinary memory, aligned as a mapping would be.
template <typename Record>
class Zeroed {
 public:
  Zeroed() : memory_(static_cast<std::byte*>(std::aligned_alloc(4096, size()))) { std::memset(memory_, 0, size()); }
  ~Zeroed() { std::free(memory_); }
  Zeroed(const Zeroed&) = delete;
  Zeroed& operator=(const Zeroed&) = delete;
  [[nodiscard]] std::span<std::byte> bytes() const { return {memory_, size()}; }

 private:
  static constexpr std::size_t size() { return (sizeof(Record) + 4095) / 4096 * 4096; }
  std::byte* memory_;
};

/// A pool whose one worker lives on the event loop's thread: it maps what it is given like a worker would and, while
/// `working`, runs "echo" (the payload comes back) and "fail".
class FakePool final : public daemon::PoolPort {
 public:
  explicit FakePool(daemon::EventLoop& loop) : loop_(&loop) {
    config_.session.request_ring = config_.session.result_ring = core::mib(1);
    config_.session.request_ring_max = config_.session.result_ring_max = core::mib(4);
    board_ = shm::format_board(board_memory_.bytes().first(sizeof(shm::BoardRecord)), 0);
    board_fd_ = std::move(*shm::create_segment("fake-board", sizeof(shm::BoardRecord)));
    HandlerDescription echo;
    echo.name = "echo";
    echo.result_factor = 1;
    HandlerDescription fail;
    fail.name = "fail";
    ArgumentDescription text;
    text.name = "text";
    fail.arguments = {text};
    handlers_ = {echo, fail};
    self_.owner = {1, 1};
    self_.lane = shm::format_lane(lane_memory_.bytes().first(sizeof(shm::LaneRecord)), 0, self_.owner);
    self_.control = shm::format_control(control_memory_.bytes().first(sizeof(shm::ControlRecord)), 0, self_.owner);
    self_.board = board_;
  }

  void use(daemon::EventLoop& loop) { loop_ = &loop; }
  [[nodiscard]] const config::PoolConfig& config() const override { return config_; }
  [[nodiscard]] std::uint32_t index() const override { return 0; }
  [[nodiscard]] int board_fd() const override { return board_fd_.get(); }
  [[nodiscard]] shm::BoardRecord& board() override { return *board_; }
  [[nodiscard]] std::string refusal() const override { return refusal_; }
  [[nodiscard]] std::string refusal_of(std::uint32_t) const override { return charged_; }
  [[nodiscard]] bool handlers_known() const override { return handlers_known_; }
  [[nodiscard]] std::span<const HandlerDescription> handlers() const override { return handlers_; }
  void when_handlers_known(Callback done) override {
    if (handlers_known_) return loop_->post(std::move(done));
    waiting_.push_back(std::move(done));
  }
  [[nodiscard]] bool handlers_told() const override { return handlers_known_; }
  void when_handlers_told(Callback done) override { when_handlers_known(std::move(done)); }

  void attach(const daemon::Session& session, Callback done) override {
    Served served;
    served.request = std::move(*shm::Mapping::map(session.request_fd.get(), shm::Access::ReadOnly));
    served.reply = std::move(*shm::Mapping::map(session.reply_fd.get(), shm::Access::ReadWrite));
    served.port = {session.index, *shm::RequestView::open(served.request.bytes()),
                   *shm::ReplyView::open(served.reply.bytes())};
    served_[session.serial] = std::move(served);
    loop_->post(std::move(done));
  }
  void detach(std::uint16_t, std::uint32_t serial, Callback done) override {
    detaching_.push_back([this, serial, done = std::move(done)] {
      served_.erase(serial);
      done();
    });
    if (!slow_to_detach) tell_detached();
  }
  void cancel_running(std::uint16_t, std::uint16_t, std::uint32_t) override { ++cancels; }
  void force_end(const shm::Intent&, core::Duration) override { ++forced; }
  void call() override {}
  void call(const daemon::Session&) override {}
  void drain(DrainDone done) override {
    refusal_ = "pool \"default\" is draining";
    loop_->post([done = std::move(done)] { done({}); });
  }
  void resume() override { refusal_.clear(); }
  [[nodiscard]] daemon::PoolView view() const override {
    daemon::PoolView view;
    view.name = config_.name;
    view.state = "running";
    return view;
  }

  /// On the loop's thread: runs what is ready, every millisecond while `working`.
  void tick() {
    if (handlers_known_) {
      for (const Callback& done : std::exchange(waiting_, {})) done();
    }
    if (!holding) {
      for (const auto& [serial, taken] : std::exchange(held_, {})) finish_one(served_.at(serial), taken);
    }
    if (working) work();
    if (!slow_to_detach) tell_detached();
    timer_ = loop_->after(std::chrono::milliseconds{1}, [this] { tick(); });
  }

  std::atomic<bool> working = true;
  std::atomic<bool> holding = false;  ///< jobs whose payload begins with "hold" run until this is false again
  std::atomic<bool> handlers_known_ = true;
  std::atomic<bool> slow_to_detach = false;  ///< its worker answers when this is false again
  std::atomic<int> cancels = 0;
  std::atomic<int> forced = 0;

 private:
  void tell_detached() {
    for (Callback& done : std::exchange(detaching_, {})) loop_->post(std::move(done));
  }
  struct Served {
    shm::Mapping request;
    shm::Mapping reply;
    shm::WorkerSession port;
  };

  void work() {
    for (auto& [serial, served] : served_) {
      shm::Claim taken;
      while (shm::claim(self_, served.port, 1, taken) == shm::ClaimStatus::Claimed) {
        const shm::JobExtents extents = shm::locate(served.port, taken);
        if (holding && extents.request.size() >= 4 && std::memcmp(extents.request.data(), "hold", 4) == 0) {
          held_.emplace_back(serial, taken);
        } else {
          finish_one(served, taken);
        }
      }
    }
  }
  void finish_one(Served& served, const shm::Claim& taken) {
    const shm::JobExtents extents = shm::locate(served.port, taken);
    shm::JobResult result;
    if (!extents.ok) {
      result = {shm::SlotState::Failed, Cause::Invalid, 0, 0, 0, "bad descriptor"};
    } else if (taken.job.handler == wire::handler_id("fail")) {
      result = {shm::SlotState::Failed, Cause::Application, 0, 0, 0, "it was meant to fail"};
    } else if (extents.request.size() > extents.result.size()) {
      result = {shm::SlotState::Failed, Cause::TooLarge, 0, 0, extents.request.size(), ""};
    } else {
      std::memcpy(extents.result.data(), extents.request.data(), extents.request.size());
      result.result_bytes = extents.request.size();
    }
    (void)shm::finish(self_, served.port, taken, result, 2);
  }

  daemon::EventLoop* loop_;
  config::PoolConfig config_;
  Zeroed<shm::BoardRecord> board_memory_;
  Zeroed<shm::LaneRecord> lane_memory_;
  Zeroed<shm::ControlRecord> control_memory_;
  shm::BoardRecord* board_;
  UniqueFd board_fd_;
  shm::WorkerSelf self_;
  std::vector<HandlerDescription> handlers_;
  std::string refusal_;
  std::string charged_;
  std::map<std::uint32_t, Served> served_;
  std::vector<std::pair<std::uint32_t, shm::Claim>> held_;
  std::vector<Callback> waiting_;
  std::vector<Callback> detaching_;
  daemon::EventLoop::TimerId timer_ = 0;
};

/// Keeps deposits and the ledger as the keeper would, over the lives of several supervisors.
class FakeDaemon final : public daemon::DaemonPort {
 public:
  explicit FakeDaemon(daemon::EventLoop& loop) : pool(loop), loop_(&loop), pools_{&pool} {
    ledger_ = shm::format_ledger(ledger_memory_.bytes().first(sizeof(shm::LedgerRecord)));
  }
  void next_supervisor(daemon::EventLoop& loop) {
    loop_ = &loop;
    pool.use(loop);
    ++incarnation_;
  }

  [[nodiscard]] daemon::PoolDirectory pools() const override {
    return pool_gone ? daemon::PoolDirectory() : daemon::PoolDirectory(pools_);
  }
  [[nodiscard]] shm::LedgerRecord& ledger() override { return *ledger_; }
  [[nodiscard]] std::uint32_t supervisor_incarnation() const override { return incarnation_; }
  [[nodiscard]] std::uint64_t daemon_id() const override { return 1; }
  [[nodiscard]] std::string refusal() const override { return {}; }
  void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
               std::function<void(bool)> acked) override {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      held[{labels[i].kind, labels[i].a}] = UniqueFd(::fcntl(fds[i], F_DUPFD_CLOEXEC, 0));
    }
    holding = held.size();
    loop_->post([acked = std::move(acked)] { acked(true); });
  }
  void release(const keeper::ReleaseSelector& selector) override {
    std::erase_if(held, [&](const auto& one) {
      return (selector.kinds & 1U << one.first.first) != 0 && (!selector.a || *selector.a == one.first.second);
    });
    holding = held.size();
  }
  void stop() override { stopped = true; }
  [[nodiscard]] daemon::DaemonView view(const daemon::Viewer&) override {
    daemon::DaemonView view;
    view.state = "running";
    return view;
  }
  [[nodiscard]] daemon::HealthView health(const daemon::Viewer&) override { return {"healthy", {}, {}, false}; }
  void when_stack_named(std::uint64_t, core::Duration, std::function<void()> done) override {
    loop_->post(std::move(done));
  }

  UniqueFd take(keeper::DepositKind kind, std::uint32_t serial) {
    const auto at = held.find({static_cast<std::uint16_t>(kind), serial});
    return at == held.end() ? UniqueFd() : UniqueFd(::fcntl(at->second.get(), F_DUPFD_CLOEXEC, 0));
  }

  FakePool pool;
  std::map<std::pair<std::uint16_t, std::uint32_t>, UniqueFd> held;
  std::atomic<std::size_t> holding = 0;
  std::atomic<bool> stopped = false;
  std::atomic<bool> pool_gone = false;

 private:
  daemon::EventLoop* loop_;
  std::vector<daemon::PoolPort*> pools_;
  Zeroed<shm::LedgerRecord> ledger_memory_;
  shm::LedgerRecord* ledger_;
  std::uint32_t incarnation_ = 1;
};

}  // namespace ringmaster::testing
