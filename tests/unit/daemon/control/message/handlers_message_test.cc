#include "daemon/control/message/handlers_message.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

TEST(HandlersMessage, HasHandlersTableAndLimits) {
  HandlersView view;
  view.pool = "images";
  view.known = true;
  view.handlers.resize(1);
  view.handlers[0].name = "echo";
  view.max_request_ring = core::mib(3);
  view.max_result_ring = core::mib(5);
  view.queue_timeout = std::chrono::seconds{1};
  view.run_timeout = std::chrono::seconds{2};
  view.max_timeout = std::chrono::seconds{3};
  const control::v1::PoolHandlers message = handlers_message(view);
  EXPECT_EQ(message.pool(), "images");
  ASSERT_EQ(message.handlers_size(), 1);
  EXPECT_EQ(message.handlers(0).name(), "echo");
  EXPECT_FALSE(message.table().empty());
  EXPECT_EQ(message.max_request_ring_bytes(), core::mib(3).value);
  EXPECT_EQ(message.max_result_ring_bytes(), core::mib(5).value);
  EXPECT_EQ(message.queue_timeout_ms(), 1000U);
  EXPECT_EQ(message.run_timeout_ms(), 2000U);
  EXPECT_EQ(message.max_run_timeout_ms(), 3000U);
}

TEST(HandlersMessage, HasNoTableBeforeHandlersAreKnown) {
  const control::v1::PoolHandlers message = handlers_message({});
  EXPECT_FALSE(message.known());
  EXPECT_TRUE(message.table().empty());
}

}  // namespace
}  // namespace ringmaster::daemon
