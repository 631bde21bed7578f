#include "tests/fuzz/memory/house.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "daemon/pool/book/lane_tally.h"
#include "shm/port/hints.h"
#include "shm/port/verdict.h"

namespace ringmaster::fuzz {
namespace {

constexpr unsigned kRetries = 3;

// Volatile: what was read must have been read.
void use(std::uint64_t value) {
  volatile std::uint64_t read = value;
  (void)read;
}

// The parts that a house writes, empty; all of it, two megabytes, would take longer than most scripts.
shm::LedgerRecord& empty_ledger() {
  static const std::unique_ptr<shm::LedgerRecord> ledger = std::make_unique<shm::LedgerRecord>();
  ledger->crash_uses = 0;
  for (shm::LedgerCrash& crash : ledger->crashes) {
    crash.job_id.store(0, std::memory_order_relaxed);
    crash.count = 0;
    crash.last_use = 0;
  }
  ledger->pools[0].published.store(0, std::memory_order_relaxed);
  for (shm::LedgerTally& tally : ledger->pools[0].tally) tally = {};
  return *ledger;
}

}  // namespace

Hand::Hand(std::uint16_t number, shm::BoardRecord* board) {
  owner = {static_cast<std::uint16_t>(number + 2), 0};
  self.place = number;
  self.board = board;
  be_born();
}

void Hand::be_born() {
  ++owner.incarnation;
  lane_memory.clear();
  control_memory.clear();
  self.owner = owner;
  self.lane = shm::format_lane(lane_memory.span(), 0, owner);
  self.control = control = shm::format_control(control_memory.span(), 0, owner);
  claimed.reset();
  record.verdict_intent.store(0);
  record.counted_job.store(0);
}

House::House(bool safe)
    : board_(shm::format_board(board_memory_.span(), 0)),
      ledger_(empty_ledger()),
      tenants_{Tenant(3, safe, board_), Tenant(4, false, board_)},
      hands_{Hand(0, board_), Hand(1, board_)} {
  for (Hand& hand : hands_) {
    for (std::size_t i = 0; i < kTenants; ++i)
      hand.sessions[i] = {.index = tenants_[i].index(), .request = tenants_[i].request(), .reply = tenants_[i].reply()};
  }
}

// ---- workers ----

void House::claim(std::size_t number, std::size_t tenant) {
  Hand& worker = hand(number);
  tenant %= kTenants;
  if (worker.claimed || ended_[tenant]) return;
  shm::Claim claimed;
  const shm::ClaimStatus status = shm::claim(worker.self, worker.sessions[tenant], tick(), claimed);
  RM_CHECK(worker.sessions[tenant].cursor < tenants_[tenant].reply().slots(), "a cursor behind the last slot");
  RM_CHECK(status == shm::ClaimStatus::Claimed || !honest(number) || worker.self.lane->words.intent.load() == 0,
           "an intent for no job");
  RM_CHECK(status != shm::ClaimStatus::Tampered || !tenants_[tenant].safe(), "a safe tenant is said to have lied");
  if (status == shm::ClaimStatus::Tampered) end_session(tenant);
  if (status != shm::ClaimStatus::Claimed) return;
  RM_CHECK(claimed.slot < tenants_[tenant].reply().slots() && claimed.word.seq() != 0, "slot %u", claimed.slot);
  worker.claimed = claimed;
  worker.at = tenant;
}

void House::check_extents(const Hand& worker, const shm::JobExtents& extents) const {
  const Tenant& tenant = tenants_[worker.at];
  const auto inside = [](std::span<const std::byte> extent, const std::byte* ring) {
    RM_CHECK(extent.data() >= ring && extent.size() <= shm::kPageBytes &&
                 extent.data() + extent.size() <= ring + shm::kPageBytes,
             "an extent of %zu bytes outside of its ring", extent.size());
  };
  inside(extents.request, tenant.request().ring());
  inside(extents.arguments, tenant.request().ring());
  inside(extents.result, tenant.reply().ring());
}

void House::finish(std::size_t number) {
  Hand& worker = hand(number);
  if (!worker.claimed) return;
  const shm::WorkerSession& session = worker.sessions[worker.at];
  const shm::JobExtents extents = shm::locate(session, *worker.claimed);
  use(shm::cancel_asked(worker.self, session, *worker.claimed) ? 1 : 0);
  shm::JobResult result;
  if (extents.ok) {
    check_extents(worker, extents);
    const std::size_t bytes = std::min(extents.request.size(), extents.result.size());
    for (std::size_t i = 0; i < bytes; ++i) extents.result[i] = Tenant::answer_to(extents.request[i]);
    for (const std::byte one : extents.arguments) sum_ += std::to_integer<unsigned>(one);
    result.result_bytes = bytes;
    result.message = "as asked";
  } else {
    result = {.state = shm::SlotState::Failed, .cause = Cause::Invalid, .message = "no such picture"};
  }
  const bool safe = tenants_[worker.at].safe();
  const shm::FinishStatus status = shm::finish(worker.self, session, *worker.claimed, result, tick());
  RM_CHECK(!safe || extents.ok, "a safe tenant's job has no extents");
  RM_CHECK(!safe || status != shm::FinishStatus::Tampered, "a safe tenant's word was altered");
  if (status == shm::FinishStatus::Held) return;  // it waits for its end
  RM_CHECK(!honest(number) || worker.self.lane->words.intent.load() == 0, "an intent behind the end of its job");
  worker.claimed.reset();
}

void House::look(std::size_t number) {
  const Hand& worker = hand(number);
  for (const shm::WorkerSession& session : worker.sessions) {
    const bool ready = shm::has_ready_job(session);
    RM_CHECK(!ready || shm::may_have_work(session), "ready work without a bit");
    use((shm::next_is_ready(session) ? 1U : 0U) + (shm::has_job_ready_since(session, now_) ? 1U : 0U) +
        (shm::has_waiting_job(session, now_, 250'000) ? 1U : 0U));
  }
}

void House::turn(std::size_t number, unsigned how) {
  Hand& worker = hand(number);
  const std::uint32_t place = worker.self.place;
  switch (how % 8) {
    case 0:
      return shm::set_spin(*board_, place);
    case 1:
      return shm::clear_spin(*board_, place);
    case 2:
      return shm::set_idle(*board_, place);
    case 3:
      return shm::clear_idle(*board_, place);
    case 4:
      return use(shm::take_role(board_->streamer, place) ? 1 : 0);
    case 5:
      return use(shm::leave_role(board_->standby, place) ? 1 : 0);
    case 6:
      RM_CHECK(shm::count_spinners(*board_) <= 64 * shm::kBoardWords, "more spinners than places");
      return use((shm::should_ring(*board_) ? 1U : 0U) + (shm::anyone_idle(*board_) ? 1U : 0U));
    default:
      return shm::clear_place(*board_, place);
  }
}

// ---- the supervisor ----

Tenant* House::tenant_of(std::uint16_t index) {
  for (Tenant& one : tenants_)
    if (one.index() == index) return &one;
  return nullptr;
}

Fate* House::fate_of(const shm::Intent& intent) {
  Tenant* tenant = tenant_of(intent.session);
  return tenant != nullptr ? tenant->fate_of(intent.slot, intent.seq) : nullptr;
}

std::array<shm::ReapTarget, kTenants> House::targets() const {
  std::array<shm::ReapTarget, kTenants> all;
  for (std::size_t i = 0; i < kTenants; ++i)
    all[i] = {tenants_[i].index(), tenants_[i].serial(), tenants_[i].request(), tenants_[i].reply()};
  return all;
}

std::optional<shm::Verdict> House::verdict_on_last_job(const Hand& worker) {
  const auto standing = shm::standing_verdict(worker.record);
  if (!standing || worker.self.lane->words.intent.load() != standing->intent.pack()) return std::nullopt;
  return standing;
}

// A forced cancel: on record, while its grace runs.
void House::force(std::size_t number) {
  Hand& worker = hand(number);
  const auto intent = shm::look_at_lane(*worker.self.lane).intent;
  if (!intent) return;
  if (!verdict_on_last_job(worker)) shm::withdraw_verdict(worker.record);
  (void)shm::write_verdict(worker.record, {*intent, Cause::CancelledByForce, 0});
  if (Fate* fate = fate_of(*intent)) fate->forced = true;
}

// A deadline has passed, by the lane; or the grace of a forced cancel.
void House::sentence(std::size_t number) {
  Hand& worker = hand(number);
  const shm::LaneLook seen = shm::look_at_lane(*worker.self.lane);
  if (!seen.intent) return;
  const Tenant* tenant = tenant_of(seen.intent->session);
  if (tenant == nullptr) return;
  const auto forced = verdict_on_last_job(worker);
  if (!forced) shm::withdraw_verdict(worker.record);  // of a job that has ended in its grace
  const shm::Verdict verdict = forced.value_or(shm::Verdict{*seen.intent, Cause::RunTimeout, 0});
  RM_CHECK(shm::write_verdict(worker.record, verdict) != forced.has_value(), "not the first verdict");
  RM_CHECK(shm::standing_verdict(worker.record)->intent == verdict.intent, "another verdict");
  worker.control->hold.store(1);
  const shm::Condemnation come_to =
      shm::condemn_and_look(tenant->reply(), *worker.self.lane, *seen.intent, worker.owner);
  RM_CHECK(!tenant->safe() || come_to == shm::Condemnation::Kill, "a safe tenant's run cannot be ended: %d",
           static_cast<int>(come_to));
  if (Fate* fate = fate_of(*seen.intent)) fate->sentenced = true;
  if (come_to == shm::Condemnation::Kill) return die(worker, verdict);
  shm::withdraw_verdict(worker.record);
  // Once more a grace later, when no claim can be half done any more: then its client wrote it.
  if (come_to == shm::Condemnation::Unclear)
    return die(worker, shm::Verdict{*seen.intent, Cause::ProtocolViolation, 0});
  worker.control->hold.store(0);
}

void House::bury(std::size_t number) {
  Hand& worker = hand(number);
  if (const auto intent = shm::Intent::unpack(worker.self.lane->words.intent.load())) {
    if (Fate* fate = fate_of(*intent)) fate->crashed = true;
  }
  die(worker, verdict_on_last_job(worker));
}

shm::AfterCrash House::after(Hand& worker, std::uint64_t job_id, bool idempotent, unsigned attempts) {
  RM_CHECK(attempts >= 1 && attempts <= 16, "attempt %u", attempts);
  const std::uint32_t count = shm::count_crash(ledger_, worker.record, job_id, 11);
  RM_CHECK(shm::count_crash(ledger_, worker.record, job_id, 11) == count, "one death counted twice");
  if (count >= kRetries) return shm::AfterCrash::Poison;
  return idempotent ? shm::AfterCrash::Retry : shm::AfterCrash::Fail;
}

void House::die(Hand& worker, const std::optional<shm::Verdict>& verdict) {
  const auto all = targets();
  const shm::LaneRecord& lane = *worker.self.lane;
  shm::DeathReport death;
  death.owner = worker.owner;
  death.intent_bits = lane.words.intent.load();
  death.detail = 11;
  death.verdict = verdict;
  death.run = {death.intent_bits, std::min(lane.words.stamp_ns.load(), now_), tick()};
  const auto times = shm::times_cut_short(all, death);
  RM_CHECK(!times || times->run_ns <= now_, "a run longer than the daemon lives");
  (void)shm::book_death(ledger_.pools[0], worker.owner, [&](shm::LedgerTally& tally) {
    daemon::add_lane(tally, lane);
    if (times) tally.run.add(times->run_ns);
  });
  const auto rule = [&](std::uint64_t id, bool idempotent, unsigned attempts) {
    return after(worker, id, idempotent, attempts);
  };
  for (const shm::ReapedJob& job : shm::reap(all, death, rule)) {
    const Tenant* tenant = tenant_of(job.session);
    RM_CHECK(tenant != nullptr && job.slot < tenant->reply().slots(), "slot %u of no session", job.slot);
    RM_CHECK(!(job.forged && job.retried) && (job.retried || job.cause != Cause::None), "an end without a cause");
    RM_CHECK(!job.forged || !tenant->safe(), "a safe tenant is said to have lied");
    if (!job.retried) shm::forget_crashes(ledger_, job.job_id);
  }
  RM_CHECK(shm::reap(all, death, rule).empty(), "a second burial finds more");
  shm::clear_place(*board_, worker.self.place);
  worker.be_born();
}

void House::expire(std::size_t number) {
  Tenant& one = tenant(number);
  for (std::uint32_t slot = 0; slot < one.reply().slots(); ++slot) {
    const shm::SlotWord word(one.reply().word(slot).load());
    if (!shm::queue_expired(one.request().descriptor(slot), tick())) continue;
    if (Fate* fate = one.fate_of(slot, word.seq())) fate->expired = true;
    if (!shm::end_ready(one.reply(), slot, word, Cause::QueueTimeout)) continue;
    RM_CHECK(word.state() == shm::SlotState::Ready, "ended what was not queued");
  }
}

// A successor finds what its predecessor left: it maps anew, takes up verdicts, and mends the hints.
void House::adopt() {
  for (std::size_t i = 0; i < kTenants; ++i) {
    const Tenant& one = tenants_[i];
    const auto request = shm::RequestView::open(one.request_memory().first(one.geometry().request_control_bytes()));
    const auto reply = shm::ReplyView::open(one.reply_memory().first(one.geometry().reply_control_bytes()));
    const bool whole = request && reply && request->slots() == one.geometry().slots &&
                       reply->slots() == one.geometry().slots && request->ring_bytes() == shm::kPageBytes &&
                       reply->ring_bytes() == shm::kPageBytes && request->serial() == one.serial();
    RM_CHECK(whole || !one.safe(), "a safe tenant's session cannot be adopted");
    if (!whole) continue;
    RM_CHECK(request->ring() == nullptr && reply->ring() == nullptr, "a ring that is not mapped");
    shm::restore_hints(*reply);
  }
  for (std::size_t number = 0; number < kHands; ++number) {
    Hand& worker = hands_[number];
    const auto verdict = shm::standing_verdict(worker.record);
    if (verdict && shm::look_at_lane(*worker.self.lane).intent == verdict->intent) {
      shm::withdraw_verdict(worker.record);
      sentence(number);
    } else if (!verdict) {
      worker.control->hold.store(0);
    }
    if (const shm::LaneRecord* lane = shm::open_lane(worker.lane_memory.span()))
      use(shm::finished_jobs(lane->counters));
  }
  (void)shm::open_board(board_memory_.span());
}

void House::end_session(std::size_t number) {
  Tenant& one = tenant(number);
  for (Hand& worker : hands_) {
    if (worker.claimed && worker.at == number % kTenants) return;  // detach waits for the job's end
  }
  one.end_all_fates();
  const unsigned ended = shm::end_all(one.reply(), Cause::Cancelled);
  RM_CHECK(ended <= one.reply().slots(), "%u jobs ended", ended);
  ended_[number % kTenants] = true;
}

void House::rest(std::size_t number) {
  const shm::WorkerSession& session = hands_[0].sessions[number];
  for (std::size_t looks = tenants_[number].reply().slots() + 2; looks > 0; --looks) {
    claim(0, number);
    if (ended_[number]) return;
    if (hands_[0].claimed) {
      finish(0);
    } else if (!shm::settle(session)) {
      RM_CHECK(!shm::may_have_work(session) && !shm::next_is_ready(session) && !shm::has_ready_job(session),
               "it sleeps beside work");
      return;
    }
  }
  RM_CHECK(false, "what a stranger wrote keeps an idle worker awake");
}

void House::settle() {
  for (std::size_t number = 0; number < kHands; ++number) {
    hands_[number].control->hold.store(0);
    finish(number);
    if (hands_[number].claimed) bury(number);
  }
  unsigned idle = 0;
  for (std::size_t left = 2 * tenants_[0].reply().slots(); left > 0 && idle < 2; --left) {
    ++idle;
    for (std::size_t tenant = 0; tenant < kTenants; ++tenant) {
      claim(0, tenant);
      if (hands_[0].claimed) idle = 0;
      finish(0);
      RM_CHECK(!hands_[0].claimed, "a worker that cannot end its job");
    }
  }
  for (std::size_t tenant = 0; tenant < kTenants; ++tenant) rest(tenant);
  for (Tenant& one : tenants_) {
    one.gather(tick());
    RM_CHECK(!one.safe() || one.under_way() == 0, "%zu jobs of a safe tenant never end", one.under_way());
  }
}

}  // namespace ringmaster::fuzz
