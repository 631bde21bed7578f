#include "daemon/sessions/spilled_results.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <variant>

#include "daemon/core/daemon/room_grant.h"
#include "shm/job_end.h"
#include "shm/memfd.h"
#include "shm/slots.h"
#include "shm/spilled_file.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kSweepEvery = std::chrono::seconds{1};
constexpr unsigned kMostOffers = 8;

Error gone() { return Error{"its session has ended"}; }

}  // namespace

SpilledResults::~SpilledResults() {
  if (sweep_timer_) ports_.timers.cancel(*sweep_timer_);
}

void SpilledResults::ask(const RoomWish& wish, Answer answer) {
  const auto session = running(wish);
  if (!session) return answer(session.error());
  const std::uint32_t uid = (*session)->session.uid;
  const Key key{wish.serial, wish.slot};
  At at = results_.find(key);
  // The slot's last job left it; or this run has none: an earlier run's, or the answer to an earlier question was lost.
  if (at != results_.end() && (at->second.seq != wish.seq || wish.has == 0)) {
    let_go(at);
    at = results_.end();
  }
  const bool fresh = at == results_.end();
  if (fresh && wish.has != 0) return answer(Error{"the daemon has lost the memory that the result had"});
  if (!fresh && at->second.answer) {  // asked again
    at->second.needed = wish.needed;
    at->second.answer = std::move(answer);
    return;
  }
  if (!fresh && at->second.room >= wish.needed) {
    at->second.answer = std::move(answer);
    return give(at->second);
  }
  // A predecessor may have died while it took the pages of a file that it had made long enough.
  const std::uint64_t has = fresh ? 0 : at->second.bytes;
  const auto bytes = has >= wish.needed ? Result<std::uint64_t>(has) : judge(uid, wish, has);
  if (!bytes) return answer(bytes.error());
  if (fresh) {
    auto file = shm::create_spilled("ringmaster-" + std::to_string(wish.serial) + "-result");
    if (!file) return answer(file.error());
    Spilled made;
    made.uid = uid;
    made.serial = wish.serial;
    made.seq = wish.seq;
    made.ticket = ++last_ticket_;
    made.file = std::move(*file);
    at = results_.emplace(key, std::move(made)).first;
  }
  at->second.needed = wish.needed;
  at->second.answer = std::move(answer);
  if (const auto longer = lengthen(at->second, *bytes); !longer) return refuse(at, longer.error());
  arm_sweep();
  reserve(key, at->second);
}

// The session and the job may be named by a worker that means no good: at most one file for each slot that is owned.
Result<SessionEntry*> SpilledResults::running(const RoomWish& wish) const {
  SessionEntry* entry = rooms_.table.find(wish.index, wish.serial);
  if (entry == nullptr || entry->session.state == SessionState::Opening ||
      entry->session.state == SessionState::Closing || wish.slot >= entry->session.reply.slots()) {
    return gone();
  }
  const shm::SlotWord word = shm::slot_word(entry->session.reply, wish.slot);
  if (!word.is_owned() || word.seq() != wish.seq) return Error{"the job does not run any more"};
  return entry;
}

Result<std::uint64_t> SpilledResults::judge(std::uint32_t uid, const RoomWish& wish, std::uint64_t has) const {
  core::RoomQuestion question;
  question.uid = uid;
  question.has = has;
  question.needed = wish.needed;
  question.wished = wish.wished;
  question.held = rooms_.quota.use(uid).bytes;
  question.limit = rooms_.quota.limits().bytes_per_uid;
  question.memory = ports_.memory(uid, core::Bytes{wish.needed});
  question.memory.untouched += core::Bytes{reserving_};
  question.files = results_.size() + lent_.size();
  question.files_of_uid = count_of(uid);
  const auto judged = core::judge_room(question);
  if (const auto* bytes = std::get_if<core::Bytes>(&judged)) return bytes->value;
  const auto& refused = std::get<core::RoomRefusal>(judged);
  if (refused.why != core::RoomRefusal::Why::Quota) return Error{refused.text};
  // The book words it, and has it logged.
  const auto over = rooms_.quota.take_bytes(uid, refused.more);
  return Error{over ? core::to_string(*over) : std::string{"its submitter holds as much memory as it may"}};
}

// Charges the uid first, so that nothing is made that nobody pays for.
Result<void> SpilledResults::lengthen(Spilled& spilled, std::uint64_t bytes) const {
  const core::Bytes more{bytes - spilled.bytes};
  if (const auto refused = rooms_.quota.take_bytes(spilled.uid, more)) return Error{core::to_string(*refused)};
  spilled.bytes = bytes;
  auto longer = shm::lengthen_spilled(spilled.file.get(), bytes);
  if (!longer) {
    spilled.bytes -= more.value;
    rooms_.quota.release_bytes(spilled.uid, more);
  }
  return longer;
}

void SpilledResults::reserve(const Key& key, Spilled& spilled) {
  const std::uint64_t more = spilled.bytes - spilled.room;
  reserving_ += more;
  ports_.reserve(spilled.uid, spilled.file.get(), spilled.room, more,
                 [this, key, ticket = spilled.ticket, more](const Result<void>& done) {
                   reserving_ -= more;
                   reserved(key, ticket, more, done);
                 });
}

void SpilledResults::reserved(const Key& key, std::uint64_t ticket, std::uint64_t more, const Result<void>& done) {
  const At at = still(key, ticket);
  if (at == results_.end()) return;
  Spilled& spilled = at->second;
  if (!done) {
    spilled.bytes -= more;
    rooms_.quota.release_bytes(spilled.uid, core::Bytes{more});
    return refuse(at, done.error());
  }
  spilled.room = spilled.bytes;
  if (spilled.deposited) return give(spilled);
  deposit(key, spilled);
}

// The worker gets nothing that a successor would not have too.
void SpilledResults::deposit(const Key& key, Spilled& spilled) {
  spilled.deposited = true;
  for (Spilled& old : lent_) {  // an earlier run's, by the same label
    if (old.serial == spilled.serial && old.seq == spilled.seq) release(old);
  }
  const std::array labels{keeper::make_label(keeper::DepositKind::Spilled, spilled.serial, spilled.seq)};
  const std::array fds{spilled.file.get()};
  rooms_.deposits.deposit(labels, fds, [this, key, ticket = spilled.ticket](bool held) {
    const At at = still(key, ticket);
    if (at == results_.end()) return;
    if (held) return give(at->second);
    at->second.deposited = false;
    at->second.room = 0;
    refuse(at, Error{"the keeper's table of descriptors is full"});
  });
}

void SpilledResults::give(Spilled& spilled) const {
  const Answer answer = std::exchange(spilled.answer, nullptr);
  if (!answer) return;
  if (spilled.room < spilled.needed) return answer(Error{"the job asked for more while it was given some"});
  auto file = shm::reopen(spilled.file.get());
  if (!file) return answer(file.error());
  answer(RoomGiven{std::move(*file), spilled.room});
}

// A file without room was never given to anybody.
void SpilledResults::refuse(At at, Error why) {
  const Answer answer = std::exchange(at->second.answer, nullptr);
  if (at->second.room == 0) let_go(at);
  if (answer) answer(std::move(why));
}

SpilledResults::At SpilledResults::still(const Key& key, std::uint64_t ticket) {
  const At at = results_.find(key);
  return at != results_.end() && at->second.ticket == ticket ? at : results_.end();
}

std::uint64_t SpilledResults::count_of(std::uint32_t uid) const {
  const auto of_uid = [uid](const Spilled& one) { return one.uid == uid; };
  const auto of = [&](const auto& one) { return of_uid(one.second); };
  return static_cast<std::uint64_t>(std::count_if(results_.begin(), results_.end(), of) +
                                    std::count_if(lent_.begin(), lent_.end(), of_uid));
}

Result<UniqueFd> SpilledResults::open(std::uint32_t serial, std::uint32_t seq, std::uint64_t bytes) {
  for (auto at = results_.lower_bound({serial, 0}); at != results_.end() && at->first.first == serial; ++at) {
    Spilled& spilled = at->second;
    if (spilled.seq != seq) continue;
    const shm::SlotWord word = word_at(at->first);
    if (word.seq() != seq || !shm::has_spilled(word)) return Error{"the job has not ended with it"};
    if (!shm::is_sealed_spilled(spilled.file.get(), bytes)) return Error{"its worker has not finished it"};
    // Descriptors that a client does not take out of its socket are the daemon's.
    if (spilled.offers == kMostOffers) return Error{"it was fetched too often"};
    auto reader = shm::reopen_read_only(spilled.file.get());
    if (reader) ++spilled.offers;
    return reader;
  }
  return Error{"it is not kept any more"};
}

void SpilledResults::session_gone(std::uint32_t serial) {
  for (At at = results_.lower_bound({serial, 0}); at != results_.end() && at->first.first == serial;) {
    let_go(at++);
  }
}

void SpilledResults::adopt(std::uint32_t serial, std::uint32_t seq, const std::function<UniqueFd()>& take) {
  const SessionEntry* entry = rooms_.table.with_serial(serial);
  if (entry == nullptr) return;
  Spilled found;
  found.uid = entry->session.uid;
  found.serial = serial;
  found.seq = seq;
  for (const auto [slot, word] : shm::slot_words(entry->session.reply)) {
    if (word.seq() != seq || !is_wanted({serial, static_cast<std::uint32_t>(slot)}, found)) continue;
    found.ticket = ++last_ticket_;
    found.file = take();
    found.deposited = true;
    struct stat facts {};
    if (!found.file || ::fstat(found.file.get(), &facts) != 0) return;
    const auto whole = static_cast<std::uint64_t>(facts.st_size);
    const std::uint64_t taken = std::min(whole, shm::allocated_bytes(found.file.get()));
    // A predecessor charged the uid no more than this.
    found.sized = shm::is_sealed_spilled(found.file.get(), 0) && taken != 0;
    const std::uint64_t bytes = found.sized ? taken : whole;
    if (!rooms_.quota.take_bytes(found.uid, core::Bytes{bytes})) found.bytes = bytes;
    if (found.bytes == 0) return end(found);
    found.room = taken != 0 ? taken : whole;
    results_.emplace(Key{serial, static_cast<std::uint32_t>(slot)}, std::move(found));
    return arm_sweep();
  }
}

void SpilledResults::let_go(At at) {
  Spilled spilled = std::move(at->second);
  results_.erase(at);
  spilled.answer = nullptr;
  if (!shm::is_open_elsewhere(spilled.file.get())) return end(spilled);
  lent_.push_back(std::move(spilled));
}

// Our own descriptor goes first: the last close frees all pages, which takes a while, and is the keeper's.
void SpilledResults::end(Spilled& spilled) const {
  spilled.file.reset();
  if (spilled.bytes != 0) rooms_.quota.release_bytes(spilled.uid, core::Bytes{spilled.bytes});
  release(spilled);
}

void SpilledResults::release(Spilled& spilled) const {
  if (!std::exchange(spilled.deposited, false)) return;
  rooms_.deposits.release({keeper::kind_bit(keeper::DepositKind::Spilled), spilled.serial, spilled.seq});
}

void SpilledResults::arm_sweep() {
  if (!sweep_timer_) sweep_timer_ = ports_.timers.after(kSweepEvery, [this] { sweep(); });
}

void SpilledResults::sweep() {
  sweep_timer_.reset();
  for (At at = results_.begin(); at != results_.end();) {
    const At one = at++;
    if (one->second.answer) continue;
    if (is_wanted(one->first, one->second)) {
      size(one->second);
    } else {
      let_go(one);
    }
  }
  const auto free = std::stable_partition(lent_.begin(), lent_.end(),
                                          [](const Spilled& one) { return shm::is_open_elsewhere(one.file.get()); });
  std::for_each(free, lent_.end(), [this](Spilled& one) { end(one); });
  lent_.erase(free, lent_.end());
  if (!results_.empty() || !lent_.empty()) arm_sweep();
}

// Its run goes on, or it has ended and left this result, which nobody has taken.
bool SpilledResults::is_wanted(const Key& key, const Spilled& spilled) const {
  const shm::SlotWord word = word_at(key);
  return word.seq() == spilled.seq && (word.is_owned() || shm::has_spilled(word));
}

// An invalid one if the session is gone.
shm::SlotWord SpilledResults::word_at(const Key& key) const {
  const SessionEntry* entry = rooms_.table.with_serial(key.first);
  return entry == nullptr ? shm::SlotWord{} : shm::slot_word(entry->session.reply, key.second);
}

// The worker has given back the pages that its result does not take up.
void SpilledResults::size(Spilled& spilled) const {
  if (spilled.sized || !shm::is_sealed_spilled(spilled.file.get(), 0)) return;
  spilled.sized = true;
  const std::uint64_t taken = std::min(spilled.bytes, shm::allocated_bytes(spilled.file.get()));
  if (taken == 0) return;  // cannot be found out
  rooms_.quota.release_bytes(spilled.uid, core::Bytes{spilled.bytes - taken});
  spilled.bytes = taken;
}

}  // namespace ringmaster::daemon
