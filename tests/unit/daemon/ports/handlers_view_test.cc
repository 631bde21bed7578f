#include "daemon/ports/handlers_view.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_pool_port.h"

namespace ringmaster::daemon {
namespace {

TEST(HandlersView, ShowsNoHandlersBeforeTheyAreKnown) {
  testing::FakePoolPort pool("images");
  pool.described.resize(1);
  pool.described[0].name = "echo";
  pool.known = false;
  EXPECT_FALSE(handlers_view(pool).known);
  EXPECT_TRUE(handlers_view(pool).handlers.empty());
  pool.known = true;
  ASSERT_EQ(handlers_view(pool).handlers.size(), 1U);
  EXPECT_EQ(handlers_view(pool).handlers[0].name, "echo");
}

TEST(HandlersView, ShowsThePoolsLimits) {
  testing::FakePoolPort pool("images");
  pool.settings.session.request_ring_max = core::mib(3);
  pool.settings.session.result_ring_max = core::mib(5);
  pool.settings.run_timeout = std::chrono::seconds{7};
  const HandlersView view = handlers_view(pool);
  EXPECT_EQ(view.pool, "images");
  EXPECT_EQ(view.max_request_ring, core::mib(3));
  EXPECT_EQ(view.max_result_ring, core::mib(5));
  EXPECT_EQ(view.run_timeout, std::chrono::seconds{7});
}

}  // namespace
}  // namespace ringmaster::daemon
