#include "daemon/tracer/confinement.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace ringmaster::tracer {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint32_t kMachine = 0;  // not used with sanitizers, whose runtime makes other calls
#elif defined(__x86_64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kMachine = 0;
#endif

// Refused with EPERM. Some machines lack the older calls in this list, and have only the newer ones.
constexpr long kForbidden[] = {
    SYS_execve,
    SYS_execveat,
    SYS_clone,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_send_signal,
    SYS_pidfd_open,
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_userfaultfd,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_truncate,
    SYS_ftruncate,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setuid,
    SYS_setgid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_memfd_create,
    SYS_mq_open,
    SYS_shmget,
    SYS_semget,
    SYS_msgget,
    SYS_ioctl,
    SYS_setgroups,
    SYS_open_by_handle_at,
    SYS_acct,
    SYS_quotactl,
#ifdef SYS_renameat
    SYS_renameat,
#endif
#ifdef SYS_move_mount
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
#endif
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
    SYS_unlink,
    SYS_rename,
    SYS_link,
    SYS_symlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_mknod,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_creat,
    SYS_iopl,
    SYS_ioperm,
#endif
};
// Refused with ENOSYS: callers then use an older call, whose arguments the filter can check. io_uring could do without
// a system call what is forbidden above.
constexpr long kUnknown[] = {SYS_clone3, SYS_openat2, SYS_io_uring_setup, SYS_pidfd_getfd};

// The ptrace requests that a stack walk needs; none changes the thread.
constexpr std::uint32_t kPtraceRequests[] = {
    PTRACE_SEIZE,    PTRACE_INTERRUPT, PTRACE_DETACH,    PTRACE_PEEKTEXT,
    PTRACE_PEEKDATA, PTRACE_PEEKUSER,  PTRACE_GETREGSET,
#if defined(__x86_64__)
    PTRACE_GETREGS,  PTRACE_GETFPREGS,
#endif
};

constexpr std::uint32_t kOtherNumbers = 0x40000000;
constexpr std::uint32_t kErrno = SECCOMP_RET_ERRNO;
constexpr std::uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

/// Builds the filter's program, instruction by instruction.
class Program {
 public:
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  void answer(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }
  void unless_equal_skip(std::uint32_t value, std::uint8_t count) { add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count); }
  void if_equal_skip(std::uint32_t value, std::uint8_t count) { add(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0); }
  void if_none_set_skip(std::uint32_t bits, std::uint8_t count) { add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, count); }
  [[nodiscard]] sock_fprog finished() { return {static_cast<unsigned short>(size_), code_.data()}; }

 private:
  void add(int code, std::uint32_t k, std::uint8_t jt = 0, std::uint8_t jf = 0) {
    code_[size_++] = {static_cast<std::uint16_t>(code), jt, jf, k};
  }
  std::array<sock_filter, 512> code_{};
  std::size_t size_ = 0;
};

constexpr std::size_t kNumber = offsetof(seccomp_data, nr);
constexpr std::size_t argument(std::size_t index) {
  return offsetof(seccomp_data, args) + 8 * index;
}  // the low half of the argument

void forbid_writing(Program& program, long call, std::size_t flags) {
  program.unless_equal_skip(static_cast<std::uint32_t>(call), 4);
  program.load(argument(flags));
  program.if_none_set_skip(kWriting, 1);
  program.answer(kErrno | EPERM);
  program.answer(SECCOMP_RET_ALLOW);
}

// libdwfl uses signal 0 to check whether the process exists.
void allow_only_signal_0(Program& program, long call, std::size_t signal) {
  program.unless_equal_skip(static_cast<std::uint32_t>(call), 4);
  program.load(argument(signal));
  program.unless_equal_skip(0, 1);
  program.answer(SECCOMP_RET_ALLOW);
  program.answer(kErrno | EPERM);
}

void allow_ptrace(Program& program) {
  constexpr auto kRequests = static_cast<std::uint8_t>(std::size(kPtraceRequests));
  program.unless_equal_skip(SYS_ptrace, 1 + 2 * kRequests + 1);
  program.load(argument(0));
  for (const std::uint32_t request : kPtraceRequests) {
    program.unless_equal_skip(request, 1);
    program.answer(SECCOMP_RET_ALLOW);
  }
  program.answer(kErrno | EPERM);
}

void write_filter(Program& program) {
  program.load(offsetof(seccomp_data, arch));
  program.if_equal_skip(kMachine, 1);
  program.answer(SECCOMP_RET_KILL_PROCESS);  // a call of another architecture, with other numbers
  program.load(kNumber);
  // Calls of the x32 ABI look like this architecture's, but have other numbers.
  program.if_none_set_skip(kOtherNumbers, 1);
  program.answer(SECCOMP_RET_KILL_PROCESS);
  for (const long call : kForbidden) {
    program.unless_equal_skip(static_cast<std::uint32_t>(call), 1);
    program.answer(kErrno | EPERM);
  }
  for (const long call : kUnknown) {
    program.unless_equal_skip(static_cast<std::uint32_t>(call), 1);
    program.answer(kErrno | ENOSYS);
  }
  forbid_writing(program, SYS_openat, 2);
#if defined(__x86_64__)
  program.load(kNumber);
  forbid_writing(program, SYS_open, 1);
#endif
  program.load(kNumber);
  allow_only_signal_0(program, SYS_kill, 1);
  program.load(kNumber);
  allow_only_signal_0(program, SYS_tkill, 1);
  program.load(kNumber);
  allow_only_signal_0(program, SYS_tgkill, 2);
  program.load(kNumber);
  allow_ptrace(program);
  program.answer(SECCOMP_RET_ALLOW);
}

// Keeps only the capabilities that a capture needs: to trace other users' processes, to check whether they exist, and
// to open files as their users.
void drop_capabilities() {
  constexpr std::uint32_t kNeeded = CAP_TO_MASK(CAP_SYS_PTRACE) | CAP_TO_MASK(CAP_SETUID) | CAP_TO_MASK(CAP_SETGID) |
                                    CAP_TO_MASK(CAP_DAC_READ_SEARCH) | CAP_TO_MASK(CAP_KILL);
  static_assert(CAP_SYS_PTRACE < 32);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return;
  sets[0].permitted &= kNeeded;
  sets[0].effective &= kNeeded;
  sets[0].inheritable = sets[1].permitted = sets[1].effective = sets[1].inheritable = 0;
  static_cast<void>(::syscall(SYS_capset, &header, sets));
}

}  // namespace

void confine() noexcept {
  static_cast<void>(::setgroups(0, nullptr));  // files are opened as other users, so without our groups
  drop_capabilities();
  static_cast<void>(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (kMachine == 0) return;
  static Program program;
  write_filter(program);
  const sock_fprog filter = program.finished();
  static_cast<void>(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0));
}

}  // namespace ringmaster::tracer
