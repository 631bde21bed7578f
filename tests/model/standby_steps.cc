#include "tests/model/expansion.h"

// The rules of streamer and standby. Time is not modelled: who streams, which jobs are young, and when a nap ends is
// open each time.

namespace ringmaster::model {

// What a worker may do that has just come to look for a job: take the stream, or leave the jobs to another's.
void Expansion::stream(int index) {
  if (s_->streamer == 0 && index < config_.streamers) {
    add(Actor::Worker, index, "streams from now on").next.streamer = u8(index + 1);
  } else if (another_streams(index)) {
    add(Actor::Worker, index, "leaves what there may be to the streamer").next.workers[index].at = to_park();
  }
}

void Expansion::stand_by(int index) {
  const Worker& me = s_->workers[index];
  const auto see = [&](const char* what, WorkerAt if_so, WorkerAt if_not) {
    add(Actor::Worker, index, what).next.workers[index].at = another_streams(index) ? if_so : if_not;
  };
  const auto leave = [&](WorkerAt then) {
    State& n = add(Actor::Worker, index, "stands by no longer").next;
    if (n.standby == index + 1) n.standby = 0;
    n.workers[index].standing_by = 0;
    n.workers[index].at = then;
  };
  const WorkerAt look = after_idle();
  switch (me.at) {
    case WorkerAt::EndStream: {
      const bool mine = s_->streamer == index + 1;
      State& n = add(Actor::Worker, index, mine ? "streams no longer" : "does not stream").next;
      if (mine) n.streamer = 0;
      n.workers[index].at = mine ? WorkerAt::EndCover : WorkerAt::SetIdle;
      return;
    }
    case WorkerAt::EndCover: {
      State& n = add(Actor::Worker, index, "clears the standby's word").next;
      n.standby = 0;
      n.workers[index].at = WorkerAt::SetIdle;
      return;
    }
    case WorkerAt::SeeStream:
      see("looks whether another streams", WorkerAt::StandBy, look);
      return;
    case WorkerAt::StandBy: {
      const bool ok = s_->standby == 0;
      State& n = add(Actor::Worker, index, ok ? "stands by" : "finds another standing by").next;
      if (ok) n.standby = u8(index + 1);
      n.workers[index].standing_by = ok ? 1 : 0;
      n.workers[index].at = ok ? WorkerAt::SeeStreamAgain : look;
      return;
    }
    case WorkerAt::SeeStreamAgain:
      see("looks again whether another streams", look, WorkerAt::LeaveStandby);
      return;
    case WorkerAt::LeaveStandby:
      leave(config_.mutated(Mutation::StandbyLeavesBlindly) ? WorkerAt::Sleep : look);
      return;
    case WorkerAt::Called:
      see("has seen ready work: does another stream?", WorkerAt::CalledCovered, rises(me));
      return;
    case WorkerAt::CalledCovered:
      if (s_->standby != 0) {
        add(Actor::Worker, index, "leaves young work to the streamer").next.workers[index].at = WorkerAt::Sleep;
      }
      add(Actor::Worker, index, "is called").next.workers[index].at = rises(me);
      return;
    case WorkerAt::Napping:
      if (config_.mutated(Mutation::StandbySleepsOn)) return;
      add(Actor::Worker, index, "has napped").next.workers[index].at = WorkerAt::NapEnds;
      return;
    case WorkerAt::NapEnds:
      see("looks whether another still streams", WorkerAt::IdleScan, WorkerAt::LeaveStandby);
      return;
    case WorkerAt::EndAnothers: {
      State& n = add(Actor::Worker, index, "ends the stream").next;
      n.streamer = 0;
      n.workers[index].at = WorkerAt::RiseFromStandby;
      return;
    }
    default:  // RiseFromStandby
      if (config_.mutated(Mutation::StandbyKeepsWord)) {
        Worker& w = add(Actor::Worker, index, "rises").next.workers[index];
        w.standing_by = 0;
        w.at = WorkerAt::ClearIdle;
        return;
      }
      leave(WorkerAt::ClearIdle);
      return;
  }
}

}  // namespace ringmaster::model
