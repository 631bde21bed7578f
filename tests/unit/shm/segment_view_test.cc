#include "shm/segment_view.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <random>

#include "shm/mapping.h"
#include "shm/memfd.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::shm {
namespace {

using testing::Memory;

TEST(SegmentView, RegionsFollowEachOtherWithoutOverlap) {
  for (std::uint32_t slots : {64u, 256u, 4096u}) {
    const SessionGeometry geometry{slots, 8192, 4096};
    ASSERT_TRUE(geometry.valid());
    Memory memory(geometry.reply_segment_bytes());
    const ReplyView reply = ReplyView::format(memory.span(), geometry, 1, 2, 3);
    const auto at = [&](const void* place) { return static_cast<const std::byte*>(place) - memory.span().data(); };
    EXPECT_EQ(reply.ready().event, nullptr);
    EXPECT_EQ(at(reply.ready().bits), 72);
    EXPECT_GE(at(reply.done().event), at(reply.ready().bits + reply.bit_words()));
    EXPECT_GE(at(&reply.line(0)), at(reply.done().bits + reply.bit_words()));
    EXPECT_GE(at(&reply.message(0)), at(&reply.line(slots - 1)) + 64);
    EXPECT_GE(at(reply.ring()), at(&reply.message(slots - 1)) + 448);
    EXPECT_EQ(at(reply.ring()) + 4096, static_cast<std::ptrdiff_t>(geometry.reply_segment_bytes()));
    EXPECT_EQ(reply.word(slots - 1).load(), SlotWord::free_slot(0).bits());
  }
}

TEST(SegmentView, RefusesWhatDoesNotAddUp) {
  const SessionGeometry geometry{64, 8192, 4096};
  Memory memory(geometry.request_segment_bytes());
  (void)RequestView::format(memory.span(), geometry, 1, 2, 3);
  EXPECT_TRUE(RequestView::open(memory.span()));
  EXPECT_FALSE(ReplyView::open(memory.span())) << "another kind";
  EXPECT_FALSE(RequestView::open(memory.span().first(32))) << "too short";
  auto* header = reinterpret_cast<SegmentHeader*>(memory.span().data());
  header->ring_bytes += 4096;
  EXPECT_FALSE(RequestView::open(memory.span()));
  header->ring_bytes -= 4096;
  header->slots = 65;
  EXPECT_FALSE(RequestView::open(memory.span()));
}

TEST(SegmentView, AControlPartAloneHasNoRing) {
  const SessionGeometry geometry{64, 4096, 1 << 20};
  Memory memory(geometry.reply_segment_bytes());
  (void)ReplyView::format(memory.span(), geometry, 1, 2, 3);
  const auto reply = ReplyView::open(memory.span().first(geometry.reply_control_bytes()));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->ring(), nullptr);
}

TEST(SegmentView, RandomHeadersNeverFault) {
  std::mt19937_64 random(7);
  Memory memory(1 << 16);
  for (int round = 0; round < 20'000; ++round) {
    auto* words = reinterpret_cast<std::uint64_t*>(memory.span().data());
    for (int i = 0; i < 8; ++i) words[i] = random() % 3 == 0 ? random() : random() % 70'000;
    words[0] = static_cast<std::uint64_t>(round % 2 == 0 ? SegmentMagic::Request : SegmentMagic::Reply);
    words[1] = kLayoutVersion | std::uint64_t{64} << 32;
    (void)RequestView::open(memory.span());
    (void)ReplyView::open(memory.span());
    (void)open_lane(memory.span());
  }
}

TEST(Memfd, SealsAndMapsAndRefusesWritersLater) {
  auto fd = create_request_segment("rm-test", 10'000);
  ASSERT_TRUE(fd);
  EXPECT_EQ(checked_segment_size(fd->get()).value(), 12288u);
  auto client = Mapping::map(fd->get(), Access::ReadWrite);
  ASSERT_TRUE(client);
  ASSERT_TRUE(seal_future_writes(fd->get()));
  EXPECT_FALSE(Mapping::map(fd->get(), Access::ReadWrite)) << "nobody else becomes a writer";
  auto reader = Mapping::map(fd->get(), Access::ReadOnly);
  ASSERT_TRUE(reader);
  client->bytes()[100] = std::byte{42};
  EXPECT_EQ(reader->bytes()[100], std::byte{42});
  EXPECT_TRUE(reserve_pages(fd->get(), 0, 8192)) << "the client still reserves pages";
  EXPECT_FALSE(seal_future_writes(fd->get())) << "sealed for good";
  EXPECT_FALSE(Mapping::map(fd->get(), Access::ReadOnly, 1 << 20)) << "longer than the file";
}

TEST(Memfd, TakesNoSealFromAnybodyOnceItIsMade) {
  const auto fd = create_segment("rm-test", 4096);
  ASSERT_TRUE(fd);
  for (const int seal : {F_SEAL_FUTURE_WRITE, F_SEAL_WRITE}) {
    EXPECT_EQ(::fcntl(fd->get(), F_ADD_SEALS, seal), -1);
    EXPECT_EQ(errno, EPERM);
  }
  EXPECT_TRUE(Mapping::map(fd->get(), Access::ReadWrite)) << "as a successor does";
}

TEST(Memfd, RefusesARequestSegmentThatItsClientSealedAgainstWriting) {
  const auto fd = create_request_segment("rm-test", 4096);
  ASSERT_TRUE(fd);
  ASSERT_EQ(::fcntl(fd->get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
  EXPECT_FALSE(seal_future_writes(fd->get()));
}

TEST(Memfd, RefusesAnUnsealedDescriptor) {
  EXPECT_FALSE(checked_segment_size(0));
  EXPECT_FALSE(checked_segment_size(-1));
}

}  // namespace
}  // namespace ringmaster::shm
