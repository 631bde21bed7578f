#include "daemon/link/keeper_codec.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>

#include "base/check.h"

namespace ringmaster::keeper {
namespace {

using daemon::SpawnStage;

template <typename Message>
Packet to_packet(Message message, MessageType type, std::string_view tail = {}) {
  static_assert(std::is_trivially_copyable_v<Message>);
  message.header.type = static_cast<std::uint16_t>(type);
  message.header.size = static_cast<std::uint32_t>(sizeof message + tail.size());
  Packet packet(sizeof message + tail.size());
  std::memcpy(packet.data(), &message, sizeof message);
  if (!tail.empty()) std::memcpy(packet.data() + sizeof message, tail.data(), tail.size());
  return packet;
}

template <typename Message>
Result<KeeperEvent> from_packet(std::span<const std::byte> packet) {
  if (packet.size() != sizeof(Message)) {
    return Error{"keeper link: packet of " + std::to_string(packet.size()) + " bytes where " +
                     std::to_string(sizeof(Message)) + " were expected; keeper and supervisor are of different builds",
                 EPROTO};
  }
  Message message;
  std::memcpy(&message, packet.data(), sizeof message);
  if constexpr (std::is_same_v<Message, ExitedMessage>) {
    return KeeperEvent{message.exit};
  } else {
    return KeeperEvent{message};
  }
}

bool add_string(std::string& strings, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;
  strings.append(text);
  strings.push_back('\0');
  return true;
}

template <typename Record>
bool take_records(std::span<const std::byte>& bytes, std::uint32_t count, std::size_t limit, std::vector<Record>& out) {
  if (count > limit || bytes.size() < count * sizeof(Record)) return false;
  out.resize(count);
  if (count > 0) std::memcpy(out.data(), bytes.data(), count * sizeof(Record));
  bytes = bytes.subspan(count * sizeof(Record));
  return true;
}

void put_identity(const SpawnSpec::Identity& identity, SpawnMessage& message) {
  message.flags |= kSpawnSetUid;
  message.uid = identity.uid;
  message.gid = identity.gid;
  message.group_count = static_cast<std::uint32_t>(identity.groups.size());
  std::copy(identity.groups.begin(), identity.groups.end(), message.groups);
}

}  // namespace

Packet encode_beat(Phase phase, std::chrono::milliseconds stop_timeout) {
  BeatMessage message;
  message.phase = static_cast<std::uint32_t>(phase);
  message.stop_timeout_ms =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(stop_timeout.count(), 0, std::int64_t{0xffffffff}));
  return to_packet(message, MessageType::Beat);
}

Packet encode_deposit(std::uint64_t serial, std::span<const DepositLabel> labels) {
  RM_CHECK(!labels.empty() && labels.size() <= kMaxDepositsPerMessage, "%zu labels", labels.size());
  DepositMessage message;
  message.serial = serial;
  message.count = static_cast<std::uint32_t>(labels.size());
  std::copy(labels.begin(), labels.end(), message.labels);
  return to_packet(message, MessageType::Deposit);
}

Packet encode_release(std::uint64_t serial, const ReleaseSelector& selector) {
  ReleaseMessage message;
  message.serial = serial;
  message.kinds = selector.kinds;
  message.a = selector.a.value_or(0);
  message.b = selector.b.value_or(0);
  message.any = (selector.a ? 0 : kReleaseAnyA) | (selector.b ? 0 : kReleaseAnyB);
  return to_packet(message, MessageType::Release);
}

Result<Packet> encode_spawn(std::uint64_t serial, const SpawnSpec& spec) {
  const auto refuse = [&spec](std::string what) {
    return Error{"cannot start \"" + spec.path + "\": " + std::move(what), E2BIG};
  };
  if (spec.path.empty() || spec.argv.empty()) return refuse("no program or no argv[0] given");
  if (spec.fd_count < 3 || spec.fd_count > kMaxWorkerFds)
    return refuse(std::to_string(spec.fd_count) + " descriptors; 3 to " + std::to_string(kMaxWorkerFds) +
                  " are possible");
  if (spec.argv.size() > kMaxSpawnArgs)
    return refuse(std::to_string(spec.argv.size()) + " arguments; at most " + std::to_string(kMaxSpawnArgs) +
                  " are possible");
  if (spec.env.size() > kMaxSpawnEnv)
    return refuse(std::to_string(spec.env.size()) + " environment variables; at most " + std::to_string(kMaxSpawnEnv) +
                  " are possible");
  if (spec.rlimits.size() > kMaxSpawnRlimits)
    return refuse(std::to_string(spec.rlimits.size()) + " resource limits; at most " +
                  std::to_string(kMaxSpawnRlimits) + " are possible");
  if (spec.identity && spec.identity->groups.size() > kMaxSpawnGroups)
    return refuse(std::to_string(spec.identity->groups.size()) + " groups; at most " + std::to_string(kMaxSpawnGroups) +
                  " are possible");

  std::string strings;
  bool clean = add_string(strings, spec.path) && add_string(strings, spec.cwd);
  for (const std::string& arg : spec.argv) clean = clean && add_string(strings, arg);
  for (const std::string& variable : spec.env) clean = clean && add_string(strings, variable);
  if (!clean) return refuse("a NUL byte in its path, arguments or environment");
  if (strings.size() > kMaxSpawnStrings)
    return refuse("arguments and environment take " + std::to_string(strings.size()) + " bytes; at most " +
                  std::to_string(kMaxSpawnStrings) + " are possible: pass less environment, or a file");

  SpawnMessage message;
  message.serial = serial;
  message.worker = spec.worker;
  message.incarnation = spec.incarnation;
  if (spec.identity) put_identity(*spec.identity, message);
  if (spec.nice) {
    message.flags |= kSpawnSetNice;
    message.nice = *spec.nice;
  }
  if (spec.has_cgroup) message.flags |= kSpawnHasCgroup;
  message.oom_score_adj = spec.oom_score_adj;
  message.fd_count = spec.fd_count;
  message.rlimit_count = static_cast<std::uint32_t>(spec.rlimits.size());
  message.arg_count = static_cast<std::uint32_t>(spec.argv.size());
  message.env_count = static_cast<std::uint32_t>(spec.env.size());
  message.strings_size = static_cast<std::uint32_t>(strings.size());
  for (std::size_t i = 0; i < spec.rlimits.size(); ++i) {
    message.rlimits[i] = {static_cast<std::uint32_t>(spec.rlimits[i].resource), 0, spec.rlimits[i].soft,
                          spec.rlimits[i].hard};
  }
  return to_packet(message, MessageType::Spawn, strings);
}

Packet encode_signal(std::uint64_t serial, std::uint32_t worker, std::uint32_t incarnation, int signal) {
  SignalMessage message;
  message.serial = serial;
  message.worker = worker;
  message.incarnation = incarnation;
  message.signal = static_cast<std::uint32_t>(signal);
  return to_packet(message, MessageType::Signal);
}

Packet encode_exit_ack(std::uint32_t worker, std::uint32_t incarnation) {
  ExitAckMessage message;
  message.worker = worker;
  message.incarnation = incarnation;
  return to_packet(message, MessageType::ExitAck);
}

Packet encode_notify(std::string_view text) {
  NotifyMessage message;
  text = text.substr(0, kMaxNotifyText);
  message.length = static_cast<std::uint32_t>(text.size());
  std::transform(text.begin(), text.end(), message.text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7f ? ' ' : c;
  });
  return to_packet(message, MessageType::Notify);
}

Result<KeeperEvent> decode_keeper_event(std::span<const std::byte> packet) {
  MessageHeader header;
  if (packet.size() < sizeof header) return Error{"keeper link: a packet without a header", EPROTO};
  std::memcpy(&header, packet.data(), sizeof header);
  if (header.version != kLinkVersion || header.size != packet.size()) {
    return Error{"keeper link: version " + std::to_string(header.version) + " where " + std::to_string(kLinkVersion) +
                     " was expected; restart the whole daemon after an update",
                 EPROTO};
  }
  switch (static_cast<MessageType>(header.type)) {
    case MessageType::Ack:
      return from_packet<AckMessage>(packet);
    case MessageType::Spawned:
      return from_packet<SpawnedMessage>(packet);
    case MessageType::Exited:
      return from_packet<ExitedMessage>(packet);
    case MessageType::StopRequested:
      return from_packet<StopRequestedMessage>(packet);
    case MessageType::Ask:
      return from_packet<AskMessage>(packet);
    case MessageType::Beat:
    case MessageType::Deposit:
    case MessageType::Release:
    case MessageType::Spawn:
    case MessageType::Signal:
    case MessageType::ExitAck:
    case MessageType::Notify:
      break;
  }
  return Error{"keeper link: message type " + std::to_string(header.type) + " is none of the keeper's", EPROTO};
}

Result<InheritedTable> decode_inherited_table(std::span<const std::byte> bytes) {
  InheritedHeader header;
  if (bytes.size() < sizeof header) return Error{"inherited table: too short", EPROTO};
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kTableMagic || header.version != kLinkVersion)
    return Error{"inherited table: not of this build; start the daemon as ringmasterd, not the supervisor by itself",
                 EPROTO};
  bytes = bytes.subspan(sizeof header);
  InheritedTable table;
  table.supervisor = header.supervisor;
  table.cold = header.cold != 0;
  if (!take_records(bytes, header.deposits, kMaxDeposits, table.deposits) ||
      !take_records(bytes, header.workers, kMaxWorkers, table.workers) ||
      !take_records(bytes, header.exits, kMaxWorkers, table.exits) || !bytes.empty())
    return Error{"inherited table: counts and size do not agree", EPROTO};
  return table;
}

Result<InheritedTable> read_inherited_table(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("cannot read the inherited table", errno);
  constexpr std::size_t kLargest = sizeof(InheritedHeader) + kMaxDeposits * sizeof(InheritedDeposit) +
                                   kMaxWorkers * (sizeof(InheritedWorker) + sizeof(ExitRecord));
  if (!S_ISREG(status.st_mode) || status.st_size < 0 || static_cast<std::size_t>(status.st_size) > kLargest)
    return Error{"cannot read the inherited table: descriptor " + std::to_string(fd) + " is none", EPROTO};
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::pread(fd, bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("cannot read the inherited table", errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return decode_inherited_table(std::span(bytes).first(have));
}

std::string_view to_string(SpawnStage stage) {
  switch (stage) {
    case SpawnStage::None:
      return "nothing";
    case SpawnStage::Request:
      return "reading the request";
    case SpawnStage::Pipe:
      return "making a pipe";
    case SpawnStage::Fork:
      return "forking";
    case SpawnStage::Session:
      return "making its process group";
    case SpawnStage::Cgroup:
      return "entering its cgroup";
    case SpawnStage::Descriptors:
      return "arranging its descriptors";
    case SpawnStage::Signals:
      return "resetting signals";
    case SpawnStage::Nice:
      return "setting its nice value";
    case SpawnStage::OomScore:
      return "setting its oom_score_adj";
    case SpawnStage::Rlimit:
      return "setting its resource limits";
    case SpawnStage::Directory:
      return "changing to its directory";
    case SpawnStage::Groups:
      return "dropping supplementary groups";
    case SpawnStage::Gid:
      return "changing to its gid";
    case SpawnStage::Uid:
      return "changing to its uid";
    case SpawnStage::DeathSignal:
      return "asking for a death signal";
    case SpawnStage::ParentGone:
      return "looking for its parent";
    case SpawnStage::Subreaper:
      return "becoming a subreaper";
    case SpawnStage::Guard:
      return "keeping others of its user out";
    case SpawnStage::Exec:
      return "executing it";
  }
  return "an unknown step";
}

}  // namespace ringmaster::keeper
