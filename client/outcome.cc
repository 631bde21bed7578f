#include "client/outcome.h"

#include <string.h>

#include <utility>

#include "client/session_core.h"

namespace ringmaster {

std::string_view to_string(Status status) noexcept {
  switch (status) {
    case Status::Done:
      return "done";
    case Status::Failed:
      return "failed";
    case Status::Crashed:
      return "crashed";
    case Status::TimedOut:
      return "timed out";
    case Status::Cancelled:
      return "cancelled";
    case Status::Rejected:
      return "rejected";
    case Status::Lost:
      return "lost";
  }
  return "lost";
}

Outcome& Outcome::operator=(Outcome&& other) noexcept {
  if (this == &other) return *this;
  release();
  facts_ = std::move(other.facts_);
  session_ = std::move(other.session_);
  extent_ = std::exchange(other.extent_, 0);
  in_place_ = std::exchange(other.in_place_, {});
  copy_ = std::move(other.copy_);
  return *this;
}

std::span<const std::byte> Outcome::result() const noexcept {
  if (!session_) return std::as_bytes(std::span(copy_));
  return session_->forked() ? std::span<const std::byte>() : in_place_;
}

void Outcome::release() noexcept {
  if (!session_) return;
  session_->give_back_result(extent_);
  session_.reset();
}

std::string Outcome::describe() const {
  std::string line(to_string(facts_.status));
  switch (facts_.cause) {
    case Cause::CrashedSignal:
    case Cause::Poisoned: {
      const char* name = ::sigabbrev_np(facts_.detail);
      line += facts_.cause == Cause::Poisoned ? " (set aside: killed its worker too often), last by signal "
                                              : " by signal ";
      line += std::to_string(facts_.detail);
      if (name != nullptr) line += " (SIG" + std::string(name) + ")";
      break;
    }
    case Cause::CrashedExit:
      line += ": the worker exited with code " + std::to_string(facts_.detail);
      break;
    case Cause::TooLarge:
      // A worker's sentence says it already.
      if (facts_.message.find(std::to_string(facts_.needed_bytes)) == std::string::npos)
        line += ": the result needs " + std::to_string(facts_.needed_bytes) + " bytes of room";
      break;
    case Cause::None:
    case Cause::Completed:
    case Cause::Application:
    case Cause::Cancelled:
    case Cause::Lost:
      break;
    case Cause::Invalid:
    case Cause::UnknownHandler:
    case Cause::QueueTimeout:
    case Cause::RunTimeout:
    case Cause::OutOfMemory:
    case Cause::ProtocolViolation:
    case Cause::Refused:
      line += " (" + std::string(to_string(facts_.cause)) + ")";
      break;
  }
  if (!facts_.message.empty()) line += ": " + facts_.message;
  if (facts_.attempts > 1) line += " (attempt " + std::to_string(facts_.attempts) + ")";
  return line;
}

}  // namespace ringmaster
