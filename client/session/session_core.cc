#include "client/session/session_core.h"

#include <algorithm>
#include <cstring>

#include "client/session/completion_feed.h"
#include "client/session/lifeline.h"
#include "shm/port/doorbell.h"
#include "shm/port/hints.h"

namespace ringmaster::client {
namespace {

// How often the daemon is asked whether a parcel can be had by now.
constexpr Duration kAskAgain = std::chrono::milliseconds(50);

Refusal forked_child() {
  return {SubmitError::Forked, "this session belongs to the parent process; open one in the child"};
}

Refusal too_little_memory(const char* what, std::uint64_t bytes) {
  return {SubmitError::TooLittleMemory, std::string("not enough memory for a ") + what + " of " +
                                            std::to_string(bytes) + " bytes; free some or submit less at once"};
}

// The largest request that fits a ring of `capacity` beside arguments of so many bytes; those lie there in any case.
std::uint64_t room_beside(std::uint64_t capacity, std::size_t arguments) noexcept {
  const std::uint64_t taken = shm::whole_lines(arguments);
  return taken < capacity ? capacity - taken : capacity;
}

// There is no daemon to be asked, or the pool's workers have a library that knows no parcels.
Refusal never_fits(const JobDrafter& drafter, std::size_t bytes) {
  Refusal refused = drafter.check_size(bytes).value_or(Refusal{
      SubmitError::TooLarge, "a request of " + std::to_string(bytes) + " bytes does not fit beside its arguments"});
  if (!drafter.takes_parcels()) refused.message += ", or build the pool's workers with a newer library";
  return refused;
}

}  // namespace

Result<std::shared_ptr<SessionCore>> SessionCore::create(SessionMemory memory, SessionFacts facts) {
  const auto request = shm::RequestView::open(memory.request.bytes());
  const auto reply = shm::ReplyView::open(memory.reply.bytes());
  const shm::BoardRecord* board = nullptr;
  if (memory.board) {
    board = shm::open_board(memory.board.bytes());
    if (board == nullptr)
      return Error{"the daemon sent a board of another layout; client and daemon differ in version"};
  }
  if (!request || !reply || request->slots() != reply->slots() || request->serial() != facts.serial)
    return Error{"the daemon sent segments of another layout; client and daemon differ in version"};
  return std::shared_ptr<SessionCore>(new SessionCore(std::move(memory), std::move(facts), *request, *reply, board));
}

SessionCore::SessionCore(SessionMemory memory, SessionFacts facts, shm::RequestView request, shm::ReplyView reply,
                         const shm::BoardRecord* board)
    : memory_(std::move(memory)),
      facts_(std::move(facts)),
      drafter_(facts_, request.ring_bytes(), reply.ring_bytes()),
      fork_generation_(fork_generation()),
      port_(request, reply, board),
      requests_(request.ring_bytes(), memory_.request_fd.get(), request.ring_file_offset()),
      results_(reply.ring_bytes(), memory_.reply_fd.get(), reply.ring_file_offset()),
      records_(request.slots()),
      growth_(records_, port_, results_, [this](std::uint64_t bytes) { return margin_(bytes); }),
      ended_(records_),
      speaking_(records_, facts_.serial) {
  found_.reserve(request.slots());
  close_in_children(memory_.lifeline.get());
}

SessionCore::~SessionCore() {
  if (!forked()) {
    forget_in_children(memory_.lifeline.get());
    return;
  }
  (void)memory_.lifeline.release();  // it was closed when the child began; its number may be in use again
  room_.leave_to_parent();
  // Neither the mappings (MADV_DONTFORK) nor the thread exist in this child; unmapping could hit newer mappings.
  (void)new shm::Mapping(std::move(memory_.request));
  (void)new shm::Mapping(std::move(memory_.reply));
  (void)new shm::Mapping(std::move(memory_.board));
  (void)new shm::RequestRoom::Parcels(requests_.leave_parcels());
  (void)feed_.release();
}

Submission<Request> SessionCore::allocate(std::size_t bytes, Duration wait_for_room, std::size_t arguments) {
  if (forked()) return forked_child();
  if (bytes == 0) return Request(shared_from_this(), 0, 0, {});
  if (bytes > room_beside(requests_.ring().capacity(), arguments)) [[unlikely]]
    return allocate_parcel(bytes, wait_for_room);
  const TimeLimit limit(wait_for_room);
  std::unique_lock lock(mutex_);
  for (bool collected = false;; collected = true) {
    if (!takes_work()) return refusal();
    shm::Extent extent;
    switch (requests_.ring().take(bytes, extent, margin_)) {
      case shm::Taken::Ok:
        return Request(shared_from_this(), extent.id, extent.offset, {port_.request().ring() + extent.offset, bytes});
      case shm::Taken::NoMemory:
        return too_little_memory("request", bytes);
      case shm::Taken::NoRoom:
        break;
    }
    // The only place that collects jobs which nobody waits for.
    if (!collected) {
      collect();
      continue;
    }
    const Duration left = limit.left();
    if (left <= Duration(0))
      return queue_full("no room for a request of " + std::to_string(bytes) +
                        " bytes now; collect outcomes or open the session with a larger request ring");
    room_.wait(lock, left);
    collect();
  }
}

// Not under the mutex: the daemon may let us wait, and taking the pages lasts.
Submission<Request> SessionCore::allocate_parcel(std::size_t bytes, Duration wait_for_room) {
  const TimeLimit limit(wait_for_room);
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!takes_work()) return refusal();
    collect();  // jobs that nobody waits for may be done with theirs
    const auto ask = daemon_.parcel;
    lock.unlock();
    if (!ask || !drafter_.takes_parcels()) return never_fits(drafter_, bytes);
    auto given = ask(bytes);
    if (given) return open_parcel(*given, bytes);
    const TimeLimit pause(std::min<Duration>(limit.left(), kAskAgain));
    if (given.error().error != SubmitError::QueueFull) return given.error();
    if (pause.at_once()) return queue_full(std::move(given.error().message));
    lock.lock();
    for (Duration left = pause.left(); left > Duration(0); left = pause.left()) {
      room_.wait(lock, left);
      collect();
    }
  }
}

Submission<Request> SessionCore::open_parcel(const ParcelGiven& given, std::size_t bytes) {
  auto memory = margin_(given.bytes) ? shm::open_parcel(given.file.get(), given.bytes) : Error{"too little is left"};
  if (!memory) {
    Refusal refused = too_little_memory("request", bytes);
    refused.message += " (" + memory.error().message + ")";
    return refused;
  }
  const std::uint64_t extent = shm::RequestRoom::id_of_parcel(given.number);
  const std::lock_guard lock(mutex_);
  const auto place = requests_.add_parcel(extent, std::move(*memory));
  Request request(shared_from_this(), extent, shm::RequestRoom::kParcelOffset, place.first(bytes));
  request.taken_ = 0;  // of the ring
  return request;
}

// Also counts the refusal for the daemon's statistics.
Refusal SessionCore::queue_full(std::string why) const {
  port_.reply().queue_full().fetch_add(1, std::memory_order_relaxed);
  return {SubmitError::QueueFull, std::move(why)};
}

inline std::optional<shm::Shortage> SessionCore::place(JobDraft& draft, std::uint32_t& at) {
  // Otherwise new jobs would take the room for which an older one waits, again and again.
  if (growth_.waits()) return shm::Shortage::ResultRing;
  shm::JobDescriptor& job = draft.job;
  shm::JobRoom room;
  const std::uint64_t reply = shm::reply_bytes(job.result_capacity, job.message_room);
  const std::uint32_t arguments = draft.arguments_room ? 0 : job.arguments_bytes;
  if (const auto shortage = shm::take_room(port_, requests_.ring(), results_, {0, arguments, reply}, margin_, room))
    return shortage;
  if (draft.arguments_room) [[unlikely]]
    room.arguments = *draft.arguments_room;
  if (job.arguments_bytes != 0)
    std::memcpy(port_.request().ring() + room.arguments.offset, draft.arguments.data(), job.arguments_bytes);
  job.arguments_line = static_cast<std::uint32_t>(room.arguments.offset / shm::kCacheLine);
  job.result_line = static_cast<std::uint32_t>(room.result.offset / shm::kCacheLine);
  at = records_.take(room.slot);
  JobRecord& record = records_[at];
  record.request_extent = draft.request_extent;
  record.arguments_extent = room.arguments.id;
  record.result = room.result;
  record.job = job;
  if (record.takes_messages()) [[unlikely]] {
    const std::span log(port_.reply().ring() + room.result.offset + shm::whole_lines(job.result_capacity),
                        shm::message_log_bytes(job.message_room));
    shm::begin_log(log);
    record.messages = shm::MessageReader(log);
  }
  return std::nullopt;
}

void SessionCore::publish(std::uint32_t at) {
  records_.publish(at);
  JobRecord& record = records_[at];
  const shm::ClientPort::Published published = port_.publish(record.slot, record.job);
  record.seq = published.seq;
  if (published.ring) (void)shm::ring_doorbell(memory_.doorbell.get());
}

Submission<std::uint32_t> SessionCore::submit(std::string_view handler, Request& request, const Arguments& arguments,
                                              const SubmitOptions& options, JobRecord::Taker taker, std::uint64_t* id) {
  if (forked()) return forked_child();
  if (request.session_ && request.session_.get() != this)
    return Refusal{SubmitError::BadOption, "the request was allocated from another session"};
  const TimeLimit limit(options.wait_for_room);
  // It was allocated before its arguments were known, and fills the ring in which they must lie: a copy of it beside
  // the ring is sent, and they take its place.
  const std::size_t encoded = encoded_size(arguments);
  const bool crowds_out = request.offset_ != shm::RequestRoom::kParcelOffset && drafter_.takes_parcels() &&
                          request.taken_ > room_beside(requests_.ring().capacity(), encoded) &&
                          encoded <= request.taken_;
  JobDraft draft;
  Request copy;
  if (crowds_out) [[unlikely]] {
    const PlacedRequest beside{0, shm::RequestRoom::kParcelOffset, request.bytes_.size(), 0};
    if (auto refused = drafter_.draft(handler, beside, arguments, options, draft)) return *std::move(refused);
    auto made = allocate(request.taken_, options.wait_for_room, encoded);
    if (!made) return made.error();
    made->shrink(request.bytes_.size());
    std::ranges::copy(request.bytes_, made->bytes_.begin());
    copy = std::move(*made);
  }
  const Request& used = crowds_out ? copy : request;
  const PlacedRequest placed{used.extent_, used.offset_, used.bytes_.size(), used.taken_};
  if (auto refused = drafter_.draft(handler, placed, arguments, options, draft)) return *std::move(refused);
  if (crowds_out) draft.arguments_room = shm::Extent{request.offset_, request.taken_, request.extent_};
  std::unique_lock lock(mutex_);
  for (bool collected = false;; collected = true) {
    if (!takes_work()) return refusal();
    std::uint32_t record = kNoRecord;
    draft.job.submitted_ns = facts_.daemon_now_ns();
    const auto shortage = place(draft, record);
    if (!shortage) {
      records_[record].taker = taker;
      records_[record].cookie = options.cookie;
      publish(record);
      if (id != nullptr) *id = shm::make_job_id(facts_.serial, records_[record].seq);
      lock.unlock();
      request.let_go();  // the job owns both now
      copy.let_go();
      return record;
    }
    if (*shortage == shm::Shortage::Memory) return too_little_memory("result", draft.job.result_capacity);
    if (!collected) {
      collect();
      continue;
    }
    const Duration left = limit.left();
    if (left <= Duration(0))
      return queue_full("the session's queue is full (" + std::to_string(port_.in_flight()) + " of " +
                        std::to_string(port_.slots()) +
                        " slots in flight, or no room for the result); collect outcomes first");
    room_.wait(lock, left);
    collect();
  }
}

void SessionCore::give_back_request(std::uint64_t extent) noexcept {
  if (extent == 0 || forked()) return;
  const std::lock_guard lock(mutex_);
  requests_.give_back(extent);
  room_.room_came();
}

void SessionCore::give_back_result(std::uint64_t extent) noexcept {
  if (extent == 0 || forked()) return;
  const std::lock_guard lock(mutex_);
  if ((extent & kToBeFetched) != 0) return leave_away(extent);  // it was not wanted
  results_.give_back(extent);
  if (growth_.waits()) growth_.stirred(Clock::now());
  serve_waiting();
  room_.room_came();
}

bool SessionCore::close() noexcept {
  if (forked()) return false;
  std::unique_ptr<CompletionFeed> feed;
  DaemonWord daemon;  // it holds the connection, which outcomes that are kept need not hold
  {
    const std::lock_guard lock(mutex_);
    if (!life_.close()) return false;
    for (std::uint32_t at = 0; at < records_.size(); ++at) {
      const JobRecord& record = records_[at];
      if (record.life == JobRecord::Life::Published) (void)port_.cancel(record.slot, record.seq);
    }
    collect();
    ended_.add_the_rest();
    room_.wake_all();
    feed = std::move(feed_);
    std::swap(daemon, daemon_);
  }
  shm::wake_client(port_.reply());  // waiters see that it is closed
  feed.reset();                     // joins its thread, which takes the mutex
  return true;
}

void SessionCore::hang_up() noexcept { write_farewell(memory_.lifeline.get()); }

Result<int> SessionCore::event_fd() {
  if (forked()) return Error{"this session belongs to the parent process; open one in the child"};
  const std::lock_guard lock(mutex_);
  if (life_.closed()) return Error{"the session is closed; open another"};
  if (!feed_) {
    auto feed = std::make_unique<CompletionFeed>(*this);
    if (const auto started = feed->start(); !started) return started.error();
    feed_ = std::move(feed);
  }
  return feed_->fd();
}

bool SessionCore::spin(Duration budget) {
  if (forked()) return false;
  if (spin_before_sleep(budget)) return true;
  const std::lock_guard lock(mutex_);
  while (feed_ && !life_.over()) {
    const std::uint32_t seen = port_.observe();
    collect();
    if (has_next() || feed_->tell_of_next(seen)) break;
  }
  return has_next();
}

bool SessionCore::over() {
  if (forked()) return true;
  const std::lock_guard lock(mutex_);
  return life_.over() && !has_next();
}

std::uint64_t SessionCore::job_id(std::uint32_t record) {
  if (forked()) return 0;
  const std::lock_guard lock(mutex_);
  return shm::make_job_id(facts_.serial, records_[record].seq);
}

bool SessionCore::check_gone() {
  const std::lock_guard lock(mutex_);
  if (life_.over()) return true;
  const Clock::time_point now = Clock::now();
  life_.looked(now, results_.rest(now));
  if (!daemon_let_go(memory_.lifeline.get())) {
    serve_waiting();
    return false;
  }
  life_.leave();
  collect();  // jobs that have ended keep their outcomes; only the others are lost
  ended_.add_the_rest();
  room_.wake_all();
  return true;
}

}  // namespace ringmaster::client
