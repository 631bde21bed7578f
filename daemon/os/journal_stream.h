#pragma once

namespace ringmaster::daemon {

/// True if `fd` is the stream to systemd's journal that `variable` ($JOURNAL_STREAM, may be null) names by device and
/// inode: then lines may start with a priority such as "<4>", and the journal adds the time. False if `fd` has been
/// redirected since.
[[nodiscard]] bool is_journal_stream(int fd, const char* variable) noexcept;

}  // namespace ringmaster::daemon
