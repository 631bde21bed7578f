#pragma once

#include "shm/layout.h"

/// The control segment, byte for byte: what one worker incarnation is told by its supervisor and cannot write itself.
namespace ringmaster::shm {

inline constexpr std::uint32_t kMaxCharges = 32;  ///< uids that one pool holds a charge against

/// One uid whose jobs have ended workers of the pool.
struct ControlCharge {
  Word32 uid;
  Word32 deaths;            ///< the workers
  Word64 refused_until_ns;  ///< CLOCK_MONOTONIC: until then its jobs are refused; past: they are served last
};
static_assert(sizeof(ControlCharge) == 16);

/// The supervisor's words to one worker incarnation.
struct ControlRecord {
  SegmentHeader header;
  alignas(kCacheLine) Word32 hold;  ///< not 0: claim nothing, complete nothing more; wait
  Word32 leave;                     ///< not 0: end after the current job
  Word64 cancel;                    ///< Intent::pack of the job that the supervisor wants cancelled; 0: none
  Word32 spin_ns;                   ///< how long this worker may spin before it parks
  Word32 max_spinners;              ///< of the pool
  Word32 run_timeout_ms;            ///< the pool's default
  Word32 fault_taken;               ///< not 0: its stack was taken, a faulted process may go; a futex
  Word64 output_read[2];   ///< twice the bytes read from the worker's standard output and error; odd: a read is on
  Word64 output_token;     ///< of the marks in them (output_mark.h); 0: none
  Word32 charges_version;  ///< of what follows (charges.h); odd: it is being written
  Word32 charges;          ///< how many there are
  ControlCharge charge[kMaxCharges];
};
static_assert(offsetof(ControlRecord, charge) == 128);

}  // namespace ringmaster::shm
