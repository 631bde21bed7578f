#pragma once

#include "client/abi/handler_infos.h"
#include "client/client.h"

/// The types behind the names of the C interface, which is built on client.h alone.

struct rm_session {
  explicit rm_session(ringmaster::Session opened) : session(std::move(opened)), handlers(session.handlers()) {}
  ringmaster::Session session;
  ringmaster::abi::HandlerInfos handlers;
};

struct rm_request {
  ringmaster::Request request;
};
