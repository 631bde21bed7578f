#include "worker/job/job_context.h"

#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include "base/text.h"
#include "shm/layout.h"
#include "shm/message_log.h"
#include "shm/port/hints.h"
#include "worker/job/output_capture.h"

namespace ringmaster::worker {
namespace {

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

const rm_job_calls JobContext::kCalls = {
    .struct_size = sizeof(rm_job_calls),
    .abi = RINGMASTER_HANDLER_ABI,
    .argument = [](rm_job* raw, const char* name, size_t name_size, const char** value, size_t* value_size) -> int {
      std::string_view found;
      if (!of(raw).find_argument({name, name_size}, found)) return 0;
      *value = found.data();
      *value_size = found.size();
      return 1;
    },
    .reserve = [](rm_job* raw, std::uint64_t size) -> void* {
      JobContext& self = of(raw);
      if (size > self.output_.size() - self.committed_ && !self.get_room(size)) {
        self.reserved_ = 0;
        self.needed_ = self.committed_ + std::min(size, UINT64_MAX - self.committed_);
        return nullptr;
      }
      self.reserved_ = size;
      // Null would mean refusal: an empty reservation gets a valid pointer too.
      static std::byte nowhere;
      return self.output_.empty() ? &nowhere : self.output_.data() + self.committed_;
    },
    .commit = [](rm_job* raw, std::uint64_t size) -> int {
      JobContext& self = of(raw);
      if (size > self.reserved_) return 0;
      self.reserved_ = 0;
      self.committed_ += size;
      return 1;
    },
    .needs = [](rm_job* raw, std::uint64_t size) { of(raw).needed_ = size; },
    .message =
        [](rm_job* raw, const char* text, size_t size) {
          of(raw).say({text, size});
        },
    .progress = [](rm_job* raw) { of(raw).progress_.fetch_add(1, std::memory_order_relaxed); },
    .cancelled = [](rm_job* raw) -> int {
      const JobInput& job = *of(raw).job_;
      // Relaxed: the word only says stop; no other memory is read because of it.
      return (job.client_cancel != nullptr && job.client_cancel->load(std::memory_order_relaxed) == job.seq) ||
             (job.supervisor_cancel != nullptr && job.supervisor_cancel->load(std::memory_order_relaxed) == job.intent);
    },
    .deadline_left = [](rm_job* raw) -> std::int64_t {
      const std::int64_t deadline = of(raw).job_->deadline_ns;
      return deadline == INT64_MAX ? INT64_MAX : deadline - monotonic_ns();
    },
    .keep_process = [](rm_job* raw, std::int64_t pid) -> int {
      const KeepProcess& keep = of(raw).keep_process_;
      return keep && keep(pid) ? 1 : 0;
    },
    .writable_input = [](rm_job* raw) -> void* {
      JobContext& self = of(raw);
      if (self.job_->writable_input != nullptr) self.input_lent_ = true;
      return self.job_->writable_input;
    },
    .send = [](rm_job* raw, std::uint32_t kind, const void* bytes, std::uint64_t size) -> int {
      return of(raw).send(kind, {static_cast<const std::byte*>(bytes), size}) ? 1 : 0;
    },
};

JobContext::JobContext(std::atomic<std::uint64_t>& progress, KeepProcess keep_process)
    : rm_job{}, progress_(progress), keep_process_(std::move(keep_process)) {
  struct_size = sizeof(rm_job);
  calls = &kCalls;
}

bool JobContext::prepare(const RegisteredHandler& handler, const JobInput& job) {
  handler_ = &handler;
  job_ = &job;
  attempt = job.attempt;
  id = job.id;
  input = job.input.data();
  input_size = job.input.size();
  capacity = job.output.size();
  committed_ = reserved_ = needed_ = 0;
  output_ = job.output;
  no_room_ = false;
  input_lent_ = false;
  message_size_ = 0;
  if (job.arguments.empty() && !handler.needs_arguments) {
    given_.clear();
  } else if (!take_arguments(handler, job.arguments)) {
    return false;
  }
  const HandlerDescription& about = handler.description;
  if (about.max_request_bytes == 0 || input_size <= about.max_request_bytes) return true;
  say("the request has " + std::to_string(input_size) + " bytes, handler \"" + about.name + "\" takes at most " +
      std::to_string(about.max_request_bytes));
  return false;
}

// In a section of its own, so that the tracer sees where a stack leaves the job's handler even in a stripped program.
__attribute__((section("ringmaster_run"), noinline)) std::int32_t JobContext::call() {
  errno = 0;  // So that a handler that reports errno does not report an old one.
  // Kept in a variable: a tail call would leave no frame of this function on the stack.
  const std::int32_t code = handler_->run(this, handler_->user);
  asm volatile("" ::"r"(code));
  return code;
}

JobEnd JobContext::end(std::int32_t code) {
  if (code < RM_DONE || code > RM_FAILED_WITH_RESULT) {
    say("the handler returned the unknown code " + std::to_string(code));
    code = RM_FAILED;
  }
  if (code == RM_TOO_LARGE && needed_ <= output_.size()) {
    say("the handler refused its result as too large, but it would fit: " + std::to_string(needed_) + " of " +
        std::to_string(output_.size()) + " bytes");
    code = RM_FAILED;
  }
  if (code == RM_TOO_LARGE) say(too_large());
  const bool has_result = code == RM_DONE || code == RM_FAILED_WITH_RESULT;
  // It asked for more room than its result takes after all.
  if (has_result && output_.data() != job_->output.data() && committed_ != 0 && committed_ <= capacity)
    std::memcpy(job_->output.data(), output_.data(), committed_);
  JobEnd end;
  end.code = code;
  end.size = has_result ? committed_ : 0;
  end.needed = code == RM_TOO_LARGE ? needed_ : 0;
  end.no_room = code == RM_TOO_LARGE && no_room_;
  end.message = {message_.data(), message_size_};
  return end;
}

bool JobContext::send(std::uint32_t kind, std::span<const std::byte> bytes) noexcept {
  const JobMessages& to = job_->messages;
  if (kind > RM_SEND_ERROR || to.log.empty()) return false;
  std::unique_lock<std::mutex> turn;
  if (to.output != nullptr) turn = to.output->take_turn();
  if (!shm::MessageWriter(to.log).append(static_cast<shm::MessageKind>(kind), attempt, bytes)) return false;
  shm::announce_done(*to.reply, to.slot);
  return true;
}

std::string JobContext::too_large() const {
  std::string text =
      "the result takes " + std::to_string(needed_) + " bytes, the caller offered room for " + std::to_string(capacity);
  return no_room_ ? text + ", and more cannot be had: " + job_->room->why() : text;
}

// No exception may reach a handler that is not C++.
bool JobContext::get_room(std::uint64_t size) noexcept {
  if (job_->room == nullptr || size > UINT64_MAX - committed_) return false;
  try {
    const auto grown =
        job_->room->grow({id, job_->intent}, output_.first(committed_), output_.size(), committed_ + size);
    no_room_ = grown.empty();
    if (!no_room_) output_ = grown;
  } catch (const std::bad_alloc&) {
    no_room_ = true;
  }
  return !no_room_;
}

bool JobContext::take_arguments(const RegisteredHandler& handler, std::span<const std::byte> encoded) {
  auto given = decode_arguments(encoded);
  if (!given) {
    say(given.error().message);
    return false;
  }
  given_ = std::move(*given);
  if (const auto fine = check_arguments(handler.description, given_); !fine) {
    say(fine.error().message);
    return false;
  }
  return true;
}

bool JobContext::find_argument(std::string_view name, std::string_view& value) const {
  for (const ArgumentView& one : given_) {
    if (one.key == name) {
      value = one.value;
      return true;
    }
  }
  const auto& described = handler_->description.arguments;
  for (std::size_t i = 0; i < described.size(); ++i) {
    if (described[i].name == name && handler_->has_default[i]) {
      value = described[i].default_value;
      return true;
    }
  }
  return false;
}

void JobContext::say(std::string_view text) {
  const std::string kept = shorten_text(text, shm::kMessageBytes);
  message_size_ = std::min(kept.size(), message_.size());
  if (message_size_ > 0) std::memcpy(message_.data(), kept.data(), message_size_);
}

}  // namespace ringmaster::worker
