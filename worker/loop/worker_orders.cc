#include <cstdio>
#include <utility>
#include <variant>

#include "base/overloaded.h"
#include "base/plant.h"
#include "worker/loop/worker_loop.h"

// How a worker obeys and answers the messages of its supervisor.
namespace ringmaster::worker {

void WorkerLoop::read_control() {
  while (!exit_asked_) {
    auto incoming = link_.receive();
    if (!incoming) {
      if (!link_.closed()) std::fprintf(stderr, "control message refused: %s\n", incoming.error().message.c_str());
      broken_link_ = true;
      return;
    }
    if (!incoming->has_value()) return;
    obey(std::move(**incoming));
  }
}

void WorkerLoop::obey(ControlLink::Incoming incoming) {
  std::visit(Overloaded{[&](const worker_link::Attach& about) { attach(about, std::move(incoming.fds)); },
                        [&](const worker_link::Detach& which) {
                          AttachedSession* const session = sessions_.at(which.index);
                          if (session != nullptr && session->about.serial == which.serial) drop(*session);
                          if (planted(Plant::SessionLeft)) return;
                          tell(worker_link::Detached{which.index, which.serial});
                        },
                        [&](const worker_link::Claiming& claiming) {
                          if (std::exchange(paused_, claiming.paused) && !claiming.paused)
                            free_since_ns_ = monotonic_now_ns();
                        },
                        [&](const worker_link::Exit&) { exit_asked_ = true; },
                        [&](const worker_link::Look& look) {
                          const AttachedSession* const session = sessions_.at(look.index);
                          if (session == nullptr || session->about.serial != look.serial) return lookout_.is_needed();
                          sessions_.rung(look.index, monotonic_now_ns());
                        },
                        // The answer to a question that was asked again.
                        [](const worker_link::Room&) {}, [](const worker_link::NoRoom&) {},
                        [&](const worker_link::Settings& settings) {
                          settings_ = settings;
                          runner_.copy_in_up_to(settings.copy_in_bytes);
                          children_.keep_leftovers(settings.keep_leftovers);
                        }},
             incoming.message);
}

// A session's bell was told to this worker alone, so it must look there. After the pool's bell work may be anywhere.
void WorkerLoop::heed(const Parking::Wake& wake) {
  const std::uint64_t now = monotonic_now_ns();
  for (const std::uint32_t index : wake.sessions()) {
    AttachedSession* const session = sessions_.at(index);
    if (session == nullptr) continue;
    if (bells_.rang(*session, now)) {
      sessions_.rung(index, now);
    } else {
      drop_broken(*session, worker_link::BrokenReason::BellStorm, session->rings.count);
    }
  }
  if (wake.anywhere) lookout_.is_needed();
}

void WorkerLoop::heed_charges() {
  if (charged_.read(*self_.control)) sessions_.set_charges(charged_);
}

void WorkerLoop::attach(const worker_link::Attach& about, std::vector<UniqueFd> fds) {
  const auto refuse = [&](AttachFailure failure) {
    tell(worker_link::SessionBroken{about.index, about.serial, failure.reason, failure.detail});
  };
  if (AttachedSession* const held = sessions_.at(about.index)) {
    // A successor does not know which worker has which session, so it attaches all again. Another serial: the index has
    // a new session, and the Detach of the old one was lost when a supervisor died.
    if (held->about.serial == about.serial) return tell(worker_link::Attached{about.index, about.serial});
    drop(*held);
  }
  AttachFailure failure;
  auto session = open_session(about, fds[0].get(), fds[1].get(), std::move(fds[2]), failure);
  if (session == nullptr) return refuse(failure);
  if (registry_.any_writes_input()) {
    session->private_requests = PrivateRequests::map(fds[0].get(), session->request_memory.bytes());
  }
  if (const auto watched = bells_.add(*session); !watched) {
    return refuse({worker_link::BrokenReason::MapFailed, static_cast<std::uint64_t>(watched.error().code)});
  }
  sessions_.add(std::move(session));
  tell(worker_link::Attached{about.index, about.serial});
}

void WorkerLoop::drop(AttachedSession& session) {
  bells_.remove(session);
  sessions_.remove(session.about.index);
}

void WorkerLoop::drop_broken(AttachedSession& session, worker_link::BrokenReason reason, std::uint64_t detail) {
  const worker_link::SessionBroken report{session.about.index, session.about.serial, reason, detail};
  drop(session);
  tell(report);
}

void WorkerLoop::tell(const worker_link::ToSupervisor& message) {
  if (const auto sent = link_.send(message); !sent) broken_link_ = true;
}

}  // namespace ringmaster::worker
