#include "tests/chaos/job_plan.h"

#include <algorithm>

#include "tests/chaos/content.h"
#include "tests/chaos/random.h"

namespace ringmaster::chaos {
namespace {

constexpr std::uint64_t kMessageBytes = std::uint64_t{1} << 20;

// Every order of magnitude, and the edges between the product's own paths: nothing, a cache line, a page, what is
// copied in (64 KiB), what a message may carry.
std::uint64_t some_bytes(Random& random, std::uint64_t largest) {
  constexpr std::uint64_t kEdges[] = {0,    1,    7,     8,     63,    64,      65,           4095,
                                      4096, 4097, 65535, 65536, 65537, 1 << 20, (1 << 20) - 1};
  const std::uint64_t dice = random.below(1000);
  std::uint64_t bytes = 0;
  if (dice < 150) {
    bytes = 0;
  } else if (dice < 300) {
    bytes = kEdges[random.below(std::size(kEdges))];
  } else if (dice < 700) {
    bytes = random.between(1, 2048);
  } else if (dice < 930) {
    bytes = random.between(1, std::uint64_t{128} << 10);
  } else if (dice < 990) {
    bytes = random.between(1, std::uint64_t{2} << 20);
  } else {
    bytes = random.between(1, largest);
  }
  return std::min(bytes, largest);
}

Behave some_behave(Random& random, bool crashes) {
  const std::uint64_t dice = random.below(1000);
  if (dice < 900) return Behave::Return;
  if (dice < 930) return Behave::Fail;
  if (dice < 950) return Behave::Invalid;
  if (!crashes) return Behave::Return;
  if (dice < 958) return Behave::CrashOnce;
  if (dice < 966) return Behave::Crash;
  if (dice < 970) return Behave::Abort;
  if (dice < 976) return Behave::Exit;
  if (dice < 982) return Behave::Hang;
  if (dice < 994) return Behave::LeaveChild;
  return Behave::ChildCrash;
}

std::uint32_t some_run_us(Random& random) {
  const std::uint64_t dice = random.below(100);
  if (dice < 50) return 0;
  if (dice < 85) return static_cast<std::uint32_t>(random.between(1, 3000));
  if (dice < 99) return static_cast<std::uint32_t>(random.between(1000, 40'000));
  return static_cast<std::uint32_t>(random.between(40'000, 400'000));
}

}  // namespace

const char* to_string(Behave behave) noexcept {
  switch (behave) {
    case Behave::Return:
      return "returns";
    case Behave::Fail:
      return "fails";
    case Behave::Invalid:
      return "refuses";
    case Behave::Crash:
      return "faults";
    case Behave::Abort:
      return "aborts";
    case Behave::Exit:
      return "exits";
    case Behave::CrashOnce:
      return "crashes once";
    case Behave::Hang:
      return "hangs";
    case Behave::LeaveChild:
      return "leaves a child";
    case Behave::ChildCrash:
      return "leaves a child and crashes";
  }
  return "unknown";
}

const char* to_string(Way way) noexcept {
  switch (way) {
    case Way::Session:
      return "session";
    case Way::Socket:
      return "socket";
    case Way::Wire:
      return "wire";
  }
  return "unknown";
}

bool kills_its_worker(Behave behave) noexcept {
  switch (behave) {
    case Behave::Crash:
    case Behave::Abort:
    case Behave::Exit:
    case Behave::CrashOnce:
    case Behave::ChildCrash:
    case Behave::Hang:
      return true;
    case Behave::Return:
    case Behave::Fail:
    case Behave::Invalid:
    case Behave::LeaveChild:
      return false;
  }
  return false;
}

JobPlan plan_job(std::uint64_t seed, Way way, std::uint32_t client, std::uint32_t incarnation, std::uint32_t number,
                 const PlanLimits& limits) {
  JobPlan plan;
  plan.job = make_job(client, incarnation, number);
  Random random(seed, plan.job, 1);
  plan.way = way;
  const std::uint64_t largest =
      way == Way::Session ? limits.largest_bytes : std::min(limits.largest_bytes, kMessageBytes);
  plan.pool = static_cast<unsigned>(random.below(limits.pools));
  plan.behave = some_behave(random, limits.crashes);
  plan.idempotent = random.one_in(2);
  plan.listens = !random.one_in(3);
  plan.request_bytes = some_bytes(random, largest);
  plan.result_bytes = some_bytes(random, largest);
  plan.capacity = plan.result_bytes;
  // Room that is too small: an idempotent job of a session is asked once more, another is told how much it needs.
  if (plan.behave == Behave::Return && plan.result_bytes > 64 && random.one_in(20))
    plan.capacity = random.below(plan.result_bytes);
  // A message's 0 stands for the handler's rule, which is too little.
  if (way != Way::Session) plan.capacity = std::max<std::uint64_t>(plan.capacity, 1);
  plan.run_us = some_run_us(random);
  if (random.one_in(12)) plan.timeout_ms = static_cast<std::uint32_t>(random.between(50, 2000));
  if (plan.behave == Behave::Hang) plan.timeout_ms = static_cast<std::uint32_t>(random.between(20, 300));
  if (random.one_in(10)) plan.queue_timeout_ms = static_cast<std::uint32_t>(random.between(1, 400));
  if (way != Way::Socket && random.one_in(15))
    plan.cancel_after_us = static_cast<std::uint32_t>(random.between(1, 20'000));
  if (plan.cancel_after_us != 0 && random.one_in(3)) {
    plan.force = true;
    plan.grace_ms = random.one_in(2) ? 0 : static_cast<std::uint32_t>(random.between(1, 100));
  }
  plan.pause_us = static_cast<std::uint32_t>(random.below(2 * std::uint64_t{limits.mean_pause_us} + 1));
  if (random.one_in(4)) plan.pause_us = 0;
  plan.ask_twice = way == Way::Wire && random.one_in(10);
  plan.fetch_apart = way == Way::Wire && random.one_in(4);
  plan.close_after = way == Way::Session && random.one_in(150);
  plan.close_with_flying = random.one_in(2);
  return plan;
}

}  // namespace ringmaster::chaos
