#include "daemon/jobs/submit_check.h"

#include <gtest/gtest.h>

#include "proto/handler_id.h"

namespace ringmaster::daemon {
namespace {

using std::chrono::seconds;

class SubmitCheckTest : public ::testing::Test {
 protected:
  SubmitCheckTest() {
    handlers_[0].name = "echo";
    handlers_[0].result_factor = 1;
    handlers_[1].name = "scale";
    handlers_[1].max_request_bytes = 100;
    ArgumentDescription width;
    width.name = "width";
    width.type = ArgumentType::Integer;
    width.required = true;
    handlers_[1].arguments = {width};
    request_.pool = "images";
    request_.handler = "echo";
    request_.payload = "hello";
    request_.cookie = {1, 2};
  }
  [[nodiscard]] OrRefusal<CheckedJob> check() const {
    return check_job(request_, 1000, {"images", handlers_, seconds{30}, seconds{60}, 10});
  }
  [[nodiscard]] RefusalCode refused() const {
    const auto checked = check();
    EXPECT_FALSE(checked.has_value());
    if (checked) return RefusalCode::Internal;
    EXPECT_FALSE(checked.error().why.empty());
    return checked.error().code;
  }

  SubmitRequest request_;
  std::vector<HandlerDescription> handlers_{2};
};

TEST_F(SubmitCheckTest, AJobThatNamesNothingGetsTheRulesOfPoolAndHandler) {
  const auto job = check();
  ASSERT_TRUE(job.has_value());
  EXPECT_EQ(job->descriptor.handler, wire::handler_id("echo"));
  EXPECT_EQ(job->descriptor.queue_timeout_ms, 30'000U);
  EXPECT_EQ(job->descriptor.run_timeout_ms, 0U) << "the pool's";
  EXPECT_EQ(job->descriptor.flags, 0U);
  EXPECT_EQ(job->descriptor.cookie[0], 1U);
  EXPECT_EQ(job->descriptor.cookie[1], 2U);
  EXPECT_EQ(job->descriptor.submitter, 1001U);
  EXPECT_EQ(job->result_capacity, default_result_bytes(handlers_[0], 5));
  EXPECT_TRUE(job->arguments.empty());
}

TEST_F(SubmitCheckTest, WhatAJobNamesIsTaken) {
  request_.handler = "scale";
  request_.arguments = {{"width", "64"}};
  request_.idempotent = true;
  request_.result_capacity = 77;
  request_.queue_timeout_ms = 5;
  request_.run_timeout_ms = 10;
  const auto job = check();
  ASSERT_TRUE(job.has_value());
  EXPECT_EQ(job->descriptor.flags, shm::kJobIdempotent);
  EXPECT_EQ(job->descriptor.queue_timeout_ms, 5U);
  EXPECT_EQ(job->descriptor.run_timeout_ms, 10U);
  EXPECT_EQ(job->result_capacity, 77U);
  EXPECT_EQ(job->arguments, encode_arguments(request_.arguments).value());
}

TEST_F(SubmitCheckTest, ACookieOfNothingButZerosIsNone) {
  EXPECT_EQ(check_cookie({})->code, RefusalCode::BadRequest);
  EXPECT_FALSE(check_cookie({0, 1}).has_value());
  EXPECT_FALSE(check_cookie({1, 0}).has_value());
}

TEST_F(SubmitCheckTest, AMebibyteGoesInAMessageAndNoMore) {
  EXPECT_FALSE(check_payload(kMostInMessage).has_value());
  const auto refused = check_payload(kMostInMessage + 1);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, RefusalCode::TooLarge);
  EXPECT_EQ(refused->needed, kMostInMessage + 1);
  EXPECT_EQ(refused->limit, kMostInMessage);
}

TEST_F(SubmitCheckTest, AnUnknownHandlerIsRefusedWithThoseThatThereAre) {
  request_.handler = "sing";
  EXPECT_EQ(refused(), RefusalCode::UnknownHandler);
  const std::string why = check().error().why;
  EXPECT_NE(why.find("\"images\""), std::string::npos) << why;
  EXPECT_NE(why.find("echo scale"), std::string::npos) << why;
}

TEST_F(SubmitCheckTest, ArgumentsMustBeThoseOfTheHandler) {
  request_.handler = "scale";
  EXPECT_EQ(refused(), RefusalCode::BadArgument) << "one is missing";
  request_.arguments = {{"width", "wide"}};
  EXPECT_EQ(refused(), RefusalCode::BadArgument);
  request_.arguments = {{"width", "64"}, {"width", "65"}};
  EXPECT_EQ(refused(), RefusalCode::BadArgument);
}

TEST_F(SubmitCheckTest, AHandlersOwnLimitOfRequestsHolds) {
  request_.handler = "scale";
  request_.arguments = {{"width", "64"}};
  request_.payload.assign(100, 'x');
  EXPECT_TRUE(check().has_value());
  request_.payload.assign(101, 'x');
  EXPECT_EQ(refused(), RefusalCode::TooLarge);
  EXPECT_EQ(check().error().needed, 101U);
  EXPECT_EQ(check().error().limit, 100U);
}

TEST_F(SubmitCheckTest, RoomForAResultIsAMebibyteAtMostAlsoByTheHandlersRule) {
  request_.result_capacity = kMostInMessage + 1;
  EXPECT_EQ(refused(), RefusalCode::TooLarge);
  request_.result_capacity = 0;
  request_.payload.assign(kMostInMessage, 'x');
  EXPECT_EQ(check().value().result_capacity, kMostInMessage);
}

TEST_F(SubmitCheckTest, ADeadlineMustBeOneThatCanBeKeptAndThatThePoolAllows) {
  request_.run_timeout_ms = 9;
  EXPECT_EQ(refused(), RefusalCode::BadRequest);
  request_.run_timeout_ms = 60'000;
  EXPECT_TRUE(check().has_value());
  request_.run_timeout_ms = 60'001;
  EXPECT_EQ(refused(), RefusalCode::BadRequest);
  request_.run_timeout_ms = ~std::uint64_t{0};
  EXPECT_EQ(refused(), RefusalCode::BadRequest);
  request_.run_timeout_ms = 0;
  request_.queue_timeout_ms = std::uint64_t{1} << 32;
  EXPECT_EQ(refused(), RefusalCode::BadRequest);
}

}  // namespace
}  // namespace ringmaster::daemon
