#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "client/abi/c_values.h"
#include "client/abi/session_abi.h"

// No exception leaves these functions.

namespace {

using ringmaster::Ended;
using ringmaster::Outcome;
using ringmaster::OutcomeFacts;
using ringmaster::Session;
using ringmaster::abi::kFirstSize;

uint64_t ns_of(ringmaster::Duration time) {
  return static_cast<uint64_t>(std::max(time, ringmaster::Duration(0)).count());
}

void show_death(const OutcomeFacts& facts, rm_outcome& outcome) {
  outcome.worker = facts.worker.c_str();
  outcome.stack = facts.stack.c_str();
  outcome.what = facts.what.c_str();
  outcome.core = facts.core.c_str();
}

void show_message(const ringmaster::Message& message, rm_outcome& outcome) {
  outcome.status = outcome.cause = 0;
  outcome.cause_name = "";
  outcome.detail = static_cast<uint32_t>(message.kind);
  outcome.job_id = message.job_id;
  outcome.attempts = message.attempt;
  outcome.result = message.bytes.data();
  outcome.result_bytes = message.bytes.size();
}

// What a fetch may change.
void show_result(const Outcome& ended, rm_outcome& outcome) {
  const OutcomeFacts& facts = ended.facts();
  const std::span<const std::byte> result = ended.result();
  outcome.status = static_cast<uint32_t>(facts.status);
  outcome.cause = static_cast<uint32_t>(facts.cause);
  outcome.cause_name = to_string(facts.cause).data();  // a literal
  outcome.result = result.data();
  outcome.result_bytes = result.size();
  outcome.message = facts.message.c_str();
}

rm_outcome shown(const Ended& ended) {
  const OutcomeFacts& facts = ended.outcome.facts();
  rm_outcome outcome{};
  show_result(ended.outcome, outcome);
  outcome.detail = facts.detail;
  outcome.cookie = ended.cookie;
  outcome.job_id = facts.job_id;
  outcome.attempts = facts.attempts;
  outcome.queued_ns = ns_of(facts.timings.queued);
  outcome.run_ns = ns_of(facts.timings.run);
  outcome.needed_bytes = facts.needed_bytes;
  outcome.handler = facts.handler.c_str();
  outcome.dropped_messages = facts.dropped_messages;
  show_death(facts, outcome);
  if (ended.message) show_message(*ended.message, outcome);
  return outcome;
}

// The program's struct may be smaller or larger than ours.
void hand_over(rm_outcome outcome, std::unique_ptr<Ended> held, rm_outcome* to) {
  const uint32_t size = to->struct_size;
  outcome.struct_size = size;
  outcome.held = held.release();
  std::memset(to, 0, size);
  std::memcpy(to, &outcome, std::min<std::size_t>(size, sizeof outcome));
}

template <typename Take>
int tell(rm_session* session, rm_outcome* outcome, Take&& take) noexcept {
  if (outcome == nullptr || outcome->struct_size < kFirstSize<rm_outcome> ||
      outcome->struct_size > ringmaster::abi::kMostStructSize)
    return RM_NOT_TOLD;
  try {
    auto ended = std::make_unique<Ended>();
    if (!take(*ended)) return session->session.over() ? RM_OVER : RM_NONE;
    const rm_outcome seen = shown(*ended);
    const int told = Session::is_away(ended->outcome) ? int{RM_AWAY} : int{RM_ENDED};
    const int what = ended->message ? int{RM_MESSAGE} : told;
    hand_over(seen, std::move(ended), outcome);
    return what;
  } catch (const std::exception&) {
    return RM_NOT_TOLD;
  }
}

}  // namespace

extern "C" {

int rm_session_next(rm_session* session, uint64_t timeout_ns, rm_outcome* outcome) {
  return tell(session, outcome,
              [&](Ended& ended) { return session->session.next(ended, ringmaster::abi::from_ns(timeout_ns)); });
}

int rm_session_poll(rm_session* session, rm_outcome* outcome) {
  return tell(session, outcome, [&](Ended& ended) { return session->session.poll(ended); });
}

void rm_session_fetch(rm_session* session, rm_outcome* outcome) {
  if (outcome == nullptr || outcome->held == nullptr) return;
  auto& ended = *static_cast<Ended*>(outcome->held);
  if (!Session::is_away(ended.outcome)) return;
  session->session.fetch(ended.outcome);
  show_result(ended.outcome, *outcome);
}

void rm_outcome_free(rm_outcome* outcome) {
  if (outcome == nullptr || outcome->held == nullptr) return;
  delete static_cast<Ended*>(outcome->held);
  outcome->held = nullptr;
  outcome->result = nullptr;
  outcome->result_bytes = 0;
  for (const char** text :
       {&outcome->message, &outcome->handler, &outcome->worker, &outcome->stack, &outcome->what, &outcome->core}) {
    *text = "";
  }
}

void rm_session_explain(rm_session* session, rm_outcome* outcome, uint64_t limit_ns) {
  if (outcome == nullptr || outcome->held == nullptr) return;
  auto& ended = *static_cast<Ended*>(outcome->held);
  try {
    session->session.explain(ended.outcome, ringmaster::abi::from_ns(limit_ns));
  } catch (const std::exception&) {
    // The outcome is unchanged.
  }
  show_death(ended.outcome.facts(), *outcome);
}

size_t rm_outcome_describe(const rm_outcome* outcome, char* text, size_t size) {
  try {
    const bool held = outcome != nullptr && outcome->held != nullptr;
    const std::string line = held ? static_cast<const Ended*>(outcome->held)->outcome.describe() : "no outcome";
    ringmaster::abi::copy_text(line, text, size);
    return line.size();
  } catch (const std::exception&) {
    ringmaster::abi::copy_text("", text, size);
    return 0;
  }
}

}  // extern "C"
