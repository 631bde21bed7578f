// What the benchmark runs in its workers: a handler library, loaded by the stock worker.
#include <csignal>
#include <ctime>

#include "tests/bench/floors.h"
#include "worker/handler.h"

namespace {

using ringmaster::Job;

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void nothing(Job& /*job*/) {}

void read_all(Job& job) { (void)ringmaster::bench::read_every_byte(job.input().data(), job.input().size()); }

void busy(Job& job) {
  const std::int64_t end = monotonic_ns() + job.integer("us") * 1000;
  while (monotonic_ns() < end) {
  }
}

void pause_for(Job& job) {
  const std::int64_t us = job.integer("us");
  const timespec time{us / 1'000'000, (us % 1'000'000) * 1000};
  ::nanosleep(&time, nullptr);
}

/// Dies at an instant that the caller chose, so that the caller can count from it.
void die_at(Job& job) {
  const std::int64_t end = job.integer("ns");
  while (monotonic_ns() < end) {
  }
  ::raise(SIGKILL);
}

/// Faults at an instant that the caller chose, on the first attempt. Raised, not run into: a fault at a known
/// instruction is not captured again within a minute.
void fault_at(Job& job) {
  if (job.attempt() > 1) return;
  const std::int64_t end = job.integer("ns");
  while (monotonic_ns() < end) {
  }
  ::raise(SIGSEGV);
}

void hang(Job& /*job*/) {
  for (;;) asm volatile("" : : : "memory");
}

ringmaster::HandlerArgument integer(const char* name) {
  return {.name = name, .kind = ringmaster::ArgumentKind::Integer, .required = true};
}

}  // namespace

RINGMASTER_HANDLERS(
    {.name = "nothing", .result_constant = 0, .idempotent = true, .run = nothing},
    {.name = "read", .result_constant = 0, .idempotent = true, .run = read_all},
    {.name = "busy", .arguments = {integer("us")}, .result_constant = 0, .run = busy},
    {.name = "pause", .arguments = {integer("us")}, .result_constant = 0, .run = pause_for},
    {.name = "die_at", .arguments = {integer("ns")}, .result_constant = 0, .run = die_at},
    {.name = "fault_at", .arguments = {integer("ns")}, .result_constant = 0, .idempotent = true, .run = fault_at},
    {.name = "hang", .result_constant = 0, .run = hang})
