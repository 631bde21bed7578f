#include "daemon/sessions/parcels.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <variant>

#include "shm/layout.h"
#include "shm/memfd.h"
#include "shm/slots.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kLookEvery = std::chrono::seconds{1};

// What its client has not reserved yet.
std::uint64_t untouched(int file, std::uint64_t bytes) { return bytes - std::min(bytes, shm::allocated_bytes(file)); }

}  // namespace

Parcels::~Parcels() {
  if (sweep_timer_) ports_.timers.cancel(*sweep_timer_);
}

void Parcels::open(const Session& session, std::uint64_t bytes, SessionAsker asker) {
  // In the largest possible ring the line that stands for a parcel is one like any other.
  if (bytes == 0 || session.geometry.request_ring_bytes > std::uint64_t{shm::kRequestInParcel} * shm::kCacheLine)
    return asker(RequestRefusal{RefusalCode::BadArgument, "the session's ring has room for such a request"});
  auto judged = core::judge_room(question(session.uid, bytes));
  if (std::holds_alternative<core::RoomRefusal>(judged)) {
    sweep(session.uid);  // what it has just finished with is found a little later otherwise
    judged = core::judge_room(question(session.uid, bytes));
  }
  if (const auto* refused = std::get_if<core::RoomRefusal>(&judged))
    return asker(refusal_of(*refused, session.uid, bytes));
  const core::Bytes whole = std::get<core::Bytes>(judged);
  if (const auto over = rooms_.quota.take_bytes(session.uid, whole))
    return asker(RequestRefusal{RefusalCode::Quota, core::to_string(*over), over->asked, over->limit});
  auto file = shm::create_request_segment("ringmaster-" + std::to_string(session.serial) + "-parcel", whole.value);
  if (!file) {
    rooms_.quota.release_bytes(session.uid, whole);
    return asker(RequestRefusal{RefusalCode::NoMemory, file.error().message});
  }
  while (parcels_.contains({session.serial, ++last_number_})) {
  }
  const Key key{session.serial, last_number_};
  const Parcel& made = parcels_[key] = Parcel{session.uid, whole.value, std::move(*file)};
  const std::array labels{keeper::make_label(keeper::DepositKind::Parcel, key.first, key.second)};
  const std::array fds{made.file.get()};
  // The client gets nothing that a successor would not have too.
  rooms_.deposits.deposit(labels, fds, [this, key, asker = std::move(asker)](bool done) { held(key, done, asker); });
}

core::RoomQuestion Parcels::question(std::uint32_t uid, std::uint64_t bytes) const {
  core::RoomQuestion question;
  question.what = core::RoomFor::Request;
  question.uid = uid;
  question.needed = question.wished = bytes;
  question.held = rooms_.quota.use(uid).bytes;
  question.limit = rooms_.quota.limits().bytes_per_uid;
  question.memory = ports_.memory(uid, core::Bytes{bytes});
  question.files = parcels_.size();
  question.files_of_uid = static_cast<std::uint64_t>(
      std::count_if(parcels_.begin(), parcels_.end(), [uid](const auto& one) { return one.second.uid == uid; }));
  return question;
}

RequestRefusal Parcels::refusal_of(const core::RoomRefusal& refused, std::uint32_t uid, std::uint64_t bytes) const {
  switch (refused.why) {
    case core::RoomRefusal::Why::Quota: {
      // The book words it, and has it logged.
      const auto over = rooms_.quota.take_bytes(uid, refused.more);
      if (over) return RequestRefusal{RefusalCode::Quota, core::to_string(*over), over->asked, over->limit};
      rooms_.quota.release_bytes(uid, refused.more);
      return RequestRefusal{RefusalCode::Quota, "the uid holds as much memory as it may"};
    }
    case core::RoomRefusal::Why::TooMany:
      return RequestRefusal{RefusalCode::Quota, refused.text};
    case core::RoomRefusal::Why::Memory:
      break;
  }
  return RequestRefusal{RefusalCode::NoMemory, refused.text, bytes, refused.limit.value};
}

void Parcels::held(const Key& key, bool held, const SessionAsker& asker) {
  const auto at = parcels_.find(key);
  if (at == parcels_.end()) return;
  if (!held) {
    asker(RequestRefusal{RefusalCode::NoMemory, "the keeper's table of descriptors is full; close some sessions"});
    rooms_.quota.release_bytes(at->second.uid, core::Bytes{at->second.bytes});
    parcels_.erase(at);
    return;
  }
  at->second.given = true;
  arm_sweep();
  auto file = shm::reopen(at->second.file.get());  // of its own: so it shows whether the client still has it open
  if (!file) return asker(RequestRefusal{RefusalCode::Internal, file.error().message});
  asker(ParcelOffer{key.second, at->second.bytes, std::move(*file)});
}

// A worker may mean no good, and its client may say anything: a parcel goes only to the owner of a slot of its session.
Result<RoomGiven> Parcels::parcel(const ParcelWish& wish) {
  const SessionEntry* entry = rooms_.table.find(wish.index, wish.serial);
  if (entry == nullptr || entry->session.state == SessionState::Opening ||
      entry->session.state == SessionState::Closing || wish.slot >= entry->session.reply.slots())
    return Error{"its session has ended"};
  const shm::SlotWord word = shm::slot_word(entry->session.reply, wish.slot);
  if (!word.is_owned() || word.seq() != wish.seq || word.owner() != wish.worker)
    return Error{"the job is not this worker's"};
  const auto at = parcels_.find({wish.serial, wish.number});
  if (at == parcels_.end() || !at->second.given)
    return Error{"its request lies in parcel " + std::to_string(wish.number) + ", which its session does not have"};
  // A worker that touched a missing page would be charged for it.
  if (untouched(at->second.file.get(), at->second.bytes) != 0) return Error{"its client has not reserved its parcel"};
  auto file = shm::reopen_read_only(at->second.file.get());
  if (!file) return file.error();
  return RoomGiven{std::move(*file), at->second.bytes};
}

void Parcels::adopt(std::uint32_t serial, std::uint32_t number, UniqueFd file) {
  last_number_ = std::max(last_number_, number);
  const SessionEntry* entry = rooms_.table.with_serial(serial);
  struct stat facts {};
  const bool known = entry != nullptr && file && ::fstat(file.get(), &facts) == 0;
  const core::Bytes bytes{static_cast<std::uint64_t>(facts.st_size)};
  const bool charged = known && !rooms_.quota.take_bytes(entry->session.uid, bytes);
  const auto at = parcels_
                      .emplace(Key{serial, number},
                               Parcel{known ? entry->session.uid : 0, charged ? bytes.value : 0, std::move(file), true})
                      .first;
  if (!charged || shm::open_elsewhere(at->second.file.get()) == shm::OpenElsewhere::No) return end(at);
  arm_sweep();
}

void Parcels::add_untouched(core::GrantQuestion& question) const {
  for (const auto& [key, one] : parcels_) {
    const core::Bytes bytes{untouched(one.file.get(), one.bytes)};
    question.untouched += bytes;
    if (one.uid == question.uid) question.untouched_by_uid += bytes;
  }
}

// Our own descriptor goes first: the last close frees all pages, which takes a while, and is the keeper's.
void Parcels::end(All::iterator at) {
  const auto [serial, number] = at->first;
  at->second.file.reset();
  if (at->second.bytes != 0) rooms_.quota.release_bytes(at->second.uid, core::Bytes{at->second.bytes});
  rooms_.deposits.release({keeper::kind_bit(keeper::DepositKind::Parcel), serial, number});
  parcels_.erase(at);
}

// Also those of sessions that have ended: a uid is charged for what its processes have open.
void Parcels::sweep(std::optional<std::uint32_t> uid) {
  for (auto at = parcels_.begin(); at != parcels_.end();) {
    const auto one = at++;
    if (!one->second.given || (uid && one->second.uid != *uid)) continue;
    if (shm::open_elsewhere(one->second.file.get()) == shm::OpenElsewhere::No) end(one);
  }
}

void Parcels::arm_sweep() {
  if (sweep_timer_ || parcels_.empty()) return;
  sweep_timer_ = ports_.timers.after(kLookEvery, [this] {
    sweep_timer_.reset();
    sweep(std::nullopt);
    arm_sweep();
  });
}

}  // namespace ringmaster::daemon
