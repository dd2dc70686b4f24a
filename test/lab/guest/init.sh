#!/usr/bin/env bash
# The first process of a machine: gives it a root of its own (the host's, with every change kept on
# DISK), then reads its console until it is killed. Everything else in the machine dies with it.
# Usage: init.sh DISK HOSTNAME VISIBLE... (paths of the host that stay visible, read-only)
set -euo pipefail
disk=$1 name=$2
shift 2
visible=("$@")
root=$disk/root

# A new disk starts without what the host happens to have there and Amazon Linux has not: an
# overlay shows a 0:0 character device as nothing at all.
if [ ! -e "$disk/upper" ]; then
  mkdir -p "$disk/upper" "$disk/work" "$root"
  hidden=(opt root home usr/bin/node usr/bin/npm usr/bin/npx usr/local/bin/node usr/local/bin/npm)
  hidden+=(usr/local/bin/npx usr/bin/node-24 etc/tm var/lib/tm etc/systemd/system var/lib/cloud)
  for path in "${hidden[@]}"; do
    [ -e "/$path" ] || [ -L "/$path" ] || continue
    mkdir -p "$disk/upper/$(dirname "$path")"
    mknod "$disk/upper/$path" c 0 0
  done
  new=yes
fi
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"
if [ "${new:-}" ]; then
  mkdir -p "$root"/{opt,home,etc/systemd/system,var/lib/cloud}
  mkdir -m 700 -p "$root/root"
  # Over the real names, so that an absolute path does not lead past them.
  for command in dnf systemctl shutdown poweroff; do
    place=$root/usr/bin
    [ $command = shutdown ] || [ $command = poweroff ] && place=$root/usr/sbin
    rm -f "$place/$command"
    cp "$(dirname "$0")/ask.sh" "$place/$command"
    chmod 755 "$place/$command"
  done
fi

# What a machine loses when it restarts.
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/zero" c 1 5
mknod -m 666 "$root/dev/full" c 1 7
mknod -m 666 "$root/dev/random" c 1 8
mknod -m 666 "$root/dev/urandom" c 1 9
mknod -m 666 "$root/dev/tty" c 5 0
mkfifo -m 600 "$root/dev/console"
mkdir -m 1777 "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
# Its time goes as the lab wants it, and its kernel's last resort is not the host's (../clock.ts).
for file in uptime sysrq-trigger; do
  [ -e "/proc/$file" ] || continue
  echo >"$root/run/lab-$file"
  mount --bind "$root/run/lab-$file" "$root/proc/$file"
done
for path in "${visible[@]}"; do
  if [ -d "$path" ]; then mkdir -p "$root$path"; else
    mkdir -p "$(dirname "$root$path")"
    touch "$root$path"
  fi
  mount --bind "$path" "$root$path"
  mount -o remount,bind,ro "$root$path"
done
echo "$name" >/proc/sys/kernel/hostname

cd "$root"
mkdir -p run/old
pivot_root . run/old
umount -l /run/old
rmdir /run/old
# Open for both, so that the console never ends when a writer goes.
exec 3<>/dev/console
echo ready
cat <&3
# Without a command after it, bash would become `cat`, and nobody would reap orphans.
exit 0
