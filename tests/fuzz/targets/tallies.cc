// The figures that workers count in their lanes, as one that is hostile writes them: booked, read at looks, shown.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "client/cli/pool_figures.h"
#include "client/cli/status_view.h"
#include "daemon/control/message/status_message.h"
#include "daemon/pool/book/lane_tally.h"
#include "daemon/pool/book/pool_statistics.h"
#include "proto/control.pb.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/sentence.h"

namespace ringmaster::fuzz {
namespace {

namespace v1 = control::v1;

// A value that a script asks for: small, large, or what an honest time looks like.
std::uint64_t number(Script& script) {
  const auto kind = script.next<std::uint8_t>();
  if (kind < 0x80) return script.next<std::uint16_t>();
  if (kind < 0xC0) return std::uint64_t{1} << (kind % 64);
  if (kind < 0xE0) return UINT64_MAX - (kind & 3);
  return script.next<std::uint64_t>();
}

class Book {
 public:
  void play(Script& script) {
    while (!script.empty()) {
      switch (script.next<std::uint8_t>() % 6) {
        case 0:
        case 1:
          write(script);
          break;
        case 2:
          now_ += std::chrono::milliseconds(script.next<std::uint16_t>());
          break;
        case 3:
          statistics_.note(now_, total(), script.next<std::uint8_t>() % 4 == 0);
          break;
        case 4:
          die(script);
          break;
        default:
          show();
      }
    }
    show();
  }

 private:
  // Any word of the lane behind its header.
  void write(Script& script) {
    constexpr std::size_t kWords = (sizeof(shm::LaneRecord) - sizeof(shm::SegmentHeader)) / sizeof(shm::Word64);
    const std::size_t place = script.below(kWords);
    auto* words =
        reinterpret_cast<shm::Word64*>(reinterpret_cast<std::byte*>(lane_.get()) + sizeof(shm::SegmentHeader));
    words[place].store(number(script), std::memory_order_relaxed);
  }

  [[nodiscard]] shm::LedgerTally total() {
    shm::LedgerTally sum = shm::tally_of(*record_);
    daemon::add_lane(sum, *lane_);
    return sum;
  }

  // Counted once, however often a successor tries.
  void die(Script& script) {
    const shm::Owner owner{static_cast<std::uint16_t>(script.next<std::uint8_t>() & 3), ++incarnation_};
    const std::uint64_t before = shm::tally_of(*record_).deaths;
    const auto add = [this](shm::LedgerTally& tally) {
      ++tally.deaths;
      daemon::add_lane(tally, *lane_);
      tally.queue.add(7);
    };
    RM_CHECK(shm::book_death(*record_, owner, add) && !shm::book_death(*record_, owner, add), "a death booked twice");
    RM_CHECK(shm::tally_of(*record_).deaths == before + 1, "%lu deaths", static_cast<unsigned long>(before));
    lane_ = std::make_unique<shm::LaneRecord>();
  }

  static void check_times(const v1::Quantiles& times) {
    RM_CHECK(times.p50_ns() <= times.p90_ns() && times.p90_ns() <= times.p99_ns() && times.p99_ns() <= times.max_ns(),
             "quantiles that fall");
  }

  void show() {
    v1::Status status;
    daemon::PoolView view;
    view.name = "images";
    view.figures = statistics_.figures(now_, total(), statistics_.gauge());
    v1::PoolStatus& pool = *status.add_pools() = daemon::pool_message(view);
    for (const v1::Quantiles* times :
         {&pool.queue_time(), &pool.run_time(), &pool.queue_time_minute(), &pool.run_time_minute()}) {
      check_times(*times);
    }
    for (const v1::Rates& rates : pool.rates()) {
      for (const double rate : {rates.done(), rates.failed(), rates.crashed(), rates.timed_out(), rates.waited()})
        RM_CHECK(std::isfinite(rate) && rate >= 0, "%f jobs a second", rate);
    }
    const std::string text = cli::pool_figures(pool);
    RM_CHECK(is_clean_text(text), "figures that cannot be shown");
    RM_CHECK(is_json(cli::status_json(status)), "no JSON");
    v1::Status again;
    RM_CHECK(again.ParseFromString(status.SerializeAsString()), "figures that do not go over the wire");
  }

  std::unique_ptr<shm::LaneRecord> lane_ = std::make_unique<shm::LaneRecord>();
  std::unique_ptr<shm::LedgerPool> record_ = std::make_unique<shm::LedgerPool>();
  daemon::PoolStatistics statistics_{*record_, 4};
  core::TimePoint now_{std::chrono::hours(1)};
  std::uint16_t incarnation_ = 0;
};

void run(Input input) {
  constexpr std::size_t kMost = 2048;
  Script script(input.first(std::min(input.size(), kMost)));
  Book().play(script);
}

std::vector<std::string> seeds() {
  SeedWriter honest;
  for (const std::uint16_t word : std::initializer_list<std::uint16_t>{8, 9, 10, 12, 13, 14, 15, 16, 24, 40, 400}) {
    honest.put(std::uint8_t{0}).put(word).put(std::uint8_t{0}).put(std::uint16_t{100});
    honest.put(std::uint8_t{2}).put(std::uint16_t{400}).put(std::uint8_t{3}).put(std::uint8_t{1});
  }
  honest.put(std::uint8_t{5}).put(std::uint8_t{4}).put(std::uint8_t{1}).put(std::uint8_t{5});
  SeedWriter hostile;
  for (const std::uint16_t word : std::initializer_list<std::uint16_t>{8, 11, 12, 13, 14, 15, 30, 31, 360}) {
    hostile.put(std::uint8_t{0}).put(word).put(std::uint8_t{0xD0});
    hostile.put(std::uint8_t{2}).put(std::uint16_t{60000}).put(std::uint8_t{3}).put(std::uint8_t{0});
    hostile.put(std::uint8_t{0}).put(word).put(std::uint8_t{0xBF}).put(std::uint8_t{5});
  }
  hostile.put(std::uint8_t{4}).put(std::uint8_t{2}).put(std::uint8_t{5});
  return {honest.take(), hostile.take()};
}

}  // namespace

const Target& target() {
  // Each note may keep what all buckets held: 12 a minute.
  static const Target tallies{
      .name = "tallies", .run = run, .seeds = seeds, .cost = {.live_bytes_per_byte = 4096}, .mutants = 150};
  return tallies;
}

}  // namespace ringmaster::fuzz
