#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/args.h"

/// What the library asks of the daemon, as values and as bytes; proto/control.proto says what each field means. Values
/// only look at what they are made of: encode them at once. Pure.
namespace ringmaster::client {

/// The bytes of a Request without its id, which its connection chooses.
struct EncodedRequest {
  std::string bytes;
  std::string not_text;  ///< a value that must be UTF-8 and is not; the daemon would take the request for garbage
};
/// The whole Request. REQUIRES: id != 0.
[[nodiscard]] std::string with_id(const EncodedRequest& request, std::uint64_t id);

/// The 128 bits by which a session or a job is found again.
struct MessageCookie {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

struct HelloRequest {
  std::uint32_t version = 0;  ///< the only one
  std::string_view client;
  bool administers = false;
};
struct OpenRequest {
  std::string_view pool;
  std::uint64_t request_ring_bytes = 0;
  std::uint64_t result_ring_bytes = 0;
  std::uint32_t slots = 0;
  std::uint64_t shortest_run_timeout_ms = 0;
  std::string_view client;
};
struct MappedRequest {
  std::uint32_t serial = 0;
};
struct ResumeRequest {
  std::uint32_t serial = 0;
  MessageCookie cookie;
};
struct CloseRequest {
  std::uint32_t serial = 0;
  MessageCookie cookie;
};
struct SubmitRequest {
  std::string_view pool;
  std::string_view handler;
  std::span<const Argument> arguments;
  std::span<const std::byte> payload;
  std::uint64_t result_capacity = 0;
  std::uint64_t queue_timeout_ms = 0;
  std::uint64_t run_timeout_ms = 0;
  bool idempotent = false;
  MessageCookie cookie;
  bool wait = false;
  bool takes_descriptor = false;
  std::string_view label;
};
struct FetchRequest {
  MessageCookie cookie;
  bool wait = false;
};
struct CancelRequest {
  std::uint64_t job_id = 0;
  bool force = false;
  std::optional<std::uint32_t> grace_ms;
};
struct CreatePoolRequest {
  std::string_view name;
  std::string_view config;
  std::string_view folder;
  std::uint32_t workers = 0;
  std::uint32_t most_workers = 0;
  std::uint32_t min_workers = 0;
};
struct DropPoolRequest {
  std::string_view name;
  std::optional<std::uint64_t> timeout_ms;
  std::uint64_t id = 0;
};
struct ResizePoolRequest {
  std::string_view name;
  std::uint32_t workers = 0;
  std::uint32_t min_workers = 0;
  std::uint64_t id = 0;
};
struct HandlersRequest {
  std::string_view pool;
};
struct ResultRequest {
  std::uint64_t job_id = 0;
};
struct ParcelRequest {
  std::uint32_t serial = 0;
  std::uint64_t bytes = 0;
};
struct StackRequest {
  std::uint64_t job_id = 0;
  std::uint32_t wait_ms = 0;
};

[[nodiscard]] EncodedRequest encode(const HelloRequest& hello);
[[nodiscard]] EncodedRequest encode(const OpenRequest& open);
[[nodiscard]] EncodedRequest encode(const MappedRequest& mapped);
[[nodiscard]] EncodedRequest encode(const ResumeRequest& resume);
[[nodiscard]] EncodedRequest encode(const CloseRequest& close);
[[nodiscard]] EncodedRequest encode(const SubmitRequest& submit);
[[nodiscard]] EncodedRequest encode(const FetchRequest& fetch);
[[nodiscard]] EncodedRequest encode(const CancelRequest& cancel);
[[nodiscard]] EncodedRequest encode(const CreatePoolRequest& create);
[[nodiscard]] EncodedRequest encode(const DropPoolRequest& drop);
[[nodiscard]] EncodedRequest encode(const ResizePoolRequest& resize);
[[nodiscard]] EncodedRequest encode(const HandlersRequest& list);
[[nodiscard]] EncodedRequest encode(const StackRequest& stack);
[[nodiscard]] EncodedRequest encode(const ResultRequest& result);
[[nodiscard]] EncodedRequest encode(const ParcelRequest& parcel);

}  // namespace ringmaster::client
