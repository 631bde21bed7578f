#pragma once

#include <vector>

#include "client/session/job_records.h"
#include "shm/heap/reserved_heap.h"
#include "shm/memfd.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::testing {

/// A session's books over plain memory, and a worker that is stepped by hand.
struct SessionJobs {
  World world;
  Worker worker{world, {1, 1}, 0};
  UniqueFd fd = shm::create_segment("ring", 4096).value();
  shm::ReservedHeap results{4096, fd.get(), 0};
  client::JobRecords records{64};
  std::vector<std::uint32_t> published;

  static bool yes(std::uint64_t) { return true; }

  void publish(std::uint32_t at) {
    records.publish(at);
    records[at].seq = world.client.publish(records[at].slot, records[at].job).seq;
    published.push_back(at);
  }
  /// Its record; with room for a result of `capacity` bytes.
  std::uint32_t submit(std::uint64_t capacity, std::uint32_t flags = shm::kJobIdempotent) {
    const std::uint32_t at = records.take(*world.client.take_slot());
    client::JobRecord& record = records[at];
    (void)results.take(capacity, record.result, yes);
    record.job = shm::JobDescriptor{};
    record.job.flags = flags;
    record.job.result_capacity = capacity;
    record.job.result_line = static_cast<std::uint32_t>(record.result.offset / shm::kCacheLine);
    publish(at);
    return at;
  }
  /// The next job ends with `result` and is collected.
  void end(std::uint32_t at, const shm::JobResult& result) {
    shm::Claim claim;
    (void)claim_job(claim);
    (void)shm::finish(worker.self, worker.session, claim, result, 2'000);
    (void)world.client.collect_one(records[at].slot, records[at].end);
    records[at].life = client::JobRecord::Life::Ended;
  }
  void end_too_large(std::uint32_t at, std::uint64_t needed) {
    end(at, {shm::SlotState::Failed, Cause::TooLarge, 0, 0, needed, {}});
  }

 private:
  shm::ClaimStatus claim_job(shm::Claim& out) { return shm::claim(worker.self, worker.session, 1'000, out); }
};

}  // namespace ringmaster::testing
