// The control messages between supervisor and worker, both ways: a worker is not trusted, and a worker that is handed
// nonsense says so instead of serving it. Also the handler table that a worker sends in pieces.
#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "proto/handler_table.h"
#include "proto/worker_link.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/sentence.h"
#include "tests/fuzz/some_handlers.h"

namespace ringmaster::fuzz {
namespace {

namespace link = worker_link;

void to_worker(std::string_view bytes, std::size_t fds) {
  const std::vector<std::byte> packet = exact_copy(bytes);
  const auto message = link::decode_to_worker(packet, fds);
  if (!message) return check_sentence(message.error().message);
  RM_CHECK(link::encode(*message) == packet, "a message that no supervisor writes so");
  RM_CHECK(link::fds_of(*message) == fds && packet.size() <= link::kMaxMessageBytes, "%zu descriptors", fds);
  if (const auto* attach = std::get_if<link::Attach>(&*message)) {
    RM_CHECK(attach->index < link::kMaxSessions && attach->serial != 0 && attach->slots <= link::kMaxSlots &&
                 attach->priority < link::kClasses && attach->weight > 0,
             "an attachment that cannot be");
  }
}

void check_texts(const link::ToSupervisor& message) {
  const auto shown = [](const std::string& text, std::size_t most) {
    RM_CHECK(text.size() <= most && is_clean_text(text), "a worker's text of %zu bytes", text.size());
  };
  if (const auto* failed = std::get_if<link::BootFailed>(&message)) shown(failed->text, link::kMaxTextBytes);
  if (const auto* left = std::get_if<link::Leftovers>(&message)) shown(left->names, link::kMaxTextBytes);
  if (const auto* ask = std::get_if<link::AskRoom>(&message))
    RM_CHECK(ask->slot < link::kMaxSlots && ask->has < ask->needed && ask->needed <= ask->wished,
             "a wish that cannot be");
  if (const auto* ask = std::get_if<link::AskParcel>(&message))
    RM_CHECK(ask->slot < link::kMaxSlots && ask->serial != 0 && ask->seq != 0, "no such job");
  if (const auto* fault = std::get_if<link::Fault>(&message)) shown(fault->text, link::kFaultTextBytes - 1);
  if (const auto* broken = std::get_if<link::SessionBroken>(&message)) check_sentence(to_string(broken->reason));
}

std::optional<link::ToSupervisor> to_supervisor(std::string_view bytes, std::size_t fds) {
  const std::vector<std::byte> packet = exact_copy(bytes);
  auto message = link::decode_to_supervisor(packet, fds);
  if (!message) {
    check_sentence(message.error().message);
    return std::nullopt;
  }
  RM_CHECK(fds == 0, "descriptors from a worker");
  check_texts(*message);
  // Texts are made clean on the way; what was clean stays as it is.
  const std::vector<std::byte> encoded = link::encode(*message);
  const auto again = link::decode_to_supervisor(encoded, 0);
  RM_CHECK(again && link::encode(*again) == encoded && again->index() == message->index(), "it changes on its way");
  return std::move(*message);
}

void judge_table(std::span<const std::byte> bytes, Script& script) {
  const auto handlers = decode_handlers(bytes);
  if (!handlers) return check_sentence(handlers.error().message);
  RM_CHECK(check_handlers(*handlers) && handlers->size() <= kMaxHandlers, "%zu handlers", handlers->size());
  const auto encoded = encode_handlers(*handlers);
  RM_CHECK(encoded && encode_handlers(decode_handlers(*encoded).value()).value() == *encoded, "it changes on its way");
  for (const HandlerDescription& handler : *handlers) {
    const auto size = script.next<std::uint64_t>();
    RM_CHECK(default_result_bytes(handler, size) >= std::min(handler.result_constant, UINT64_MAX / 2),
             "a smaller room");
    RM_CHECK(handler.output_extension.find('/') == std::string::npos, "an extension that leads to another folder");
    std::vector<ArgumentView> given;
    for (const ArgumentDescription& argument : handler.arguments) given.push_back({argument.name, script.text()});
    if (const auto fit = check_arguments(handler, given); !fit) check_sentence(fit.error().message, 64 * 1024);
  }
}

// As the supervisor takes a worker's boot: packets in their order, the table's pieces put together up to its limit.
void boot(Script& script) {
  std::vector<std::byte> table;
  std::uint32_t next = 0;
  while (!script.empty()) {
    const auto message = to_supervisor(script.text(), 0);
    if (!message) return;
    const auto* chunk = std::get_if<link::HandlersChunk>(&*message);
    if (chunk == nullptr) continue;
    if (chunk->number != next++ || table.size() + chunk->bytes.size() > kMaxHandlerTableBytes) return;
    table.insert(table.end(), chunk->bytes.begin(), chunk->bytes.end());
    if (!chunk->last) continue;
    judge_table(table, script);
    return;
  }
}

void run(Input input) {
  Script script(input);
  const auto kind = script.next<std::uint8_t>();
  const std::size_t fds = kind >> 4 & 3;
  switch (kind % 4) {
    case 0:
      return to_worker(script.rest(), fds);
    case 1:
      (void)to_supervisor(script.rest(), fds);
      return;
    case 2:
      return boot(script);
    default: {
      const std::vector<std::byte> table = exact_copy(script.text());
      return judge_table(table, script);
    }
  }
}

std::vector<HandlerDescription> handlers() {
  std::vector<HandlerDescription> all(2);
  all[0].name = "thumbnail";
  all[0].summary = "Scales a picture.";
  all[0].arguments = {argument("width", ArgumentType::Integer), argument("fit", ArgumentType::Choice)};
  all[0].output_extension = "{format}";
  all[0].idempotent = true;
  all[1].name = "echo";
  all[1].result_factor = 1.5;
  all[1].arguments = {argument("ratio", ArgumentType::Real), argument("on", ArgumentType::Boolean)};
  return all;
}

std::vector<std::string> seeds() {
  std::vector<std::string> seeds;
  const auto add = [&seeds](std::uint8_t kind, std::span<const std::byte> bytes) {
    seeds.push_back(SeedWriter().put(kind).raw(bytes).take());
  };
  link::Attach attach{.index = 3, .serial = 7, .uid = 1000, .same_uid = true, .priority = 1, .weight = 2, .slots = 64};
  attach.request_segment_bytes = attach.reply_segment_bytes = 1 << 20;
  attach.request_ring_bytes = attach.result_ring_bytes = 1 << 16;
  add(0x30, link::encode(link::ToWorker{attach}));
  for (const link::ToWorker& one :
       {link::ToWorker{link::Detach{3, 7}}, link::ToWorker{link::Claiming{true}}, link::ToWorker{link::Exit{}},
        link::ToWorker{link::Settings{}}, link::ToWorker{link::NoRoom{1, "no memory"}}}) {
    add(0, link::encode(one));
  }
  add(0x10, link::encode(link::ToWorker{link::Room{1, 4096}}));
  const auto table = encode_handlers(handlers()).value();
  const std::vector<link::ToSupervisor> talk{link::Hello{link::kAbiVersion, 12},
                                             link::HandlersChunk{0, true, table},
                                             link::Ready{},
                                             link::Attached{3, 7},
                                             link::Detached{3, 7},
                                             link::SessionBroken{3, 7, link::BrokenReason::WordTampered, 5},
                                             link::BootFailed{"no such file"},
                                             link::Leftovers{1, 2, 2, 1, 0, 1, "sleep (pid 12)"},
                                             link::Leaving{},
                                             link::AskRoom{1, 3, 7, 2, 9, 0, 5000, 8192},
                                             link::AskParcel{2, 3, 7, 2, 9, 12},
                                             link::Fault{11, 1, 8, 4096, 12, "std::runtime_error: no"}};
  SeedWriter whole;
  whole.put(std::uint8_t{2});
  for (const link::ToSupervisor& one : talk) {
    add(1, link::encode(one));
    whole.text(link::encode(one));
  }
  seeds.push_back(whole.raw(std::string(40, '1')).take());
  seeds.push_back(SeedWriter().put(std::uint8_t{3}).text(table).raw(std::string(64, '\2')).take());
  return seeds;
}

}  // namespace

const Target& target() {
  static const Target worker_link{.name = "worker_link", .run = run, .seeds = seeds};
  return worker_link;
}

}  // namespace ringmaster::fuzz
