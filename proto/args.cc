#include "proto/args.h"

#include <algorithm>

#include "base/text.h"
#include "proto/byte_io.h"

namespace ringmaster {
namespace {

template <typename T>
bool repeats_a_key(std::span<const T> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (arguments[i].key == arguments[j].key) return true;
    }
  }
  return false;
}

Error too_many() {
  return Error{"arguments: more than " + std::to_string(kMaxArguments) + "; pass bulk data as the payload"};
}
Error too_large(std::size_t size) {
  return Error{"arguments: " + std::to_string(size) + " bytes encoded, at most " +
               std::to_string(kMaxEncodedArgumentBytes) + " fit; pass bulk data as the payload"};
}
Error bad_key(std::string_view key) {
  return Error{"argument \"" + clean_quote(key) + "\": a name has 1 to 64 characters out of A-Z a-z 0-9 _ . -"};
}
Error repeated_key() { return Error{"arguments: a name is given twice; give each argument once"}; }

template <typename T>
Result<void> check(std::span<const T> arguments) {
  if (arguments.size() > kMaxArguments) return too_many();
  for (const T& argument : arguments) {
    if (!is_name(argument.key)) return bad_key(argument.key);
  }
  if (const std::size_t size = encoded_size(arguments); size > kMaxEncodedArgumentBytes) return too_large(size);
  if (repeats_a_key(arguments)) return repeated_key();
  return {};
}

}  // namespace

Result<void> check_argument_list(std::span<const ArgumentView> arguments) { return check(arguments); }

Result<std::vector<std::byte>> encode_arguments(std::span<const Argument> arguments) {
  if (const auto checked = check(arguments); !checked) return checked.error();
  wire::ByteWriter out;
  for (const Argument& argument : arguments) {
    out.put(static_cast<std::uint16_t>(argument.key.size()));
    out.put(static_cast<std::uint32_t>(argument.value.size()));
    out.put_text(argument.key);
    out.put_text(argument.value);
  }
  return out.take();
}

Result<std::vector<ArgumentView>> decode_arguments(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxEncodedArgumentBytes) return too_large(bytes.size());
  std::vector<ArgumentView> arguments;
  wire::ByteReader in(bytes);
  while (in.left() > 0) {
    if (arguments.size() == kMaxArguments) return too_many();
    const auto key_length = in.get<std::uint16_t>();
    const auto value_length = in.get<std::uint32_t>();
    const std::string_view key = in.get_text(key_length);
    const std::string_view value = in.get_text(value_length);
    if (!in.ok()) return Error{"arguments: cut off in the middle of an entry"};
    if (!is_name(key)) return bad_key(key);
    arguments.push_back({key, value});
  }
  if (repeats_a_key(std::span<const ArgumentView>(arguments))) return repeated_key();
  return arguments;
}

}  // namespace ringmaster
