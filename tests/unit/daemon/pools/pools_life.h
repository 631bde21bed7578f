#pragma once

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/incidents/stack_desk.h"
#include "daemon/pools/created_pools.h"
#include "shm/memfd.h"

namespace ringmaster::testing {

/// No process has this pid: it is above every pid_max.
inline constexpr std::int32_t kNoPid = 0x7FFFFFF0;

inline UniqueFd copy_of(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

/// What a supervisor leaves at the moment: the ledger's bytes, and what the keeper holds.
struct Left {
  using Name = std::tuple<std::uint16_t, std::uint32_t, std::uint32_t>;

  std::vector<std::byte> ledger;
  std::map<Name, std::shared_ptr<UniqueFd>> held;
  std::map<std::uint32_t, std::uint32_t> workers;  ///< incarnations of those that were spawned and not acknowledged

  [[nodiscard]] std::size_t of_kind(keeper::DepositKind kind) const {
    std::size_t found = 0;
    for (const auto& [name, fd] : held) found += std::get<0>(name) == static_cast<std::uint16_t>(kind) ? 1 : 0;
    return found;
  }
};

/// A keeper that holds what it is given; `seen` is told before and after each request.
class HoldingKeeper final : public daemon::Keeper {
 public:
  HoldingKeeper(Left& left, daemon::EventLoop& loop) : left_(left), loop_(loop) {}

  void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
               std::function<void(int)> done) override {
    seen();
    if (!full) {
      for (std::size_t i = 0; i < labels.size(); ++i) {
        left_.held[{labels[i].kind, labels[i].a, labels[i].b}] = std::make_shared<UniqueFd>(copy_of(fds[i]));
      }
    }
    seen();
    if (done) unanswered_.emplace_back(std::move(done), full ? ENFILE : 0);
  }
  void release(const keeper::ReleaseSelector& selector) override {
    seen();
    std::erase_if(left_.held, [&](const auto& one) {
      const auto& [kind, a, b] = one.first;
      return (selector.kinds >> kind & 1) != 0 && (!selector.a || *selector.a == a) &&
             (!selector.b || *selector.b == b);
    });
    seen();
  }
  void release_later(const keeper::ReleaseSelector& selector) override {
    loop_.post([this, selector] { release(selector); });
  }
  Result<void> spawn(const keeper::SpawnSpec& spec, std::span<const int>, SpawnDone done) override {
    left_.workers[spec.worker] = spec.incarnation;
    specs.push_back(spec);
    keeper::SpawnedMessage answer;
    answer.worker = spec.worker;
    answer.incarnation = spec.incarnation;
    answer.pid = kNoPid;
    spawned_.emplace_back(std::move(done), answer);
    return {};
  }
  void signal(std::uint32_t worker, std::uint32_t, int number) override {
    if (number == SIGKILL && !deaf) killed.push_back(worker);
  }
  void ack_exit(std::uint32_t worker, std::uint32_t) override { left_.workers.erase(worker); }

  /// What it was asked before is answered.
  void answer() {
    for (const auto& [done, error] : std::exchange(unanswered_, {})) done(error);
    for (const auto& [done, answer] : std::exchange(spawned_, {})) done(answer);
  }

  bool full = false;  ///< its table
  bool deaf = false;  ///< whoever is killed lives on
  std::function<void()> seen = [] {};
  std::vector<keeper::SpawnSpec> specs;
  std::vector<std::uint32_t> killed;

 private:
  Left& left_;
  daemon::EventLoop& loop_;
  std::vector<std::pair<std::function<void(int)>, int>> unanswered_;
  std::vector<std::pair<SpawnDone, keeper::SpawnedMessage>> spawned_;
};

/// One supervisor's life over what its predecessor has left, with a pool "t" of the configuration.
class PoolsLife final : public daemon::PoolContext, public daemon::DaemonPort {
 public:
  PoolsLife(Left& left, std::uint32_t incarnation, std::uint64_t pools_per_uid = 4)
      : left_(left), incarnation_(incarnation), quota_(limits(pools_per_uid)) {
    const bool first = left_.ledger.empty();
    if (!first) std::memcpy(map_.bytes().data(), left_.ledger.data(), left_.ledger.size());
    ledger_ = first ? shm::format_ledger(map_.bytes()) : shm::open_ledger(map_.bytes());
    stacks_.emplace(loop_, *ledger_, std::string{});
    sessions_ = std::make_unique<daemon::Sessions>(
        loop_, *this, quota_, [](std::uint32_t) {}, [this] { created_->look_soon(); });
    created_ = std::make_unique<daemon::CreatedPools>(
        daemon::CreatedPools::Rooms{*this, pools_, *sessions_, quota_, *this},
        daemon::CreatedPools::Terms{{::geteuid(), 0, {}}, std::chrono::seconds{1}});
    config::PoolConfig config;
    config.name = "t";
    config.workers = 1;
    config.spares = 0;
    config.unusable = "not for this test";
    const auto take = [this](keeper::DepositKind kind, std::uint32_t a, std::uint32_t b) {
      const auto at = left_.held.find({static_cast<std::uint16_t>(kind), a, b});
      if (at != left_.held.end()) taken_.push_back(at->first);
      return at == left_.held.end() ? UniqueFd() : copy_of(at->second->get());
    };
    opened = pools_.open(*this, {&config, 1}, shm::kMaxPools, take).has_value();
    if (!first) created_->adopt(take);
  }
  ~PoolsLife() override {
    created_.reset();
    sessions_.reset();
  }

  /// What the supervisor does once everything is taken up.
  void start() {
    // As release_leftovers, of what is a pool's.
    std::erase_if(left_.held, [this](const auto& one) {
      return std::find(taken_.begin(), taken_.end(), one.first) == taken_.end();
    });
    created_->start();
    for (const auto& pool : pools_.all()) {
      if (pool->index() != 0) pool->start();
    }
    settle();
  }
  /// Everything that needs no time to pass; whoever was killed or told to leave is dead.
  void settle() {
    for (int round = 0; round < 30; ++round) {
      context_.restart();
      context_.poll();
      keeper_.answer();
      for (const std::uint32_t worker : std::exchange(keeper_.killed, {})) die(worker);
      if (seen) seen();
    }
  }
  void die(std::uint32_t worker) {
    const auto at = left_.workers.find(worker);
    if (at == left_.workers.end()) return;
    keeper::ExitRecord exit;
    exit.worker = worker;
    exit.incarnation = at->second;
    exit.code = CLD_KILLED;
    exit.status = SIGKILL;
    pools_.places().unblock(worker);
    daemon::Pool* pool = pools_.of_worker(worker);
    pool != nullptr ? pool->on_exit(exit) : keeper_.ack_exit(exit.worker, exit.incarnation);
  }
  /// As it would be found by a successor at this moment.
  [[nodiscard]] Left snapshot() const {
    Left now = left_;
    const auto bytes = map_.bytes();
    now.ledger.assign(bytes.begin(), bytes.end());
    return now;
  }

  [[nodiscard]] daemon::Peer peer() const {
    daemon::Peer peer{::geteuid(), static_cast<std::uint32_t>(::getpid()), true, 1};
    peer.gid = ::getegid();
    return peer;
  }
  /// The answer once everything is settled; nullopt: none has come.
  std::optional<daemon::OrRefusal<daemon::PoolOffer>> create(const std::string& name, const std::string& text = kText,
                                                             std::uint32_t most = 0) {
    std::optional<daemon::OrRefusal<daemon::PoolOffer>> answer;
    created_->create(peer(), {name, text, "/", 0, most}, [&answer](auto made) { answer = std::move(made); });
    settle();
    return answer;
  }
  [[nodiscard]] daemon::CreatedPools& created() { return *created_; }
  [[nodiscard]] daemon::Sessions& all_sessions() { return *sessions_; }
  [[nodiscard]] daemon::PoolSet& set() { return pools_; }
  [[nodiscard]] HoldingKeeper& asked() { return keeper_; }
  [[nodiscard]] const core::QuotaBook& quota() const { return quota_; }

  // PoolContext and DaemonPort
  [[nodiscard]] shm::LedgerRecord& ledger() override { return *ledger_; }
  [[nodiscard]] daemon::EventLoop& loop() override { return loop_; }
  [[nodiscard]] daemon::Keeper& keeper() override { return keeper_; }
  [[nodiscard]] daemon::SessionFates& sessions() override { return sessions_->fates(); }
  [[nodiscard]] daemon::ResultRooms& result_rooms() override { return sessions_->result_rooms(); }
  [[nodiscard]] daemon::RequestParcels& parcels() override { return sessions_->parcels(); }
  [[nodiscard]] const std::string& stock_worker() override { return stock_worker_; }
  [[nodiscard]] unsigned usable_cpus() const override { return 1; }
  [[nodiscard]] daemon::WorkerCgroups& cgroups() override { return cgroups_; }
  [[nodiscard]] daemon::StackDesk& stacks() override { return *stacks_; }
  void pool_changed() override {
    if (created_) created_->look_soon();
  }
  [[nodiscard]] daemon::PoolDirectory pools() const override { return daemon::PoolDirectory(pools_.gates()); }
  [[nodiscard]] std::uint32_t supervisor_incarnation() const override { return incarnation_; }
  [[nodiscard]] std::uint64_t daemon_id() const override { return 1; }
  [[nodiscard]] std::string refusal() const override { return why_not; }
  void deposit(std::span<const keeper::DepositLabel>, std::span<const int>, std::function<void(bool)>) override {}
  void release(const keeper::ReleaseSelector& selector) override { keeper_.release(selector); }
  void stop() override {}
  [[nodiscard]] daemon::DaemonView view(const daemon::Viewer&) override { return {}; }
  [[nodiscard]] daemon::HealthView health(const daemon::Viewer&) override { return {}; }
  void when_stack_named(std::uint64_t, core::Duration, std::function<void()>) override {}

  static constexpr const char* kText = "command = [\"/bin/false\"]\nworkers = 2\nspares = 0\n";
  bool opened = false;
  std::string why_not;  ///< the daemon takes no work
  std::function<void()> seen;

 private:
  static core::QuotaLimits limits(std::uint64_t pools_per_uid) {
    core::QuotaLimits limits;
    limits.pools_per_uid = pools_per_uid;
    return limits;
  }

  Left& left_;
  std::uint32_t incarnation_;
  UniqueFd fd_ = *shm::create_segment("ledger", sizeof(shm::LedgerRecord));
  shm::Mapping map_ = *shm::Mapping::map(fd_.get(), shm::Access::ReadWrite);
  shm::LedgerRecord* ledger_ = nullptr;
  boost::asio::io_context context_;
  daemon::EventLoop loop_{context_};
  core::QuotaBook quota_;
  HoldingKeeper keeper_{left_, loop_};
  std::vector<Left::Name> taken_;
  std::optional<daemon::StackDesk> stacks_;
  daemon::PoolSet pools_;
  std::unique_ptr<daemon::Sessions> sessions_;
  std::unique_ptr<daemon::CreatedPools> created_;
  daemon::WorkerCgroups cgroups_;  // none
  std::string stock_worker_ = "/bin/false";
};

}  // namespace ringmaster::testing
