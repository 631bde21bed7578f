// A tracer that misbehaves in the way that its program's file name says: dies, hangs, rubbish, floods, lies.
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/link/tracer_protocol.h"

namespace {

namespace tracer = ringmaster::tracer;

std::string own_name() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  const std::string_view all(path, length > 0 ? static_cast<std::size_t>(length) : 0);
  return std::string(all.substr(all.rfind('/') + 1));
}

void say(std::span<const std::byte> packet) { (void)!::send(0, packet.data(), packet.size(), MSG_NOSIGNAL); }

// As many frames as fit, with unprintable names.
tracer::Answer lies() {
  tracer::Frames frames;
  ringmaster::core::StackFrame frame;
  frame.module = "/lib/\xff\x1b[2J.so";
  frame.function = "f\n#1 forged (main.cc:1)\n\x80" + std::string(tracer::kMaxNameBytes, '(');
  frame.file = std::string(tracer::kMaxPathBytes, '{');
  frames.frames.assign(tracer::kMaxFrames, frame);
  return frames;
}

}  // namespace

int main() {
  const std::string name = own_name();
  std::vector<std::byte> question(tracer::kMaxMessageBytes);
  while (::recv(0, question.data(), question.size(), 0) > 0) {
    if (name == "dies") return 1;
    if (name == "hangs") {
      for (;;) ::pause();
    }
    if (name == "rubbish") say(std::vector<std::byte>(1000, std::byte{0xAB}));
    if (name == "floods") {
      for (int i = 0; i < 1000; ++i) say(tracer::encode(lies()));
    }
    if (name == "lies") say(tracer::encode(lies()));
  }
  return 0;
}
