#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "daemon/link/tracer_protocol.h"
#include "daemon/tracer/libdw.h"

namespace ringmaster::tracer {

/// Finds names and lines for frames with libdw. Every file is opened as the worker's user, because a crafted file can
/// name other files for its debug information. The last kMost files stay open for the next stack, by user and build id.
class SymbolBook {
 public:
  static constexpr std::size_t kMost = 16;

  /// Without libdw it finds no names. `libdw` outlives it.
  explicit SymbolBook(const Result<Libdw>& libdw);
  ~SymbolBook();
  SymbolBook(const SymbolBook&) = delete;
  SymbolBook& operator=(const SymbolBook&) = delete;

  void name(core::StackFrame& frame, const FileUser& user);

 private:
  struct Entry;
  Entry& entry_of(const core::StackFrame& frame, const FileUser& user);

  const Result<Libdw>& libdw_;
  std::map<std::pair<FileUser, std::string>, std::unique_ptr<Entry>> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace ringmaster::tracer
