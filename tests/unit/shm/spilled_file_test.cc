#include "shm/spilled_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "shm/mapping.h"
#include "shm/memfd.h"

namespace ringmaster::shm {
namespace {

TEST(SpilledFile, GrowsAndIsNeverShortened) {
  const UniqueFd file = create_spilled("test").value();
  EXPECT_FALSE(Mapping::map_growing(file.get(), 4096));
  ASSERT_TRUE(lengthen_spilled(file.get(), 8192));
  EXPECT_NE(::ftruncate(file.get(), 4096), 0);
  const Mapping half = Mapping::map_growing(file.get(), 4096).value();
  std::memcpy(half.bytes().data(), "hello", 5);
  ASSERT_TRUE(lengthen_spilled(file.get(), 16384));
  EXPECT_TRUE(lengthen_spilled(file.get(), 8192)) << "it is longer already";
  const Mapping all = Mapping::map_growing(file.get(), 16384).value();
  EXPECT_EQ(std::memcmp(all.bytes().data(), "hello", 5), 0);
  EXPECT_FALSE(Mapping::map_growing(file.get(), 16385));
  EXPECT_FALSE(Mapping::map(file.get(), Access::ReadOnly, 4096)) << "who reads it wants it to stay as it is";
}

TEST(SpilledFile, CannotBeChangedOnceItIsSealed) {
  const UniqueFd file = create_spilled("test").value();
  ASSERT_TRUE(lengthen_spilled(file.get(), 8192));
  {
    const Mapping writer = Mapping::map_growing(file.get(), 8192).value();
    std::memcpy(writer.bytes().data(), "hello", 5);
    EXPECT_FALSE(seal_spilled(file.get())) << "somebody can still write";
    EXPECT_FALSE(is_sealed_spilled(file.get(), 5));
  }
  ASSERT_TRUE(seal_spilled(file.get()));
  EXPECT_TRUE(is_sealed_spilled(file.get(), 8192));
  EXPECT_FALSE(is_sealed_spilled(file.get(), 8193));
  EXPECT_FALSE(lengthen_spilled(file.get(), 16384));
  EXPECT_FALSE(Mapping::map(file.get(), Access::ReadWrite));
  const UniqueFd reader = reopen_read_only(file.get()).value();
  const Mapping read = Mapping::map(reader.get(), Access::ReadOnly, 5).value();
  EXPECT_EQ(std::memcmp(read.bytes().data(), "hello", 5), 0);
}

TEST(SpilledFile, IsKnownToBeOpenElsewhereWhileWorkerOrReaderHasOrMapsIt) {
  const UniqueFd file = create_spilled("test").value();
  ASSERT_TRUE(lengthen_spilled(file.get(), 8192));
  const UniqueFd same(::dup(file.get()));
  EXPECT_FALSE(is_open_elsewhere(file.get())) << "the keeper has this very description";
  {
    UniqueFd writer = reopen(file.get()).value();
    const Mapping mapped = Mapping::map_growing(writer.get(), 4096).value();
    writer.reset();
    EXPECT_TRUE(is_open_elsewhere(file.get()));
  }
  EXPECT_FALSE(is_open_elsewhere(file.get()));
  ASSERT_TRUE(seal_spilled(file.get()));
  UniqueFd reader = reopen_read_only(file.get()).value();
  EXPECT_TRUE(is_open_elsewhere(file.get()));
  {
    const Mapping mapped = Mapping::map(reader.get(), Access::ReadOnly).value();
    reader.reset();
    EXPECT_TRUE(is_open_elsewhere(file.get()));
  }
  EXPECT_FALSE(is_open_elsewhere(file.get()));
}

TEST(SpilledFile, IsKnownToBeOpenElsewhereWhileAWriterHasOrMapsIt) {
  const UniqueFd file = create_request_segment("test", 8192).value();
  EXPECT_EQ(open_elsewhere(file.get()), OpenElsewhere::No);
  UniqueFd writer = reopen(file.get()).value();
  EXPECT_EQ(open_elsewhere(file.get()), OpenElsewhere::Yes);
  {
    const Mapping mapped = Mapping::map(writer.get(), Access::ReadWrite).value();
    ASSERT_TRUE(seal_future_writes(writer.get()));
    writer.reset();
    mapped.bytes()[8191] = std::byte{1};
    EXPECT_EQ(open_elsewhere(file.get()), OpenElsewhere::Yes);
  }
  EXPECT_EQ(open_elsewhere(file.get()), OpenElsewhere::No);
  EXPECT_EQ(open_elsewhere(-1), OpenElsewhere::Unknown);
}

}  // namespace
}  // namespace ringmaster::shm
