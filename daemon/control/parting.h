#pragma once

#include <string>

#include <boost/asio/local/stream_protocol.hpp>

#include "daemon/loop/closer.h"
#include "daemon/ports/peer.h"

namespace ringmaster::daemon {

/// The end of a client's socket: the client sees it at once; the close itself, which what lies in its queue may draw
/// out, is the closer's. `closed` may be null.
void hand_over(boost::asio::local::stream_protocol::socket& socket, Closer& closer, std::uint32_t uid,
               Closer::Action closed);

/// One line a second is enough to see an attack, and not enough to be one.
void log_breach(const Peer& peer, const std::string& what);

}  // namespace ringmaster::daemon
