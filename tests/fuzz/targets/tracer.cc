// Between the supervisor and its tracer, which reads what a hostile worker has mapped: the answers are not trusted. And
// what is made of them: the texts of an incident.
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "daemon/core/worker/stack_text.h"
#include "daemon/incidents/incident_log.h"
#include "daemon/link/tracer_protocol.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/sentence.h"

namespace ringmaster::fuzz {
namespace {

template <std::size_t Size>
void check_room(const char (&room)[Size]) {
  const auto* const end = static_cast<const char*>(std::memchr(room, 0, Size));
  RM_CHECK(end != nullptr, "an incident's text without an end");
  RM_CHECK(is_clean_text({room, static_cast<std::size_t>(end - room)}), "an incident's text is not fit to be shown");
}

// A ledger with nothing in it but this incident.
void record(const std::string& text, const std::string& full) {
  static const std::unique_ptr<shm::LedgerRecord> ledger = std::make_unique<shm::LedgerRecord>();
  daemon::IncidentLog log(*ledger);
  const std::uint64_t serial = log.open({0, 1, 2, 3}, {4, 5, full}, 6);
  log.set_stack(serial, text, full);
  log.set_core(serial, text);
  log.set_what(serial, full);
  const shm::LedgerIncident& incident = *log.find(serial);
  check_room(incident.stack);
  check_room(incident.full_stack);
  check_room(incident.core);
  check_room(incident.what);
  check_room(incident.handler);
}

void show(const std::vector<core::StackFrame>& frames) {
  RM_CHECK(frames.size() <= tracer::kMaxFrames, "%zu frames", frames.size());
  for (const core::StackFrame& frame : frames) {
    RM_CHECK(core::short_name(frame.function).size() <= frame.function.size(), "a short name that is longer");
    (void)core::to_string(frame);
  }
  const std::string text = core::short_stack(frames);
  const std::string full = core::full_stack(frames);
  RM_CHECK(text.empty() == frames.empty() && full.empty() == frames.empty(), "a stack of nothing");
  for (const unsigned most : {0U, 1U, 3U}) (void)core::stack_summary(text, most);
  (void)core::first_place(text);
  record(text, full);
}

template <typename Decode>
void decode(const std::vector<std::byte>& packet, Decode&& decoder) {
  const auto message = decoder(packet);
  if (!message) return check_sentence(message.error().message);
  const auto encoded = tracer::encode(*message);
  const auto again = decoder(encoded);
  RM_CHECK(again && tracer::encode(*again) == encoded, "a message that changes on its way");
  std::visit(
      [](const auto& one) {
        if constexpr (requires { one.frames; }) show(one.frames);
      },
      *message);
}

void run(Input input) {
  Script script(input);
  const auto kind = script.next<std::uint8_t>();
  const std::vector<std::byte> packet = exact_copy(script.rest());
  switch (kind % 3) {
    case 0:
      return decode(packet, [](const auto& bytes) { return tracer::decode_question(bytes); });
    case 1:
      return decode(packet, [](const auto& bytes) { return tracer::decode_answer(bytes); });
    default: {
      const std::string text = clean_text({reinterpret_cast<const char*>(packet.data()), packet.size()});
      (void)core::first_place(text);
      (void)core::stack_summary(text, kind / 3);
      record(core::short_name(text), text);
    }
  }
}

std::vector<std::string> seeds() {
  std::vector<core::StackFrame> frames(3);
  frames[0] = {"/usr/lib/libc.so.6", "ab12", 0x1234, true, false, "raise", "raise.c", 26};
  frames[1] = {"/opt/libimages.so",
               "",
               0x99,
               false,
               false,
               "std::vector<int, std::allocator<int> > images::(anonymous namespace)::resize<int>(int, Size const&)::"
               "{lambda(int)#1}::operator()(int) const",
               "/src/resize.cc",
               88};
  frames[2].handler_call = true;
  frames[2].offset = 0x77;
  const auto seed = [](std::uint8_t kind, std::span<const std::byte> bytes) {
    return SeedWriter().put(kind).raw(bytes).take();
  };
  std::vector<std::string> seeds;
  seeds.push_back(seed(0, tracer::encode(tracer::Question{tracer::Capture{12, 13, 1, true, 99}})));
  seeds.push_back(seed(0, tracer::encode(tracer::Question{tracer::Symbolise{frames}})));
  seeds.push_back(seed(1, tracer::encode(tracer::Answer{tracer::Frames{frames, 0, ""}})));
  seeds.push_back(seed(1, tracer::encode(tracer::Answer{tracer::Frames{{}, 7, "gone"}})));
  seeds.push_back(seed(1, tracer::encode(tracer::Answer{tracer::Symbols{frames}})));
  seeds.push_back(std::string(1, '\x2') + core::full_stack(frames));
  seeds.push_back(std::string(1, '\x5') + "bool Bytes::operator<< <int>(char const*) [clone .isra.0]");
  return seeds;
}

}  // namespace

const Target& target() {
  static const Target tracer{.name = "tracer", .run = run, .seeds = seeds};
  return tracer;
}

}  // namespace ringmaster::fuzz
