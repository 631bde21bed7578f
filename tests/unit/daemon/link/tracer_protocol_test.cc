#include "daemon/link/tracer_protocol.h"

#include <gtest/gtest.h>

namespace ringmaster::tracer {
namespace {

core::StackFrame some_frame() {
  core::StackFrame frame;
  frame.module = "/opt/lib/libimages.so";
  frame.build_id = "ab12";
  frame.offset = 0x1f32;
  frame.interrupted = true;
  frame.function = "resize(Picture&)";
  frame.file = "/src/resize.cc";
  frame.line = 88;
  return frame;
}

TEST(TracerProtocol, QuestionsComeBackAsTheyWent) {
  const auto capture = decode_question(encode(Question{Capture{12, 13, 7, true, 0x4000, {65534, 100}}}));
  ASSERT_TRUE(capture);
  EXPECT_EQ(std::get<Capture>(*capture).tid, 13);
  EXPECT_TRUE(std::get<Capture>(*capture).faulted);
  EXPECT_EQ(std::get<Capture>(*capture).pc, 0x4000U);
  const auto symbolise = decode_question(encode(Question{Symbolise{{some_frame()}, {65534, 100}}}));
  ASSERT_TRUE(symbolise);
  EXPECT_EQ(std::get<Symbolise>(*symbolise).frames, std::vector{some_frame()});
  EXPECT_FALSE(decode_question(encode(Question{Capture{0, 13, 7, true, 0, {}}}))) << "no process";
}

TEST(TracerProtocol, AnswersComeBackAndLongOnesAreCut) {
  Frames frames;
  frames.frames.assign(kMaxFrames + 10, some_frame());
  frames.frames[0].module = std::string(1000, '/') + "end";
  frames.problem = std::string(1000, 'p');
  const auto packet = encode(Answer{frames});
  EXPECT_LE(packet.size(), kMaxMessageBytes);
  const auto back = decode_answer(packet);
  ASSERT_TRUE(back);
  const Frames& got = std::get<Frames>(*back);
  ASSERT_EQ(got.frames.size(), kMaxFrames);
  EXPECT_EQ(got.frames[0].module.size(), kMaxPathBytes);
  EXPECT_TRUE(got.frames[0].module.ends_with("end"));
  EXPECT_EQ(got.frames[1], some_frame());
}

TEST(TracerProtocol, WhatIsCutShortOrTooLongIsRefused) {
  auto packet = encode(Answer{Symbols{{some_frame()}}});
  for (std::size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(decode_answer(std::span(packet).first(size))) << size;
  }
  packet.push_back(std::byte{0});
  EXPECT_FALSE(decode_answer(packet));
  EXPECT_FALSE(decode_answer(encode(Question{Capture{1, 1, 1, false, 0, {}}}))) << "a question is no answer";
  std::vector<std::byte> many(4, std::byte{0});
  many[0] = std::byte{4};
  many[2] = std::byte{kMaxFrames + 1};
  EXPECT_FALSE(decode_answer(many));
}

}  // namespace
}  // namespace ringmaster::tracer
