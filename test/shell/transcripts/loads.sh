HOME_DIR=$PWD
dmesg -C; P=/sys/kernel/livepatch; M=/sys/module; C=/sys/kernel/debug/dynamic_debug/control
dmesg -n 7
echo "## a02-prepatch-refuses"
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-19; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-19; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-22; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-22; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-12; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-12; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-16; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-16; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-17; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-17; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-1; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-1; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-2; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-2; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-38; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-38; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=-110; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=-110; echo $?
echo "# modprobe test_klp_callbacks_demo pre_patch_ret=-19; echo \$?"
modprobe test_klp_callbacks_demo pre_patch_ret=-19; echo $?
echo "# modprobe test_klp_callbacks_demo pre_patch_ret=-28; echo \$?"
modprobe test_klp_callbacks_demo pre_patch_ret=-28; echo $?
echo "# ls \$P \$M | grep -c test_klp"
ls $P $M | grep -c test_klp
echo "# lsmod | grep -c test_klp"
lsmod | grep -c test_klp
echo "# dmesg -t"
dmesg -t
echo "# cat /proc/sys/kernel/tainted"
cat /proc/sys/kernel/tainted
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## a03-target-refused"
echo "# insmod test_klp_callbacks_demo.ko; wait-for grep -q 0 \$P/test_klp_callbacks_demo/transition"
insmod test_klp_callbacks_demo.ko; wait-for grep -q 0 $P/test_klp_callbacks_demo/transition
echo "# cat \$M/test_klp_callbacks_demo/parameters/pre_patch_ret"
cat $M/test_klp_callbacks_demo/parameters/pre_patch_ret
echo "# echo -19 > \$M/test_klp_callbacks_demo/parameters/pre_patch_ret; echo \$?"
echo -19 > $M/test_klp_callbacks_demo/parameters/pre_patch_ret; echo $?
echo "# cat \$M/test_klp_callbacks_demo/parameters/pre_patch_ret"
cat $M/test_klp_callbacks_demo/parameters/pre_patch_ret
echo "# insmod test_klp_callbacks_mod.ko; echo \$?"
insmod test_klp_callbacks_mod.ko; echo $?
echo "# ls \$P/test_klp_callbacks_demo"
ls $P/test_klp_callbacks_demo
echo "# cat \$P/test_klp_callbacks_demo/vmlinux/patched"
cat $P/test_klp_callbacks_demo/vmlinux/patched
echo "# lsmod | grep -c callbacks_mod"
lsmod | grep -c callbacks_mod
echo "# echo 0 > \$M/test_klp_callbacks_demo/parameters/pre_patch_ret"
echo 0 > $M/test_klp_callbacks_demo/parameters/pre_patch_ret
echo "# insmod test_klp_callbacks_mod.ko; echo \$?"
insmod test_klp_callbacks_mod.ko; echo $?
echo "# cat \$P/test_klp_callbacks_demo/test_klp_callbacks_mod/patched"
cat $P/test_klp_callbacks_demo/test_klp_callbacks_mod/patched
echo "# ls -la \$P/test_klp_callbacks_demo/test_klp_callbacks_mod | cut -c1-10"
ls -la $P/test_klp_callbacks_demo/test_klp_callbacks_mod | cut -c1-10
echo "# echo 0 > \$P/test_klp_callbacks_demo/enabled; wait-for [ ! -e \$P/test_klp_callbacks_demo ]"
echo 0 > $P/test_klp_callbacks_demo/enabled; wait-for [ ! -e $P/test_klp_callbacks_demo ]
echo "# rmmod test_klp_callbacks_demo; rmmod test_klp_callbacks_mod; echo \$?"
rmmod test_klp_callbacks_demo; rmmod test_klp_callbacks_mod; echo $?
echo "# dmesg -t"
dmesg -t
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## a08-params-wrong"
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=abc; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=abc; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=99999999999; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=99999999999; echo $?
echo "# insmod test_klp_callbacks_demo.ko pre_patch_ret=1x; echo \$?"
insmod test_klp_callbacks_demo.ko pre_patch_ret=1x; echo $?
echo "# insmod test_klp_callbacks_busy.ko block_transition=maybe; echo \$?"
insmod test_klp_callbacks_busy.ko block_transition=maybe; echo $?
echo "# insmod test_klp_callbacks_busy.ko block_transition=2; echo \$?"
insmod test_klp_callbacks_busy.ko block_transition=2; echo $?
echo "# insmod test_klp_livepatch.ko nosuch=1 other; echo \$?"
insmod test_klp_livepatch.ko nosuch=1 other; echo $?
echo "# wait-for grep -q 0 \$P/test_klp_livepatch/transition"
wait-for grep -q 0 $P/test_klp_livepatch/transition
echo "# ls \$M/test_klp_livepatch/parameters; echo \$?"
ls $M/test_klp_livepatch/parameters; echo $?
echo "# insmod test_klp_callbacks_demo.ko nosuch pre_patch_ret=0x10; echo \$?"
insmod test_klp_callbacks_demo.ko nosuch pre_patch_ret=0x10; echo $?
echo "# rmmod test_klp_callbacks_demo; echo \$?"
rmmod test_klp_callbacks_demo; echo $?
echo "# modprobe test_klp_callbacks_demo2 replace=perhaps; echo \$?"
modprobe test_klp_callbacks_demo2 replace=perhaps; echo $?
echo "# dmesg -t"
dmesg -t
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## a09-param-files"
echo "# insmod test_klp_callbacks_demo.ko; wait-for grep -q 0 \$P/test_klp_callbacks_demo/transition"
insmod test_klp_callbacks_demo.ko; wait-for grep -q 0 $P/test_klp_callbacks_demo/transition
echo "# cd \$M/test_klp_callbacks_demo/parameters"
cd $M/test_klp_callbacks_demo/parameters
echo "# ls -l | cut -c1-10"
ls -l | cut -c1-10
echo "# stat -c '%a %U %F %s' pre_patch_ret"
stat -c '%a %U %F %s' pre_patch_ret
echo "# echo 5 > pre_patch_ret; cat pre_patch_ret"
echo 5 > pre_patch_ret; cat pre_patch_ret
echo "# echo -5 > pre_patch_ret; cat pre_patch_ret"
echo -5 > pre_patch_ret; cat pre_patch_ret
echo "# echo 0x1f > pre_patch_ret; cat pre_patch_ret"
echo 0x1f > pre_patch_ret; cat pre_patch_ret
echo "# echo 010 > pre_patch_ret; cat pre_patch_ret"
echo 010 > pre_patch_ret; cat pre_patch_ret
echo "# echo ' 7' > pre_patch_ret; cat pre_patch_ret"
echo ' 7' > pre_patch_ret; cat pre_patch_ret
echo "# echo abc > pre_patch_ret; echo \$?; cat pre_patch_ret"
echo abc > pre_patch_ret; echo $?; cat pre_patch_ret
echo "# echo > pre_patch_ret; echo \$?"
echo > pre_patch_ret; echo $?
echo "# echo 2147483648 > pre_patch_ret; echo \$?"
echo 2147483648 > pre_patch_ret; echo $?
echo "# echo -2147483648 > pre_patch_ret; echo \$?; cat pre_patch_ret"
echo -2147483648 > pre_patch_ret; echo $?; cat pre_patch_ret
echo "# echo +3 > pre_patch_ret; echo \$?; cat pre_patch_ret"
echo +3 > pre_patch_ret; echo $?; cat pre_patch_ret
echo "# printf 4 > pre_patch_ret; cat pre_patch_ret"
printf 4 > pre_patch_ret; cat pre_patch_ret
echo "# echo '4 5' > pre_patch_ret; echo \$?"
echo '4 5' > pre_patch_ret; echo $?
echo "# rm pre_patch_ret; echo \$?"
rm pre_patch_ret; echo $?
echo "# cat nosuch; echo \$?"
cat nosuch; echo $?
echo "# cd /; dmesg -t | tail -n 3"
cd /; dmesg -t | tail -n 3
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## b01-shadow"
echo "# insmod test_klp_shadow_vars.ko; echo \$?"
insmod test_klp_shadow_vars.ko; echo $?
echo "# lsmod | grep -c shadow"
lsmod | grep -c shadow
echo "# cat \$M/test_klp_shadow_vars/initstate \$M/test_klp_shadow_vars/refcnt"
cat $M/test_klp_shadow_vars/initstate $M/test_klp_shadow_vars/refcnt
echo "# ls \$P"
ls $P
echo "# dmesg -t | sed 's/PTR[0-9]*/PTR/g' | sort | uniq -c | sort -n | tail -n 8"
dmesg -t | sed 's/PTR[0-9]*/PTR/g' | sort | uniq -c | sort -n | tail -n 8
echo "# dmesg -t | grep -c ."
dmesg -t | grep -c .
echo "# rmmod test_klp_shadow_vars; echo \$?"
rmmod test_klp_shadow_vars; echo $?
echo "# dmesg -t | tail -n 2"
dmesg -t | tail -n 2
echo "# insmod test_klp_shadow_vars.ko x=1; echo \$?"
insmod test_klp_shadow_vars.ko x=1; echo $?
echo "# dmesg -tl warn"
dmesg -tl warn
echo "# dmesg -t | grep -c shadow_ctor"
dmesg -t | grep -c shadow_ctor
echo "# rmmod test_klp_shadow_vars.ko; echo \$?"
rmmod test_klp_shadow_vars.ko; echo $?
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## b07-proc-modules"
echo "# cat /proc/modules; lsmod"
cat /proc/modules; lsmod
echo "# insmod test_klp_callbacks_mod.ko; insmod test_klp_callbacks_demo.ko; wait-for grep -q 0 \$P/test_klp_callbacks_demo/transition"
insmod test_klp_callbacks_mod.ko; insmod test_klp_callbacks_demo.ko; wait-for grep -q 0 $P/test_klp_callbacks_demo/transition
echo "# cut -d' ' -f1,3- /proc/modules"
cut -d' ' -f1,3- /proc/modules
echo "# awk '{print \$1, \$3, \$4, \$5, \$7}' /proc/modules"
awk '{print $1, $3, $4, $5, $7}' /proc/modules
echo "# lsmod | awk '{print \$1, \$3, \$4}'"
lsmod | awk '{print $1, $3, $4}'
echo "# ls -l /proc/modules | cut -c1-10"
ls -l /proc/modules | cut -c1-10
echo "# echo x > /proc/modules; echo \$?"
echo x > /proc/modules; echo $?
echo "# cat \$M/test_klp_callbacks_mod/refcnt \$M/test_klp_callbacks_demo/refcnt"
cat $M/test_klp_callbacks_mod/refcnt $M/test_klp_callbacks_demo/refcnt
echo "# cat \$M/*klp*/taint"
cat $M/*klp*/taint
echo "# cat \$M/*klp*/initstate"
cat $M/*klp*/initstate
echo "# grep -l live \$M/*klp*/initstate"
grep -l live $M/*klp*/initstate
echo "# for m in \$M/test_klp*; do echo \${m##*/} \$(cat \$m/refcnt) \$(cat \$m/taint); done"
for m in $M/test_klp*; do echo ${m##*/} $(cat $m/refcnt) $(cat $m/taint); done
echo "# rmmod test_klp_callbacks_mod; cut -d' ' -f1,3-5 /proc/modules"
rmmod test_klp_callbacks_mod; cut -d' ' -f1,3-5 /proc/modules
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## c08-tracing"
echo "# ls -d /sys/kernel/debug/tracing"
ls -d /sys/kernel/debug/tracing
echo "# cat /sys/kernel/tracing/enabled_functions"
cat /sys/kernel/tracing/enabled_functions
echo "# insmod test_klp_livepatch.ko; wait-for grep -q 0 \$P/test_klp_livepatch/transition"
insmod test_klp_livepatch.ko; wait-for grep -q 0 $P/test_klp_livepatch/transition
echo "# cat /sys/kernel/tracing/enabled_functions"
cat /sys/kernel/tracing/enabled_functions
echo "# cat /sys/kernel/debug/tracing/enabled_functions | wc -l"
cat /sys/kernel/debug/tracing/enabled_functions | wc -l
echo "# grep -c '^cmdline_proc_show\$' /sys/kernel/tracing/available_filter_functions"
grep -c '^cmdline_proc_show$' /sys/kernel/tracing/available_filter_functions
echo "# ls -l /sys/kernel/tracing/enabled_functions | cut -c1-10"
ls -l /sys/kernel/tracing/enabled_functions | cut -c1-10
echo "# insmod test_klp_atomic_replace.ko replace=0; wait-for grep -q 0 \$P/test_klp_atomic_replace/transition"
insmod test_klp_atomic_replace.ko replace=0; wait-for grep -q 0 $P/test_klp_atomic_replace/transition
echo "# cut -d' ' -f1,2 /sys/kernel/tracing/enabled_functions"
cut -d' ' -f1,2 /sys/kernel/tracing/enabled_functions
echo "# echo 0 > \$P/test_klp_livepatch/enabled; wait-for [ ! -e \$P/test_klp_livepatch ]"
echo 0 > $P/test_klp_livepatch/enabled; wait-for [ ! -e $P/test_klp_livepatch ]
echo "# cut -d' ' -f1,2 /sys/kernel/tracing/enabled_functions"
cut -d' ' -f1,2 /sys/kernel/tracing/enabled_functions
echo "# echo x > /sys/kernel/tracing/enabled_functions; echo \$?"
echo x > /sys/kernel/tracing/enabled_functions; echo $?
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## d01-dup"
echo "# insmod klp_dup.ko; echo \$?"
insmod klp_dup.ko; echo $?
echo "# ls \$P \$M | grep klp"
ls $P $M | grep klp
echo "# dmesg -t"
dmesg -t
echo "# cat /proc/sys/kernel/tainted"
cat /proc/sys/kernel/tainted
echo "# dmesg -C; insmod klp_dup.ko; dmesg -t | grep -vE 'RIP:|Code:|RSP:|R[A-Z0-9]+: ' | cut -d+ -f1"
dmesg -C; insmod klp_dup.ko; dmesg -t | grep -vE 'RIP:|Code:|RSP:|R[A-Z0-9]+: ' | cut -d+ -f1
echo "# dmesg -tl err"
dmesg -tl err
echo "# dmesg -t | grep -c 'Call Trace'"
dmesg -t | grep -c 'Call Trace'
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## e05-replace-chain"
echo "# for m in test_klp_livepatch test_klp_callbacks_demo2; do insmod \$m.ko; wait-for grep -q 0 \$P/\$m/transition; done"
for m in test_klp_livepatch test_klp_callbacks_demo2; do insmod $m.ko; wait-for grep -q 0 $P/$m/transition; done
echo "# insmod test_klp_atomic_replace.ko replace=1; wait-for grep -q 0 \$P/test_klp_atomic_replace/transition"
insmod test_klp_atomic_replace.ko replace=1; wait-for grep -q 0 $P/test_klp_atomic_replace/transition
echo "# wait-for [ ! -e \$P/test_klp_callbacks_demo2 ]; ls \$P"
wait-for [ ! -e $P/test_klp_callbacks_demo2 ]; ls $P
echo "# for m in \$M/test_klp*; do echo \${m##*/} \$(cat \$m/refcnt); done"
for m in $M/test_klp*; do echo ${m##*/} $(cat $m/refcnt); done
echo "# rmmod test_klp_callbacks_demo2 test_klp_livepatch; echo \$?"
rmmod test_klp_callbacks_demo2 test_klp_livepatch; echo $?
echo "# insmod test_klp_callbacks_demo2.ko replace=1; wait-for grep -q 0 \$P/test_klp_callbacks_demo2/transition"
insmod test_klp_callbacks_demo2.ko replace=1; wait-for grep -q 0 $P/test_klp_callbacks_demo2/transition
echo "# wait-for [ ! -e \$P/test_klp_atomic_replace ]; ls \$P; cat \$M/test_klp_callbacks_demo2/parameters/replace"
wait-for [ ! -e $P/test_klp_atomic_replace ]; ls $P; cat $M/test_klp_callbacks_demo2/parameters/replace
echo "# rmmod test_klp_callbacks_demo2; echo \$?"
rmmod test_klp_callbacks_demo2; echo $?
echo "# echo 0 > \$P/test_klp_callbacks_demo2/enabled; wait-for [ ! -e \$P/test_klp_callbacks_demo2 ]; rmmod test_klp_callbacks_demo2 test_klp_atomic_replace; echo \$?"
echo 0 > $P/test_klp_callbacks_demo2/enabled; wait-for [ ! -e $P/test_klp_callbacks_demo2 ]; rmmod test_klp_callbacks_demo2 test_klp_atomic_replace; echo $?
echo "# dmesg -t"
dmesg -t
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## c10-sysfs-tools"
echo "# insmod test_klp_livepatch.ko; wait-for grep -q 0 \$P/test_klp_livepatch/transition"
insmod test_klp_livepatch.ko; wait-for grep -q 0 $P/test_klp_livepatch/transition
echo "# ls -l \$P | cut -c1-10; ls -l \$P/test_klp_livepatch | awk '{print \$1, \$3, \$4, \$5, \$NF}'"
ls -l $P | cut -c1-10; ls -l $P/test_klp_livepatch | awk '{print $1, $3, $4, $5, $NF}'
echo "# ls -laR \$P | awk 'NF>3{print \$1, \$NF}'"
ls -laR $P | awk 'NF>3{print $1, $NF}'
echo "# find \$P -perm 200; find \$P -perm -444 -type f | sort"
find $P -perm 200; find $P -perm -444 -type f | sort
echo "# find \$P -name enabled -exec cat {} \\;"
find $P -name enabled -exec cat {} \;
echo "# find \$P -type f -size +0 | wc -l"
find $P -type f -size +0 | wc -l
echo "# grep -r . \$P 2>/dev/null | sort"
grep -r . $P 2>/dev/null | sort
echo "# grep -rs . \$P | wc -l"
grep -rs . $P | wc -l
echo "# head -c 1 \$P/test_klp_livepatch/enabled; echo"
head -c 1 $P/test_klp_livepatch/enabled; echo
echo "# wc \$P/test_klp_livepatch/enabled | tr -s ' '"
wc $P/test_klp_livepatch/enabled | tr -s ' '
echo "# for f in \$P/test_klp_livepatch/*; do [ -f \$f ] && echo \${f##*/} \$(stat -c %a \$f); done"
for f in $P/test_klp_livepatch/*; do [ -f $f ] && echo ${f##*/} $(stat -c %a $f); done
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## e06-loops"
echo "# insmod test_klp_livepatch.ko && echo loaded || echo refused"
insmod test_klp_livepatch.ko && echo loaded || echo refused
echo "# wait-for grep -q 0 \$P/test_klp_livepatch/transition && echo done"
wait-for grep -q 0 $P/test_klp_livepatch/transition && echo done
echo "# if [ -e \$P/test_klp_livepatch ]; then echo there; fi"
if [ -e $P/test_klp_livepatch ]; then echo there; fi
echo "# for f in \$P/*/; do echo \$(basename \$f); done"
for f in $P/*/; do echo $(basename $f); done
echo "# while read -r name size used rest; do [ \$name = Module ] || echo \$name \$used; done < <(lsmod)"
while read -r name size used rest; do [ $name = Module ] || echo $name $used; done < <(lsmod)
echo "# [ \"\$(cat \$P/test_klp_livepatch/enabled)\" -eq 1 ] && echo on"
[ "$(cat $P/test_klp_livepatch/enabled)" -eq 1 ] && echo on
echo "# (cd \$P; cat */enabled)"
(cd $P; cat */enabled)
echo "# printf '%s\\n' \$P/*/enabled | xargs -n 1 cat"
printf '%s\n' $P/*/enabled | xargs -n 1 cat
echo "# awk '{print FILENAME, \$1}' \$P/test_klp_livepatch/enabled \$P/test_klp_livepatch/transition"
awk '{print FILENAME, $1}' $P/test_klp_livepatch/enabled $P/test_klp_livepatch/transition
echo "# paste \$P/test_klp_livepatch/enabled \$P/test_klp_livepatch/transition"
paste $P/test_klp_livepatch/enabled $P/test_klp_livepatch/transition
echo "# diff \$P/test_klp_livepatch/enabled \$P/test_klp_livepatch/transition; echo \$?"
diff $P/test_klp_livepatch/enabled $P/test_klp_livepatch/transition; echo $?
echo "# sed -n 's/1/on/p' \$P/test_klp_livepatch/enabled"
sed -n 's/1/on/p' $P/test_klp_livepatch/enabled
echo "# tee \$P/test_klp_livepatch/enabled <<< 5; echo \$?"
tee $P/test_klp_livepatch/enabled <<< 5; echo $?
echo "# cat <<< x > \$P/test_klp_livepatch/enabled; echo \$?"
cat <<< x > $P/test_klp_livepatch/enabled; echo $?
echo "# timeout 5 cat \$P/test_klp_livepatch/enabled; echo \$?"
timeout 5 cat $P/test_klp_livepatch/enabled; echo $?
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
echo "## b10-taint"
echo "# cat /proc/sys/kernel/tainted"
cat /proc/sys/kernel/tainted
echo "# insmod test_klp_callbacks_mod.ko; cat /proc/sys/kernel/tainted; rmmod test_klp_callbacks_mod"
insmod test_klp_callbacks_mod.ko; cat /proc/sys/kernel/tainted; rmmod test_klp_callbacks_mod
echo "# cat /proc/sys/kernel/tainted"
cat /proc/sys/kernel/tainted
echo "# insmod test_klp_livepatch.ko; cat /proc/sys/kernel/tainted; cat \$M/test_klp_livepatch/taint"
insmod test_klp_livepatch.ko; cat /proc/sys/kernel/tainted; cat $M/test_klp_livepatch/taint
echo "# echo 512 > /proc/sys/kernel/tainted; cat /proc/sys/kernel/tainted"
echo 512 > /proc/sys/kernel/tainted; cat /proc/sys/kernel/tainted
echo "# echo 32768 > /proc/sys/kernel/tainted; cat /proc/sys/kernel/tainted"
echo 32768 > /proc/sys/kernel/tainted; cat /proc/sys/kernel/tainted
echo "# sysctl kernel.tainted=1; cat /proc/sys/kernel/tainted"
sysctl kernel.tainted=1; cat /proc/sys/kernel/tainted
echo "# sysctl kernel.tainted=-1; echo \$?"
sysctl kernel.tainted=-1; echo $?
echo "# echo 99999999999999999999 > /proc/sys/kernel/tainted; echo \$?"
echo 99999999999999999999 > /proc/sys/kernel/tainted; echo $?
echo "# echo '2 3' > /proc/sys/kernel/tainted; echo \$?; cat /proc/sys/kernel/tainted"
echo '2 3' > /proc/sys/kernel/tainted; echo $?; cat /proc/sys/kernel/tainted
echo "# echo > /proc/sys/kernel/tainted; echo \$?"
echo > /proc/sys/kernel/tainted; echo $?
cd "$HOME_DIR"
for q in 1 2 3 4 5 6 7 8 9; do [ -z "$(ls $P)" ] && break; for p in $P/*/enabled; do echo 0 > $p; done 2>/dev/null; sleep 1; done
for m in $(lsmod | grep -o '^test_klp[a-z0-9_]*'); do rmmod $m; done 2>/dev/null; echo 'module livepatch =_' > $C; sysctl -q kernel.ftrace_enabled=1; dmesg -n 7; dmesg -C
