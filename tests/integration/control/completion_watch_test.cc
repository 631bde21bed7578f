#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/jobs/home/completion_watch.h"
#include "daemon/loop/event_loop.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster {
namespace {

// A word that changes faster than jobs can end makes the watch rest; its end may come just then. Where that is lost,
// each round waits for a time-out, and the test for its own.
TEST(CompletionWatch, EndsAlsoWhileItRests) {
  boost::asio::io_context context;
  daemon::EventLoop loop(context);
  testing::World world;
  int looks = 0;
  for (int round = 0; round < 2000; ++round) {
    const daemon::CompletionWatch watch(loop, world.request, world.reply, [&] { ++looks; });
    for (int i = 0; i < 1000; ++i) shm::wake_client(world.reply);
    context.poll();
  }
  EXPECT_GT(looks, 0);
}

}  // namespace
}  // namespace ringmaster
