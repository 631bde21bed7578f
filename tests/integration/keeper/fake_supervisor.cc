// A supervisor with no will of its own: it beats, and otherwise does what the test says through the socket that is its
// --config argument. Each packet of the test begins with one letter:
//   K<packet> + fds  send on to the keeper        B<phase digit>  beat with this phase from now on
//   R + fd           read from it, however long that takes
//   X<code>          exit with this code          A               beat only when asked      Q  never again
// It sends the test H<pid><ordinal><cold> first, then T<table bytes> with up to 16 of the inherited descriptors, then
// each packet of the keeper but its questions as K<packet> + fds.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/monotonic_clock.h"
#include "daemon/link/keeper_codec.h"
#include "daemon/os/scm_rights.h"

namespace {

using namespace ringmaster;          // NOLINT(google-build-using-namespace): a program
using namespace ringmaster::keeper;  // NOLINT(google-build-using-namespace): a program

std::byte buffer[kMaxMessage + 1];

int connect_to(const char* path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::snprintf(where.sun_path, sizeof where.sun_path, "%s", path);
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 ? fd : -1;
}

void tell(int test, char letter, std::span<const std::byte> bytes, std::span<const int> fds = {}) {
  std::vector<std::byte> packet{static_cast<std::byte>(letter)};
  packet.insert(packet.end(), bytes.begin(), bytes.end());
  while (daemon::send_packet(test, packet, fds) == EAGAIN) ::usleep(1000);
}

// A beat for which there is no room is made up for by the next.
void beat(Phase phase) {
  static_cast<void>(daemon::send_packet(kSupervisorLinkFd, encode_beat(phase, std::chrono::milliseconds(5000))));
}

void tell_inherited(int test) {
  const InheritedTable table = read_inherited_table(kInheritedTableFd).value();
  const std::string hello =
      std::to_string(::getpid()) + " " + std::to_string(table.supervisor) + " " + std::to_string(table.cold ? 1 : 0);
  tell(test, 'H', std::as_bytes(std::span(hello)));
  std::vector<std::byte> bytes(static_cast<std::size_t>(::lseek(kInheritedTableFd, 0, SEEK_END)));
  if (::pread(kInheritedTableFd, bytes.data(), bytes.size(), 0) < 0) std::abort();
  std::vector<int> fds;
  for (const InheritedDeposit& deposit : table.deposits) {
    if (fds.size() < daemon::kMaxPacketFds) fds.push_back(deposit.fd);
  }
  tell(test, 'T', bytes, fds);
}

bool is_question(std::span<const std::byte> packet) {
  const auto event = decode_keeper_event(packet);
  return event && std::holds_alternative<AskMessage>(*event);
}

}  // namespace

int main(int argc, char** argv) {
  const char* path = nullptr;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--config") == 0) path = argv[i + 1];
    if (std::strcmp(argv[i], "--check") == 0) return std::printf("checked %s\n", argv[i + 1]) > 0 ? 78 : 1;
  }
  // "exit:N" in place of a socket: what a supervisor does that fails before it is ready.
  if (path != nullptr && std::strncmp(path, "exit:", 5) == 0) return std::atoi(path + 5);
  const int test = path == nullptr ? -1 : connect_to(path);
  if (test < 0) return 3;
  tell_inherited(test);
  Phase phase = Phase::Serving;
  bool beating = true;
  bool answering = true;
  std::uint64_t next_beat = 0;
  for (;;) {
    if (beating && monotonic_ns() >= next_beat) {
      beat(phase);
      next_beat = monotonic_ns() + 200'000'000;
    }
    pollfd watched[] = {{test, POLLIN, 0}, {kSupervisorLinkFd, POLLIN, 0}};
    ::poll(watched, 2, 100);
    if (daemon::ReceivedPacket packet = daemon::receive_packet(kSupervisorLinkFd, buffer); packet.error == 0) {
      if (is_question(std::span(buffer).first(packet.size))) {
        if (answering) beat(phase);
        continue;
      }
      std::vector<int> fds;
      for (std::size_t i = 0; i < packet.fd_count; ++i) fds.push_back(packet.fds[i].get());
      tell(test, 'K', std::span(buffer).first(packet.size), fds);
    } else if (packet.error == ECONNRESET) {
      return 4;
    }
    daemon::ReceivedPacket order = daemon::receive_packet(test, buffer);
    if (order.error == ECONNRESET) return 5;
    if (order.error != 0 || order.size == 0) continue;
    const std::string text(reinterpret_cast<const char*>(buffer) + 1, order.size - 1);
    switch (static_cast<char>(buffer[0])) {
      case 'K': {
        std::vector<int> fds;
        for (std::size_t i = 0; i < order.fd_count; ++i) fds.push_back(order.fds[i].get());
        while (daemon::send_packet(kSupervisorLinkFd, std::span(buffer).subspan(1, order.size - 1), fds) == EAGAIN)
          ::usleep(1000);
        break;
      }
      case 'B':
        phase = static_cast<Phase>(std::stoi(text));
        next_beat = 0;
        break;
      case 'R':
        (void)!::read(order.fds[0].get(), buffer, 1);
        break;
      case 'X': {
        beat(phase);
        ::_exit(std::stoi(text));
      }
      case 'Q':
        answering = false;
        [[fallthrough]];
      case 'A':
        beating = false;
        break;
    }
  }
}
