#include "client/session/spilled_result.h"

#include <new>
#include <string>
#include <utility>

#include "client/session/fork_guard.h"

namespace ringmaster::client {

Result<std::shared_ptr<SpilledResult>> SpilledResult::open(UniqueFd file, std::uint64_t bytes) {
  // A session's results can be written by the program that takes them, and bindings of other languages let it.
  auto memory = shm::Mapping::map(file.get(), shm::Access::Private, bytes);
  if (!memory) return memory.error();
  return std::make_shared<SpilledResult>(std::move(*memory));
}

SpilledResult::SpilledResult(shm::Mapping memory) : memory_(std::move(memory)), fork_generation_(fork_generation()) {}

SpilledResult::~SpilledResult() {
  // A child does not have the memory (MADV_DONTFORK); unmapping could hit a newer mapping.
  if (forked()) (void)new shm::Mapping(std::move(memory_));
}

void lose_result(OutcomeFacts& facts, std::uint64_t bytes, const Error& why) noexcept {
  facts.status = Status::Lost;
  facts.cause = Cause::Lost;
  try {
    facts.message = "its result of " + std::to_string(bytes) + " bytes cannot be fetched: " + why.message;
  } catch (const std::bad_alloc&) {
    facts.message.clear();
  }
}

bool SpilledResult::forked() const noexcept { return fork_generation() != fork_generation_; }

}  // namespace ringmaster::client
