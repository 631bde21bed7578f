#pragma once

#include <set>
#include <vector>

#include "daemon/pool/seat/seat.h"
#include "daemon/sessions/session.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::testing {

/// A worker without a process: its segments are plain memory, and what it is told is kept.
class FakeWorker final : public daemon::PoolWorker {
 public:
  explicit FakeWorker(shm::Owner owner, std::uint16_t seat = 0)
      : name_{owner, 0, "t", seat}, lane_memory_(sizeof(shm::LaneRecord)), control_memory_(sizeof(shm::ControlRecord)) {
    lane_ = shm::format_lane(lane_memory_.span(), 0, owner);
    control_ = shm::format_control(control_memory_.span(), 0, owner);
  }

  [[nodiscard]] const daemon::WorkerName& name() const override { return name_; }
  [[nodiscard]] shm::LaneRecord& lane() const override { return *lane_; }
  [[nodiscard]] shm::ControlRecord& control() const override { return *control_; }
  [[nodiscard]] std::int32_t pid() const override { return told_pid; }
  [[nodiscard]] int cgroup() const override { return -1; }
  [[nodiscard]] bool adopted() const override { return adopted_by_us; }
  [[nodiscard]] bool holds(std::uint32_t serial) const override { return held.contains(serial); }
  void send(const worker_link::ToWorker& message) override { sent.push_back(message); }
  bool send_attach(const daemon::Session& session, bool) override {
    return has_descriptors && held.insert(session.serial).second;
  }
  void send_room(std::uint32_t number, daemon::RoomGiven&& room) override {
    sent.push_back(worker_link::Room{number, room.bytes});
  }
  bool call(const worker_link::Look&) override { return ++calls, reads; }
  void flush() override {}
  bool take_told() override { return false; }
  void finish_output(daemon::JobLog&&) override {}

  template <typename Message>
  [[nodiscard]] std::vector<Message> told() const {
    std::vector<Message> all;
    for (const auto& one : sent) {
      if (const auto* message = std::get_if<Message>(&one)) all.push_back(*message);
    }
    return all;
  }
  /// It has taken that job, or none any more.
  void runs(const shm::Intent& intent, std::uint64_t since_ns = 1) const {
    lane_->words.stamp_ns = since_ns;
    lane_->words.intent = intent.pack();
  }
  void rests() const { lane_->words.intent = 0; }

  std::int32_t told_pid = 0x7FFFFFF0;  ///< above every pid_max
  bool adopted_by_us = false;
  bool has_descriptors = true;
  bool reads = true;
  std::set<std::uint32_t> held;
  std::vector<worker_link::ToWorker> sent;
  int calls = 0;

 private:
  daemon::WorkerName name_;
  Memory lane_memory_, control_memory_;
  shm::LaneRecord* lane_;
  shm::ControlRecord* control_;
};

/// A ready worker in its seat; it stays the seat's.
inline FakeWorker& take_seat(daemon::Seat& seat, shm::Owner owner, std::uint16_t number = 0) {
  auto worker = std::make_unique<FakeWorker>(owner, number);
  FakeWorker& taken = *worker;
  seat.process = std::move(worker);
  seat.ready = true;
  seat.state = core::SeatState::Active;
  return taken;
}

}  // namespace ringmaster::testing
