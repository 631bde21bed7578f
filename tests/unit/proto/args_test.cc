#include "proto/args.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace ringmaster::wire {
namespace {

TEST(Arguments, ComeBackAsTheyWent) {
  const std::vector<Argument> arguments{{"width", "256"}, {"fit", ""}, {"data", std::string("\0\xff\n", 3)}};
  const auto bytes = encode_arguments(arguments);
  ASSERT_TRUE(bytes);
  const auto views = decode_arguments(*bytes);
  ASSERT_TRUE(views);
  ASSERT_EQ(views->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*views)[i].key, arguments[i].key);
    EXPECT_EQ((*views)[i].value, arguments[i].value);
  }
}

TEST(Arguments, NoneIsNoByte) {
  EXPECT_TRUE(encode_arguments({})->empty());
  EXPECT_TRUE(decode_arguments({})->empty());
}

TEST(Arguments, HaveTheDocumentedLayout) {
  const auto bytes = encode_arguments(std::vector<Argument>{{"k", "vw"}});
  const unsigned char expected[] = {1, 0, 2, 0, 0, 0, 'k', 'v', 'w'};
  ASSERT_EQ(bytes->size(), sizeof expected);
  EXPECT_EQ(std::memcmp(bytes->data(), expected, sizeof expected), 0);
}

TEST(Arguments, RefuseBadAndRepeatedNamesAndTooMuch) {
  EXPECT_FALSE(encode_arguments(std::vector<Argument>{{"", "1"}}));
  EXPECT_FALSE(encode_arguments(std::vector<Argument>{{"a b", "1"}}));
  EXPECT_FALSE(encode_arguments(std::vector<Argument>{{"a", "1"}, {"a", "2"}}));
  EXPECT_FALSE(encode_arguments(std::vector<Argument>{{"a", std::string(kMaxEncodedArgumentBytes, 'x')}}));
  std::vector<Argument> many;
  for (std::size_t i = 0; i <= kMaxArguments; ++i) many.push_back({"a" + std::to_string(i), ""});
  EXPECT_FALSE(encode_arguments(many));
}

TEST(Arguments, EveryTruncationIsAnError) {
  const auto bytes = encode_arguments(std::vector<Argument>{{"one", "1"}, {"two", "22"}});
  const std::size_t first = 6 + 3 + 1;
  for (std::size_t length = 1; length < bytes->size(); ++length) {
    EXPECT_EQ(decode_arguments(std::span(*bytes).first(length)).has_value(), length == first) << length;
  }
}

TEST(Arguments, RandomBytesNeverFault) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes(random() % 64);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random() % 7);
    if (const auto views = decode_arguments(bytes)) {
      for (const auto& view : *views) EXPECT_FALSE(view.key.empty());
    }
  }
}

}  // namespace
}  // namespace ringmaster::wire
