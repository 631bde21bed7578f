#include "daemon/keeper/message_check.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace ringmaster::keeper {
namespace {

// Reads NUL-terminated strings one after the other from a buffer.
class StringReader {
 public:
  explicit StringReader(std::span<std::byte> bytes)
      : next_(reinterpret_cast<char*>(bytes.data())), end_(next_ + bytes.size()) {}

  char* take() {
    char* const nul = std::find(next_, end_, '\0');
    if (nul == end_) return nullptr;
    return std::exchange(next_, nul + 1);
  }
  [[nodiscard]] bool done() const { return next_ == end_; }

 private:
  char* next_;
  char* end_;
};

bool counts_agree(const SpawnMessage& message, std::size_t packet_size) {
  return message.strings_size <= kMaxSpawnStrings && packet_size == sizeof message + message.strings_size &&
         message.arg_count >= 1 && message.arg_count <= kMaxSpawnArgs && message.env_count <= kMaxSpawnEnv &&
         message.rlimit_count <= kMaxSpawnRlimits && message.group_count <= kMaxSpawnGroups;
}

bool values_possible(const SpawnMessage& message) {
  constexpr std::uint32_t kKnown = kSpawnSetUid | kSpawnSetNice | kSpawnHasCgroup;
  const auto no_id = static_cast<std::uint32_t>(-1);  // to setresuid this means "leave it as it is"
  if ((message.flags & ~kKnown) != 0) return false;
  if ((message.flags & kSpawnSetUid) != 0 && (message.uid == no_id || message.gid == no_id)) return false;
  return message.oom_score_adj >= -1000 && message.oom_score_adj <= 1000 &&
         std::all_of(message.rlimits, message.rlimits + message.rlimit_count,
                     [](const SpawnRlimit& limit) { return limit.resource < RLIM_NLIMITS; });
}

template <std::size_t N>
bool take_all(StringReader& reader, std::uint32_t count, std::array<char*, N>& out) {
  for (std::uint32_t i = 0; i < count; ++i) {
    out[i] = reader.take();
    if (out[i] == nullptr) return false;
  }
  out[count] = nullptr;
  return true;
}

bool line_allowed(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, equals);
  const std::string_view value = line.substr(equals + 1);
  if (name == "READY" || name == "STOPPING") return value == "1";
  const auto printable = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; };
  if (name == "STATUS") return std::ranges::all_of(value, printable);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name == "ERRNO" || name == "EXTEND_TIMEOUT_USEC") {
    return !value.empty() && value.size() <= 19 && std::ranges::all_of(value, digit);
  }
  return false;
}

}  // namespace

std::optional<MessageType> check_header(std::span<const std::byte> packet) {
  MessageHeader header;
  if (packet.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, packet.data(), sizeof header);
  if (header.version != kLinkVersion || header.size != packet.size()) return std::nullopt;
  return static_cast<MessageType>(header.type);
}

int read_spawn(std::span<std::byte> packet, std::size_t fds, SpawnRequest& request) {
  SpawnMessage& message = request.message;
  if (packet.size() < sizeof message) return EBADMSG;
  std::memcpy(&message, packet.data(), sizeof message);
  if (!counts_agree(message, packet.size())) return EBADMSG;
  const std::size_t expected = message.fd_count + ((message.flags & kSpawnHasCgroup) != 0 ? 1u : 0u);
  if (message.fd_count < 3 || message.fd_count > kMaxWorkerFds || fds != expected) return EBADMSG;
  StringReader reader(packet.subspan(sizeof message));
  request.path = reader.take();
  request.cwd = reader.take();
  if (request.path == nullptr || request.cwd == nullptr || !take_all(reader, message.arg_count, request.argv) ||
      !take_all(reader, message.env_count, request.env) || !reader.done()) {
    return EBADMSG;
  }
  if (*request.cwd == '\0') request.cwd = nullptr;
  return *request.path != '\0' && values_possible(message) ? 0 : EINVAL;
}

bool notify_text_allowed(std::string_view text) {
  if (text.empty() || text.size() > kMaxNotifyText) return false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!line_allowed(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace ringmaster::keeper
