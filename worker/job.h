#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

// Public header: installed next to the others, so it names them by file and not from the repository's root.
#include "handler_abi.h"
#include "job_arguments.h"
#include "job_errors.h"

namespace ringmaster {

/// A job, as its handler sees it: input and output in place in shared memory, arguments, deadline.
///
/// Belongs to the worker; valid until the handler returns, as is every span and view it hands out. One thread at a
/// time, except progress(), cancelled() and deadline_left(), which any thread of the handler may call. The input may be
/// the client's live memory: a handler that claims to be change_safe never depends on reading the same bytes twice.
class Job {
 public:
  explicit Job(rm_job* raw) noexcept : raw_(raw) {}

  /// The public job id, the same on every attempt.
  [[nodiscard]] std::uint64_t id() const noexcept { return raw_->id; }
  /// 1 on the first run; more when an earlier worker died running this job.
  [[nodiscard]] unsigned attempt() const noexcept { return raw_->attempt; }

  [[nodiscard]] std::span<const std::byte> input() const noexcept {
    return {static_cast<const std::byte*>(raw_->input), static_cast<std::size_t>(raw_->input_size)};
  }
  [[nodiscard]] std::string_view input_text() const noexcept {
    return {static_cast<const char*>(raw_->input), static_cast<std::size_t>(raw_->input_size)};
  }

  /// For how many bytes of the whole result there is room already; reserve() and output() get more from the daemon.
  [[nodiscard]] std::size_t capacity() const noexcept { return static_cast<std::size_t>(raw_->capacity); }

  /// `size` writable bytes of the result, after what was committed; a new reservation replaces an uncommitted one.
  /// Throws ResultTooLarge.
  [[nodiscard]] std::span<std::byte> reserve(std::size_t size) {
    void* const place = raw_->calls->reserve(raw_, size);
    if (place == nullptr) throw ResultTooLarge(committed_ + size);
    return {static_cast<std::byte*>(place), size};
  }
  /// Makes the first `size` bytes of the reservation part of the result.
  /// Throws std::length_error when `size` is more than was reserved.
  void commit(std::size_t size) {
    if (raw_->calls->commit(raw_, size) == 0) throw std::length_error("commit() of more bytes than were reserved");
    committed_ += size;
  }
  [[nodiscard]] std::size_t committed() const noexcept { return committed_; }

  /// Appends to the result. Throws ResultTooLarge.
  void output(std::span<const std::byte> bytes) {
    const auto place = reserve(bytes.size());
    if (!bytes.empty()) std::memcpy(place.data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void output(std::string_view text) { output(std::as_bytes(std::span(text))); }

  /// Arguments by name. They were checked against the handler's description, with its defaults, before it runs.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
    const char* value = nullptr;
    std::size_t size = 0;
    if (raw_->calls->argument(raw_, name.data(), name.size(), &value, &size) == 0) return std::nullopt;
    return std::string_view(value, size);
  }
  [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
  /// Throw InvalidJob when the argument has neither value nor default, or its value is not of that type.
  [[nodiscard]] std::string_view text(std::string_view name) const {
    if (const auto value = find(name)) return *value;
    throw InvalidJob("argument \"" + std::string(name) + "\" is missing");
  }
  [[nodiscard]] std::int64_t integer(std::string_view name) const {
    return argument_number<std::int64_t>(name, text(name), "an integer");
  }
  [[nodiscard]] double real(std::string_view name) const {
    return argument_number<double>(name, text(name), "a number");
  }
  [[nodiscard]] bool flag(std::string_view name) const { return argument_flag(name, text(name)); }

  /// One line that the caller gets beside the result of a job that is done. The last call counts; the message of a
  /// failure replaces it.
  void remark(std::string_view text) noexcept { raw_->calls->message(raw_, text.data(), text.size()); }

  /// A sign of life, shown in the status and in the report about a killed worker.
  void progress() noexcept { raw_->calls->progress(raw_); }
  /// True once the job must stop: it was cancelled, or its run deadline has passed. Costs a few nanoseconds. A handler
  /// that checks this sets `listens_to_cancel` in its description, and gets a grace period before it is killed.
  [[nodiscard]] bool cancelled() const noexcept { return raw_->calls->cancelled(raw_) != 0; }
  void throw_if_cancelled() const {
    if (cancelled()) throw JobCancelled();
  }
  /// Time to the run deadline, negative when it has passed; nanoseconds::max() without one.
  [[nodiscard]] std::chrono::nanoseconds deadline_left() const noexcept {
    return std::chrono::nanoseconds(raw_->calls->deadline_left(raw_));
  }

  /// Declares process `pid`, which this job started, a helper that outlives the job: it is neither killed nor reaped as
  /// left behind. False: no such process, or the worker is too old. `starts_helpers` in the description declares all
  /// processes that its jobs start.
  bool keep_process(pid_t pid) noexcept {
    if (raw_->calls->struct_size <= offsetof(rm_job_calls, keep_process)) return false;
    return raw_->calls->keep_process(raw_, pid) != 0;
  }

  /// A writable view of the request, until the handler returns; nobody else sees what it writes. Empty: the description
  /// does not set `writes_input`, the kernel refused the memory, or the worker is too old.
  [[nodiscard]] std::span<std::byte> writable_input() noexcept {
    if (raw_->calls->struct_size <= offsetof(rm_job_calls, writable_input)) return {};
    auto* const place = static_cast<std::byte*>(raw_->calls->writable_input(raw_));
    return {place, place != nullptr ? static_cast<std::size_t>(raw_->input_size) : 0};
  }

  /// Sends a message to the job's submitter, which it gets before the outcome, in order. Never waits. False: dropped,
  /// because the submitter left no room for messages (SubmitOptions::messages) or has used it up, or because the worker
  /// is too old. An attempt that dies has sent what it has sent: the next one sends behind it.
  bool send_message(std::span<const std::byte> bytes) noexcept { return send(RM_SEND_MESSAGE, bytes); }
  bool send_message(std::string_view text) noexcept { return send_message(std::as_bytes(std::span(text))); }
  /// The same for text that the submitter shows as output, or with `error` as error output.
  bool send_output(std::string_view text, bool error = false) noexcept {
    return send(error ? RM_SEND_ERROR : RM_SEND_OUTPUT, std::as_bytes(std::span(text)));
  }

  [[nodiscard]] rm_job* raw() const noexcept { return raw_; }

 private:
  bool send(std::uint32_t kind, std::span<const std::byte> bytes) noexcept {
    if (raw_->calls->struct_size <= offsetof(rm_job_calls, send)) return false;
    return raw_->calls->send(raw_, kind, bytes.data(), bytes.size()) != 0;
  }

  rm_job* raw_;
  std::size_t committed_ = 0;
};

}  // namespace ringmaster
