#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/session/daemon_word.h"
#include "client/session/ended_jobs.h"
#include "client/session/fork_guard.h"
#include "client/session/growth.h"
#include "client/session/job_draft.h"
#include "client/session/job_records.h"
#include "client/session/memory_margin.h"
#include "client/session/room_waiters.h"
#include "client/session/session_facts.h"
#include "client/session/session_life.h"
#include "client/session/speaking_jobs.h"
#include "client/session/spin_judge.h"
#include "client/types/outcome.h"
#include "client/types/request.h"
#include "shm/heap/request_room.h"
#include "shm/heap/reserved_heap.h"
#include "shm/port/client_port.h"
#include "shm/port/job_room.h"

namespace ringmaster::client {

class CompletionFeed;

/// The jobs of one session over its shared memory. Its parts decide, and track slots, extents and outcomes; this class
/// has the mutex around them, which is never held while sleeping, and the order of calls. Thread-safe. Shared by the
/// Session and its PendingJobs, Requests and Outcomes.
///
/// In a forked child every call fails, and destruction frees nothing that the parent owns.
class SessionCore final : public SessionHold, public std::enable_shared_from_this<SessionCore> {
 public:
  /// Fails if the segments do not fit `facts` and their own headers.
  [[nodiscard]] static Result<std::shared_ptr<SessionCore>> create(SessionMemory memory, SessionFacts facts);
  ~SessionCore() override;

  [[nodiscard]] Submission<Request> allocate(std::size_t bytes, Duration wait_for_room, std::size_t arguments = 0);
  /// The job's record; `id`, if not null, gets the job's id. `taker` is Holder or Next.
  [[nodiscard]] Submission<std::uint32_t> submit(std::string_view handler, Request& request, const Arguments& arguments,
                                                 const SubmitOptions& options,
                                                 JobRecord::Taker taker = JobRecord::Taker::Holder,
                                                 std::uint64_t* id = nullptr);
  /// False: not ended in time. Fills `outcome`, which is default-constructed: moving one costs as much as a wait.
  [[nodiscard]] bool wait(std::uint32_t record, Duration limit, Outcome& outcome);
  [[nodiscard]] std::optional<Outcome> wait(std::uint32_t record, Duration limit);
  /// The first of `records` that has ended; kNoRecord entries are skipped.
  [[nodiscard]] std::optional<std::size_t> wait_any(std::span<const std::uint32_t> records, Duration limit);
  /// Session::next and Session::poll; they fill `outcome` as wait() does.
  [[nodiscard]] bool next(Duration limit, Ended& ended);
  [[nodiscard]] bool poll(Ended& ended) { return wait_next(Duration(0), ended); }
  [[nodiscard]] static bool is_away(const Outcome& outcome) noexcept { return (outcome.extent_ & kToBeFetched) != 0; }
  void fetch(Outcome& outcome);
  /// PendingJob::next_message.
  [[nodiscard]] std::optional<Message> next_message(std::uint32_t record, Duration limit);
  /// Burns CPU until next() has one, for `budget` at most and where that pays. False: event_fd() tells of the next one.
  [[nodiscard]] bool spin(Duration budget);
  static constexpr std::uint32_t kNoRecord = JobRecords::kNone;
  [[nodiscard]] bool ended(std::uint32_t record);
  [[nodiscard]] std::uint64_t job_id(std::uint32_t record);
  void cancel(std::uint32_t record);
  void asks(DaemonWord daemon) { daemon_ = std::move(daemon); }  ///< Call it before the first job.
  [[nodiscard]] bool force(std::uint32_t record, const Force& force);
  bool cancel_posted(std::uint64_t cookie, const Force* force = nullptr);
  /// Cancels the job; its outcome will be dropped.
  void abandon(std::uint32_t record) noexcept;

  void give_back_request(std::uint64_t extent) noexcept override;
  void give_back_result(std::uint64_t extent) noexcept override;

  [[nodiscard]] Result<int> event_fd();
  /// Afterwards no job is accepted and every wait ends. False: it was closed before.
  bool close() noexcept;
  /// After close(): tells the daemon by the lifeline that the session is over, even if others hold copies of it.
  void hang_up() noexcept;
  [[nodiscard]] bool over();
  [[nodiscard]] bool forked() const noexcept override { return fork_generation() != fork_generation_; }
  [[nodiscard]] const SessionFacts& facts() const noexcept { return facts_; }
  [[nodiscard]] std::uint32_t slots() const noexcept { return port_.slots(); }
  [[nodiscard]] const shm::ClientPort& port() const noexcept { return port_; }
  /// Checks the lifeline, and gives unused memory back. True: no further job of this session will end.
  [[nodiscard]] bool check_gone();
  [[nodiscard]] const SessionLife& life() const noexcept { return life_; }

 private:
  using Clock = std::chrono::steady_clock;
  SessionCore(SessionMemory memory, SessionFacts facts, shm::RequestView request, shm::ReplyView reply,
              const shm::BoardRecord* board);

  [[nodiscard]] bool takes_work() const { return !life_.over() && port_.board_closed() == shm::BoardClosed::Open; }
  [[nodiscard]] Refusal refusal() const { return life_.refusal(port_.board_closed(), facts_.pool); }
  [[nodiscard]] Refusal queue_full(std::string why) const;
  [[nodiscard]] Submission<Request> allocate_parcel(std::size_t bytes, Duration wait_for_room);
  [[nodiscard]] Submission<Request> open_parcel(const ParcelGiven& given, std::size_t bytes);
  [[nodiscard]] std::optional<shm::Shortage> place(JobDraft& draft, std::uint32_t& record);
  void publish(std::uint32_t record);
  void collect();
  bool collect_one(std::uint32_t record);
  void on_ended(std::uint32_t record, shm::SlotWord word);
  void follow_up(std::uint32_t record, shm::SlotWord word);
  void serve_waiting() {
    if (growth_.waits()) [[unlikely]]
      ask_again();
  }
  void ask_again();
  void result_came_back(std::uint64_t extent);
  [[nodiscard]] bool has_next() noexcept { return !ended_.empty() || speaking_.any(); }
  [[nodiscard]] bool take_next(Ended& ended);
  void gave_up(std::uint32_t record);
  bool cancel_one(std::uint32_t record);
  void free_record(std::uint32_t record);
  [[nodiscard]] bool take_outcome(std::uint32_t record, Outcome& outcome);
  void fill_outcome(JobRecord& record, Outcome& outcome);
  [[nodiscard]] bool wait_next(Duration limit, Ended& ended);
  [[nodiscard]] bool spin_before_sleep(Duration budget);
  static constexpr std::uint64_t kToBeFetched = std::uint64_t{1} << 63;  // an extent; the rest of it is a record
  void leave_away(std::uint64_t extent) noexcept;
  [[nodiscard]] bool look_for_daemon();
  /// Blocks until ready(), which is called with the mutex held. `record`: the job to wait for, if it is a single one.
  template <typename Ready>
  [[nodiscard]] bool wait_until(Duration limit, Ready&& ready, std::uint32_t record = kNoRecord);

  SessionMemory memory_;
  const SessionFacts facts_;
  const JobDrafter drafter_;
  const std::uint32_t fork_generation_;
  DaemonWord daemon_;
  std::mutex mutex_;
  RoomWaiters room_;
  shm::ClientPort port_;
  shm::RequestRoom requests_;
  shm::ReservedHeap results_;
  JobRecords records_;
  const MemoryMargin margin_;
  Growth growth_;
  EndedJobs ended_;
  SpeakingJobs speaking_;
  SpinJudge spin_judge_;          // of next() and spin()
  std::vector<EndedSlot> found_;  // room for every slot: collecting allocates nothing
  SessionLife life_;
  std::unique_ptr<CompletionFeed> feed_;
};

}  // namespace ringmaster::client
