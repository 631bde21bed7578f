#include "daemon/keeper/table/table_memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace ringmaster::keeper {
namespace {

// Appends records to a file through a buffer of one page.
class RecordWriter {
 public:
  explicit RecordWriter(int fd) : fd_(fd) {}

  template <typename Record>
  void add(const Record& record) {
    if (used_ + sizeof record > buffer_.size()) flush();
    std::memcpy(buffer_.data() + used_, &record, sizeof record);
    used_ += sizeof record;
  }

  /// 0 or the errno of the first write that failed.
  int flush() {
    for (std::size_t done = 0; done < used_ && error_ == 0;) {
      const ssize_t written = ::write(fd_, buffer_.data() + done, used_ - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) error_ = written < 0 ? errno : EIO;
      if (written > 0) done += static_cast<std::size_t>(written);
    }
    used_ = 0;
    return error_;
  }

 private:
  int fd_;
  int error_ = 0;
  std::size_t used_ = 0;
  std::array<std::byte, 4096> buffer_{};
};

bool exited(const WorkerEntry& slot) { return slot.state == WorkerEntry::State::Fenced && !slot.failed(); }

bool existing(const WorkerEntry& slot) {
  return slot.state != WorkerEntry::State::Free && slot.state != WorkerEntry::State::Fenced && !slot.failed();
}

WorkerState told_state(const WorkerEntry& slot) {
  if (slot.state == WorkerEntry::State::Starting) return WorkerState::Starting;
  return slot.state == WorkerEntry::State::Running ? WorkerState::Running : WorkerState::Dying;
}

DepositLabel worker_label(DepositKind kind, const WorkerEntry& slot) {
  return {static_cast<std::uint16_t>(kind), 0, slot.worker, slot.incarnation};
}

InheritedHeader count_all(std::uint32_t ordinal, bool cold, const DepositTable& deposits, WorkerTable& workers) {
  InheritedHeader header;
  header.supervisor = ordinal;
  header.cold = cold ? 1 : 0;
  header.deposits = static_cast<std::uint32_t>(deposits.count());
  for (const WorkerEntry& slot : workers.slots()) {
    header.workers += existing(slot) ? 1 : 0;
    header.exits += exited(slot) ? 1 : 0;
    if (!existing(slot) && !exited(slot)) continue;
    header.deposits += (slot.pidfd ? 1u : 0u) + (slot.cgroup ? 1u : 0u);
  }
  return header;
}

void write_all(RecordWriter& out, const DepositTable& deposits, WorkerTable& workers) {
  for (const DepositTable::Entry& entry : deposits.entries()) {
    if (entry.held()) out.add(InheritedDeposit{entry.label, entry.fd.get()});
  }
  for (const WorkerEntry& slot : workers.slots()) {
    if (!existing(slot) && !exited(slot)) continue;
    if (slot.pidfd) out.add(InheritedDeposit{worker_label(DepositKind::WorkerPidfd, slot), slot.pidfd.get()});
    if (slot.cgroup) out.add(InheritedDeposit{worker_label(DepositKind::WorkerCgroup, slot), slot.cgroup.get()});
  }
  for (const WorkerEntry& slot : workers.slots()) {
    if (!existing(slot)) continue;
    out.add(InheritedWorker{slot.worker, slot.incarnation, slot.exit.pid, slot.pidfd.get(),
                            static_cast<std::uint32_t>(told_state(slot)), 0});
  }
  for (const WorkerEntry& slot : workers.slots()) {
    if (exited(slot)) out.add(slot.exit);
  }
}

// The table contains all that was to be reported. Request serials of the predecessor mean nothing to a successor.
void mark_told(WorkerTable& workers) {
  for (WorkerEntry& slot : workers.slots()) {
    slot.report_exit = false;
    slot.report_spawned = false;
    slot.spawn_serial = 0;
    if (slot.state == WorkerEntry::State::Fenced && slot.failed()) workers.release(slot);
  }
}

}  // namespace

UniqueFd make_inherited_table(std::uint32_t ordinal, bool cold, const DepositTable& deposits, WorkerTable& workers,
                              int& error) noexcept {
  UniqueFd file(::memfd_create("ringmaster: inherited table", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) {
    error = errno;
    return file;
  }
  RecordWriter out(file.get());
  out.add(count_all(ordinal, cold, deposits, workers));
  write_all(out, deposits, workers);
  error = out.flush();
  if (error != 0) return UniqueFd();
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    error = errno;
    return UniqueFd();
  }
  mark_told(workers);
  return file;
}

}  // namespace ringmaster::keeper
