#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringmaster::wire {

/// Most bytes of one frame's body on the control socket; a payload of 1 MiB and its message fit with room.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{2} << 20;
inline constexpr std::size_t kFramePrefixBytes = 4;

/// `body` with its length as four little-endian bytes in front. REQUIRES: body.size() <= kMaxFrameBytes.
[[nodiscard]] std::string make_frame(std::string_view body);

/// Cuts a byte stream into frames. Pure: bytes are fed, bodies come out. A length beyond the limit or of zero is
/// garbage; the decoder then stays broken, since where the next frame begins cannot be known.
class FrameDecoder {
 public:
  enum class State : std::uint8_t { Ok, Oversize, Empty };

  /// Appends what was read. At most one frame more than kMaxFrameBytes is ever held: feed, then take all.
  void feed(std::span<const std::byte> bytes);
  /// The next whole body, or nullopt when more bytes are needed or the stream is broken.
  [[nodiscard]] std::optional<std::string> take();

  [[nodiscard]] State state() const { return state_; }
  /// A frame has begun and not ended: the peer owes bytes.
  [[nodiscard]] bool half_frame() const { return state_ == State::Ok && begin_ < buffer_.size(); }
  /// How long the body is that has begun and is not whole yet, as far as that is known; 0: none.
  [[nodiscard]] std::size_t begun() const;
  /// The length that the broken prefix claimed.
  [[nodiscard]] std::uint32_t claimed() const { return claimed_; }

 private:
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what has not been taken
  State state_ = State::Ok;
  std::uint32_t claimed_ = 0;
};

}  // namespace ringmaster::wire
