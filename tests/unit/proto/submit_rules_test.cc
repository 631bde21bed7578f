#include "proto/submit_rules.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringmaster::wire {
namespace {

struct Rules {
  Rules() {
    HandlerDescription echo;
    echo.name = "echo";
    echo.result_constant = 64;
    echo.result_factor = 2;
    HandlerDescription sized;
    sized.name = "sized";
    sized.max_request_bytes = 100;
    ArgumentDescription width;
    width.name = "width";
    width.type = ArgumentType::Integer;
    width.required = true;
    sized.arguments.push_back(width);
    handlers = {echo, sized};
    limits.pool = "images";
    limits.handlers = handlers;
    limits.request_bytes = 4096;
    limits.ring_bytes = 4096;
    limits.result_bytes = 1024;
    limits.shortest_run_ms = 10;
    limits.longest_run_ms = 5000;
  }
  /// The refusal; that of a job which is taken has no message.
  SubmitRefusal refusal(const SubmitWish& wish) {
    return check_submit(wish, limits, terms).value_or(SubmitRefusal{SubmitFault::BadOption, "", 0, 0});
  }
  SubmitFault fault(const SubmitWish& wish) {
    const auto refused = check_submit(wish, limits, terms);
    EXPECT_TRUE(refused);
    return refused->fault;
  }
  std::vector<HandlerDescription> handlers;
  SubmitLimits limits;
  SubmitTerms terms;
};

const std::vector<ArgumentView> kWidth{{"width", "3"}};

TEST(SubmitRules, TakeWhatKeepsToThem) {
  Rules rules;
  ASSERT_FALSE(check_submit({.handler = "echo",
                             .request_bytes = 4096,
                             .result_capacity = 1024,
                             .run_timeout_ms = 10,
                             .queue_timeout_ms = 0xFFFFFFFF},
                            rules.limits, rules.terms));
  EXPECT_EQ(rules.terms.handler, &rules.handlers[0]);
  EXPECT_EQ(rules.terms.result_capacity, 1024U);
  EXPECT_EQ(rules.terms.run_timeout_ms, 10U);
  EXPECT_EQ(rules.terms.queue_timeout_ms, 0xFFFFFFFFU);
  ASSERT_FALSE(check_submit({.handler = "sized", .arguments = kWidth, .request_bytes = 100, .run_timeout_ms = 5000},
                            rules.limits, rules.terms));
  EXPECT_EQ(rules.terms.handler, &rules.handlers[1]);
}

TEST(SubmitRules, OfferRoomByTheHandlersRuleAtMostWhatThereIs) {
  Rules rules;
  ASSERT_FALSE(check_submit({.handler = "echo", .request_bytes = 100}, rules.limits, rules.terms));
  EXPECT_EQ(rules.terms.result_capacity, 264U);
  ASSERT_FALSE(check_submit({.handler = "echo", .request_bytes = 4000}, rules.limits, rules.terms));
  EXPECT_EQ(rules.terms.result_capacity, 1024U);
  ASSERT_FALSE(check_submit({.handler = "echo", .request_bytes = 9, .result_capacity = 0}, rules.limits, rules.terms));
  EXPECT_EQ(rules.terms.result_capacity, 0U) << "none was asked for";
}

TEST(SubmitRules, NameTheHandlersThatThereAre) {
  Rules rules;
  const SubmitRefusal refused = rules.refusal({.handler = "ec\nho"});
  EXPECT_EQ(refused.fault, SubmitFault::UnknownHandler);
  EXPECT_EQ(refused.message, "pool \"images\" has no handler \"ec ho\"; it has echo sized");
  rules.limits.handlers = {};
  EXPECT_EQ(rules.refusal({.handler = "echo"}).message, "pool \"images\" has no handler \"echo\"; it has none");
}

TEST(SubmitRules, LetAnyNameThroughWhileHandlersAreNotKnown) {
  Rules rules;
  rules.limits.handlers = {};
  rules.limits.handlers_known = false;
  rules.limits.result_bytes = 1 << 20;
  const std::vector<ArgumentView> some{{"any", "thing"}};
  ASSERT_FALSE(check_submit({.handler = "what", .arguments = some}, rules.limits, rules.terms));
  EXPECT_EQ(rules.terms.handler, nullptr);
  EXPECT_EQ(rules.terms.result_capacity, 65536U);
  const std::vector<ArgumentView> bad{{"no name", "1"}};
  EXPECT_EQ(rules.fault({.handler = "what", .arguments = bad}), SubmitFault::BadArguments);
}

TEST(SubmitRules, RefuseARequestAboveItsHandlersLimitOrTheWays) {
  Rules rules;
  const SubmitRefusal handlers = rules.refusal({.handler = "sized", .arguments = kWidth, .request_bytes = 101});
  EXPECT_EQ(handlers.fault, SubmitFault::TooLarge);
  EXPECT_EQ(handlers.message, "handler \"sized\" takes requests up to 100 bytes, this one has 101 bytes");
  EXPECT_EQ(handlers.asked, 101U);
  EXPECT_EQ(handlers.limit, 100U);
  EXPECT_EQ(rules.refusal({.handler = "echo", .request_bytes = 4097}).message,
            "a request of 4097 bytes never fits into the session's request ring of 4096 bytes; open the session with "
            "a larger request ring");
  rules.limits.way = SubmitWay::Message;
  const SubmitRefusal message = rules.refusal({.handler = "echo", .request_bytes = 4097});
  EXPECT_EQ(message.message, "a request of 4097 bytes: at most 4096 bytes go in a message; use a session for more");
  EXPECT_EQ(message.limit, 4096U);
}

TEST(SubmitRules, RefuseAResultWithoutRoomForIt) {
  Rules rules;
  const SubmitRefusal refused = rules.refusal({.handler = "echo", .result_capacity = 1025});
  EXPECT_EQ(refused.fault, SubmitFault::TooLarge);
  EXPECT_EQ(refused.asked, 1025U);
  EXPECT_EQ(refused.limit, 1024U);
}

TEST(SubmitRules, RefuseArgumentsThatTheHandlerDoesNotTake) {
  Rules rules;
  EXPECT_EQ(rules.fault({.handler = "sized"}), SubmitFault::BadArguments) << "width is required";
  const std::vector<ArgumentView> other{{"height", "3"}};
  EXPECT_EQ(rules.fault({.handler = "echo", .arguments = other}), SubmitFault::BadArguments);
  const std::vector<ArgumentView> twice{{"width", "3"}, {"width", "4"}};
  EXPECT_EQ(rules.fault({.handler = "sized", .arguments = twice}), SubmitFault::BadArguments);
}

TEST(SubmitRules, RefuseARequestThatLeavesItsArgumentsNoRoom) {
  Rules rules;
  EXPECT_FALSE(check_submit({.handler = "sized", .arguments = kWidth, .ring_room = 4096}, rules.limits, rules.terms));
  EXPECT_EQ(rules.fault({.handler = "sized", .arguments = kWidth, .ring_room = 4160}), SubmitFault::TooLarge);
}

TEST(SubmitRules, RefuseTimeoutsThatCannotBeKept) {
  Rules rules;
  for (const std::uint64_t ms : {std::uint64_t{9}, std::uint64_t{5001}, std::uint64_t{1} << 32, kNoTimeout})
    EXPECT_EQ(rules.fault({.handler = "echo", .run_timeout_ms = ms}), SubmitFault::BadOption) << ms;
  EXPECT_EQ(rules.fault({.handler = "echo", .queue_timeout_ms = kNoTimeout}), SubmitFault::BadOption);
  EXPECT_EQ(rules.refusal({.handler = "echo", .run_timeout_ms = 5001}).message,
            "a run timeout of 5001 ms is above the longest of pool \"images\", 5000 ms; ask for less, or raise "
            "max_timeout of pool \"images\" in the daemon's configuration");
  EXPECT_EQ(rules.refusal({.handler = "echo", .run_timeout_ms = 9}).message,
            "a run timeout of 9 ms is below the shortest that the session was opened for, 10 ms; set "
            "SessionOptions::shortest_timeout");
  rules.limits.longest_run_ms = 0;
  EXPECT_FALSE(check_submit({.handler = "echo", .run_timeout_ms = 5001}, rules.limits, rules.terms)) << "not said";
}

TEST(SubmitRules, TheArgumentsThatTheyTakeCanBeEncoded) {
  const std::vector<Argument> arguments{{"width", "3"}, {"note", std::string(1000, 'n')}};
  const auto encoded = encode_arguments(arguments);
  ASSERT_TRUE(encoded);
  EXPECT_EQ(encoded->size(), encoded_size(arguments));
}

}  // namespace
}  // namespace ringmaster::wire
