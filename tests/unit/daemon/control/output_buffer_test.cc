#include "daemon/control/output_buffer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "proto/control.pb.h"
#include "proto/fd_passing.h"
#include "proto/frame.h"

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

v1::Reply reply(std::uint64_t id, std::size_t bytes = 0) {
  v1::Reply made;
  made.set_id(id);
  made.mutable_outcome()->set_result(std::string(bytes, 'r'));
  return made;
}

class OutputBufferTest : public ::testing::Test {
 protected:
  OutputBufferTest() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  /// Sends and reads until all is there: the ids, and with which of them a descriptor came.
  void drain() {
    std::vector<std::byte> input(65536);
    while (true) {
      if (!output.empty()) (void)output.send(ours.get());
      auto received = wire::receive_with_fds(theirs.get(), input);
      if (!received) break;
      fds += received->fds.size();
      if (!received->fds.empty()) with_fds.push_back(ids.size());
      decoder.feed(std::span(input).first(received->size));
      while (const auto body = decoder.take()) {
        v1::Reply got;
        EXPECT_TRUE(got.ParseFromString(*body));
        ids.push_back(got.id());
        bytes += got.outcome().result().size();
      }
    }
  }

  UniqueFd ours;
  UniqueFd theirs;
  OutputBuffer output;
  wire::FrameDecoder decoder;
  std::vector<std::uint64_t> ids;
  std::vector<std::size_t> with_fds;
  std::size_t fds = 0;
  std::size_t bytes = 0;
};

TEST_F(OutputBufferTest, RepliesComeWholeAndInOrderHoweverTheKernelTakesThem) {
  for (std::uint64_t i = 1; i <= 5; ++i) output.add(reply(i, 300'000), {});
  EXPECT_GT(output.size(), 1'500'000U);
  drain();
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(bytes, 1'500'000U);
  EXPECT_TRUE(output.empty());
}

TEST_F(OutputBufferTest, ManySmallRepliesLieInOnePieceOfMemory) {
  constexpr std::uint64_t kMany = 2000;
  for (std::uint64_t i = 1; i <= kMany; ++i) output.add(reply(i), {});
  EXPECT_LE(output.capacity(), 2 * output.size());
  drain();
  EXPECT_EQ(ids.size(), kMany);
}

TEST_F(OutputBufferTest, DescriptorsGoWithTheFirstByteOfTheirFrame) {
  output.add(reply(1), {});
  for (std::uint64_t i = 2; i <= 3; ++i) {
    std::vector<UniqueFd> two;
    for (int k = 0; k < 2; ++k) two.emplace_back(::fcntl(ours.get(), F_DUPFD_CLOEXEC, 0));
    output.add(reply(i), std::move(two));
  }
  output.add(reply(4), {});
  drain();
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(fds, 4U);
  EXPECT_EQ(with_fds, (std::vector<std::size_t>{1, 2}));
}

TEST_F(OutputBufferTest, DescriptorsThatAreNotSentCountAsManyBytes) {
  std::vector<UniqueFd> two;
  for (int k = 0; k < 2; ++k) two.emplace_back(::fcntl(ours.get(), F_DUPFD_CLOEXEC, 0));
  output.add(reply(1), std::move(two));
  EXPECT_GE(output.size(), 2 * OutputBuffer::kDescriptorBytes);
  drain();
  EXPECT_EQ(output.size(), 0U);
}

TEST_F(OutputBufferTest, AReplyThatIsTooLargeBecomesAnError) {
  output.add(reply(9, wire::kMaxFrameBytes), {});
  EXPECT_LT(output.size(), 1000U);
  drain();
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{9}));
}

TEST_F(OutputBufferTest, GivesAPeaksMemoryBack) {
  output.add(reply(1, 1'000'000), {});
  drain();
  EXPECT_LT(output.capacity(), 100'000U);
}

}  // namespace
}  // namespace ringmaster::daemon
