#pragma once

#include <string>

#include "tests/bench/daemon.h"
#include "tests/bench/report.h"

/// The measurements; each adds one sample to `report` per call, so that a block can interleave them with floors and
/// peers. All throw std::runtime_error where a job ends in a way that it must not.
namespace ringmaster::bench {

/// The pools that the measurements expect, as TOML. `handlers` is the path of the benchmark's handler library.
[[nodiscard]] std::string pools_toml(const std::string& handlers);

void measure_round_trips(const Daemon& daemon, Report& report);
void measure_rates(const Daemon& daemon, Report& report);
void measure_payloads(const Daemon& daemon, Report& report);
void measure_dispatch(const Daemon& daemon, Report& report);

void measure_crash(const Daemon& daemon, Report& report);
/// Faults that the worker's own handler sees.
void measure_fault(const Daemon& daemon, Report& report);
void measure_deadline(const Daemon& daemon, Report& report);
/// 4,000 jobs while their workers are killed, with and without retries.
void measure_chaos(const Daemon& daemon, Report& report);
void measure_supervisor_kill(const Daemon& daemon, Report& report);

/// A daemon of its own, where one session is busy and 1, 64, 1,000 others are open and idle.
void measure_idle_sessions(const Programs& programs, Report& report);

/// A daemon of its own, with one user who asks all the time and one who asks seldom. Needs root, to be both.
void measure_fairness(const Programs& programs, Report& report);

/// A daemon of its own, asked by one user while another one's 60 connections storm it. As root only.
void measure_storms(const Programs& programs, Report& report);

/// A daemon of its own with eight parked workers.
void measure_idle(const Programs& programs, Report& report);

/// Bursts of invoices at the servers of examples/invoices, installed in `folder` with what they need.
void measure_pdf(const std::string& folder, int blocks, Report& report);
/// Their figures, with a column for each variant. REQUIRES: at least one block was measured.
[[nodiscard]] std::string pdf_table(const Report& report);

}  // namespace ringmaster::bench
