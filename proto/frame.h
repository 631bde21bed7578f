#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringmaster::wire {

/// The most bytes of one frame's body on the control socket: ample for a payload of 1 MiB and its message.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{2} << 20;
inline constexpr std::size_t kFramePrefixBytes = 4;

/// `body` with its length as four little-endian bytes in front. REQUIRES: body.size() <= kMaxFrameBytes.
[[nodiscard]] std::string make_frame(std::string_view body);

/// Cuts a byte stream into frames. Pure: bytes in, bodies out. A length of zero or above the limit breaks the decoder
/// for good, because it cannot know where the next frame begins.
class FrameDecoder {
 public:
  enum class State : std::uint8_t { Ok, Oversize, Empty };

  /// Appends what was read. Call take() until it returns nullopt after each feed(), so that little is held here.
  void feed(std::span<const std::byte> bytes);
  /// The next whole body, or nullopt when more bytes are needed or the stream is broken.
  [[nodiscard]] std::optional<std::string> take();

  [[nodiscard]] State state() const { return state_; }
  /// True when a frame has begun and is not complete.
  [[nodiscard]] bool half_frame() const { return state_ == State::Ok && begin_ < buffer_.size(); }
  /// The body length of an incomplete frame, as its prefix says; 0: there is none, or its length is not known yet.
  [[nodiscard]] std::size_t begun() const;
  /// The length in the prefix that broke the decoder.
  [[nodiscard]] std::uint32_t claimed() const { return claimed_; }

 private:
  std::string buffer_;
  std::size_t begin_ = 0;  ///< where the bytes begin that have not been taken
  State state_ = State::Ok;
  std::uint32_t claimed_ = 0;
};

}  // namespace ringmaster::wire
