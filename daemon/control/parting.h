#pragma once

#include <string>

#include <boost/asio/local/stream_protocol.hpp>

#include "daemon/loop/closer.h"
#include "daemon/ports/peer.h"

namespace ringmaster::daemon {

/// Ends a client's socket: the client sees that at once. The closer does the close itself, which may take long because
/// of what is in the socket's queue; then it calls `closed`, which may be null.
void hand_over(boost::asio::local::stream_protocol::socket& socket, Closer& closer, std::uint32_t uid,
               Closer::Action closed);

/// Logs a breach of the protocol, at most one line a second, so that clients cannot flood the log.
void log_breach(const Peer& peer, const std::string& what);

}  // namespace ringmaster::daemon
