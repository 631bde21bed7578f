#include "daemon/control/message/job_request_message.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

TEST(JobRequestMessage, ASubmitIsAllThatTheMessageSays) {
  v1::Submit message;
  message.set_pool("images");
  message.set_handler("scale");
  v1::Argument& argument = *message.add_arguments();
  argument.set_key("width");
  argument.set_value("64");
  message.set_payload("hello");
  message.set_result_capacity(1);
  message.set_queue_timeout_ms(2);
  message.set_run_timeout_ms(3);
  message.set_idempotent(true);
  message.set_cookie_high(4);
  message.set_cookie_low(5);
  message.set_wait(true);
  message.set_label("invoice.js#render");
  const SubmitRequest request = submit_request(std::move(message));
  EXPECT_EQ(request.pool, "images");
  EXPECT_EQ(request.handler, "scale");
  ASSERT_EQ(request.arguments.size(), 1U);
  EXPECT_EQ(request.arguments[0].key, "width");
  EXPECT_EQ(request.arguments[0].value, "64");
  EXPECT_EQ(request.payload, "hello");
  EXPECT_EQ(request.result_capacity, 1U);
  EXPECT_EQ(request.queue_timeout_ms, 2U);
  EXPECT_EQ(request.run_timeout_ms, 3U);
  EXPECT_TRUE(request.idempotent);
  EXPECT_EQ(request.cookie, (JobCookie{4, 5}));
  EXPECT_TRUE(request.wait);
  EXPECT_EQ(request.label, "invoice.js#render");
}

TEST(JobRequestMessage, FetchCancelAndStackNameTheirJob) {
  v1::Fetch fetch;
  fetch.set_job_id(7);
  fetch.set_cookie_high(8);
  fetch.set_cookie_low(9);
  fetch.set_wait(true);
  EXPECT_EQ(fetch_request(fetch).job_id, 7U);
  EXPECT_EQ(fetch_request(fetch).cookie, (JobCookie{8, 9}));
  EXPECT_TRUE(fetch_request(fetch).wait);
  v1::Cancel cancel;
  cancel.set_job_id(7);
  cancel.set_cookie_high(8);
  cancel.set_cookie_low(9);
  EXPECT_EQ(cancel_request(cancel).job_id, 7U);
  EXPECT_EQ(cancel_request(cancel).cookie, (JobCookie{8, 9}));
  EXPECT_FALSE(cancel_request(cancel).force);
  cancel.set_grace_ms(30);
  EXPECT_FALSE(cancel_request(cancel).force) << "a grace alone forces nothing";
  cancel.set_force(true);
  ASSERT_TRUE(cancel_request(cancel).force);
  EXPECT_EQ(cancel_request(cancel).force->grace, std::chrono::milliseconds{30});
  cancel.clear_grace_ms();
  EXPECT_EQ(cancel_request(cancel).force->grace, std::nullopt) << "the pool's";
  v1::GetStack stack;
  stack.set_job_id(7);
  stack.set_wait_ms(10);
  EXPECT_EQ(stack_request(stack).job_id, 7U);
  EXPECT_EQ(stack_request(stack).wait_ms, 10U);
}

}  // namespace
}  // namespace ringmaster::daemon
