#include "daemon/link/tracer_protocol.h"

#include <algorithm>
#include <string_view>

#include "proto/byte_io.h"

namespace ringmaster::tracer {
namespace {

enum class Type : std::uint16_t { Capture = 1, Symbolise = 2, Frames = 3, Symbols = 4 };
constexpr std::uint8_t kInterrupted = 1;
constexpr std::uint8_t kHandlerCall = 2;

std::string_view end_of(std::string_view text, std::size_t most) {
  return text.size() <= most ? text : text.substr(text.size() - most);
}

void put_frames(wire::ByteWriter& out, const std::vector<core::StackFrame>& frames) {
  const std::size_t count = std::min(frames.size(), kMaxFrames);
  out.put(static_cast<std::uint16_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const core::StackFrame& frame = frames[i];
    out.put(
        static_cast<std::uint8_t>((frame.interrupted ? kInterrupted : 0) | (frame.handler_call ? kHandlerCall : 0)));
    out.put(frame.offset);
    out.put(std::uint32_t{frame.line});
    out.put_string(end_of(frame.module, kMaxPathBytes));
    out.put_string(std::string_view(frame.build_id).substr(0, kMaxPathBytes));
    out.put_string(std::string_view(frame.function).substr(0, kMaxNameBytes));
    out.put_string(end_of(frame.file, kMaxPathBytes));
  }
}

// A function's name from a file that may be crafted: on one line, without characters that could control a terminal.
std::string get_name(wire::ByteReader& in) {
  std::string name(in.get_string());
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return name;
}

bool get_frames(wire::ByteReader& in, std::vector<core::StackFrame>& frames) {
  const auto count = in.get<std::uint16_t>();
  if (count > kMaxFrames) return false;
  for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
    core::StackFrame frame;
    const auto flags = in.get<std::uint8_t>();
    frame.interrupted = (flags & kInterrupted) != 0;
    frame.handler_call = (flags & kHandlerCall) != 0;
    frame.offset = in.get<std::uint64_t>();
    frame.line = in.get<std::uint32_t>();
    frame.module = get_name(in);
    frame.build_id = get_name(in);
    frame.function = get_name(in);
    frame.file = get_name(in);
    const bool fits = frame.module.size() <= kMaxPathBytes && frame.build_id.size() <= kMaxPathBytes &&
                      frame.function.size() <= kMaxNameBytes && frame.file.size() <= kMaxPathBytes;
    if (!fits) return false;
    frames.push_back(std::move(frame));
  }
  return in.ok();
}

void put_user(wire::ByteWriter& out, const FileUser& user) {
  out.put(user.uid);
  out.put(user.gid);
}

FileUser get_user(wire::ByteReader& in) {
  FileUser user;
  user.uid = in.get<std::uint32_t>();
  user.gid = in.get<std::uint32_t>();
  return user;
}

wire::ByteWriter begin(Type type) {
  wire::ByteWriter out;
  out.put(static_cast<std::uint16_t>(type));
  return out;
}

Error malformed() { return Error{"tracer: a message that cannot be read"}; }

}  // namespace

std::vector<std::byte> encode(const Question& question) {
  if (const auto* capture = std::get_if<Capture>(&question)) {
    wire::ByteWriter out = begin(Type::Capture);
    out.put(capture->pid);
    out.put(capture->tid);
    out.put(capture->label);
    out.put(std::uint8_t{capture->faulted});
    out.put(capture->pc);
    put_user(out, capture->user);
    return out.take();
  }
  wire::ByteWriter out = begin(Type::Symbolise);
  put_frames(out, std::get<Symbolise>(question).frames);
  put_user(out, std::get<Symbolise>(question).user);
  return out.take();
}

std::vector<std::byte> encode(const Answer& answer) {
  if (const auto* frames = std::get_if<Frames>(&answer)) {
    wire::ByteWriter out = begin(Type::Frames);
    out.put(frames->same_as);
    out.put_string(std::string_view(frames->problem).substr(0, kMaxNameBytes));
    put_frames(out, frames->frames);
    return out.take();
  }
  wire::ByteWriter out = begin(Type::Symbols);
  put_frames(out, std::get<Symbols>(answer).frames);
  return out.take();
}

Result<Question> decode_question(std::span<const std::byte> packet) {
  wire::ByteReader in(packet);
  const auto type = static_cast<Type>(in.get<std::uint16_t>());
  if (type == Type::Capture) {
    Capture capture;
    capture.pid = in.get<std::int32_t>();
    capture.tid = in.get<std::int32_t>();
    capture.label = in.get<std::uint64_t>();
    capture.faulted = in.get<std::uint8_t>() != 0;
    capture.pc = in.get<std::uint64_t>();
    capture.user = get_user(in);
    if (!in.ok() || in.left() != 0 || capture.pid <= 0 || capture.tid <= 0 || capture.label == 0) return malformed();
    return Question{capture};
  }
  Symbolise symbolise;
  if (type != Type::Symbolise || !get_frames(in, symbolise.frames)) return malformed();
  symbolise.user = get_user(in);
  if (!in.ok() || in.left() != 0) return malformed();
  return Question{std::move(symbolise)};
}

Result<Answer> decode_answer(std::span<const std::byte> packet) {
  wire::ByteReader in(packet);
  const auto type = static_cast<Type>(in.get<std::uint16_t>());
  if (type == Type::Frames) {
    Frames frames;
    frames.same_as = in.get<std::uint64_t>();
    frames.problem = get_name(in);
    if (!get_frames(in, frames.frames) || in.left() != 0 || frames.problem.size() > kMaxNameBytes) return malformed();
    return Answer{std::move(frames)};
  }
  Symbols symbols;
  if (type != Type::Symbols || !get_frames(in, symbols.frames) || in.left() != 0) return malformed();
  return Answer{std::move(symbols)};
}

}  // namespace ringmaster::tracer
