#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/jobs/home/home_source.h"
#include "daemon/jobs/message_job.h"
#include "daemon/sessions/session.h"
#include "shm/ledger/ledger.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::testing {

/// A session with room for a number of jobs, whose memory nobody looks at.
class FakeHome final : public daemon::JobHome {
 public:
  FakeHome(std::uint32_t serial, std::uint32_t room) : room_(room) {
    session_.serial = serial;
    session_.index = static_cast<std::uint16_t>(serial);
    session_.state = daemon::SessionState::Open;
  }

  [[nodiscard]] daemon::Session& session() override { return session_; }
  [[nodiscard]] bool own() const override { return own_; }
  [[nodiscard]] daemon::Placing place(const daemon::JobToPlace&) override {
    if (taken >= room_) return shortage;
    ++taken;
    daemon::PlacedJob job;
    job.slot = job.seq = ++last_seq_;
    return job;
  }
  void ended(daemon::PlacedJob&) override {}
  void settle(const daemon::PlacedJob& job) override { settled.insert(job.slot); }
  void release(const daemon::PlacedJob& job) override {
    released.insert(job.slot);
    --taken;
  }
  [[nodiscard]] std::vector<Ended> collect() override { return {}; }
  [[nodiscard]] std::optional<shm::SlotWord> terminal(std::uint32_t, std::uint32_t) const override {
    return std::nullopt;
  }
  bool cancel(std::uint32_t, std::uint32_t, std::optional<core::Duration>) override { return false; }

  void make_predecessors() { own_ = false; }

  shm::Shortage shortage = shm::Shortage::Slot;
  std::uint32_t taken = 0;
  std::set<std::uint32_t> settled;
  std::set<std::uint32_t> released;

 private:
  daemon::Session session_;
  std::uint32_t room_;
  std::uint32_t last_seq_ = 0;
  bool own_ = true;
};

/// Opens sessions that have room for `room` jobs, their serials counted from 1.
class FakeSource final : public daemon::HomeSource {
 public:
  [[nodiscard]] Result<std::unique_ptr<daemon::JobHome>> open(std::uint32_t, std::uint32_t) override {
    if (!why_not.empty()) return Error{why_not};
    auto home = std::make_unique<FakeHome>(static_cast<std::uint32_t>(opened.size() + 1), room);
    home->shortage = shortage;
    opened.push_back(home.get());
    return std::unique_ptr<daemon::JobHome>(std::move(home));
  }
  [[nodiscard]] Result<std::unique_ptr<daemon::JobHome>> take_over(daemon::Session&) override {
    return Error{"not here"};
  }
  void close(std::uint16_t, std::uint32_t serial) override { closed.push_back(serial); }

  std::uint32_t room = 1;
  shm::Shortage shortage = shm::Shortage::Slot;
  std::string why_not;
  std::vector<FakeHome*> opened;  ///< also those that are gone
  std::vector<std::uint32_t> closed;
};

/// A ledger with no daemon around it.
struct LedgerInMemory {
  LedgerInMemory() : memory(sizeof(shm::LedgerRecord)), record(*shm::format_ledger(memory.span())) {}
  Memory memory;
  shm::LedgerRecord& record;
};

/// Job `seq` of the home's session, in slot `seq`.
inline daemon::MessageJob job_in(daemon::JobHome& home, std::uint32_t seq, std::uint32_t uid = 1000) {
  daemon::MessageJob job;
  job.id = shm::make_job_id(home.session().serial, seq);
  job.uid = uid;
  job.cookie = {uid, seq};
  job.home = &home;
  job.place.slot = job.place.seq = seq;
  return job;
}

inline shm::SlotWord done(std::uint32_t seq) {
  return shm::SlotWord::terminal(seq, shm::SlotState::Done, 0, Cause::Completed, 0);
}

}  // namespace ringmaster::testing
