#include "proto/request_shape.h"

#include <gtest/gtest.h>

#include "proto/args.h"
#include "proto/control.pb.h"

namespace ringmaster::wire {
namespace {

control::v1::Request submit_with(std::size_t arguments) {
  control::v1::Request request;
  request.set_id(1);
  auto& submit = *request.mutable_submit();
  submit.set_pool("default");
  submit.set_handler("echo");
  for (std::size_t i = 0; i < arguments; ++i) {
    auto& argument = *submit.add_arguments();
    argument.set_key("k" + std::to_string(i));
    argument.set_value("v");
  }
  // What looks like fields, and is none.
  submit.set_payload(std::string(std::size_t{1} << 20, '\x1a'));
  submit.set_wait(true);
  return request;
}

TEST(RequestShape, EveryRequestThatCanBeAnsweredPasses) {
  EXPECT_EQ(check_shape(submit_with(kMaxArguments).SerializeAsString()), "");
  control::v1::Request open;
  open.set_id(1);
  open.mutable_open_session()->set_pool("default");
  EXPECT_EQ(check_shape(open.SerializeAsString()), "");
  EXPECT_EQ(check_shape(""), "");
}

TEST(RequestShape, AMillionEmptyArgumentsAreRefusedBeforeTheyAreDecoded) {
  control::v1::Request request;
  request.set_id(1);
  std::string body = request.SerializeAsString();
  std::string submit;
  for (int i = 0; i < 1'000'000; ++i) submit += std::string("\x1a\x00", 2);
  body += '\x3a';
  for (std::size_t left = submit.size(); left != 0; left >>= 7) {
    body += static_cast<char>((left & 0x7F) | (left >= 0x80 ? 0x80 : 0));
  }
  body += submit;
  const std::string wrong = check_shape(body);
  EXPECT_NE(wrong.find("more than 512 fields"), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("at most 64 arguments"), std::string::npos) << wrong;
}

TEST(RequestShape, UnknownAndRepeatedFieldsCountToo) {
  std::string unknown;
  std::string bodies;
  for (std::size_t i = 0; i <= kMaxRequestFields; ++i) {
    unknown += std::string("\xa0\x06\x01", 3);  // field 100
    bodies += std::string(i % 2 == 0 ? "\x3a\x00" : "\x42\x00", 2);
  }
  EXPECT_NE(check_shape(unknown), "");
  EXPECT_NE(check_shape(bodies), "");
  EXPECT_EQ(check_shape(unknown.substr(3)), "");
}

TEST(RequestShape, GarbageIsTheDecodersMatter) {
  EXPECT_EQ(check_shape("\xff\xff\xff"), "");
  EXPECT_EQ(check_shape(std::string("\x3a\xff\xff\xff\xff\x0f", 6)), "");
  EXPECT_EQ(check_shape(std::string("\x3a\x05\x1a\x7f", 4)), "");
}

}  // namespace
}  // namespace ringmaster::wire
