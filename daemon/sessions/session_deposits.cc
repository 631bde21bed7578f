#include "daemon/sessions/session_deposits.h"

#include <vector>

namespace ringmaster::daemon {

using keeper::DepositKind;

void deposit_session(Deposits& deposits, const Session& session, std::function<void(bool)> held) {
  std::vector<keeper::DepositLabel> labels;
  std::vector<int> fds;
  const auto add = [&](DepositKind kind, const UniqueFd& fd) {
    if (!fd.valid()) return;
    labels.push_back(keeper::make_label(kind, session.serial, session.index));
    fds.push_back(fd.get());
  };
  add(DepositKind::Request, session.request_fd);
  add(DepositKind::Reply, session.reply_fd);
  add(DepositKind::SessionBell, session.bell);
  add(DepositKind::Lifeline, session.lifeline);
  deposits.deposit(labels, fds, std::move(held));
}

void release_session(Deposits& deposits, std::uint32_t serial) {
  deposits.release({keeper::kind_bit(DepositKind::Request) | keeper::kind_bit(DepositKind::Reply) |
                        keeper::kind_bit(DepositKind::SessionBell) | keeper::kind_bit(DepositKind::Lifeline),
                    serial, std::nullopt});
}

bool take_session(const TakeDeposit& take, Session& session) {
  session.request_fd = take(DepositKind::Request, session.serial);
  session.reply_fd = take(DepositKind::Reply, session.serial);
  session.bell = take(DepositKind::SessionBell, session.serial);
  session.lifeline = take(DepositKind::Lifeline, session.serial);
  return session.request_fd.valid() && session.reply_fd.valid() && session.bell.valid() &&
         session.lifeline.valid() != session.internal();
}

}  // namespace ringmaster::daemon
