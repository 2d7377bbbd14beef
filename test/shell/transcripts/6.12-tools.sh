echo "# cat /sys/kernel/livepatch/*/enabled"
cat /sys/kernel/livepatch/*/enabled
echo "# ls -la /sys/kernel/livepatch | wc -l"
ls -la /sys/kernel/livepatch | wc -l
echo "# stat -c '%A %F %n' /sys/kernel/livepatch /sys/module /proc/sys/kernel/ftrace_enabled /proc/sys/kernel/tainted /proc/1/comm /proc/1/stack /proc/1/status /proc/1/patch_state /dev/kmsg /sys/kernel/debug/dynamic_debug/control"
stat -c '%A %F %n' /sys/kernel/livepatch /sys/module /proc/sys/kernel/ftrace_enabled /proc/sys/kernel/tainted /proc/1/comm /proc/1/stack /proc/1/status /proc/1/patch_state /dev/kmsg /sys/kernel/debug/dynamic_debug/control
echo "# ls -l /proc/1/stack /proc/1/patch_state | cut -c1-10"
ls -l /proc/1/stack /proc/1/patch_state | cut -c1-10
echo "# cat /proc/1/comm"
cat /proc/1/comm
echo "# cat /proc/2/comm"
cat /proc/2/comm
echo "# cat /proc/2/patch_state"
cat /proc/2/patch_state
echo "# grep -E '^(Name|State|Pid|PPid|Tgid)' /proc/2/status"
grep -E '^(Name|State|Pid|PPid|Tgid)' /proc/2/status
echo "# cat /proc/2/cmdline | wc -c"
cat /proc/2/cmdline | wc -c
echo "# cat /proc/2/wchan; echo"
cat /proc/2/wchan; echo
echo "# cat /proc/2/stat | cut -d' ' -f1-5"
cat /proc/2/stat | cut -d' ' -f1-5
echo "# readlink /proc/2/exe"
readlink /proc/2/exe
echo "# ls /proc/2/task"
ls /proc/2/task
echo "# cat /proc/2/task/2/comm"
cat /proc/2/task/2/comm
echo "# cat /proc/2/task/2/patch_state"
cat /proc/2/task/2/patch_state
echo "# ls /proc/self/task | wc -l"
ls /proc/self/task | wc -l
echo "# cat /proc/version | cut -d' ' -f1-2"
cat /proc/version | cut -d' ' -f1-2
echo "# cat /proc/sys/kernel/ostype"
cat /proc/sys/kernel/ostype
echo "# cat /proc/sys/kernel/ftrace_enabled"
cat /proc/sys/kernel/ftrace_enabled
echo "# cat /proc/sys/kernel/tainted"
cat /proc/sys/kernel/tainted
echo "# echo 0 > /proc/sys/kernel/tainted; cat /proc/sys/kernel/tainted"
echo 0 > /proc/sys/kernel/tainted; cat /proc/sys/kernel/tainted
echo "# echo 64 > /proc/sys/kernel/tainted; cat /proc/sys/kernel/tainted"
echo 64 > /proc/sys/kernel/tainted; cat /proc/sys/kernel/tainted
echo "# echo -1 > /proc/sys/kernel/tainted"
echo -1 > /proc/sys/kernel/tainted
echo "# echo x > /proc/sys/kernel/tainted"
echo x > /proc/sys/kernel/tainted
echo "# echo 1 > /proc/sys/kernel/ftrace_enabled; echo \$?"
echo 1 > /proc/sys/kernel/ftrace_enabled; echo $?
echo "# echo 5 > /proc/sys/kernel/ftrace_enabled; cat /proc/sys/kernel/ftrace_enabled; echo 1 > /proc/sys/kernel/ftrace_enabled"
echo 5 > /proc/sys/kernel/ftrace_enabled; cat /proc/sys/kernel/ftrace_enabled; echo 1 > /proc/sys/kernel/ftrace_enabled
echo "# echo -3 > /proc/sys/kernel/ftrace_enabled; cat /proc/sys/kernel/ftrace_enabled; echo 1 > /proc/sys/kernel/ftrace_enabled"
echo -3 > /proc/sys/kernel/ftrace_enabled; cat /proc/sys/kernel/ftrace_enabled; echo 1 > /proc/sys/kernel/ftrace_enabled
echo "# echo \"\" > /proc/sys/kernel/ftrace_enabled; echo \$?; cat /proc/sys/kernel/ftrace_enabled"
echo "" > /proc/sys/kernel/ftrace_enabled; echo $?; cat /proc/sys/kernel/ftrace_enabled
echo "# echo \"0 1\" > /proc/sys/kernel/ftrace_enabled; echo \$?; cat /proc/sys/kernel/ftrace_enabled; echo 1 > /proc/sys/kernel/ftrace_enabled"
echo "0 1" > /proc/sys/kernel/ftrace_enabled; echo $?; cat /proc/sys/kernel/ftrace_enabled; echo 1 > /proc/sys/kernel/ftrace_enabled
echo "# echo 99999999999 > /proc/sys/kernel/ftrace_enabled; echo \$?; cat /proc/sys/kernel/ftrace_enabled"
echo 99999999999 > /proc/sys/kernel/ftrace_enabled; echo $?; cat /proc/sys/kernel/ftrace_enabled
echo "# echo 0x0 > /proc/sys/kernel/ftrace_enabled; echo \$?; cat /proc/sys/kernel/ftrace_enabled; echo 1 > /proc/sys/kernel/ftrace_enabled"
echo 0x0 > /proc/sys/kernel/ftrace_enabled; echo $?; cat /proc/sys/kernel/ftrace_enabled; echo 1 > /proc/sys/kernel/ftrace_enabled
echo "# sysctl kernel.ftrace_enabled kernel.tainted kernel.ostype"
sysctl kernel.ftrace_enabled kernel.tainted kernel.ostype
echo "# sysctl -n kernel.ftrace_enabled"
sysctl -n kernel.ftrace_enabled
echo "# sysctl -w kernel.ftrace_enabled=1"
sysctl -w kernel.ftrace_enabled=1
echo "# sysctl -q -w kernel.ftrace_enabled=1; echo \$?"
sysctl -q -w kernel.ftrace_enabled=1; echo $?
echo "# sysctl -b kernel.ftrace_enabled; echo"
sysctl -b kernel.ftrace_enabled; echo
echo "# sysctl kernel.ftrace_enabled=x; echo \$?"
sysctl kernel.ftrace_enabled=x; echo $?
echo "# sysctl kernel.ftrace_enabled=; echo \$?"
sysctl kernel.ftrace_enabled=; echo $?
echo "# sysctl kernel.ftrace_enabled= 1"
sysctl kernel.ftrace_enabled= 1
echo "# sysctl kernel.ftrace_enabled = 1"
sysctl kernel.ftrace_enabled = 1
echo "# sysctl -w kernel.ftrace_enabled"
sysctl -w kernel.ftrace_enabled
echo "# sysctl -w; echo \$?"
sysctl -w; echo $?
echo "# sysctl kernel/tainted"
sysctl kernel/tainted
echo "# sysctl -a 2>/dev/null | grep -E '^kernel.ftrace_enabled'"
sysctl -a 2>/dev/null | grep -E '^kernel.ftrace_enabled'
echo "# sysctl -ar 'ftrace_ena' 2>/dev/null"
sysctl -ar 'ftrace_ena' 2>/dev/null
echo "# sysctl kernel.ostype=x; echo \$?"
sysctl kernel.ostype=x; echo $?
echo "# sysctl nosuch; echo \$?"
sysctl nosuch; echo $?
echo "# sysctl -ew nosuch=1; echo \$?"
sysctl -ew nosuch=1; echo $?
echo "# sysctl --version | cut -d' ' -f1-3"
sysctl --version | cut -d' ' -f1-3
echo "# ls -d /sys/module/livepatch"
ls -d /sys/module/livepatch
echo "# ls /sys/module/test_klp_livepatch"
ls /sys/module/test_klp_livepatch
echo "# cat /sys/module/nosuch/refcnt"
cat /sys/module/nosuch/refcnt
echo "# echo 1 > /sys/module/nosuch; echo \$?"
echo 1 > /sys/module/nosuch; echo $?
echo "# mkdir /sys/module/x"
mkdir /sys/module/x
echo "# rm -rf /sys/kernel/livepatch; echo \$?"
rm -rf /sys/kernel/livepatch; echo $?
echo "# rmdir /sys/kernel/livepatch"
rmdir /sys/kernel/livepatch
echo "# touch /sys/kernel/livepatch"
touch /sys/kernel/livepatch
echo "# touch /sys/kernel/nosuch"
touch /sys/kernel/nosuch
echo "# echo 1 > /sys/kernel/nosuch"
echo 1 > /sys/kernel/nosuch
echo "# cat /sys/kernel/livepatch"
cat /sys/kernel/livepatch
echo "# cat /sys"
cat /sys
echo "# cat /proc/1"
cat /proc/1
echo "# cat /proc/nosuch"
cat /proc/nosuch
echo "# cat ''"
cat ''
echo "# ls ''"
ls ''
echo "# cat /proc/1/nosuch"
cat /proc/1/nosuch
echo "# echo 1 > /proc/1/stack"
echo 1 > /proc/1/stack
echo "# echo 1 > /proc/2/patch_state"
echo 1 > /proc/2/patch_state
echo "# echo 1 >> /proc/1/patch_state"
echo 1 >> /proc/1/patch_state
echo "# echo foo > /proc/2/comm; echo \$?"
echo foo > /proc/2/comm; echo $?
echo "# echo 1 > /proc/version"
echo 1 > /proc/version
echo "# echo 1 > /proc/cmdline"
echo 1 > /proc/cmdline
echo "# cp /proc/cmdline /proc/version"
cp /proc/cmdline /proc/version
echo "# rm /proc/version"
rm /proc/version
echo "# mkdir /proc/x"
mkdir /proc/x
echo "# touch /proc/x"
touch /proc/x
echo "# touch /proc/1/x"
touch /proc/1/x
echo "# mv /proc/cmdline /tmp/x"
mv /proc/cmdline /tmp/x
echo "# ln -s /tmp/a /proc/x"
ln -s /tmp/a /proc/x
echo "# chmod 600 /proc/1/patch_state; echo \$?; stat -c %a /proc/1/patch_state"
chmod 600 /proc/1/patch_state; echo $?; stat -c %a /proc/1/patch_state
echo "# chmod 777 /sys/kernel/livepatch; stat -c %a /sys/kernel/livepatch; chmod 755 /sys/kernel/livepatch"
chmod 777 /sys/kernel/livepatch; stat -c %a /sys/kernel/livepatch; chmod 755 /sys/kernel/livepatch
echo "# chown 1 /sys/kernel/livepatch; stat -c %u /sys/kernel/livepatch; chown 0 /sys/kernel/livepatch"
chown 1 /sys/kernel/livepatch; stat -c %u /sys/kernel/livepatch; chown 0 /sys/kernel/livepatch
echo "# [ -w /sys/kernel/livepatch ]; echo \$?"
[ -w /sys/kernel/livepatch ]; echo $?
echo "# [ -d /sys/kernel/livepatch ] && [ ! -e /sys/kernel/livepatch/x ]; echo \$?"
[ -d /sys/kernel/livepatch ] && [ ! -e /sys/kernel/livepatch/x ]; echo $?
echo "# [ -r /proc/1/patch_state ]; echo \$?"
[ -r /proc/1/patch_state ]; echo $?
echo "# [ -f /proc/1/patch_state ]; echo \$?"
[ -f /proc/1/patch_state ]; echo $?
echo "# [ -s /proc/1/patch_state ]; echo \$?"
[ -s /proc/1/patch_state ]; echo $?
echo "# [ -x /sys/kernel/livepatch ]; echo \$?"
[ -x /sys/kernel/livepatch ]; echo $?
echo "# find /sys/kernel/livepatch"
find /sys/kernel/livepatch
echo "# find /sys/kernel/livepatch -name 'x*' -o -type f"
find /sys/kernel/livepatch -name 'x*' -o -type f
echo "# ls -d /sys/kernel/livepatch/*"
ls -d /sys/kernel/livepatch/*
echo "# ls -A /sys/kernel/livepatch"
ls -A /sys/kernel/livepatch
echo "# ls -1F /sys/kernel | grep livepatch"
ls -1F /sys/kernel | grep livepatch
echo "# ls -d /sys/kernel/livepatch/"
ls -d /sys/kernel/livepatch/
echo "# ls /sys/devices/system/cpu/cpu0/online"
ls /sys/devices/system/cpu/cpu0/online
echo "# cat /sys/devices/system/cpu/cpu1/online"
cat /sys/devices/system/cpu/cpu1/online
echo "# cat /sys/devices/system/cpu/kernel_max"
cat /sys/devices/system/cpu/kernel_max
echo "# cat /sys/devices/system/cpu/isolated"
cat /sys/devices/system/cpu/isolated
echo "# cat /sys/devices/system/cpu/nohz_full"
cat /sys/devices/system/cpu/nohz_full
echo "# echo 0 > /sys/devices/system/cpu/cpu1/online; echo \$?; cat /sys/devices/system/cpu/online /sys/devices/system/cpu/offline; dmesg -t | tail -n 1"
echo 0 > /sys/devices/system/cpu/cpu1/online; echo $?; cat /sys/devices/system/cpu/online /sys/devices/system/cpu/offline; dmesg -t | tail -n 1
echo "# echo 0 > /sys/devices/system/cpu/cpu1/online; echo \$?"
echo 0 > /sys/devices/system/cpu/cpu1/online; echo $?
echo "# nproc; nproc --all"
nproc; nproc --all
echo "# echo 1 > /sys/devices/system/cpu/cpu1/online; echo \$?; cat /sys/devices/system/cpu/online; dmesg -t | tail -n 2"
echo 1 > /sys/devices/system/cpu/cpu1/online; echo $?; cat /sys/devices/system/cpu/online; dmesg -t | tail -n 2
echo "# echo 1 > /sys/devices/system/cpu/cpu1/online; echo \$?"
echo 1 > /sys/devices/system/cpu/cpu1/online; echo $?
echo "# echo 2 > /sys/devices/system/cpu/online"
echo 2 > /sys/devices/system/cpu/online
echo "# echo 0-1 > /sys/devices/system/cpu/online"
echo 0-1 > /sys/devices/system/cpu/online
echo "# kill; echo \$?"
kill; echo $?
echo "# kill 99999; echo \$?"
kill 99999; echo $?
echo "# kill -9 99999; echo \$?"
kill -9 99999; echo $?
echo "# kill -s 0 99999"
kill -s 0 99999
echo "# kill -s NOSUCH 1"
kill -s NOSUCH 1
echo "# kill -77 1"
kill -77 1
echo "# kill -n 15 99999"
kill -n 15 99999
echo "# kill -l | head -3"
kill -l | head -3
echo "# kill -l 15 USR1 128"
kill -l 15 USR1 128
echo "# kill -l 137"
kill -l 137
echo "# kill -l 99"
kill -l 99
echo "# kill -L | head -1"
kill -L | head -1
echo "# kill ''"
kill ''
echo "# kill -0 \$\$; echo \$?"
kill -0 $$; echo $?
echo "# kill -0 1 2; echo \$?"
kill -0 1 2; echo $?
echo "# kill -0 2 99999; echo \$?"
kill -0 2 99999; echo $?
echo "# kill -9 2; echo \$?"
kill -9 2; echo $?
echo "# kill -TERM 2; echo \$?"
kill -TERM 2; echo $?
echo "# kill -SIGTERM 99999"
kill -SIGTERM 99999
echo "# kill -0 99999 abc"
kill -0 99999 abc
echo "# kill 12x"
kill 12x
echo "# kill -0 -99999"
kill -0 -99999
echo "# kill %1"
kill %1
echo "# kill -s"
kill -s
echo "# kill -CONT 2; echo \$?"
kill -CONT 2; echo $?
echo "# command kill -0 99999"
command kill -0 99999
echo "# ps -o pid,comm -p 2"
ps -o pid,comm -p 2
echo "# ps -o pid,ppid,stat,comm -p 2"
ps -o pid,ppid,stat,comm -p 2
echo "# ps -p 99999; echo \$?"
ps -p 99999; echo $?
echo "# ps -p 2 -o comm="
ps -p 2 -o comm=
echo "# ps -p 2 -o pid=,comm="
ps -p 2 -o pid=,comm=
echo "# ps -e -o comm= | grep -c kthreadd"
ps -e -o comm= | grep -c kthreadd
echo "# ps -ef | head -1"
ps -ef | head -1
echo "# ps aux | head -1"
ps aux | head -1
echo "# ps | head -1"
ps | head -1
echo "# ps -e | head -1"
ps -e | head -1
echo "# ps -o stat= -p 2"
ps -o stat= -p 2
echo "# ps -o wchan= -p 2"
ps -o wchan= -p 2
echo "# ps -C kthreadd"
ps -C kthreadd
echo "# ps -C nosuch; echo \$?"
ps -C nosuch; echo $?
echo "# ps -o nosuch"
ps -o nosuch
echo "# ps --nosuch"
ps --nosuch
echo "# ps -p abc"
ps -p abc
echo "# ps -p"
ps -p
echo "# ps -o pid,tid,psr,cls,args -p 2"
ps -o pid,tid,psr,cls,args -p 2
echo "# ps -L -p 2 -o tid="
ps -L -p 2 -o tid=
echo "# ps -eo pid,comm --sort=pid | head -3"
ps -eo pid,comm --sort=pid | head -3
echo "# ps -o s= -p 2"
ps -o s= -p 2
echo "# ps -o state,cmd -p 2"
ps -o state,cmd -p 2
echo "# ps -f -p 2 | head -1"
ps -f -p 2 | head -1
echo "# ps -q 2 -o comm"
ps -q 2 -o comm
echo "# ps 2 | head -1"
ps 2 | head -1
echo "# ps l | head -1"
ps l | head -1
echo "# pgrep kthreadd"
pgrep kthreadd
echo "# pgrep nosuch; echo \$?"
pgrep nosuch; echo $?
echo "# pgrep -l kthreadd"
pgrep -l kthreadd
echo "# pgrep -x kthread; echo \$?"
pgrep -x kthread; echo $?
echo "# lsmod | head -1"
lsmod | head -1
echo "# lsmod | grep test_klp; echo \$?"
lsmod | grep test_klp; echo $?
echo "# lsmod x"
lsmod x
echo "# lsmod -h 2>&1 | head -1"
lsmod -h 2>&1 | head -1
echo "# modinfo -F license test_klp_shadow_vars"
modinfo -F license test_klp_shadow_vars
echo "# modinfo -F name test_klp_livepatch"
modinfo -F name test_klp_livepatch
echo "# modinfo -F depends test_klp_livepatch | wc -c"
modinfo -F depends test_klp_livepatch | wc -c
echo "# modinfo -F nosuch test_klp_livepatch; echo \$?"
modinfo -F nosuch test_klp_livepatch; echo $?
echo "# modinfo -F filename test_klp_livepatch | grep -o 'test_klp_livepatch.ko\$'"
modinfo -F filename test_klp_livepatch | grep -o 'test_klp_livepatch.ko$'
echo "# modinfo -p test_klp_callbacks_demo"
modinfo -p test_klp_callbacks_demo
echo "# modinfo -p test_klp_callbacks_busy"
modinfo -p test_klp_callbacks_busy
echo "# modinfo -p test_klp_livepatch; echo \$?"
modinfo -p test_klp_livepatch; echo $?
echo "# modinfo -l test_klp_livepatch"
modinfo -l test_klp_livepatch
echo "# modinfo -n test_klp_livepatch | grep -o 'test_klp_livepatch.ko\$'"
modinfo -n test_klp_livepatch | grep -o 'test_klp_livepatch.ko$'
echo "# modinfo; echo \$?"
modinfo; echo $?
echo "# modinfo nosuch; echo \$?"
modinfo nosuch; echo $?
echo "# modinfo /nosuch.ko; echo \$?"
modinfo /nosuch.ko; echo $?
echo "# modinfo -0 -F license test_klp_livepatch | od -c | head -2"
modinfo -0 -F license test_klp_livepatch | od -c | head -2
echo "# modinfo -F parm test_klp_atomic_replace"
modinfo -F parm test_klp_atomic_replace
echo "# modinfo -F intree test_klp_livepatch"
modinfo -F intree test_klp_livepatch
echo "# modinfo -F livepatch test_klp_callbacks_mod | wc -l"
modinfo -F livepatch test_klp_callbacks_mod | wc -l
echo "# modprobe; echo \$?"
modprobe; echo $?
echo "# modprobe -n test_klp_livepatch; echo \$?"
modprobe -n test_klp_livepatch; echo $?
echo "# modprobe -r; echo \$?"
modprobe -r; echo $?
echo "# modprobe -r test_klp_livepatch; echo \$?"
modprobe -r test_klp_livepatch; echo $?
echo "# modprobe -R test_klp_livepatch"
modprobe -R test_klp_livepatch
echo "# modprobe --nosuch; echo \$?"
modprobe --nosuch; echo $?
echo "# modprobe -V | head -1 | cut -d' ' -f1-2"
modprobe -V | head -1 | cut -d' ' -f1-2
echo "# modprobe -a; echo \$?"
modprobe -a; echo $?
echo "# modprobe --dry-run --verbose test_klp_state | grep -o 'insmod.*lib/modules'"
modprobe --dry-run --verbose test_klp_state | grep -o 'insmod.*lib/modules'
echo "# insmod nosuch.ko; echo \$?"
insmod nosuch.ko; echo $?
echo "# insmod; echo \$?"
insmod; echo $?
echo "# insmod /etc; echo \$?"
insmod /etc; echo $?
echo "# insmod /proc/cmdline; echo \$?"
insmod /proc/cmdline; echo $?
echo "# insmod ''; echo \$?"
insmod ''; echo $?
echo "# insmod --nosuch; echo \$?"
insmod --nosuch; echo $?
echo "# rmmod; echo \$?"
rmmod; echo $?
echo "# rmmod nosuch; echo \$?"
rmmod nosuch; echo $?
echo "# rmmod -f nosuch; echo \$?"
rmmod -f nosuch; echo $?
echo "# rmmod -v nosuch"
rmmod -v nosuch
echo "# rmmod -w nosuch"
rmmod -w nosuch
echo "# rmmod -s nosuch; echo \$?"
rmmod -s nosuch; echo $?
echo "# rmmod nosuch.ko"
rmmod nosuch.ko
echo "# rmmod /lib/modules/nosuch.ko"
rmmod /lib/modules/nosuch.ko
echo "# rmmod --nosuch; echo \$?"
rmmod --nosuch; echo $?
echo "# rmmod livepatch"
rmmod livepatch
echo "# P=/sys/kernel/livepatch/test_klp_livepatch; C=/sys/kernel/debug/dynamic_debug/control; dmesg -C"
P=/sys/kernel/livepatch/test_klp_livepatch; C=/sys/kernel/debug/dynamic_debug/control; dmesg -C
echo "# modprobe test_klp_livepatch; echo \$?; wait-for grep -q 0 \$P/transition; dmesg -t | grep -v taint"
modprobe test_klp_livepatch; echo $?; wait-for grep -q 0 $P/transition; dmesg -t | grep -v taint
echo "# dmesg -tl info | grep -c livepatch:"
dmesg -tl info | grep -c livepatch:
echo "# dmesg -r -t | grep livepatch:"
dmesg -r -t | grep livepatch:
echo "# dmesg -tu"
dmesg -tu
echo "# dmesg -t --level=err,warn | grep -v taint"
dmesg -t --level=err,warn | grep -v taint
echo "# dmesg -l nosuch"
dmesg -l nosuch
echo "# dmesg -f nosuch"
dmesg -f nosuch
echo "# dmesg -n 9"
dmesg -n 9
echo "# dmesg -n 0"
dmesg -n 0
echo "# dmesg -n 4; echo \$?"
dmesg -n 4; echo $?
echo "# dmesg -D; echo \$?; dmesg -E; echo \$?"
dmesg -D; echo $?; dmesg -E; echo $?
echo "# dmesg -H | head -1 | cut -c1-1"
dmesg -H | head -1 | cut -c1-1
echo "# dmesg -T | tail -n 1 | cut -c1-1"
dmesg -T | tail -n 1 | cut -c1-1
echo "# dmesg -e | tail -n 1 | cut -c1-1"
dmesg -e | tail -n 1 | cut -c1-1
echo "# dmesg -d | tail -n 1 | cut -c1-1"
dmesg -d | tail -n 1 | cut -c1-1
echo "# dmesg -J | head -2"
dmesg -J | head -2
echo "# dmesg --nosuch"
dmesg --nosuch
echo "# dmesg x"
dmesg x
echo "# dmesg --time-format=reltime | tail -1 | cut -c1-1"
dmesg --time-format=reltime | tail -1 | cut -c1-1
echo "# dmesg --time-format=notime | tail -1"
dmesg --time-format=notime | tail -1
echo "# dmesg --time-format=nosuch"
dmesg --time-format=nosuch
echo "# dmesg --notime --facility=kern --level=notice | grep -v taint"
dmesg --notime --facility=kern --level=notice | grep -v taint
echo "# dmesg -V | cut -d' ' -f1-3"
dmesg -V | cut -d' ' -f1-3
echo "# dmesg -ct | tail -1; dmesg | wc -l"
dmesg -ct | tail -1; dmesg | wc -l
echo "# dmesg -c; echo \$?"
dmesg -c; echo $?
echo "# echo hello > /dev/kmsg; dmesg -t"
echo hello > /dev/kmsg; dmesg -t
echo "# echo \"<6>six\" > /dev/kmsg; dmesg -tx | tail -1"
echo "<6>six" > /dev/kmsg; dmesg -tx | tail -1
echo "# echo \"<30>daemon\" > /dev/kmsg; dmesg -tx | tail -1"
echo "<30>daemon" > /dev/kmsg; dmesg -tx | tail -1
echo "# echo \"<abc>x\" > /dev/kmsg; dmesg -t | tail -1"
echo "<abc>x" > /dev/kmsg; dmesg -t | tail -1
echo "# echo -n \"no newline\" > /dev/kmsg; dmesg -t | tail -1"
echo -n "no newline" > /dev/kmsg; dmesg -t | tail -1
echo "# printf '' > /dev/kmsg; echo \$?"
printf '' > /dev/kmsg; echo $?
echo "# printf '\\n' > /dev/kmsg; dmesg -t | tail -1"
printf '\n' > /dev/kmsg; dmesg -t | tail -1
echo "# printf 'tab\\there\\001x\\n' > /dev/kmsg; dmesg -t | tail -1"
printf 'tab\there\001x\n' > /dev/kmsg; dmesg -t | tail -1
echo "# echo \"<191>user\" > /dev/kmsg; dmesg -tx | tail -1"
echo "<191>user" > /dev/kmsg; dmesg -tx | tail -1
echo "# logger hi 2>&1 | head -1"
logger hi 2>&1 | head -1
echo "# ls -l \$P | cut -c1-10"
ls -l $P | cut -c1-10
echo "# ls -la \$P/vmlinux | cut -c1-10"
ls -la $P/vmlinux | cut -c1-10
echo "# cat \$P/enabled \$P/transition \$P/replace \$P/vmlinux/patched"
cat $P/enabled $P/transition $P/replace $P/vmlinux/patched
echo "# cat \$P/*"
cat $P/*
echo "# grep . \$P/*"
grep . $P/*
echo "# find \$P | sort"
find $P | sort
echo "# find \$P -type d | sort"
find $P -type d | sort
echo "# find \$P -type f -perm -u=w | sort"
find $P -type f -perm -u=w | sort
echo "# find \$P -name '*,*'"
find $P -name '*,*'
echo "# stat -c '%s %n' \$P/enabled \$P/force"
stat -c '%s %n' $P/enabled $P/force
echo "# stat -c '%F' \$P \$P/enabled \$P/vmlinux/cmdline_proc_show,1"
stat -c '%F' $P $P/enabled $P/vmlinux/cmdline_proc_show,1
echo "# tail -c1 \$P/enabled | od -c"
tail -c1 $P/enabled | od -c
echo "# od -c \$P/transition"
od -c $P/transition
echo "# wc -c \$P/enabled"
wc -c $P/enabled
echo "# head -1 \$P/enabled"
head -1 $P/enabled
echo "# dd if=\$P/enabled bs=1 count=1 2>/dev/null"
dd if=$P/enabled bs=1 count=1 2>/dev/null
echo "# read x < \$P/enabled; echo \$x"
read x < $P/enabled; echo $x
echo "# mapfile -t a < \$P/enabled; echo \${#a[@]} \${a[0]}"
mapfile -t a < $P/enabled; echo ${#a[@]} ${a[0]}
echo "# echo \$(<\$P/enabled)"
echo $(<$P/enabled)
echo "# x=\$(cat \$P/force); echo \$?"
x=$(cat $P/force); echo $?
echo "# cat \$P/force < /dev/null; echo \$?"
cat $P/force < /dev/null; echo $?
echo "# cat < \$P/force; echo \$?"
cat < $P/force; echo $?
echo "# cat \$P/vmlinux"
cat $P/vmlinux
echo "# echo 0 > \$P/replace"
echo 0 > $P/replace
echo "# echo 0 > \$P/vmlinux/patched"
echo 0 > $P/vmlinux/patched
echo "# echo 0 > \$P/vmlinux"
echo 0 > $P/vmlinux
echo "# echo 0 > \$P/vmlinux/cmdline_proc_show,1"
echo 0 > $P/vmlinux/cmdline_proc_show,1
echo "# echo 0 > \$P/nosuch/x"
echo 0 > $P/nosuch/x
echo "# : > \$P/enabled; echo \$?"
: > $P/enabled; echo $?
echo "# : > \$P/transition"
: > $P/transition
echo "# >> \$P/enabled; echo \$?"
>> $P/enabled; echo $?
echo "# echo 1 >> \$P/enabled; echo \$?"
echo 1 >> $P/enabled; echo $?
echo "# echo -n 1 > \$P/enabled; echo \$?"
echo -n 1 > $P/enabled; echo $?
echo "# echo -n > \$P/enabled; echo \$?"
echo -n > $P/enabled; echo $?
echo "# printf '\\n' > \$P/enabled; echo \$?"
printf '\n' > $P/enabled; echo $?
echo "# printf '1 ' > \$P/enabled; echo \$?"
printf '1 ' > $P/enabled; echo $?
echo "# echo on > \$P/enabled; echo \$?"
echo on > $P/enabled; echo $?
echo "# echo ON > \$P/enabled; echo \$?"
echo ON > $P/enabled; echo $?
echo "# echo oN > \$P/enabled; echo \$?"
echo oN > $P/enabled; echo $?
echo "# echo of > \$P/enabled; wait-for [ ! -e \$P ]; ls /sys/kernel/livepatch"
echo of > $P/enabled; wait-for [ ! -e $P ]; ls /sys/kernel/livepatch
echo "# echo Y > /sys/kernel/livepatch/test_klp_livepatch/enabled"
echo Y > /sys/kernel/livepatch/test_klp_livepatch/enabled
echo "# rmmod test_klp_livepatch; echo \$?"
rmmod test_klp_livepatch; echo $?
echo "# dmesg -C; insmod test_klp_livepatch.ko; wait-for grep -q 0 \$P/transition; dmesg -t | grep -v taint; cat /proc/cmdline"
dmesg -C; insmod test_klp_livepatch.ko; wait-for grep -q 0 $P/transition; dmesg -t | grep -v taint; cat /proc/cmdline
echo "# cat /sys/module/test_klp_livepatch/refcnt /sys/module/test_klp_livepatch/initstate"
cat /sys/module/test_klp_livepatch/refcnt /sys/module/test_klp_livepatch/initstate
echo "# cat /sys/module/test_klp_livepatch/taint | tr -d OE"
cat /sys/module/test_klp_livepatch/taint | tr -d OE
echo "# ls -l /sys/module/test_klp_livepatch | cut -c1-10 | sort | uniq"
ls -l /sys/module/test_klp_livepatch | cut -c1-10 | sort | uniq
echo "# cat /sys/module/test_klp_livepatch/coresize | wc -l"
cat /sys/module/test_klp_livepatch/coresize | wc -l
echo "# cat /sys/module/test_klp_livepatch/uevent"
cat /sys/module/test_klp_livepatch/uevent
echo "# echo add > /sys/module/test_klp_livepatch/uevent; echo \$?"
echo add > /sys/module/test_klp_livepatch/uevent; echo $?
echo "# echo x > /sys/module/test_klp_livepatch/refcnt"
echo x > /sys/module/test_klp_livepatch/refcnt
echo "# lsmod | grep klp | sed 's/  */ /g' | cut -d' ' -f1,3-"
lsmod | grep klp | sed 's/  */ /g' | cut -d' ' -f1,3-
echo "# cat /proc/modules | cut -d' ' -f1,3-5"
cat /proc/modules | cut -d' ' -f1,3-5
echo "# insmod test_klp_livepatch.ko"
insmod test_klp_livepatch.ko
echo "# modprobe test_klp_livepatch; echo \$?"
modprobe test_klp_livepatch; echo $?
echo "# rmmod test_klp_livepatch; echo \$?"
rmmod test_klp_livepatch; echo $?
echo "# modprobe -r test_klp_livepatch; echo \$?"
modprobe -r test_klp_livepatch; echo $?
echo "# rmmod test_klp_livepatch nosuch; echo \$?"
rmmod test_klp_livepatch nosuch; echo $?
echo "# echo 0 > /proc/sys/kernel/ftrace_enabled; echo \$?"
echo 0 > /proc/sys/kernel/ftrace_enabled; echo $?
echo 0 > $P/enabled; wait-for [ ! -e $P ]; rmmod test_klp_livepatch
echo "# P=/sys/kernel/livepatch/test_klp_livepatch; C=/sys/kernel/debug/dynamic_debug/control; dmesg -C"
P=/sys/kernel/livepatch/test_klp_livepatch; C=/sys/kernel/debug/dynamic_debug/control; dmesg -C
echo "# echo"
echo
echo "# dmesg -C; echo 'module livepatch +p' > \$C; insmod test_klp_livepatch.ko; wait-for grep -q 0 \$P/transition; dmesg -t | grep -vE 'taint|swapper|is running|sleeping on'"
dmesg -C; echo 'module livepatch +p' > $C; insmod test_klp_livepatch.ko; wait-for grep -q 0 $P/transition; dmesg -t | grep -vE 'taint|swapper|is running|sleeping on'
echo "# dmesg -C; echo 0 > \$P/enabled; wait-for [ ! -e \$P ]; dmesg -t | grep -vE 'swapper|is running|sleeping on'; rmmod test_klp_livepatch; dmesg -t | tail -1"
dmesg -C; echo 0 > $P/enabled; wait-for [ ! -e $P ]; dmesg -t | grep -vE 'swapper|is running|sleeping on'; rmmod test_klp_livepatch; dmesg -t | tail -1
echo "# grep livepatch/ \$C | sed 's/:[0-9]*/:N/'"
grep livepatch/ $C | sed 's/:[0-9]*/:N/'
echo "# grep -c . \$C > /dev/null; grep -E '^kernel/livepatch/transition.c' \$C | sed 's/:[0-9]*/:N/' | head -2"
grep -c . $C > /dev/null; grep -E '^kernel/livepatch/transition.c' $C | sed 's/:[0-9]*/:N/' | head -2
echo "# head -1 \$C"
head -1 $C
echo "# echo 'module livepatch -p' > \$C; grep livepatch/ \$C | grep -c =_"
echo 'module livepatch -p' > $C; grep livepatch/ $C | grep -c =_
echo "# echo 'file kernel/livepatch/* +p' > \$C; grep livepatch/ \$C | grep -c =p"
echo 'file kernel/livepatch/* +p' > $C; grep livepatch/ $C | grep -c =p
echo "# echo 'file transition.c +p; file core.c -p' > \$C; grep livepatch/ \$C | grep -c =p"
echo 'file transition.c +p; file core.c -p' > $C; grep livepatch/ $C | grep -c =p
echo "# echo '-p' > \$C; grep livepatch/ \$C | grep -c =p"
echo '-p' > $C; grep livepatch/ $C | grep -c =p
echo "# echo 'module livepatch +pfmlt' > \$C; grep livepatch/ \$C | grep -o '=[a-z]*' | sort -u; echo 'module livepatch =_' > \$C"
echo 'module livepatch +pfmlt' > $C; grep livepatch/ $C | grep -o '=[a-z]*' | sort -u; echo 'module livepatch =_' > $C
echo "# echo 'func klp_* +p' > \$C; grep livepatch/ \$C | grep -c =p; echo 'module livepatch =_' > \$C"
echo 'func klp_* +p' > $C; grep livepatch/ $C | grep -c =p; echo 'module livepatch =_' > $C
echo "# echo 'module test_klp_nosuch +p' > \$C; echo \$?"
echo 'module test_klp_nosuch +p' > $C; echo $?
echo "# echo '' > \$C; echo \$?"
echo '' > $C; echo $?
echo "# echo 'module livepatch' > \$C; echo \$?; dmesg -t | tail -2"
echo 'module livepatch' > $C; echo $?; dmesg -t | tail -2
echo "# echo 'module \"livepatch +p' > \$C; dmesg -t | tail -2"
echo 'module "livepatch +p' > $C; dmesg -t | tail -2
echo "# echo 'file \"kernel/livepatch/core.c\" +p' > \$C; grep livepatch/ \$C | grep -c =p; echo 'module livepatch =_' > \$C"
echo 'file "kernel/livepatch/core.c" +p' > $C; grep livepatch/ $C | grep -c =p; echo 'module livepatch =_' > $C
echo "# echo 'module livepatch line 1- +p' > \$C; grep livepatch/ \$C | grep -c =p; echo 'module livepatch =_' > \$C"
echo 'module livepatch line 1- +p' > $C; grep livepatch/ $C | grep -c =p; echo 'module livepatch =_' > $C
echo "# echo 'module livepatch format taint +p' > \$C; grep livepatch/ \$C | grep -c =p"
echo 'module livepatch format taint +p' > $C; grep livepatch/ $C | grep -c =p
echo "# echo '# comment' > \$C; echo \$?"
echo '# comment' > $C; echo $?
echo "# ls /sys/kernel/livepatch"
ls /sys/kernel/livepatch
