#!/bin/sh
# The README's two commands on a bare Debian or Ubuntu: debootstrap, a clone of this commit, `make demo` and
# `make test` as an ordinary user with sudo, started in the background as some CI systems do (their
# children inherit SIGINT as ignored). Needs root and debootstrap; leaves no mount behind.
#
#   sudo tools/debian.sh SUITE [PATH...]
#   sudo MIRROR=http://archive.ubuntu.com/ubuntu AREAS=main,universe LIKE=jammy tools/debian.sh noble
#
# SUITE      forky (Python 3.14, Icarus 13), trixie (Python 3.13, Icarus 12), bookworm (Python 3.11,
#            Icarus 11), sid, ...
# PATH       a file or folder of this machine that the bare one sees, too: a pip.conf, a mirror
# ROOT       folder of the bare system, kept for the next run (default: /var/tmp/vit2rtl-SUITE)
# MIRROR     Debian's archive (default: http://deb.debian.org/debian)
# AREAS      of the archive (default: main)
# LIKE       a suite that this machine's debootstrap knows, where it has no script of the name (default: sid)
# COMMANDS   what runs there, in the clone (default: "make demo && make test")
set -eu

if [ $# -eq 0 ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
suite=$1
shift
checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
root=${ROOT:-/var/tmp/vit2rtl-$suite}
user=dev
commands=${COMMANDS:-make demo && make test}

if [ "${VIT2RTL_INSIDE:-}" != yes ]; then
    [ "$(id -u)" = 0 ] || { echo "debian.sh: debootstrap needs root: run it with sudo" >&2; exit 2; }
    command -v debootstrap >/dev/null || {
        echo "debian.sh: debootstrap is missing: sudo apt-get install debootstrap" >&2; exit 2; }
    if [ ! -e "$root/ready" ]; then
        # A debootstrap older than the suite has no script of its name; another's does.
        script=/usr/share/debootstrap/scripts/$suite
        [ -e "$script" ] || script=${script%/*}/${LIKE:-sid}
        debootstrap --variant=minbase --components="${AREAS:-main}" --include=python3,git,make,sudo,ca-certificates \
            "$suite" "$root" "${MIRROR:-http://deb.debian.org/debian}" "$script"
        chroot "$root" useradd --create-home --shell /bin/sh $user
        echo "$user ALL=(ALL) NOPASSWD: ALL" > "$root/etc/sudoers.d/$user"
        touch "$root/ready"
    fi
    # Mounts of a namespace of their own end with it, whatever happens.
    exec env VIT2RTL_INSIDE=yes ROOT="$root" COMMANDS="$commands" \
        unshare --mount --pid --fork --kill-child "$0" "$suite" "$@"
fi

exec 9> "$root/lock"
flock -n 9 || { echo "debian.sh: $root is in use by another run" >&2; exit 2; }
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 "$root/dev/tty" c 5 0
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
for path in "$@"; do
    if [ -d "$path" ]; then
        mkdir -p "$root$path"
    else
        mkdir -p "$root$(dirname -- "$path")"
        touch "$root$path"
    fi
    mount --bind "$path" "$root$path"
done

rm -rf "$root/home/$user/vit2rtl"
git -c safe.directory='*' clone --quiet "file://$checkout" "$root/home/$user/vit2rtl"
# SIGINT is ignored in what a shell without job control starts with &, and in its children.
printf 'cd vit2rtl\npython3 --version\n(\n%s\n) &\nwait $!\n' "$commands" > "$root/home/$user/commands"
chroot "$root" chown -R $user: /home/$user
status=0
chroot "$root" su - $user -c "sh -e commands" || status=$?
chroot "$root" su - $user -c "du -sh vit2rtl/.venv; iverilog -V 2>/dev/null | head -1" || true
exit $status
