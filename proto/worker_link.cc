#include "proto/worker_link.h"

#include "base/check.h"
#include "base/overloaded.h"
#include "proto/byte_io.h"
#include "proto/worker_link_types.h"

namespace ringmaster::worker_link {
namespace {

std::vector<std::byte> packet(Type type, wire::ByteWriter body) {
  const std::vector<std::byte> bytes = body.take();
  wire::ByteWriter out;
  out.put(static_cast<std::uint16_t>(type));
  out.put(std::uint16_t{0});
  out.put(static_cast<std::uint32_t>(kHeaderBytes + bytes.size()));
  out.put_bytes(bytes);
  return out.take();
}

template <typename Ref>
std::vector<std::byte> put_ref(Type type, const Ref& ref) {
  wire::ByteWriter out;
  out.put(ref.index);
  out.put(ref.serial);
  return packet(type, std::move(out));
}

std::vector<std::byte> put_ask(const AskRoom& ask) {
  wire::ByteWriter out;
  out.put(ask.number);
  out.put(ask.index);
  out.put(ask.serial);
  out.put(ask.slot);
  out.put(ask.seq);
  out.put(std::uint32_t{0});
  out.put(ask.has);
  out.put(ask.needed);
  out.put(ask.wished);
  return packet(Type::AskRoom, std::move(out));
}

std::vector<std::byte> put_parcel(const AskParcel& ask) {
  wire::ByteWriter out;
  out.put(ask.number);
  out.put(ask.index);
  out.put(ask.serial);
  out.put(ask.slot);
  out.put(ask.seq);
  out.put(ask.parcel);
  return packet(Type::AskParcel, std::move(out));
}

std::vector<std::byte> put_leftovers(const Leftovers& m) {
  wire::ByteWriter out;
  out.put(m.first_job);
  out.put(m.last_job);
  out.put(m.jobs);
  out.put(m.ended);
  out.put(m.kept);
  out.put(m.reaped);
  out.put_text(std::string_view(m.names).substr(0, kMaxTextBytes));
  return packet(Type::Leftovers, std::move(out));
}

std::vector<std::byte> put_output(const Output& output) {
  RM_CHECK(output.bytes.size() <= kMaxOutputBytes, "%zu", output.bytes.size());
  wire::ByteWriter out;
  out.put(std::uint32_t{output.standard_error ? 1U : 0U});
  out.put(output.lost);
  out.put(output.job);
  out.put_bytes(output.bytes);
  return packet(Type::Output, std::move(out));
}

}  // namespace

std::string_view to_string(BrokenReason reason) {
  switch (reason) {
    case BrokenReason::BadSegment:
      return "a segment has wrong seals, size or header";
    case BrokenReason::MapFailed:
      return "the worker could not map it";
    case BrokenReason::BadDescriptor:
      return "a job descriptor is impossible";
    case BrokenReason::WordTampered:
      return "a slot word is not what its client may write";
    case BrokenReason::BadIndex:
      return "its index or serial does not fit the worker's table";
    case BrokenReason::BellStorm:
      return "it rings again and again without a job";
  }
  return "unknown reason";
}

std::size_t fds_of(const ToWorker& message) {
  if (std::holds_alternative<Attach>(message)) return kAttachFds;
  return std::holds_alternative<Room>(message) ? 1 : 0;
}

std::vector<std::byte> encode(const ToWorker& message) {
  return std::visit(Overloaded{
                        [](const Attach& m) {
                          wire::ByteWriter out;
                          out.put(m.index);
                          out.put(m.serial);
                          out.put(m.uid);
                          out.put(static_cast<std::uint8_t>(m.same_uid ? 1 : 0));
                          out.put(m.priority);
                          out.put(static_cast<std::uint16_t>(m.told_of ? 1 : 0));
                          out.put(m.weight);
                          out.put(m.slots);
                          out.put(m.request_segment_bytes);
                          out.put(m.reply_segment_bytes);
                          out.put(m.request_ring_bytes);
                          out.put(m.result_ring_bytes);
                          out.put(m.opened_ns);
                          return packet(Type::Attach, std::move(out));
                        },
                        [](const Detach& m) { return put_ref(Type::Detach, m); },
                        [](const Claiming& m) {
                          wire::ByteWriter out;
                          out.put(std::uint32_t{m.paused ? 1U : 0U});
                          return packet(Type::Claiming, std::move(out));
                        },
                        [](const Exit&) { return packet(Type::Exit, {}); },
                        [](const Look& m) { return put_ref(Type::Look, m); },
                        [](const Settings& m) {
                          wire::ByteWriter out;
                          out.put(m.spin_ns);
                          out.put(m.max_spinners);
                          out.put(m.copy_in_bytes);
                          out.put(m.wait_ns);
                          out.put(m.idle_wait_ns);
                          out.put(m.grace_ns);
                          out.put(std::uint32_t{m.keep_leftovers ? 1U : 0U});
                          return packet(Type::Settings, std::move(out));
                        },
                        [](const Room& m) {
                          wire::ByteWriter out;
                          out.put(m.number);
                          out.put(std::uint32_t{0});
                          out.put(m.bytes);
                          return packet(Type::Room, std::move(out));
                        },
                        [](const NoRoom& m) {
                          wire::ByteWriter out;
                          out.put(m.number);
                          out.put_text(std::string_view(m.why).substr(0, kMaxReasonBytes));
                          return packet(Type::NoRoom, std::move(out));
                        },
                    },
                    message);
}

std::vector<std::byte> encode(const ToSupervisor& message) {
  return std::visit(Overloaded{
                        [](const Hello& m) {
                          wire::ByteWriter out;
                          out.put(m.abi);
                          out.put(m.pid);
                          return packet(Type::Hello, std::move(out));
                        },
                        [](const HandlersChunk& m) {
                          RM_CHECK(m.bytes.size() <= kMaxChunkBytes, "%zu", m.bytes.size());
                          wire::ByteWriter out;
                          out.put(m.number);
                          out.put(std::uint32_t{m.last ? 1U : 0U});
                          out.put_bytes(m.bytes);
                          return packet(Type::HandlersChunk, std::move(out));
                        },
                        [](const Ready&) { return packet(Type::Ready, {}); },
                        [](const Leaving&) { return packet(Type::Leaving, {}); },
                        [](const AskRoom& m) { return put_ask(m); },
                        [](const AskParcel& m) { return put_parcel(m); },
                        [](const Output& m) { return put_output(m); },
                        [](const Attached& m) { return put_ref(Type::Attached, m); },
                        [](const Detached& m) { return put_ref(Type::Detached, m); },
                        [](const SessionBroken& m) {
                          wire::ByteWriter out;
                          out.put(m.index);
                          out.put(m.serial);
                          out.put(static_cast<std::uint32_t>(m.reason));
                          out.put(std::uint32_t{0});
                          out.put(m.detail);
                          return packet(Type::SessionBroken, std::move(out));
                        },
                        [](const BootFailed& m) {
                          wire::ByteWriter out;
                          out.put_text(std::string_view(m.text).substr(0, kMaxTextBytes));
                          return packet(Type::BootFailed, std::move(out));
                        },
                        [](const Leftovers& m) { return put_leftovers(m); },
                        [](const Fault& m) {
                          FaultPacket fault;
                          fault.signal = m.signal;
                          fault.code = m.code;
                          fault.address = m.address;
                          fault.pc = m.pc;
                          fault.tid = m.tid;
                          m.text.copy(fault.text, sizeof fault.text - 1);
                          const auto bytes = std::as_bytes(std::span(&fault, 1));
                          return std::vector<std::byte>(bytes.begin(), bytes.end());
                        },
                    },
                    message);
}

}  // namespace ringmaster::worker_link
