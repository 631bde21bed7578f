#include "client/types/request.h"

namespace ringmaster {

Request::Request(Request&& other) noexcept
    : session_(std::move(other.session_)),
      extent_(std::exchange(other.extent_, 0)),
      offset_(std::exchange(other.offset_, 0)),
      taken_(std::exchange(other.taken_, 0)),
      bytes_(std::exchange(other.bytes_, {})) {}
Request& Request::operator=(Request&& other) noexcept {
  if (this == &other) return *this;
  if (session_) session_->give_back_request(extent_);
  session_ = std::move(other.session_);
  extent_ = std::exchange(other.extent_, 0);
  offset_ = std::exchange(other.offset_, 0);
  taken_ = std::exchange(other.taken_, 0);
  bytes_ = std::exchange(other.bytes_, {});
  return *this;
}
std::span<std::byte> Request::bytes() const noexcept {
  // A forked child does not have the mapping: using the span would fault.
  return session_ && session_->forked() ? std::span<std::byte>() : bytes_;
}

}  // namespace ringmaster
