#pragma once

#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "daemon/loop/later.h"
#include "daemon/sessions/session.h"
#include "proto/handler_table.h"
#include "shm/mapping.h"
#include "shm/memfd.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::testing {

/// A ledger with no daemon around it.
struct Ledger {
  Ledger() : memory(sizeof(shm::LedgerRecord)), record(*shm::format_ledger(memory.span())) {}
  Memory memory;
  shm::LedgerRecord& record;
};

/// An open session of a client (index 3, serial 7) whose segments are plain memory.
struct SessionInMemory {
  SessionInMemory() {
    session.index = 3;
    session.serial = 7;
    session.uid = 1000;
    session.geometry = world.geometry;
    session.request = world.request;
    session.reply = world.reply;
    session.state = daemon::SessionState::Open;
  }
  World world;
  daemon::Session session;
};

/// What a room wants done later.
class Posted {
 public:
  [[nodiscard]] daemon::Later later() {
    return [this](std::function<void()> action) { waiting_.push_back(std::move(action)); };
  }
  void run() {
    for (const auto& action : std::exchange(waiting_, {})) action();
  }

 private:
  std::vector<std::function<void()>> waiting_;
};

/// What the keeper holds of a pool whose workers have these handlers.
[[nodiscard]] inline UniqueFd handler_segment(std::span<const HandlerDescription> handlers) {
  const std::vector<std::byte> table = encode_handlers(handlers).value();
  const std::uint64_t length = table.size();
  UniqueFd fd = *shm::create_segment("handlers", sizeof length + length);
  const shm::Mapping memory = *shm::Mapping::map(fd.get(), shm::Access::ReadWrite);
  std::memcpy(memory.bytes().data(), &length, sizeof length);
  std::memcpy(memory.bytes().data() + sizeof length, table.data(), length);
  return fd;
}

}  // namespace ringmaster::testing
