#include "daemon/pool/worker/worker_fault.h"

#include "daemon/core/worker/death.h"
#include "daemon/core/worker/kill_ladder.h"
#include "shm/port/futex.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kFaultCapture = std::chrono::milliseconds{200};

}  // namespace

std::optional<int> fault_signal(const shm::LaneRecord& lane) {
  const std::uint64_t signal =
      lane.words.fault.load(std::memory_order_acquire) >> 32;  // SYNC: pairs with the fault handler.
  return signal > 0 && signal < 32 ? std::optional(static_cast<int>(signal)) : std::nullopt;
}

std::optional<worker_link::Fault> said_fault(const PoolWorker& process) {
  const auto signal = fault_signal(process.lane());
  if (!signal) return std::nullopt;
  const shm::LaneWords& lane = process.lane().words;
  worker_link::Fault fault;
  fault.signal = *signal;
  fault.code = static_cast<std::int32_t>(lane.fault.load(std::memory_order_relaxed) & 0xFFFFFFFF);
  fault.address = process.lane().fault_address.load(std::memory_order_relaxed);
  fault.tid = static_cast<std::uint32_t>(process.pid());
  return fault;
}

std::string words_of(const worker_link::Fault& fault) {
  return core::fault_words(fault.signal, fault.code, fault.address) + fault.text;
}

StackDesk::Order stack_order(const PoolWorker& process, const std::optional<worker_link::Fault>& fault,
                             core::TimePoint now) {
  StackDesk::Order order;
  order.pid = order.tid = process.pid();
  order.until = now + core::LadderConfig{}.capture_limit;
  if (!fault) return order;
  order.faulted = true;
  if (fault->tid != 0) order.tid = static_cast<std::int32_t>(fault->tid);  // 0: read before the pid was known
  order.pc = fault->pc;
  order.until = now + kFaultCapture;
  order.what = words_of(*fault);
  return order;
}

void let_go(shm::ControlRecord& control) {
  control.fault_taken.store(1, std::memory_order_release);  // SYNC: pairs with the worker's await_capture.
  shm::futex_wake_all(control.fault_taken);
}

}  // namespace ringmaster::daemon
