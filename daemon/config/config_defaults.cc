#include "daemon/config/config_load.h"

namespace ringmaster::config {
namespace {

constexpr std::string_view kText = R"toml(# ringmaster's configuration: every key, with its default.
#
# This is what `ringmasterd` uses when it is given no file. Keep only what you change: a key that is left out has
# the value shown here. Check a file with `ringmasterd --check FILE`: it lists everything that is wrong at once.
#
# Durations are whole numbers with a unit, in quotes: "50us", "250ms", "30s", "2m", "1h".
# Sizes likewise: "64KiB", "64MiB", "1GiB".

[daemon]
# Where clients connect: an absolute path of at most 107 bytes. "" is the default path, which clients know too:
# /run/ringmaster/ringmaster.sock for root and for a service, else $XDG_RUNTIME_DIR/ringmaster.sock, else
# /run/user/UID/ringmaster.sock, else /tmp/ringmaster-UID/ringmaster.sock in a folder that only this user may enter.
# `ringmasterd --socket PATH` and then $RINGMASTER_SOCKET have precedence over this.
socket = ""

# Who may open the socket: its mode (octal) and its group ("" leaves the daemon's own group).
socket_mode = "0660"
socket_group = ""

# Who of these may use the daemon: numeric ids, compared with what the kernel reports for the connection. If both lists
# are empty: everybody that may open the socket. Otherwise only these, root, and the daemon's own uid.
allow_uids = []
allow_gids = []

# Who may cancel the jobs of others, drain and stop, besides root and the daemon's own uid.
admin_uids = []

# After SIGTERM or `ringmaster stop` running jobs have this long to end. Queued ones end as "lost" at once.
shutdown_timeout = "30s"

# `ringmaster health` reports a missing worker or spare after it has been missing for this long.
health_hold = "5s"

# "debug", "info", "warning" or "error".
log_level = "info"
# "human", "keyvalue" or "json", one line each; "journal" has priorities for systemd's journal instead of times. "auto"
# is journal if standard error is the journal's, human on a terminal, and keyvalue otherwise.
log_format = "auto"

# Each worker can get a cgroup (v2) of its own: it makes sure that all its processes end with it, and enforces memory_max.
# "auto": below the daemon's own cgroup, if that was delegated to it (systemd: Delegate=yes) and has no other processes. A
# path: below that cgroup, which no other daemon may use. "off": none. The first lines of the log tell what is done.
cgroup = "auto"

[limits]
# Connections to the socket: of all users together, and of one. The last eighth is reserved for users with fewer than 4.
max_connections = 256
connections_per_uid = 64
# What one user may hold at a time: sessions, job slots in them, and shared memory in them.
sessions_per_uid = 64
slots_per_uid = 16384
bytes_per_uid = "4GiB"
# Jobs sent as a message over the socket (without shared memory) whose outcome has not been delivered yet.
socket_jobs_per_uid = 256
# How many workers the jobs of one user may crash within a minute; beyond that the user's new sessions and socket jobs are
# refused.
crashes_per_minute = 6000
# Pools that one user may create at run time, with `ringmaster pools create` or by a program. Their workers run as that
# user, with no more than it has, and they are gone when their owner is. "auto": 16 where nobody but the daemon's own
# user can reach the socket, and the daemon is not root's, or is for one process (--owner-fd); else 0, none. For other
# users than its own the daemon must be root.
pools_per_uid = "auto"
# Workers, spares included, that the pools one user created may have together.
workers_per_uid = 256

# One table for each pool. Its name is the first part of POOL/HANDLER: letters, digits, - and _, at most 32. A line
# `[pool]` and no such table: there are no pools but those that users create.
[pool.default]
# What runs the jobs. Either `handlers`, for the stock worker: names of stock handlers, paths of .so files, or
# "all" for all stock handlers; or `command`: a program that links the worker library, with its arguments.
handlers = ["all"]
# command = ["/usr/local/lib/reports/worker", "--fast"]

# Processes that work at the same time: a number, or "auto" for one per usable CPU (affinity mask and cgroup quota).
# { min = 1, max = 8 }: as many as there is work for. Some are added when a job has waited for longer than a start takes,
# and one goes when it was not needed for idle_timeout ("0s": never). max may be "auto".
workers = "auto"
idle_timeout = "30s"
# Or: when a job has waited for grow_after, such as "20ms" (at least 1ms), so many at once that each job has a worker.
grow_after = "auto"
# More processes, which are ready to take over at once when a worker dies. Workers and spares: at most 256.
spares = 1

# How long a process may take from its start until it is ready. This does not count for any job.
start_timeout = "30s"
# A job that no worker has begun after this ends as "timed out (queue)". "0s": never; clients may set their own.
queue_timeout = "0s"
# The daemon is degraded while a job has been queued for longer than this. "0s": never.
health_queue_age = "30s"
# A job that runs longer than this ends as "timed out (run)": its worker is killed and replaced. At least 10ms. Clients may
# ask for another timeout, up to max_timeout.
run_timeout = "30s"
max_timeout = "1h"
# The time between asking a job to stop and killing its worker. Only for handlers that check whether they were cancelled;
# at most run_timeout.
grace = "500ms"

# A job that is marked idempotent runs again after a crash. One that killed this many workers (1 to 15) does not.
retries = 3

# What to do with processes that a job leaves behind and that its handler did not declare as helpers. "kill": they are
# killed a second after the job; "keep": they are left alone. Both are logged and counted in the status.
leftovers = "kill"

# Where a worker's standard output and error go. "log": line by line into the daemon's log, with the job's id. "client":
# what is written while a job runs, by whatever code or process, reaches the client that submitted the job, in order and
# before its outcome, also the last words of a worker that dies. Only as far as that client made room for messages;
# without room, and between jobs, it goes into the log.
output = "log"

# How long an idle worker polls for the next job before it sleeps. This saves latency and costs CPU time; "0s": not at all.
# While more threads want to run than the machine has CPUs it does not poll: it would keep a CPU from its own clients.
spin = "50us"

# The user that workers run as: "" is the daemon's own. The group: "" is the user's primary one. Changing them needs root.
# The pool should be the only one with this user, because other processes of the user could kill its workers. They can
# neither trace them nor read their memory, so such workers write no core, and set-uid programs that they start do not get
# their owner's rights (no_new_privs).
user = ""
group = ""
nice = 0
working_directory = "/"
# How much memory one worker, with all its processes, may use; "0B": no limit. A worker that uses more is killed, and its
# job ends as "out of memory". Shared memory of sessions does not count. Needs a cgroup with a memory controller (see
# [daemon] cgroup); without one there is a warning.
memory_max = "0B"

# When a worker dies before it is ready, before its first job, or 10 s or more after its last job, the next one is started
# after a pause: none the first time, then backoff_initial, doubled each time up to backoff_max; half of it is random.
# After more than `budget` such deaths within `window`, with no job finished in between, the pool is quarantined: only one
# worker is tried after probe_initial, then at doubling intervals up to probe_max. The quarantine ends when a worker has
# finished its first job, or has been ready for `stable`. After that, workers that are killed by SIGKILL from outside do
# not count; they are started again at once, and from the second in a row on after at most backoff_initial.
# When a worker dies over a job, the job's user is charged and not the pool, unless jobs of three users in a row end their
# workers. The jobs of one user may end `budget` workers within `window` (a worker that died in its first job counts fully,
# any other half). After a few in a row the user's jobs run after everybody else's; beyond the budget they are refused
# until half of it is forgotten.
[pool.default.restart]
backoff_initial = "100ms"
backoff_max = "10s"
budget = 20
window = "60s"
probe_initial = "1s"
probe_max = "60s"
stable = "10s"

# Replace healthy workers: after exactly this many jobs, or, one at a time, with this much resident memory or at this age.
# 0: not for this reason.
[pool.default.recycle]
max_jobs = 0
max_rss = "0B"
max_age = "0s"

# The shared memory of one client's session: the default, and the most that the client may ask for. Memory is taken only
# when it is used. A request that is larger than its session's ring, and a result that outgrows its room, get memory of
# their own, as far as [limits] bytes_per_uid allows.
[pool.default.session]
request_ring = "64MiB"
result_ring = "64MiB"
request_ring_max = "1GiB"
result_ring_max = "1GiB"
# How many jobs of one session may be queued, running, or done and not read yet.
slots = 1024

# Environment variables for the workers, all as strings. Workers get these, PATH, LANG, TZ and RINGMASTER_*; no others.
[pool.default.environment]
# VIPS_CONCURRENCY = "1"

# Limits for each worker: as, core, cpu (seconds), data, fsize, memlock, nofile (at least 64), nproc, stack. A number,
# a size, or "unlimited". `as` counts the mapped sessions too.
[pool.default.rlimits]
# core = 0
# nofile = 4096
)toml";

}  // namespace

std::string_view default_config_text() { return kText; }

}  // namespace ringmaster::config
