#pragma once

namespace ringmaster::daemon {

/// Whether `fd` is the stream to systemd's journal that `variable` ($JOURNAL_STREAM, may be null) names by device and
/// inode: then lines take a "<4>" for their priority and the journal adds the time. A descriptor that was redirected
/// since is not.
[[nodiscard]] bool is_journal_stream(int fd, const char* variable) noexcept;

}  // namespace ringmaster::daemon
