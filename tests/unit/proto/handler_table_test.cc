#include "proto/handler_table.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "proto/handler_id.h"

namespace ringmaster::wire {
namespace {

HandlerDescription thumbnail() {
  HandlerDescription handler;
  handler.name = "thumbnail";
  handler.summary = "Makes a picture smaller — and keeps it upright.";
  handler.result_constant = 65536;
  handler.result_factor = 1.5;
  handler.max_request_bytes = 1 << 30;
  handler.output_extension = "{format}";
  handler.listens_to_cancel = true;
  handler.idempotent = true;
  handler.takes_parcels = true;
  ArgumentDescription width;
  width.name = "width";
  width.type = ArgumentType::Integer;
  width.required = true;
  width.minimum = 1;
  width.maximum = 16384;
  ArgumentDescription format;
  format.name = "format";
  format.type = ArgumentType::Choice;
  format.choices = {"jpeg", "png"};
  format.default_value = "jpeg";
  handler.arguments = {width, format};
  return handler;
}

TEST(HandlerId, IsFnv1a) {
  static_assert(handler_id("") == 0xcbf29ce484222325U);
  EXPECT_EQ(handler_id("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(handler_id("foobar"), 0x85944171f73967e8U);
}

TEST(HandlerTable, ComesBackAsItWent) {
  HandlerDescription echo;
  echo.name = "echo";
  echo.change_safe = true;
  const std::vector<HandlerDescription> handlers{thumbnail(), echo};
  const auto bytes = encode_handlers(handlers);
  ASSERT_TRUE(bytes) << bytes.error().message;
  const auto back = decode_handlers(*bytes);
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->size(), 2U);
  const HandlerDescription& one = back->front();
  EXPECT_EQ(one.summary, handlers[0].summary);
  EXPECT_EQ(one.result_factor, 1.5);
  EXPECT_EQ(one.output_extension, "{format}");
  EXPECT_TRUE(one.listens_to_cancel && one.idempotent && one.takes_parcels && !one.change_safe);
  ASSERT_EQ(one.arguments.size(), 2U);
  EXPECT_EQ(one.arguments[0].maximum, 16384);
  EXPECT_FALSE(one.arguments[1].minimum.has_value());
  EXPECT_EQ(one.arguments[1].choices, (std::vector<std::string>{"jpeg", "png"}));
  EXPECT_TRUE(back->back().change_safe);
}

TEST(HandlerTable, EveryTruncationIsAnError) {
  const auto bytes = encode_handlers(std::vector<HandlerDescription>{thumbnail()});
  for (std::size_t length = 0; length < bytes->size(); ++length) {
    EXPECT_FALSE(decode_handlers(std::span(*bytes).first(length))) << length;
  }
}

TEST(HandlerTable, EveryAlteredByteIsDecodedOrRefusedButNeverFaults) {
  const auto bytes = encode_handlers(std::vector<HandlerDescription>{thumbnail()});
  for (std::size_t at = 0; at < bytes->size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto altered = *bytes;
      altered[at] ^= static_cast<std::byte>(flip);
      const auto back = decode_handlers(altered);
      EXPECT_TRUE(!back || check_handlers(*back));
    }
  }
}

TEST(HandlerTable, RefusesWhatCannotBe) {
  const auto refuses = [](auto change) {
    HandlerDescription handler = thumbnail();
    change(handler);
    return !encode_handlers(std::vector<HandlerDescription>{handler});
  };
  EXPECT_TRUE(refuses([](auto& h) { h.name = "no spaces"; }));
  EXPECT_TRUE(refuses([](auto& h) { h.summary = "\x1b[2J"; }));
  EXPECT_TRUE(refuses([](auto& h) { h.summary = "\xc3"; }));
  EXPECT_TRUE(refuses([](auto& h) { h.result_factor = -1; }));
  EXPECT_TRUE(refuses([](auto& h) { h.result_factor = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(refuses([](auto& h) { h.arguments[1].choices.clear(); }));
  EXPECT_TRUE(refuses([](auto& h) { h.arguments[1].name = h.arguments[0].name; }));
  EXPECT_FALSE(encode_handlers(std::vector<HandlerDescription>{thumbnail(), thumbnail()}));
}

TEST(ArgumentCheck, SaysWhatIsAllowed) {
  const HandlerDescription handler = thumbnail();
  const auto check = [&](std::vector<ArgumentView> arguments) {
    const auto checked = check_arguments(handler, arguments);
    return checked ? std::string{} : checked.error().message;
  };
  EXPECT_EQ(check({{"width", "256"}}), "");
  EXPECT_EQ(check({{"width", "1"}, {"format", "png"}}), "");
  EXPECT_EQ(check({}), "handler \"thumbnail\": argument \"width\" is required (integer)");
  EXPECT_EQ(check({{"width", "0"}}),
            "handler \"thumbnail\": argument width=\"0\" must be a whole number, at least 1, at most 16384");
  EXPECT_NE(check({{"width", "12x"}}), "");
  EXPECT_NE(check({{"width", "99999999999999999999"}}), "");
  EXPECT_EQ(check({{"width", "1"}, {"format", "gif"}}),
            "handler \"thumbnail\": argument format=\"gif\" must be one of jpeg png");
  EXPECT_EQ(check({{"width", "1"}, {"wdith", "2"}}),
            "handler \"thumbnail\": unknown argument \"wdith\"; it takes width format");
}

TEST(DefaultResultBytes, IsConstantPlusFactorAndSaturates) {
  HandlerDescription handler;
  handler.result_constant = 100;
  handler.result_factor = 1.5;
  EXPECT_EQ(default_result_bytes(handler, 0), 100U);
  EXPECT_EQ(default_result_bytes(handler, 3), 105U);
  handler.result_factor = 0;
  EXPECT_EQ(default_result_bytes(handler, 3), 100U);
  handler.result_constant = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(default_result_bytes(handler, 3), std::numeric_limits<std::uint64_t>::max() / 2);
  handler.result_factor = 1e6;
  EXPECT_GE(default_result_bytes(handler, std::numeric_limits<std::uint64_t>::max()), std::uint64_t{1} << 62);
}

}  // namespace
}  // namespace ringmaster::wire
