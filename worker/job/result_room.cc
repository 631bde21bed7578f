#include "worker/job/result_room.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "shm/memfd.h"
#include "shm/slot_word.h"
#include "shm/spilled_file.h"

namespace ringmaster::worker {
namespace {

constexpr std::uint64_t kPage = 4096;

worker_link::AskRoom question_about(const ResultRoom::JobName& job) {
  const shm::Intent intent = shm::Intent::unpack(job.intent).value_or(shm::Intent{});
  worker_link::AskRoom ask;
  ask.index = intent.session;
  ask.serial = static_cast<std::uint32_t>(job.id >> 32);
  ask.slot = intent.slot;
  ask.seq = intent.seq;
  return ask;
}

}  // namespace

std::span<std::byte> ResultRoom::grow(const JobName& job, std::span<const std::byte> committed, std::uint64_t had,
                                      std::uint64_t needed) {
  why_ = "its worker is out of memory";
  worker_link::AskRoom ask = question_about(job);
  ask.has = bytes_;
  ask.needed = needed;
  ask.wished = std::max(needed, had <= UINT64_MAX / 2 ? 2 * had : had);
  maps_.reserve(maps_.size() + 1);
  auto given = ask_(ask);
  if (!given) {
    why_ = std::move(given.error().message);
    return {};
  }
  auto map = shm::Mapping::map_growing(given->file.get(), std::max(given->bytes, needed));
  if (!map) {
    why_ = std::move(map.error().message);
    return {};
  }
  if (maps_.empty() && !committed.empty()) std::memcpy(map->bytes().data(), committed.data(), committed.size());
  file_ = std::move(given->file);
  bytes_ = map->bytes().size();
  maps_.push_back(std::move(*map));
  return maps_.back().bytes();
}

Result<void> ResultRoom::seal(std::uint64_t bytes) {
  maps_.clear();  // a file with writable mappings cannot be sealed
  const std::uint64_t end = (bytes + kPage - 1) / kPage * kPage;
  // Pages that the result does not use only cost memory: an error changes nothing.
  if (end < bytes_) (void)shm::drop_pages(file_.get(), end, bytes_ - end);
  auto sealed = shm::seal_spilled(file_.get());
  drop();
  return sealed;
}

void ResultRoom::drop() noexcept {
  maps_.clear();
  file_.reset();
  bytes_ = 0;
}

}  // namespace ringmaster::worker
