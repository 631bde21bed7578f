#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/ports/pool_port.h"
#include "daemon/sessions/session.h"

namespace ringmaster::testing {

/// A pool without workers: it notes what it is asked, and answers when it is told to.
class FakePoolPort final : public daemon::PoolPort {
 public:
  explicit FakePoolPort(std::string name, std::uint32_t index = 0) : index_(index) { settings.name = std::move(name); }

  [[nodiscard]] const config::PoolConfig& config() const override { return settings; }
  [[nodiscard]] std::uint32_t index() const override { return index_; }
  [[nodiscard]] int board_fd() const override { return board_descriptor; }
  [[nodiscard]] shm::BoardRecord& board() override { return board_; }
  [[nodiscard]] std::string refusal() const override { return why_not; }
  [[nodiscard]] std::string refusal_of(std::uint32_t uid) const override { return uid == charged ? "charged" : ""; }
  [[nodiscard]] bool handlers_known() const override { return known; }
  [[nodiscard]] std::span<const HandlerDescription> handlers() const override { return described; }
  void when_handlers_known(Callback done) override { waiting.push_back(std::move(done)); }
  [[nodiscard]] bool handlers_told() const override { return known || told; }
  void when_handlers_told(Callback done) override { waiting.push_back(std::move(done)); }
  void attach(const daemon::Session& session, Callback done) override {
    attached.push_back(session.serial);
    attaching.push_back(std::move(done));
  }
  void detach(std::uint16_t, std::uint32_t serial, Callback done) override {
    detached.push_back(serial);
    detaching.push_back(std::move(done));
  }
  void cancel_running(std::uint16_t, std::uint16_t slot, std::uint32_t) override { cancelled.push_back(slot); }
  void force_end(const shm::Intent& job, core::Duration grace) override { forced.emplace_back(job, grace); }
  void call() override { ++calls; }
  void call(const daemon::Session&) override { ++calls; }
  void drain(DrainDone) override {}
  void resume() override {}
  [[nodiscard]] daemon::PoolView view() const override { return {}; }

  /// What was waited for has come.
  static void answer(std::vector<Callback>& waiting) {
    for (const Callback& done : std::exchange(waiting, {})) done();
  }

  config::PoolConfig settings;
  int board_descriptor = -1;
  std::string why_not;
  std::uint32_t charged = ~0U;  ///< the uid whose jobs are refused
  bool known = true;
  bool told = false;  ///< by a worker that is not ready yet
  std::vector<HandlerDescription> described;
  std::vector<Callback> waiting, attaching, detaching;
  std::vector<std::uint32_t> attached, detached;  ///< serials
  std::vector<std::uint16_t> cancelled;           ///< slots
  std::vector<std::pair<shm::Intent, core::Duration>> forced;
  int calls = 0;

 private:
  std::uint32_t index_;
  shm::BoardRecord board_{};
};

}  // namespace ringmaster::testing
