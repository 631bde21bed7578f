# Sourced by in-container: the unit is as tight as it says, and what a handler may need works under it.

# A pool of trouble beside the default one; both as the configuration of the service from here on. $1: more lines.
configure() {
  mkdir -p /etc/ringmaster
  echo 'RINGMASTERD_OPTIONS="--config /etc/ringmaster/ringmaster.toml"' >/etc/default/ringmaster
  printf '%s\n' '[pool.default]' '[pool.trouble]' 'handlers = ["/opt/ringmaster/trouble.so"]' 'workers = 2' \
    'run_timeout = "20s"' 'memory_max = "96MiB"' "$@" >/etc/ringmaster/ringmaster.toml
  ringmasterd --check /etc/ringmaster/ringmaster.toml || fail "--check: exit status $?"
}
restart() {
  systemctl daemon-reload
  systemctl restart ringmaster.service || fail "restart: exit status $?"
  until_true 60 ringmaster health --ready || fail "not healthy after a restart: $(ringmaster health 2>&1)"
}
# A drop-in that is installed as an example.
drop_in() {
  mkdir -p /etc/systemd/system/ringmaster.service.d
  cp "/usr/share/doc/ringmaster/examples/$1" /etc/systemd/system/ringmaster.service.d/ || fail "no example $1"
}
no_drop_ins() { rm -rf /etc/systemd/system/ringmaster.service.d; }

score() { systemd-analyze --no-pager security ringmaster.service | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p'; }
# score_at_most LIMIT WHAT
score_at_most() {
  local is
  is=$(score)
  echo "systemd-analyze security: $is ($2; at most $1)"
  awk -v is="$is" -v limit="$1" 'BEGIN { exit !(is != "" && is <= limit) }' || {
    systemd-analyze --no-pager security ringmaster.service | grep -v '^✓'
    fail "systemd-analyze security says $is for $2, more than $1"
  }
}

# expect_job WHAT POOL/HANDLER TEXT
expect_job() {
  local got
  got=$(ringmaster submit "$2" </dev/null 2>&1) || fail "$1: $2 ended with status $?: $got"
  [ "$got" = "$3" ] || fail "$1: $2 says \"$got\", not \"$3\""
  echo "$1: $2 says \"$got\""
}
# A job at its deadline leaves its stack.
expect_stack() {
  ringmaster submit --timeout 500ms trouble/hang </dev/null >/opt/ringmaster/hang 2>&1 && fail "$1: a job that hangs is done"
  until_true 20 sh -c 'ringmaster status --json | grep -q spin_in_vain' ||
    fail "$1: no stack of the job that hung: $(cat /opt/ringmaster/hang; ringmaster status --json)"
  echo "$1: the stack of a job at its deadline is read"
}

test_hardening() {
  useradd --system --groups ringmaster member
  score_at_most 2.0 "as installed"
  configure
  restart

  # 16 by 16, one colour.
  local picture=iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mM4IRdFEmIY1TCqYfhqAACNxkAQW4PJIQAAAABJRU5ErkJggg==
  printf '%s' "$picture" | base64 -d >/opt/ringmaster/picture.png
  ringmaster submit default/thumbnail --arg width=8 --in /opt/ringmaster/picture.png >/opt/ringmaster/thumbnail ||
    fail "thumbnail: exit status $?"
  [ -s /opt/ringmaster/thumbnail ] || fail "the thumbnail is empty"
  echo "as installed: a thumbnail of $(wc -c </opt/ringmaster/thumbnail) bytes"
  expect_stack "as installed"
  expect_job "as installed" trouble/network "Address family not supported by protocol"
  expect_job "as installed" trouble/jit "Operation not permitted"
  expect_job "as installed" trouble/who "$(id -u ringmaster)"

  # Where this container has a memory controller to delegate.
  if grep -qw memory "/sys/fs/cgroup$(cgroup "$(state MainPID)" | sed 's,/daemon$,,')/cgroup.controllers"; then
    ringmaster submit trouble/eat </dev/null >/opt/ringmaster/eat 2>&1 && fail "a job that takes all memory is done"
    grep -qi 'memory' /opt/ringmaster/eat || fail "out of memory is not said: $(cat /opt/ringmaster/eat)"
    echo "memory_max: $(cat /opt/ringmaster/eat)"
  else
    echo "memory_max: not tried, this container has no memory controller to delegate"
  fi

  drop_in network-and-jit.conf
  restart
  score_at_most 2.0 "with network-and-jit.conf"
  expect_job "network-and-jit.conf" trouble/network works
  expect_job "network-and-jit.conf" trouble/jit works
  no_drop_ins

  drop_in pools-with-users.conf
  configure 'user = "nobody"'
  restart
  score_at_most 2.5 "with pools-with-users.conf"
  expect_job "pools-with-users.conf" trouble/who "$(id -u nobody)"
  expect_stack "pools-with-users.conf"
  runuser -u member -- ringmaster submit default/sha256 --in /etc/hostname >/dev/null ||
    fail "pools-with-users.conf: a member of the group may not submit: exit status $?; $(ls -l /run/ringmaster)"
  no_drop_ins
  configure
  restart
}

# A daemon whose user namespace leaves users out says that it cannot tell them apart.
test_unknown_users() {
  local dir=/run/ringmaster-unknown
  mkdir -p $dir && chmod 0755 $dir
  sed 's/^socket_mode.*/socket_mode = "0666"/' >$dir/config.toml <<<'[daemon]
socket_mode = "0660"
[pool.default]'
  unshare --user --map-root-user ringmasterd --config $dir/config.toml --socket $dir/d.sock 2>$dir/log &
  local daemon=$!
  until_true 30 ringmaster --socket $dir/d.sock health || fail "no daemon in a user namespace: $(cat $dir/log)"
  runuser -u ringmaster -- ringmaster --socket $dir/d.sock status >/dev/null || fail "status of a daemon in a user namespace"
  grep -q 'clients of unknown users' $dir/log || fail "unknown users are not said: $(cat $dir/log)"
  echo "a user namespace: $(grep -c 'clients of unknown users' $dir/log) warning"
  kill $daemon && wait $daemon
  rm -rf $dir
}
