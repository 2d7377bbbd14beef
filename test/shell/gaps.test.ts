/** Cases in which just-bash differs from bash: in our shell each script gives what the real bash gives. */

import test from 'ava';
import { bash } from './bash.js';
import { startShell } from './machine.js';

const shell = await startShell();

const GAPS: Readonly<Record<string, string>> = {
  'the words of "$@" are a command with its arguments':
    'run() { "$@"; }\nh() { echo "$#:$2"; return 3; }\nrun h a "b  c" "it\'s"; echo $?; run echo x > f; cat f; "$@"; echo $?',
  'a variable in place of a command is split into words':
    'c="echo q r"; $c s; a=(echo x "y  z"); "${a[@]}" w; $nothing echo yes; $(echo echo) hello; $nothing; echo $?',
  'a function that tries what it is given returns':
    'try() { for i in 1 2; do "$@" > /dev/null 2>&1 && return 0; done; return 5; }\ntry true; echo $?; try false; echo $?',
  'an exit that is given as words ends the script': 'run() { "$@"; }\nrun exit 4\necho no',
  'a command from a variable in eval': 'X=echo\neval \'$X evaluated "a  b"\'',
  'several patterns of grep are all looked for': "printf 'a b\\nc\\nd\\n' | grep -e a -e d",
  'grep -s says nothing of what is missing':
    "grep -qs a /nowhere; echo $?; printf 'a\nb\n' | grep -s b",
  'eval keeps what braces keep apart':
    'y=3\nf=$(mktemp)\neval \'echo "${y}_b" ${y}c > "$f"; cat "$f"\'',
  'one pattern of grep is looked for': "printf 'a b\\nc\\nd\\n' | grep -e c",
  'grep without a match ends with 1': "printf 'a\\n' | grep -e x -e y; echo $?",
  'an EXIT trap runs at the end': 'trap "echo bye" EXIT\necho hello',
  'an EXIT trap runs at an exit in a function, whose status stays':
    'leave() { exit 3; }\ntrap "echo bye" EXIT INT\nleave\necho not here',
  'an EXIT trap is taken back': 'trap "echo bye" EXIT\ntrap - EXIT\necho end',
  'an exit in a subshell runs no trap': 'trap "echo bye" EXIT\n(exit 4)\necho $?',
  'an exit in a substitution runs no trap':
    'trap "echo bye" EXIT\nx=$(echo in; exit 5)\necho "$x $?"',
  'a trap may call a function that uses variables':
    'x=1\nf() { echo "x is $x"; }\ntrap f EXIT\nx=2\nexit 6',
  'exit without a number keeps the status': 'false\nexit',
  'comm knows --nocheck-order':
    'comm --nocheck-order -13 <(printf "b\\na\\n") <(printf "b\\na\\nc\\n")',
  'mktemp makes a file': 'f=$(mktemp -t x-XXXXXX)\n[ -f "$f" ] && echo file\nrm -f "$f"',
  'mktemp -d makes a folder': 'd=$(mktemp -d)\n[ -d "$d" ] && echo folder',
  'stat --format shows rights':
    'f=$(mktemp)\nchmod 644 "$f"\nstat --format "%A" "$f"\nstat -c %a "$f"\n/usr/bin/stat --format=%A "$f"',
  'sleep knows fractions': 'sleep .01 && echo slept\nsleep 0.01 && echo again',
  'a command of /bin is found there': '/bin/echo hello',
  'variables in braces stay apart from what follows': 'm=a\necho "${m}_init" ${m}b',
  'a file with a here-document behind it is written':
    'f=$(mktemp)\ncat <<-EOF > "$f"\n\tone\n\ttwo\n\tEOF\ncat "$f"',
  'quotes that end in a dollar sign': "x='a '^0$' b'\necho \"$x\"",
  'eval knows that a write was refused': 'eval "echo x > /nowhere/file; echo \\$?" 2>/dev/null',
  'eval knows the status before it': 'false\neval "echo \\$?"',
  'eval runs an EXIT trap': 'eval "trap \\"echo bye\\" EXIT"\neval "exit 3"',
  'a file in a folder that is missing is not made':
    'echo x > /nowhere/file 2>/dev/null\necho $?\nls /nowhere 2>/dev/null\necho $?',
  'tee writes and shows': 'o=$(mktemp)\necho a | tee "$o"\necho b | tee -a "$o"\ncat "$o"',
  'set -u lets a script end well': 'set -u\necho ${nope:-ok}',
  'uniq -c counts in seven columns': "printf 'a\\na\\nb\\n' | uniq -c",
  'head leaves out the last lines': 'seq 5 | head -n -1\nseq 5 | head -n-2',
  'xargs takes its number in the same word': 'echo a b | xargs -n1 echo',
  'od shows bytes in hexadecimal': 'printf A | od -An -tx1\nprintf "AB" | od -t x1',
  'a separator of one character stands for itself in awk':
    "echo 6.12.95 | awk -F. '{print $2, NF}'\necho 'a|b' | awk -F '|' '{print $2}'\necho 'a^b' | awk -F^ '{print $2}'\n" +
    "echo a.b | awk 'BEGIN { FS = \".\" } {print $2}'\necho a.b | awk -v FS=. '{print $2}'\necho 'a  b' | awk '{print $2}'\n" +
    "echo 'a\\tb' | awk -F'[.]' '{print NF}'\necho a,b | awk -F, '{print $2}'",
  'paste takes standard input without a name':
    'seq 3 | paste -sd,\nseq 2 | paste -s -d, -\nseq 4 | paste - -',
  'expr compares with an expression from the start':
    "expr abc : 'a\\(.\\)c'\nexpr abc : 'ab'\nexpr abc : 'b'; echo $?\nexpr 'a+b' : 'a+'\nexpr 5 + 3\nexpr v6.12 : 'v\\([0-9]*\\)'",
  'ls shows files without empty lines':
    'd=$(mktemp -d)\ncd "$d"\ntouch f g\nmkdir h\ntouch h/i\nls -1 f g\nls f\nls f h\nls h f g\nls h',
  'date knows formats and other times': 'date -u -d @0 +%F\ndate -u -d @1700000000 "+%H:%M"',
  'kill -l knows the numbers of signals': 'kill -l TERM',
  'the null device is there': '[ -e /dev/null ] && stat -c %s /dev/null',
  'a redirected group keeps its status':
    'o=$(mktemp)\n{ false; } > /dev/null\necho $?\nf() { return 7; }\nf > "$o"\necho $?',
  'a redirected function sets variables': 'o=$(mktemp)\nf() { y=5; }\nf > "$o"\necho $y',
  'diff says what differs':
    'diff -u --label a --label b <(printf "x\\ny\\n") <(printf "x\\nz\\n") | grep -e "^[-+][a-z]"',
  'diff of equal files ends with 0': 'diff <(echo x) <(echo x); echo $?',
  'a missing file that is sourced ends with 1':
    '. ./nowhere 2>/dev/null; echo $?; f=nowhere; . ./$f; echo $?',
  'a file that is written keeps its mode':
    'f=$(mktemp)\nchmod 751 "$f"\necho a > "$f"\necho b >> "$f"\nstat -c %a "$f"',
  'ls -l shows rights': 'f=$(mktemp)\nchmod 640 "$f"\nls -l "$f" | cut -c1-10\nls -ld / | cut -c1',
  'grep looks into several files':
    'd=$(mktemp -d)\ncd "$d"\necho a > x\necho b > y\ngrep -n a x y; grep -c a x y; grep -h b x y; grep -l b x y; grep -r b .; grep a x nowhere 2>&1; echo $?',
  'errors of one command stand among its output':
    'd=$(mktemp -d)\ncd "$d"\necho a > x\necho b > y\ncat x nowhere y 2>&1; cat x nowhere y 2>&1 | head -2',
  'od shows characters': 'printf "a\\n\\tb" | od -c',
  'find knows rights by letters':
    'd=$(mktemp -d)\ncd "$d"\ntouch a b\nchmod 400 a\nchmod 600 b\nfind . -type f -perm -u=w',
  'the contents of a file by $(<)': 'f=$(mktemp)\necho x > "$f"\necho "$(<"$f")"\ncat < "$f"',
  'kill lists signals': 'kill -l | head -2; kill -l 9 USR1 130',
  'cat of a missing file ends with 1 and goes on': 'cat /nowhere 2>/dev/null; echo $?',
};

for (const [title, script] of Object.entries(GAPS)) {
  test.serial(`as in bash: ${title}`, async (t) => {
    const { stdout, exitCode } = await shell.script(script, './script.sh', '/root');
    t.deepEqual({ stdout, exitCode }, bash(script));
  });
}

test.serial('a program in the background is a task, and $! is its pid', async (t) => {
  const { stdout } = await shell.script(
    './test_klp-call_getpid &\npid="$!"\ncat /proc/$pid/comm\nkill $pid\nwhile [ -e /proc/$pid ]; do sleep 0.1; done\necho gone',
    './x.sh',
    '/root',
  );
  t.is(stdout, 'test_klp-call_getpid\ngone\n');
});
