// The keeper's protocol: what the keeper believes of a supervisor gone wrong, what a supervisor believes of the keeper,
// the tables that outlive it, and the table that a successor inherits.
#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "daemon/keeper/message_check.h"
#include "daemon/keeper/table/deposit_table.h"
#include "daemon/keeper/table/table_memfd.h"
#include "daemon/keeper/table/worker_table.h"
#include "daemon/link/keeper_codec.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/sentence.h"

namespace ringmaster::fuzz {
namespace {

using namespace keeper;  // NOLINT(google-build-using-namespace): a program

template <typename Record>
void append(std::vector<std::byte>& bytes, const Record& record) {
  const auto raw = std::as_bytes(std::span(&record, 1));
  bytes.insert(bytes.end(), raw.begin(), raw.end());
}

std::vector<std::byte> bytes_of(const InheritedTable& table) {
  InheritedHeader header;
  header.supervisor = table.supervisor;
  header.cold = table.cold ? 1 : 0;
  header.deposits = static_cast<std::uint32_t>(table.deposits.size());
  header.workers = static_cast<std::uint32_t>(table.workers.size());
  header.exits = static_cast<std::uint32_t>(table.exits.size());
  std::vector<std::byte> bytes;
  append(bytes, header);
  for (const auto& one : table.deposits) append(bytes, one);
  for (const auto& one : table.workers) append(bytes, one);
  for (const auto& one : table.exits) append(bytes, one);
  return bytes;
}

// ---- the supervisor's side ----

void read_event(std::string_view text) {
  const std::vector<std::byte> packet = exact_copy(text);
  const auto event = decode_keeper_event(packet);
  if (!event) return check_sentence(event.error().message);
  const std::size_t size = std::visit(
      [](const auto& one) {
        return sizeof one + (std::is_same_v<std::decay_t<decltype(one)>, ExitRecord> ? sizeof(MessageHeader) : 0);
      },
      *event);
  RM_CHECK(size == packet.size(), "an event of %zu bytes out of %zu", size, packet.size());
  if (const auto* spawned = std::get_if<SpawnedMessage>(&*event))
    check_sentence(to_string(static_cast<daemon::SpawnStage>(spawned->stage)));
}

void read_inherited(std::string_view text) {
  const std::vector<std::byte> bytes = exact_copy(text);
  const auto table = decode_inherited_table(bytes);
  if (!table) return check_sentence(table.error().message);
  auto again = bytes_of(*table);
  RM_CHECK(again.size() == bytes.size(), "%zu bytes out of %zu", again.size(), bytes.size());
  const auto records = std::span(bytes).subspan(sizeof(InheritedHeader));
  RM_CHECK(std::equal(records.begin(), records.end(), again.begin() + sizeof(InheritedHeader)), "records altered");
}

SpawnSpec spec_of(Script& script) {
  SpawnSpec spec;
  spec.worker = script.next<std::uint32_t>();
  spec.incarnation = script.next<std::uint32_t>();
  spec.path = script.text();
  spec.cwd = script.text();
  const auto flags = script.next<std::uint8_t>();
  if ((flags & 1) != 0) spec.identity = {script.next<std::uint32_t>(), script.next<std::uint32_t>()};
  if ((flags & 2) != 0) spec.nice = script.next<std::int8_t>();
  spec.has_cgroup = (flags & 4) != 0;
  spec.fd_count = 3U + (flags >> 3U) % static_cast<unsigned>(kMaxWorkerFds - 2);
  spec.oom_score_adj = script.next<std::int16_t>();
  for (std::size_t left = script.below(kMaxSpawnRlimits + 2); left > 0; --left)
    spec.rlimits.push_back({script.next<std::uint8_t>(), script.next<std::uint64_t>(), script.next<std::uint64_t>()});
  spec.argv.emplace_back(script.text());
  if (spec.identity && (flags & 0x80) != 0) spec.identity->groups.assign(kMaxSpawnGroups + flags % 2, spec.worker);
  while (!script.empty()) ((spec.argv.size() <= spec.env.size()) ? spec.argv : spec.env).emplace_back(script.text());
  return spec;
}

bool same_strings(const std::vector<std::string>& wanted, char* const* got) {
  return std::all_of(wanted.begin(), wanted.end(), [&got](const std::string& one) { return one == *got++; }) &&
         *got == nullptr;
}

SpawnRequest& room_for_spawn() {
  static const std::unique_ptr<SpawnRequest> room = std::make_unique<SpawnRequest>();
  return *room;
}

// What a supervisor may ask for the keeper understands as it was meant, or it is refused with a sentence.
void ask_for_a_worker(Script& script) {
  const SpawnSpec spec = spec_of(script);
  auto packet = encode_spawn(1, spec);
  RM_CHECK(packet || packet.error().message.starts_with("cannot start"), "a refusal without a word");
  if (!packet) return;
  SpawnRequest& request = room_for_spawn();
  const int error = read_spawn(*packet, spec.fd_count + (spec.has_cgroup ? 1U : 0U), request);
  RM_CHECK(error == 0 || error == EINVAL, "errno %d", error);
  if (error != 0) return;
  RM_CHECK(spec.path == request.path && spec.cwd == (request.cwd != nullptr ? request.cwd : ""), "another program");
  RM_CHECK(same_strings(spec.argv, request.argv.data()) && same_strings(spec.env, request.env.data()), "other strings");
}

// ---- the keeper's side ----

class Tables {
 public:
  void take(std::string_view text, std::size_t fds) {
    std::vector<std::byte> packet = exact_copy(text);
    const auto type = check_header(packet);
    if (!type) return;
    RM_CHECK(packet.size() >= sizeof(MessageHeader), "%zu", packet.size());
    switch (*type) {
      case MessageType::Deposit:
        if (const auto message = read_message<DepositMessage>(packet)) deposit(*message, fds);
        break;
      case MessageType::Release:
        if (const auto message = read_message<ReleaseMessage>(packet)) release(*message);
        break;
      case MessageType::Spawn:
        spawn(packet, fds);
        break;
      case MessageType::ExitAck:
        if (const auto message = read_message<ExitAckMessage>(packet)) acknowledge(*message);
        break;
      case MessageType::Notify:
        if (const auto message = read_message<NotifyMessage>(packet)) notify(*message);
        break;
      case MessageType::Beat:
      case MessageType::Signal:
      case MessageType::Ack:
      case MessageType::Spawned:
      case MessageType::Exited:
      case MessageType::StopRequested:
      case MessageType::Ask:
        break;
    }
  }

  // A worker's next state, as events of its process would bring it.
  void age(std::uint32_t worker) {
    for (WorkerEntry& slot : workers_->slots()) {
      if (slot.worker % 4 != worker % 4) continue;
      switch (slot.state) {
        case WorkerEntry::State::Starting:
          slot.state = WorkerEntry::State::Running;
          break;
        case WorkerEntry::State::Running:
          slot.state = WorkerEntry::State::Dead;
          break;
        case WorkerEntry::State::Dead:
          slot.state = WorkerEntry::State::Reaped;
          break;
        case WorkerEntry::State::Reaped:
          slot.state = WorkerEntry::State::Fenced;
          slot.report_exit = true;
          break;
        case WorkerEntry::State::Free:
        case WorkerEntry::State::Fenced:
          break;
      }
    }
  }

  // A supervisor dies: what its successor reads is what the tables hold.
  void succeed(bool cold) {
    if (cold) deposits_->drop_state();
    int error = 0;
    const UniqueFd file = make_inherited_table(++ordinal_, cold, *deposits_, *workers_, error);
    RM_CHECK(file && error == 0, "errno %d", error);
    const auto table = read_inherited_table(file.get());
    RM_CHECK(table.has_value(), "%s", table.error().message.c_str());
    RM_CHECK(table->supervisor == ordinal_ && table->cold == cold, "supervisor %u", table->supervisor);
    const auto own = std::count_if(table->deposits.begin(), table->deposits.end(), [](const InheritedDeposit& one) {
      return one.label.kind != static_cast<std::uint16_t>(DepositKind::WorkerPidfd) &&
             one.label.kind != static_cast<std::uint16_t>(DepositKind::WorkerCgroup);
    });
    RM_CHECK(static_cast<std::size_t>(own) == deposits_->count(), "%zd of %zu deposits", own, deposits_->count());
    for (const InheritedDeposit& one : table->deposits)
      RM_CHECK(::fcntl(one.fd, F_GETFD) >= 0, "descriptor %d", one.fd);
    for (const InheritedWorker& one : table->workers) RM_CHECK(workers_->find(one.worker, one.incarnation) != nullptr);
    for (const ExitRecord& one : table->exits) RM_CHECK(workers_->find(one.worker, one.incarnation) != nullptr);
    check();
  }

  // Who may wait closes what one release has left over, or could not yet.
  void close_released(std::size_t most, bool stuck) {
    std::array<UniqueFd, 8> room;
    const std::size_t before = deposits_->released();
    const std::size_t taken = deposits_->take_released(std::span(room).first(most % (room.size() + 1)));
    RM_CHECK(taken <= most && deposits_->released() == before - taken, "%zu of %zu were taken", taken, before);
    RM_CHECK(taken > 0 || before == 0 || most % (room.size() + 1) == 0, "%zu are never closed", before);
    if (stuck) deposits_->return_released(std::span(room).first(taken));
    RM_CHECK(deposits_->released() == before - (stuck ? 0 : taken), "%zu are left", deposits_->released());
  }

  void check() const {
    std::size_t held = 0;
    std::size_t released = 0;
    std::set<std::pair<std::uint64_t, std::uint32_t>> labels;
    for (const DepositTable::Entry& entry : deposits_->entries()) {
      RM_CHECK(!entry.held() || entry.fd, "a label without its descriptor");
      if (!entry.held() && entry.fd) ++released;
      if (!entry.held()) continue;
      ++held;
      RM_CHECK(labels.insert({std::uint64_t{entry.label.kind} << 32 | entry.label.a, entry.label.b}).second,
               "label %u twice", entry.label.kind);
    }
    RM_CHECK(held == deposits_->count() && released == deposits_->released(), "%zu deposits, %zu released", held,
             released);
  }

 private:
  static UniqueFd some_descriptor() {
    static const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    return UniqueFd(::fcntl(null.get(), F_DUPFD_CLOEXEC, 0));
  }

  void deposit(const DepositMessage& message, std::size_t fds) {
    if (message.count > kMaxDepositsPerMessage || message.count != fds) return;
    std::vector<UniqueFd> received;
    for (std::size_t i = 0; i < fds; ++i) received.push_back(some_descriptor());
    const std::size_t before = deposits_->count();
    const int error = deposits_->add(std::span(message.labels).first(message.count), received);
    RM_CHECK(error == 0 || error == EINVAL || error == EEXIST || error == ENFILE, "errno %d", error);
    RM_CHECK(deposits_->count() == before + (error == 0 ? fds : 0), "some of %zu were taken", fds);
  }

  void release(const ReleaseMessage& message) {
    const std::size_t before = deposits_->count();
    RM_CHECK(deposits_->release(message) == before - deposits_->count(), "released other than it says");
    RM_CHECK(deposits_->release(message) == 0, "released twice");
  }

  void spawn(std::span<std::byte> packet, std::size_t fds) {
    SpawnRequest& request = room_for_spawn();
    if (read_spawn(packet, fds, request) != 0) return;
    const auto inside = [packet](const char* text) {
      const auto* at = reinterpret_cast<const std::byte*>(text);
      return at >= packet.data() + sizeof(SpawnMessage) && at + std::strlen(text) < packet.data() + packet.size();
    };
    const SpawnMessage& message = request.message;
    RM_CHECK(inside(request.path) && request.path[0] != 0, "a program without a name");
    RM_CHECK(request.cwd == nullptr || (inside(request.cwd) && request.cwd[0] != 0));
    for (std::size_t i = 0; i < message.arg_count; ++i) RM_CHECK(inside(request.argv[i]));
    for (std::size_t i = 0; i < message.env_count; ++i) RM_CHECK(inside(request.env[i]));
    RM_CHECK(request.argv[message.arg_count] == nullptr && request.env[message.env_count] == nullptr);
    RM_CHECK(message.fd_count >= 3 && message.fd_count <= kMaxWorkerFds, "%u descriptors", message.fd_count);
    for (std::size_t i = 0; i < message.rlimit_count; ++i) RM_CHECK(message.rlimits[i].resource < RLIM_NLIMITS);
    if (workers_->find(message.worker, message.incarnation) != nullptr) return;
    WorkerEntry* const slot = workers_->take();
    if (slot == nullptr) return;
    slot->state = WorkerEntry::State::Starting;
    slot->worker = slot->exit.worker = message.worker;
    slot->incarnation = slot->exit.incarnation = message.incarnation;
    slot->pidfd = some_descriptor();
    if ((message.flags & kSpawnHasCgroup) != 0) slot->cgroup = some_descriptor();
  }

  void acknowledge(const ExitAckMessage& message) {
    WorkerEntry* const slot = workers_->find(message.worker, message.incarnation);
    if (slot == nullptr || slot->state != WorkerEntry::State::Fenced) return;
    workers_->release(*slot);
    RM_CHECK(workers_->find(message.worker, message.incarnation) == nullptr, "still there");
  }

  static void notify(const NotifyMessage& message) {
    const std::string text(message.text, std::min<std::size_t>(message.length, kMaxNotifyText));
    if (!notify_text_allowed(text)) return;
    for (const char* forbidden : {"MAINPID", "FDSTORE", "WATCHDOG", "FDNAME", "BARRIER"})
      RM_CHECK(!text.starts_with(forbidden) && text.find("\n" + std::string(forbidden)) == std::string::npos);
    const Packet packet = encode_notify(text);
    NotifyMessage again;
    RM_CHECK(packet.size() == sizeof again);
    std::memcpy(&again, packet.data(), sizeof again);
    RM_CHECK(text == std::string_view(again.text, again.length), "a text that changes on its way");
  }

  std::unique_ptr<DepositTable> deposits_ = std::make_unique<DepositTable>();
  std::unique_ptr<WorkerTable> workers_ = std::make_unique<WorkerTable>();
  std::uint32_t ordinal_ = 0;
};

void keep(Script& script) {
  Tables tables;
  while (!script.empty()) {
    const auto what = script.next<std::uint8_t>();
    if (what < 0xD0) {
      tables.take(script.text(), what % 10);
    } else if (what < 0xE0) {
      tables.close_released(what & 7, (what & 8) != 0);
    } else if (what < 0xF8) {
      tables.age(what);
    } else {
      tables.succeed(what == 0xFF);
    }
  }
  tables.check();
  tables.succeed(false);
}

void run(Input input) {
  Script script(input);
  switch (script.next<std::uint8_t>() % 4) {
    case 0:
      return read_event(script.rest());
    case 1:
      return read_inherited(script.rest());
    case 2:
      return ask_for_a_worker(script);
    default:
      return keep(script);
  }
}

template <typename Message>
std::string event(Message message, MessageType type) {
  message.header.type = static_cast<std::uint16_t>(type);
  message.header.size = sizeof message;
  return SeedWriter().put(std::uint8_t{0}).put(message).take();
}

std::string life_of_a_keeper() {
  SpawnSpec spec;
  spec.worker = 3;
  spec.incarnation = 1;
  spec.path = "/bin/worker";
  spec.argv = {"worker", "--quiet"};
  spec.env = {"LANG=C"};
  spec.rlimits = {{RLIMIT_NOFILE, 64, 64}};
  spec.has_cgroup = true;
  spec.fd_count = 6;
  const std::vector<DepositLabel> labels{make_label(DepositKind::Ledger), make_label(DepositKind::Board, 1),
                                         make_label(DepositKind::Lane, 3, 1)};
  SeedWriter out;
  out.put(std::uint8_t{3});
  out.put(std::uint8_t{3}).text(encode_deposit(1, labels));
  out.put(std::uint8_t{7}).text(encode_spawn(2, spec).value());
  out.put(std::uint8_t{0xE3}).put(std::uint8_t{0xF8});
  out.put(std::uint8_t{0}).text(encode_release(3, {kind_bit(DepositKind::Lane), 3, std::nullopt}));
  out.put(std::uint8_t{0xDC}).put(std::uint8_t{0xD3});
  out.put(std::uint8_t{0}).text(encode_notify("STATUS=2 pools\nREADY=1"));
  out.put(std::uint8_t{0}).text(encode_beat(Phase::Serving, std::chrono::seconds(30)));
  out.put(std::uint8_t{0}).text(encode_signal(4, 3, 1, 9));
  for (int i = 0; i < 3; ++i) out.put(std::uint8_t{0xE3});
  out.put(std::uint8_t{0xFF});
  out.put(std::uint8_t{0}).text(encode_exit_ack(3, 1));
  return out.take();
}

std::vector<std::string> seeds() {
  std::vector<std::string> seeds;
  seeds.push_back(event(AckMessage{}, MessageType::Ack));
  seeds.push_back(event(SpawnedMessage{}, MessageType::Spawned));
  seeds.push_back(event(ExitedMessage{}, MessageType::Exited));
  seeds.push_back(event(StopRequestedMessage{}, MessageType::StopRequested));
  seeds.push_back(event(AskMessage{}, MessageType::Ask));
  InheritedTable table;
  table.supervisor = 2;
  table.deposits = {{make_label(DepositKind::Ledger), 9}, {make_label(DepositKind::Lane, 3, 1), 10}};
  table.workers = {{3, 1, 77, 11, static_cast<std::uint32_t>(WorkerState::Running), 0}};
  table.exits = {ExitRecord{4, 1, 78, 2, 9, 0, 5, 6, 7, 8}};
  seeds.push_back(SeedWriter().put(std::uint8_t{1}).raw(bytes_of(table)).take());
  SeedWriter spec;
  spec.put(std::uint8_t{2}).put(std::uint32_t{1}).put(std::uint32_t{2}).text(std::string_view("/bin/worker"));
  spec.text(std::string_view("/srv")).put(std::uint8_t{7}).put(std::uint32_t{1000}).put(std::uint32_t{1000});
  spec.put(std::int8_t{5}).put(std::int16_t{0}).put(std::uint16_t{0});
  spec.text(std::string_view("worker")).text(std::string_view("LANG=C")).text(std::string_view("-q"));
  seeds.push_back(spec.take());
  seeds.push_back(life_of_a_keeper());
  return seeds;
}

}  // namespace

const Target& target() {
  static const Target keeper{.name = "keeper", .run = run, .seeds = seeds};
  return keeper;
}

}  // namespace ringmaster::fuzz
