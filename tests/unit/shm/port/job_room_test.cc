#include "shm/port/job_room.h"

#include <gtest/gtest.h>

#include "shm/memfd.h"
#include "tests/unit/shm/fixture.h"

namespace {
int allocations_left = -1;  // -1: as many as are asked for
}  // namespace

// Not inline: the compiler would take the pair for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace ringmaster::shm {
namespace {

struct Room {
  testing::World world;
  UniqueFd fd = create_segment("rings", 8192).value();
  ReservedRing requests{4096, fd.get(), 0};
  ReservedHeap results{4096, fd.get(), 4096};
  JobRoom room;
  bool memory = true;
  std::optional<Shortage> take(const JobNeeds& needs) {
    return take_room(
        world.client, requests, results, needs, [this](std::uint64_t) { return memory; }, room);
  }
  [[nodiscard]] std::uint64_t in_use() const { return requests.in_use() + results.in_use(); }
  unsigned free_slots() {
    unsigned count = 0;
    std::vector<std::uint32_t> taken;
    while (const auto slot = world.client.take_slot()) taken.push_back(*slot), ++count;
    for (const std::uint32_t slot : taken) world.client.untake_slot(slot);
    return count;
  }
};

TEST(JobRoom, IsASlotAndAnExtentForEachThatIsNeeded) {
  Room r;
  EXPECT_FALSE(r.take({100, 10, 200}));
  EXPECT_EQ(r.in_use(), 128U + 64U + 256U);
  EXPECT_NE(r.room.request.id, 0U);
  EXPECT_NE(r.room.arguments.offset, r.room.request.offset);
  EXPECT_EQ(r.free_slots(), 63U);
  EXPECT_FALSE(r.take({}));
  EXPECT_EQ(r.room.request.id | r.room.arguments.id | r.room.result.id, 0U) << "a job of nothing";
}

TEST(JobRoom, IsTakenAllOrNotAtAll) {
  Room r;
  EXPECT_EQ(r.take({4097, 0, 0}), Shortage::RequestRing);
  EXPECT_EQ(r.take({4096, 64, 64}), Shortage::RequestRing);
  EXPECT_EQ(r.take({64, 64, 4097}), Shortage::ResultRing);
  EXPECT_EQ(r.in_use(), 0U);
  EXPECT_EQ(r.free_slots(), 64U);
}

TEST(JobRoom, IsNotTakenWhereItsBooksCannotGrow) {
  Room r;
  bool taken = false;
  int failed = 0;
  for (int allocations = 0; !taken; ++allocations) {
    allocations_left = allocations;
    try {
      taken = !r.take({64, 64, 64});
    } catch (const std::bad_alloc&) {
      ++failed;
    }
    allocations_left = -1;
    ASSERT_EQ(r.in_use(), taken ? 192U : 0U) << allocations;
    ASSERT_EQ(r.free_slots(), taken ? 63U : 64U) << allocations;
  }
  EXPECT_GT(failed, 0);
}

TEST(JobRoom, IsNotTakenWithoutMemory) {
  Room r;
  r.memory = false;
  EXPECT_EQ(r.take({64, 0, 64}), Shortage::Memory);
  EXPECT_EQ(r.take({0, 0, 64}), Shortage::Memory);
  EXPECT_EQ(r.in_use(), 0U);
  EXPECT_EQ(r.free_slots(), 64U);
}

TEST(JobRoom, NeedsASlotFirst) {
  Room r;
  while (r.world.client.take_slot()) {
  }
  EXPECT_EQ(r.take({4097, 0, 0}), Shortage::Slot);
}

}  // namespace
}  // namespace ringmaster::shm
