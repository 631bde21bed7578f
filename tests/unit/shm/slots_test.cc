#include "shm/slots.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/shm/fixture.h"

namespace ringmaster::shm {
namespace {

TEST(SlotWords, AreEachSlotOnceInOrder) {
  testing::World world(128);
  world.reply.word(5).store(SlotWord::ready(9, 0).bits());
  std::uint32_t next = 0;
  for (const auto [slot, word] : slot_words(world.reply)) {
    EXPECT_EQ(slot, next++);
    EXPECT_EQ(word.state(), slot == 5 ? SlotState::Ready : SlotState::Free);
  }
  EXPECT_EQ(next, 128U);
}

TEST(SlotWords, AreReadWhenTheWalkComesToThem) {
  testing::World world;
  std::vector<std::uint32_t> ready;
  for (const auto [slot, word] : slot_words(world.reply)) {
    if (slot == 0) world.reply.word(2).store(SlotWord::ready(9, 0).bits());
    if (word.state() == SlotState::Ready) ready.push_back(slot);
  }
  EXPECT_EQ(ready, std::vector<std::uint32_t>{2});
}

TEST(SlotWords, OfNoSegmentAreNone) {
  for (const SlotLook look : slot_words(ReplyView())) ADD_FAILURE() << look.slot;
}

}  // namespace
}  // namespace ringmaster::shm
