#!/bin/sh
# The first process of the machine: makes a group for a user, as systemd does for a unit with Delegate=yes,
# and runs a test file in it. Its arguments are in the environment, as the kernel passes it on.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs shm /dev/shm 2> /dev/null
mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -m 1777 /run/tmp
ip link set lo up
cd "$TM_ROOT" || exit

echo '+memory +cpu +pids' > /sys/fs/cgroup/cgroup.subtree_control
group=/sys/fs/cgroup/unit
mkdir $group
chown "$TM_USER" $group $group/cgroup.procs $group/cgroup.subtree_control
export PATH="$TM_ROOT/node_modules/.bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" HOME=/run/tmp TMPDIR=/run/tmp
sh -c "echo \$\$ > $group/cgroup.procs; exec setpriv --reuid $TM_USER --clear-groups \
  node node_modules/vitest/vitest.mjs run --config test/vm/guest/vitest.config.ts --configLoader runner \
  --reporter=json --outputFile=/run/tmp/report.json $TM_FILE" > /run/tmp/log 2>&1 < /dev/null
echo TM_REPORT
cat /run/tmp/report.json || cat /run/tmp/log
echo
echo TM_END
echo o > /proc/sysrq-trigger
sleep 60
