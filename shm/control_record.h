#pragma once

#include "shm/layout.h"

/// The control segment, byte for byte: what the supervisor tells one worker incarnation, which can only read it.
namespace ringmaster::shm {

inline constexpr std::uint32_t kMaxCharges = 32;  ///< most uids that are charged in one pool

/// One uid whose jobs have ended workers of the pool.
struct ControlCharge {
  Word32 uid;
  Word32 deaths;            ///< how many workers
  Word64 refused_until_ns;  ///< CLOCK_MONOTONIC: its jobs are refused until then, and run after all others from then on
};
static_assert(sizeof(ControlCharge) == 16);

/// What the supervisor tells one worker incarnation.
struct ControlRecord {
  SegmentHeader header;
  alignas(kCacheLine) Word32 hold;  ///< not 0: claim nothing and complete nothing; wait
  Word32 leave;                     ///< not 0: end after the current job
  Word64 cancel;                    ///< Intent::pack of the job that the supervisor wants cancelled; 0: none
  Word64 max_jobs;                  ///< after so many finished jobs the worker leaves by itself; 0: never
  Word32 run_timeout_ms;            ///< the pool's default
  Word32 fault_taken;               ///< not 0: the stack of the faulted process was taken, it may end; a futex
  Word64 output_read[2];   ///< of standard output and error: twice the bytes read so far; odd: a read is in progress
  Word64 output_token;     ///< token of the marks in the output (output_mark.h); 0: none
  Word32 charges_version;  ///< version of the list that follows (charges.h); odd: it is being written
  Word32 charges;          ///< entries in the list
  ControlCharge charge[kMaxCharges];
  Word32 output_to_client;  ///< not 0: what a job writes to standard output and error goes to its client
};
static_assert(offsetof(ControlRecord, charge) == 128 && offsetof(ControlRecord, output_to_client) == 640);

}  // namespace ringmaster::shm
