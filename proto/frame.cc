#include "proto/frame.h"

#include <cstring>

#include "base/check.h"

namespace ringmaster::wire {

std::string make_frame(std::string_view body) {
  RM_CHECK(body.size() <= kMaxFrameBytes, "%zu", body.size());
  const auto length = static_cast<std::uint32_t>(body.size());
  std::string frame(kFramePrefixBytes, '\0');
  frame.reserve(kFramePrefixBytes + body.size());
  std::memcpy(frame.data(), &length, sizeof length);
  frame += body;
  return frame;
}

void FrameDecoder::feed(std::span<const std::byte> bytes) {
  if (state_ != State::Ok) return;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::size_t FrameDecoder::begun() const {
  if (state_ != State::Ok || buffer_.size() - begin_ < kFramePrefixBytes) return 0;
  std::uint32_t length = 0;
  std::memcpy(&length, buffer_.data() + begin_, sizeof length);
  return buffer_.size() - begin_ - kFramePrefixBytes < length ? length : 0;
}

std::optional<std::string> FrameDecoder::take() {
  if (state_ != State::Ok || buffer_.size() - begin_ < kFramePrefixBytes) return std::nullopt;
  std::uint32_t length = 0;
  std::memcpy(&length, buffer_.data() + begin_, sizeof length);
  if (length == 0 || length > kMaxFrameBytes) {
    state_ = length == 0 ? State::Empty : State::Oversize;
    claimed_ = length;
    buffer_.clear();
    begin_ = 0;
    return std::nullopt;
  }
  if (buffer_.size() - begin_ - kFramePrefixBytes < length) return std::nullopt;
  std::string body = buffer_.substr(begin_ + kFramePrefixBytes, length);
  begin_ += kFramePrefixBytes + length;
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
    if (buffer_.capacity() > 4 * std::size_t{65536}) buffer_.shrink_to_fit();
  }
  return body;
}

}  // namespace ringmaster::wire
