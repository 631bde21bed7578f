#include "client/types/outcome.h"

#include <string.h>

#include <algorithm>
#include <utility>

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
    case Status::Refused:
      return "refused";
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

bool Outcome::took_its_worker() const noexcept {
  return facts_.attempts != 0 && ringmaster::took_its_worker(facts_.cause);
}

namespace {

// The place of a stack's first frame: "#0 resize (resize.cc:88)" → "resize.cc:88". Empty: the text is not a stack.
std::string first_place(std::string_view stack) {
  if (!stack.starts_with('#')) return {};
  std::string_view line = stack.substr(0, stack.find('\n'));
  line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
  const std::size_t open = line.rfind(" (");
  if (open == std::string_view::npos || !line.ends_with(')')) return std::string(line);
  return std::string(line.substr(open + 2, line.size() - open - 3));
}

std::string short_id(std::uint64_t id) { return std::to_string(id >> 32) + "-" + std::to_string(id & 0xFFFFFFFF); }

std::string signal_words(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return "signal " + std::to_string(signal) + (name != nullptr ? " (SIG" + std::string(name) + ")" : "");
}

std::string short_time(Duration time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms >= 10'000 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

}  // namespace

std::string Outcome::describe() const {
  std::string line(to_string(facts_.status));
  switch (facts_.cause) {
    case Cause::CrashedSignal:
      line += " by " + signal_words(facts_.detail);
      break;
    case Cause::Poisoned:
      line += " (set aside: killed its worker too often), last " +
              (facts_.detail < kExitDetail ? "by " + signal_words(facts_.detail)
                                           : "with exit code " + std::to_string(facts_.detail - kExitDetail));
      break;
    case Cause::CrashedExit:
      line += ": the worker exited with code " + std::to_string(facts_.detail);
      break;
    case Cause::TooLarge:
      // The worker's message may contain it already.
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
    case Cause::PoolRemoved:
      line += " (" + std::string(to_string(facts_.cause)) + ")";
      break;
    case Cause::CancelledByForce:
      line += " by force";
      break;
  }
  if (took_its_worker() && facts_.timings.run > Duration(0)) line += " after " + short_time(facts_.timings.run);
  if (const std::string place = first_place(facts_.stack); !place.empty()) line += " in " + place;
  // For a crash the daemon's message would only repeat this line.
  const std::string& said = facts_.status == Status::Crashed ? facts_.what : facts_.message;
  if (!said.empty()) line += ": " + said;
  std::string about;
  if (facts_.attempts > 1) about = "attempt " + std::to_string(facts_.attempts);
  const auto add = [&about](const std::string& text) { about += (about.empty() ? "" : ", ") + text; };
  if (took_its_worker() && facts_.job_id != 0) add("job " + short_id(facts_.job_id));
  if (!facts_.worker.empty()) add("worker " + facts_.worker);
  if (!facts_.core.empty()) add(facts_.core);
  return about.empty() ? line : line + " (" + about + ")";
}

}  // namespace ringmaster
