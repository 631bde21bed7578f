#include "proto/frame.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace ringmaster::wire {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Frame, HasFourBytesOfLengthInFront) { EXPECT_EQ(make_frame("ab"), std::string("\x02\0\0\0ab", 6)); }

TEST(FrameDecoder, FindsFramesHoweverTheyAreSplit) {
  std::mt19937 random(3);
  std::string stream;
  std::vector<std::string> bodies;
  for (int i = 0; i < 50; ++i) {
    bodies.emplace_back(1 + random() % 300, static_cast<char>('a' + i % 26));
    stream += make_frame(bodies.back());
  }
  for (int round = 0; round < 50; ++round) {
    FrameDecoder decoder;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t piece = std::min<std::size_t>(1 + random() % 97, stream.size() - at);
      decoder.feed(bytes_of(stream.substr(at, piece)));
      at += piece;
      while (auto body = decoder.take()) found.push_back(*body);
    }
    EXPECT_EQ(found, bodies);
    EXPECT_FALSE(decoder.half_frame());
  }
}

TEST(FrameDecoder, SaysThatAFrameIsHalf) {
  FrameDecoder decoder;
  EXPECT_FALSE(decoder.half_frame());
  decoder.feed(bytes_of(std::string("\x05\0", 2)));
  EXPECT_FALSE(decoder.take());
  EXPECT_TRUE(decoder.half_frame());
  decoder.feed(bytes_of(std::string("\0\0hello", 7)));
  EXPECT_EQ(decoder.take(), "hello");
  EXPECT_FALSE(decoder.half_frame());
}

TEST(FrameDecoder, TakesTheLargestFrameAndRefusesALargerOneForGood) {
  const std::string largest = make_frame(std::string(kMaxFrameBytes, 'x'));
  FrameDecoder decoder;
  decoder.feed(bytes_of(largest));
  EXPECT_EQ(decoder.take()->size(), kMaxFrameBytes);

  std::string prefix(4, '\0');
  const std::uint32_t length = kMaxFrameBytes + 1;
  std::memcpy(prefix.data(), &length, 4);
  decoder.feed(bytes_of(prefix));
  EXPECT_FALSE(decoder.take());
  EXPECT_EQ(decoder.state(), FrameDecoder::State::Oversize);
  EXPECT_EQ(decoder.claimed(), length);
  decoder.feed(bytes_of(make_frame("fine")));
  EXPECT_FALSE(decoder.take());
}

TEST(FrameDecoder, RefusesAnEmptyFrame) {
  FrameDecoder decoder;
  decoder.feed(bytes_of(std::string(4, '\0')));
  EXPECT_FALSE(decoder.take());
  EXPECT_EQ(decoder.state(), FrameDecoder::State::Empty);
}

TEST(FrameDecoder, ReadsHttpAsAnOversizedFrame) {
  FrameDecoder decoder;
  decoder.feed(bytes_of("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(decoder.take());
  EXPECT_EQ(decoder.state(), FrameDecoder::State::Oversize);
}

}  // namespace
}  // namespace ringmaster::wire
