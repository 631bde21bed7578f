#include "daemon/control/output_buffer.h"

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <span>

#include "proto/control.pb.h"
#include "proto/control_convert.h"
#include "proto/fd_passing.h"
#include "proto/frame.h"

namespace ringmaster::daemon {
namespace {

constexpr std::size_t kKeptCapacity = std::size_t{64} << 10;

}  // namespace

void OutputBuffer::add(const control::v1::Reply& reply, std::vector<UniqueFd> fds) {
  const std::size_t size = reply.ByteSizeLong();
  if (size > wire::kMaxFrameBytes) {
    return add(wire::error_reply(reply.id(), control::v1::ERROR_INTERNAL, "the reply is too large for a frame"), {});
  }
  const std::size_t at = bytes_.size();
  descriptors_ += fds.size();
  if (!fds.empty()) passed_.push_back({at, std::move(fds)});
  const auto length = static_cast<std::uint32_t>(size);
  bytes_.resize(at + wire::kFramePrefixBytes + size);
  std::memcpy(bytes_.data() + at, &length, sizeof length);
  reply.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes_.data()) + at + wire::kFramePrefixBytes);
}

Result<std::size_t> OutputBuffer::send(int socket) {
  std::array<int, wire::kMaxPassedFds> raw{};
  std::size_t count = 0;
  std::size_t end = bytes_.size();
  for (const Passed& one : passed_) {
    if (one.at > begin_) {
      end = one.at;
      break;
    }
    for (const UniqueFd& fd : one.fds) raw[count++] = fd.get();
  }
  const auto bytes = std::as_bytes(std::span(bytes_)).subspan(begin_, end - begin_);
  auto sent = wire::send_with_fds(socket, bytes, std::span<const int>(raw).first(count), MSG_DONTWAIT);
  if (!sent) return sent;
  descriptors_ -= count;
  if (count != 0) passed_.pop_front();
  drop_front(*sent);
  return sent;
}

void OutputBuffer::drop_front(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == bytes_.size()) {
    clear();
  } else if (begin_ > bytes_.size() / 2) {
    // Moves fewer bytes than were sent since the last time, so on average each byte is moved at most once.
    bytes_.erase(0, begin_);
    for (Passed& one : passed_) one.at -= begin_;
    begin_ = 0;
  }
}

void OutputBuffer::clear() {
  begin_ = 0;
  descriptors_ = 0;
  passed_.clear();
  bytes_.clear();
  if (bytes_.capacity() > kKeptCapacity) std::string().swap(bytes_);
}

}  // namespace ringmaster::daemon
