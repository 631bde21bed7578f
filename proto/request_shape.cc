#include "proto/request_shape.h"

#include <google/protobuf/io/coded_stream.h>

#include <cstdint>

#include "proto/args.h"
#include "proto/control.pb.h"

namespace ringmaster::wire {
namespace {

using control::v1::Request;
using control::v1::Submit;
using google::protobuf::io::CodedInputStream;

enum class Part { Request, Submit, Other };

/// True if the delimited field `field` of `in` holds a nested message of this protocol; `inner` says which.
bool holds_message(Part in, std::uint32_t field, Part& inner) {
  inner = field == Request::kSubmitFieldNumber ? Part::Submit : Part::Other;
  if (in == Part::Request) return true;
  inner = Part::Other;
  return in == Part::Submit && field == Submit::kArgumentsFieldNumber;
}

/// Subtracts the fields from `left`. False: there are more than that. Stops at malformed bytes, which the decoder
/// reports.
bool count_fields(CodedInputStream& in, Part part, std::size_t& left) {
  while (const std::uint32_t tag = in.ReadTag()) {
    if (left-- == 0) return ++left, false;
    std::uint64_t number = 0;
    std::uint32_t word = 0;
    switch (tag & 7) {
      case 0:
        if (!in.ReadVarint64(&number)) return true;
        break;
      case 1:
        if (!in.ReadLittleEndian64(&number)) return true;
        break;
      case 2: {
        Part inner{};
        if (!in.ReadVarint32(&word) || word > 0x7FFFFFFF) return true;
        if (!holds_message(part, tag >> 3, inner)) {
          if (!in.Skip(static_cast<int>(word))) return true;
          break;
        }
        const auto outer = in.PushLimit(static_cast<int>(word));
        if (!count_fields(in, inner, left)) return false;
        if (in.BytesUntilLimit() != 0) return true;
        in.PopLimit(outer);
        break;
      }
      case 5:
        if (!in.ReadLittleEndian32(&word)) return true;
        break;
      default:
        break;  // start and end of a group; its fields are counted too
    }
  }
  return true;
}

}  // namespace

std::string check_shape(std::string_view body) {
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(body.data()), static_cast<int>(body.size()));
  std::size_t left = kMaxRequestFields;
  if (count_fields(in, Part::Request, left)) return {};
  return "a request of more than " + std::to_string(kMaxRequestFields) + " fields; a submit takes at most " +
         std::to_string(kMaxArguments) + " arguments, pass bulk data as the payload";
}

}  // namespace ringmaster::wire
