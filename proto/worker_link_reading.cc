#include "base/text.h"
#include "proto/byte_io.h"
#include "proto/worker_link.h"
#include "proto/worker_link_types.h"

/// The reading half of the codec: packets of a peer that may send anything.
namespace ringmaster::worker_link {
namespace {

constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{1} << 46;

struct Opened {
  Type type;
  wire::ByteReader body;
};

Result<Opened> open_packet(std::span<const std::byte> bytes) {
  wire::ByteReader in(bytes);
  const auto type = in.get<std::uint16_t>();
  const auto zero = in.get<std::uint16_t>();
  const auto length = in.get<std::uint32_t>();
  if (!in.ok() || zero != 0 || length != bytes.size()) {
    return Error{"worker link: packet of " + std::to_string(bytes.size()) + " bytes with a bad header"};
  }
  return Opened{static_cast<Type>(type), in};
}

Error bad_field(std::string_view message) {
  return Error{"worker link: " + std::string(message) + " with a field out of range or a wrong length"};
}

template <typename Ref>
Ref get_ref(wire::ByteReader& in) {
  Ref ref;
  ref.index = in.get<std::uint32_t>();
  ref.serial = in.get<std::uint32_t>();
  return ref;
}

bool is_ref(std::uint32_t index, std::uint32_t serial) { return index < kMaxSessions && serial != 0; }

Attach get_attach(wire::ByteReader& in, bool& valid) {
  auto attach = get_ref<Attach>(in);
  attach.uid = in.get<std::uint32_t>();
  const auto same_uid = in.get<std::uint8_t>();
  attach.same_uid = same_uid == 1;
  attach.priority = in.get<std::uint8_t>();
  const auto told_of = in.get<std::uint16_t>();
  attach.told_of = told_of == 1;
  attach.weight = in.get<std::uint32_t>();
  attach.slots = in.get<std::uint32_t>();
  attach.request_segment_bytes = in.get<std::uint64_t>();
  attach.reply_segment_bytes = in.get<std::uint64_t>();
  attach.request_ring_bytes = in.get<std::uint64_t>();
  attach.result_ring_bytes = in.get<std::uint64_t>();
  attach.opened_ns = in.get<std::uint64_t>();
  valid = is_ref(attach.index, attach.serial) && same_uid <= 1 && told_of <= 1 && attach.priority < kClasses &&
          attach.weight >= 1 && attach.slots >= 1 && attach.slots <= kMaxSlots &&
          attach.request_segment_bytes <= kMaxSegmentBytes && attach.reply_segment_bytes <= kMaxSegmentBytes &&
          attach.request_ring_bytes < attach.request_segment_bytes &&
          attach.result_ring_bytes < attach.reply_segment_bytes;
  return attach;
}

Hello get_hello(wire::ByteReader& in) {
  Hello hello;
  hello.abi = in.get<std::uint32_t>();
  hello.pid = in.get<std::uint32_t>();
  return hello;
}

HandlersChunk get_chunk(wire::ByteReader& in, bool& valid) {
  HandlersChunk chunk;
  chunk.number = in.get<std::uint32_t>();
  const auto last = in.get<std::uint32_t>();
  chunk.last = last == 1;
  const auto rest = in.get_bytes(in.left());
  chunk.bytes.assign(rest.begin(), rest.end());
  valid = last <= 1 && rest.size() <= kMaxChunkBytes;
  return chunk;
}

template <typename Answer>
Answer get_answer(wire::ByteReader& in, bool& valid) {
  const auto answer = get_ref<Answer>(in);
  valid = is_ref(answer.index, answer.serial);
  return answer;
}

SessionBroken get_broken(wire::ByteReader& in, bool& valid) {
  auto broken = get_ref<SessionBroken>(in);
  const auto reason = in.get<std::uint32_t>();
  const auto zero = in.get<std::uint32_t>();
  broken.reason = static_cast<BrokenReason>(reason);
  broken.detail = in.get<std::uint64_t>();
  valid = is_ref(broken.index, broken.serial) && zero == 0 && reason >= 1 &&
          reason <= static_cast<std::uint32_t>(BrokenReason::BellStorm);
  return broken;
}

Leftovers get_leftovers(wire::ByteReader& in, bool& valid) {
  Leftovers left;
  left.first_job = in.get<std::uint64_t>();
  left.last_job = in.get<std::uint64_t>();
  left.jobs = in.get<std::uint32_t>();
  left.ended = in.get<std::uint32_t>();
  left.kept = in.get<std::uint32_t>();
  left.reaped = in.get<std::uint32_t>();
  valid = in.left() <= kMaxTextBytes;
  left.names = clean_text(in.get_text(in.left()), kMaxTextBytes);
  return left;
}

Fault get_fault(wire::ByteReader& in, bool& valid) {
  Fault fault;
  fault.signal = in.get<std::int32_t>();
  fault.code = in.get<std::int32_t>();
  fault.address = in.get<std::uint64_t>();
  fault.pc = in.get<std::uint64_t>();
  fault.tid = in.get<std::uint32_t>();
  const auto zero = in.get<std::uint32_t>();
  const auto text = in.get_text(kFaultTextBytes);
  fault.text = clean_text(text.substr(0, text.find('\0')), kFaultTextBytes - 1);
  valid = zero == 0 && fault.signal > 0 && fault.signal < 32;
  return fault;
}

Settings get_settings(wire::ByteReader& in, bool& valid) {
  Settings settings;
  settings.spin_ns = in.get<std::uint64_t>();
  settings.max_spinners = in.get<std::uint32_t>();
  settings.copy_in_bytes = in.get<std::uint32_t>();
  settings.wait_ns = in.get<std::uint64_t>();
  settings.idle_wait_ns = in.get<std::uint64_t>();
  settings.grace_ns = in.get<std::uint64_t>();
  const auto keep = in.get<std::uint32_t>();
  settings.keep_leftovers = keep == 1;
  valid = keep <= 1;
  return settings;
}

Room get_room(wire::ByteReader& in, bool& valid) {
  Room room;
  room.number = in.get<std::uint32_t>();
  const auto zero = in.get<std::uint32_t>();
  room.bytes = in.get<std::uint64_t>();
  valid = room.number != 0 && zero == 0 && room.bytes != 0 && room.bytes <= kMaxSegmentBytes;
  return room;
}

NoRoom get_no_room(wire::ByteReader& in, bool& valid) {
  NoRoom none;
  none.number = in.get<std::uint32_t>();
  valid = none.number != 0 && in.left() <= kMaxReasonBytes;
  none.why = std::string(in.get_text(in.left()));
  return none;
}

AskRoom get_ask(wire::ByteReader& in, bool& valid) {
  AskRoom ask;
  ask.number = in.get<std::uint32_t>();
  ask.index = in.get<std::uint32_t>();
  ask.serial = in.get<std::uint32_t>();
  ask.slot = in.get<std::uint32_t>();
  ask.seq = in.get<std::uint32_t>();
  const auto zero = in.get<std::uint32_t>();
  ask.has = in.get<std::uint64_t>();
  ask.needed = in.get<std::uint64_t>();
  ask.wished = in.get<std::uint64_t>();
  valid = ask.number != 0 && is_ref(ask.index, ask.serial) && ask.slot < kMaxSlots && ask.seq != 0 && zero == 0 &&
          ask.has < ask.needed && ask.needed <= ask.wished;
  return ask;
}

AskParcel get_parcel(wire::ByteReader& in, bool& valid) {
  AskParcel ask;
  ask.number = in.get<std::uint32_t>();
  ask.index = in.get<std::uint32_t>();
  ask.serial = in.get<std::uint32_t>();
  ask.slot = in.get<std::uint32_t>();
  ask.seq = in.get<std::uint32_t>();
  ask.parcel = in.get<std::uint32_t>();
  valid = ask.number != 0 && is_ref(ask.index, ask.serial) && ask.slot < kMaxSlots && ask.seq != 0;
  return ask;
}

Output get_output(wire::ByteReader& in, bool& valid) {
  Output output;
  const auto stream = in.get<std::uint32_t>();
  output.standard_error = stream == 1;
  output.lost = in.get<std::uint32_t>();
  output.job = in.get<std::uint64_t>();
  const auto rest = in.get_bytes(in.left());
  output.bytes.assign(rest.begin(), rest.end());
  valid = stream <= 1 && rest.size() <= kMaxOutputBytes;
  return output;
}

}  // namespace

Result<ToWorker> decode_to_worker(std::span<const std::byte> bytes, std::size_t fd_count) {
  auto opened = open_packet(bytes);
  if (!opened) return opened.error();
  wire::ByteReader& in = opened->body;
  ToWorker message;
  bool valid = true;
  switch (opened->type) {
    case Type::Attach:
      message = get_attach(in, valid);
      break;
    case Type::Detach:
      message = get_ref<Detach>(in);
      break;
    case Type::Claiming: {
      const auto paused = in.get<std::uint32_t>();
      valid = paused <= 1;
      message = Claiming{paused == 1};
      break;
    }
    case Type::Exit:
      message = Exit{};
      break;
    case Type::Look:
      message = get_ref<Look>(in);
      valid = std::get<Look>(message).index < kMaxSessions;
      break;
    case Type::Settings:
      message = get_settings(in, valid);
      break;
    case Type::Room:
      message = get_room(in, valid);
      break;
    case Type::NoRoom:
      message = get_no_room(in, valid);
      break;
    default:  // NOLINT: the value comes from outside
      return Error{"worker link: message type " + std::to_string(static_cast<unsigned>(opened->type)) +
                   " is not one that a supervisor sends"};
  }
  if (!valid || !in.ok() || in.left() != 0) return bad_field("message to the worker");
  if (fd_count != fds_of(message))
    return Error{"worker link: " + std::to_string(fd_count) + " descriptors came, which does not fit the message"};
  return message;
}

Result<ToSupervisor> decode_to_supervisor(std::span<const std::byte> bytes, std::size_t fd_count) {
  auto opened = open_packet(bytes);
  if (!opened) return opened.error();
  wire::ByteReader& in = opened->body;
  ToSupervisor message;
  bool valid = true;
  switch (opened->type) {
    case Type::Hello:
      message = get_hello(in);
      break;
    case Type::HandlersChunk:
      message = get_chunk(in, valid);
      break;
    case Type::Ready:
      message = Ready{};
      break;
    case Type::Leaving:
      message = Leaving{};
      break;
    case Type::Attached:
      message = get_answer<Attached>(in, valid);
      break;
    case Type::Detached:
      message = get_answer<Detached>(in, valid);
      break;
    case Type::SessionBroken:
      message = get_broken(in, valid);
      break;
    case Type::BootFailed:
      valid = in.left() <= kMaxTextBytes;
      message = BootFailed{clean_text(in.get_text(in.left()), kMaxTextBytes)};
      break;
    case Type::Leftovers:
      message = get_leftovers(in, valid);
      break;
    case Type::Fault:
      message = get_fault(in, valid);
      break;
    case Type::AskRoom:
      message = get_ask(in, valid);
      break;
    case Type::AskParcel:
      message = get_parcel(in, valid);
      break;
    case Type::Output:
      message = get_output(in, valid);
      break;
    default:  // NOLINT: the value comes from outside
      return Error{"worker link: message type " + std::to_string(static_cast<unsigned>(opened->type)) +
                   " is not one that a worker sends"};
  }
  if (!valid || !in.ok() || in.left() != 0) return bad_field("message from the worker");
  if (fd_count != 0) return Error{"worker link: a worker sent descriptors, which it never may"};
  return message;
}

}  // namespace ringmaster::worker_link
