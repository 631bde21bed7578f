#include "shm/slot_word.h"

#include <gtest/gtest.h>

namespace ringmaster::shm {
namespace {

TEST(SlotWord, ZeroIsNoJob) {
  const SlotWord zero(0);
  EXPECT_EQ(zero.state(), SlotState::Invalid);
  EXPECT_FALSE(zero.is_terminal());
  EXPECT_FALSE(zero.is_owned());
}

TEST(SlotWord, CarriesOwnerWhileRunning) {
  const SlotWord word = SlotWord::owned(0xDEADBEEF, SlotState::Running, 5, Owner{0xABC, 0x123});
  EXPECT_EQ(word.seq(), 0xDEADBEEFu);
  EXPECT_EQ(word.state(), SlotState::Running);
  EXPECT_EQ(word.attempt(), 5u);
  EXPECT_EQ(word.owner(), (Owner{0xABC, 0x123}));
  EXPECT_TRUE(word.is_owned());
}

TEST(SlotWord, CarriesCauseAndDetailWhenTerminal) {
  const SlotWord word = SlotWord::terminal(1, SlotState::Failed, 2, Cause::CrashedSignal, 11);
  EXPECT_EQ(word.cause(), Cause::CrashedSignal);
  EXPECT_EQ(word.detail(), 11);
  EXPECT_EQ(word.attempt(), 2u);
  EXPECT_TRUE(word.is_terminal());
}

TEST(SlotWord, CarriesEveryCause) {
  for (unsigned raw = 1; raw <= static_cast<unsigned>(kLastCause); ++raw) {
    const auto cause = static_cast<Cause>(raw);
    EXPECT_EQ(SlotWord::terminal(1, SlotState::Failed, 0, cause).cause(), cause);
    EXPECT_NE(to_string(cause), "none");
  }
}

TEST(SlotWord, UnknownBitsDecodeAsInvalid) {
  for (unsigned state = 8; state < 16; ++state)
    EXPECT_EQ(SlotWord(std::uint64_t{state} << 28).state(), SlotState::Invalid);
  EXPECT_EQ(SlotWord(std::uint64_t{0xFF} << 16).cause(), Cause::None);
}

TEST(Intent, PacksAndUnpacksAndZeroIsNothing) {
  const Intent intent{1023, 4095, 0xFFFFFFFF};
  EXPECT_EQ(Intent::unpack(intent.pack()), intent);
  EXPECT_FALSE(Intent::unpack(0).has_value());
  EXPECT_FALSE(Intent::unpack(std::uint64_t{5} << 48).has_value());
}

TEST(Seq, CountsModuloAndSkipsZero) {
  EXPECT_EQ(next_seq(1), 2u);
  EXPECT_EQ(next_seq(0xFFFFFFFF), 1u);
  EXPECT_EQ(make_job_id(3, 9), (std::uint64_t{3} << 32) + 9);
  EXPECT_TRUE(seq_after(2, 1));
  EXPECT_FALSE(seq_after(1, 1));
  EXPECT_TRUE(seq_after(1, 0xFFFFFFFF));
  EXPECT_FALSE(seq_after(0xFFFFFFFF, 1));
}

}  // namespace
}  // namespace ringmaster::shm
