#include "client/control/message/requests.h"

#include <protozero/pbf_writer.hpp>

#include "base/check.h"
#include "base/text.h"

namespace ringmaster::client {
namespace {

// Fields of Request.
constexpr std::uint32_t kId = 1;
constexpr std::uint32_t kHello = 2;
constexpr std::uint32_t kOpenSession = 3;
constexpr std::uint32_t kSessionMapped = 4;
constexpr std::uint32_t kResumeSession = 5;
constexpr std::uint32_t kCloseSession = 6;
constexpr std::uint32_t kSubmit = 7;
constexpr std::uint32_t kFetch = 8;
constexpr std::uint32_t kCancel = 9;
constexpr std::uint32_t kListHandlers = 10;
constexpr std::uint32_t kGetStack = 14;
constexpr std::uint32_t kCreatePool = 16;
constexpr std::uint32_t kDropPool = 17;
constexpr std::uint32_t kResizePool = 18;
constexpr std::uint32_t kFetchResult = 19;
constexpr std::uint32_t kOpenParcel = 20;

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = decode_character(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// The program's name, which is only shown.
std::string shown(std::string_view client) { return is_utf8(client) ? std::string(client) : clean_text(client); }

/// The fields of one message, added by rising numbers. As protobuf does, it leaves out what is zero or empty.
class Fields {
 public:
  Fields& number(std::uint32_t field, std::uint64_t value) {
    if (value != 0) writer_.add_uint64(field, value);
    return *this;
  }
  Fields& flag(std::uint32_t field, bool value) { return number(field, value ? 1 : 0); }
  /// Of UTF-8, or the request must not be sent.
  Fields& text(std::uint32_t field, std::string_view value) {
    if (not_text_.empty() && !is_utf8(value)) not_text_ = value;
    return data(field, value);
  }
  Fields& data(std::uint32_t field, std::string_view value) {
    if (!value.empty()) present(field, value);
    return *this;
  }
  /// Two fields of 64 bits each.
  Fields& cookie(std::uint32_t first_field, const MessageCookie& value) {
    if (value.high != 0) writer_.add_fixed64(first_field, value.high);
    if (value.low != 0) writer_.add_fixed64(first_field + 1, value.low);
    return *this;
  }
  /// There even if it is empty: a nested message.
  Fields& present(std::uint32_t field, std::string_view value) {
    writer_.add_bytes(field, value.data(), value.size());
    return *this;
  }
  Fields& present_number(std::uint32_t field, std::uint64_t value) {
    writer_.add_uint64(field, value);
    return *this;
  }
  Fields& part(std::uint32_t field, const Fields& message) {
    if (not_text_.empty()) not_text_ = message.not_text_;
    return present(field, message.bytes_);
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] const std::string& not_text() const { return not_text_; }

 private:
  std::string bytes_;
  std::string not_text_;
  protozero::pbf_writer writer_{bytes_};
};

EncodedRequest request(std::uint32_t field, const Fields& body) {
  Fields whole;
  return {whole.present(field, body.bytes()).bytes(), body.not_text()};
}

}  // namespace

std::string with_id(const EncodedRequest& request, std::uint64_t id) {
  RM_CHECK(id != 0);
  Fields first;
  return first.number(kId, id).bytes() + request.bytes;
}

EncodedRequest encode(const HelloRequest& hello) {
  Fields body;
  body.number(1, hello.version).number(2, hello.version).text(3, shown(hello.client)).flag(4, hello.administers);
  return request(kHello, body);
}

EncodedRequest encode(const OpenRequest& open) {
  Fields body;
  body.text(1, open.pool).number(2, open.request_ring_bytes).number(3, open.result_ring_bytes);
  body.number(4, open.slots).number(5, open.shortest_run_timeout_ms).text(6, shown(open.client));
  return request(kOpenSession, body);
}

EncodedRequest encode(const MappedRequest& mapped) {
  Fields body;
  return request(kSessionMapped, body.number(1, mapped.serial));
}

EncodedRequest encode(const ResumeRequest& resume) {
  Fields body;
  return request(kResumeSession, body.number(1, resume.serial).cookie(2, resume.cookie));
}

EncodedRequest encode(const CloseRequest& close) {
  Fields body;
  return request(kCloseSession, body.number(1, close.serial).cookie(2, close.cookie));
}

EncodedRequest encode(const SubmitRequest& submit) {
  Fields body;
  body.text(1, submit.pool).text(2, submit.handler);
  for (const Argument& one : submit.arguments) {
    Fields argument;
    body.part(3, argument.text(1, one.key).text(2, one.value));
  }
  body.data(4, {reinterpret_cast<const char*>(submit.payload.data()), submit.payload.size()});
  body.number(5, submit.result_capacity).number(6, submit.queue_timeout_ms).number(7, submit.run_timeout_ms);
  body.flag(8, submit.idempotent).cookie(9, submit.cookie).flag(11, submit.wait);
  body.flag(12, submit.takes_descriptor).text(13, submit.label);
  return request(kSubmit, body);
}

EncodedRequest encode(const FetchRequest& fetch) {
  Fields body;
  return request(kFetch, body.cookie(2, fetch.cookie).flag(4, fetch.wait));
}

EncodedRequest encode(const CancelRequest& cancel) {
  Fields body;
  body.number(1, cancel.job_id).flag(4, cancel.force);
  if (cancel.grace_ms) body.present_number(5, *cancel.grace_ms);
  return request(kCancel, body);
}

EncodedRequest encode(const CreatePoolRequest& create) {
  Fields body;
  body.text(1, create.name).data(2, create.config).data(3, create.folder);
  body.number(4, create.workers).number(5, create.most_workers).number(6, create.min_workers);
  return request(kCreatePool, body);
}

EncodedRequest encode(const DropPoolRequest& drop) {
  Fields body;
  body.text(1, drop.name);
  if (drop.timeout_ms) body.present_number(2, *drop.timeout_ms);
  return request(kDropPool, body.number(3, drop.id));
}

EncodedRequest encode(const ResizePoolRequest& resize) {
  Fields body;
  body.text(1, resize.name).number(2, resize.workers).number(3, resize.min_workers);
  return request(kResizePool, body.number(4, resize.id));
}

EncodedRequest encode(const HandlersRequest& list) {
  Fields body;
  return request(kListHandlers, body.text(1, list.pool));
}

EncodedRequest encode(const ResultRequest& result) {
  Fields body;
  return request(kFetchResult, body.number(1, result.job_id));
}

EncodedRequest encode(const ParcelRequest& parcel) {
  Fields body;
  return request(kOpenParcel, body.number(1, parcel.serial).number(2, parcel.bytes));
}

EncodedRequest encode(const StackRequest& stack) {
  Fields body;
  return request(kGetStack, body.number(1, stack.job_id).number(2, stack.wait_ms));
}

}  // namespace ringmaster::client
