#!/usr/bin/env bash
# GNU binutils 2.40 (Debian's 2.40-2): strip and objcopy of a livepatch module keep its relocations (sections `.klp.rela.*` with the flag SHF_RELA_LIVEPATCH) only where ordinary relocations of the same code or data stand before them.
# Where all relocations of a section are livepatch's, as in a short function that calls nothing but a private function of the kernel or in a table of such, they come out as an ordinary
# `.rela.…` without the flag, while the symbol keeps the index SHN_LIVEPATCH, which ordinary relocations do not resolve. `ld -r` makes such symbols absolute ones of value 0 in either case.
# All three say nothing and end with 0; gold refuses such an object. Modules are stripped when they are installed (`strip --strip-debug`) or packaged, so a patch that was tested as built is another one as installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q binutils-x86-64-linux-gnu=2.40-2 libbinutils=2.40-2 libctf0=2.40-2 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" tools; done
export LD_LIBRARY_PATH="$folder/tools/usr/lib/x86_64-linux-gnu" PATH="$folder/tools/usr/bin:$PATH"
tool() { "x86_64-linux-gnu-$@"; }
cat > convert.mjs <<'JS'
// What the author of a livepatch does after compiling: the relocations against the private function get a section of livepatch's, and the symbol its index.
import { readFileSync, writeFileSync } from 'node:fs';
const [, , from, to] = process.argv;
const elf = readFileSync(from);
const number = (at) => Number(elf.readBigUInt64LE(at));
const [table, count, namesAt] = [number(40), elf.readUInt16LE(60), elf.readUInt16LE(62)];
const section = (n) => table + 64 * n;
const offset = (n) => number(section(n) + 24);
const text = (at) => elf.toString('latin1', at, elf.indexOf(0, at));
const nameOf = (n) => text(offset(namesAt) + elf.readUInt32LE(section(n)));
const indexOf = (name) => Array.from({ length: count }, (_, n) => n).find((n) => nameOf(n) === name);
const [klp, placeholder, patched, symbols] = ['.klp.rela.vmlinux..text.patched', '.klp.new', '.text.patched', '.symtab'].map(indexOf);
const rela = indexOf('.rela.text.patched');
for (let at = offset(symbols), n = 0; at < offset(symbols) + number(section(symbols) + 32); at += 24, n++) {
  if (!text(offset(elf.readUInt32LE(section(symbols) + 40)) + elf.readUInt32LE(at)).startsWith('.klp.sym.')) continue;
  elf.writeUInt16LE(0xff20, at + 6);
  // Its relocation is the last of the section: the rest stays where it was, if there is any.
  const others = number(section(rela) + 32) - 24;
  const mine = others === 0 ? rela : klp;
  elf.writeUInt32LE(elf.readUInt32LE(section(klp)), section(mine));
  elf.writeUInt32LE(4, section(mine) + 4);
  elf.writeBigUInt64LE(0x100042n, section(mine) + 8);
  elf.writeBigUInt64LE(BigInt(offset(rela) + others), section(mine) + 24);
  elf.writeBigUInt64LE(24n, section(mine) + 32);
  elf.writeUInt32LE(symbols, section(mine) + 40);
  elf.writeUInt32LE(patched, section(mine) + 44);
  elf.writeBigUInt64LE(8n, section(mine) + 48);
  elf.writeBigUInt64LE(24n, section(mine) + 56);
  if (mine === rela) elf.writeUInt32LE(elf.readUInt32LE(section(placeholder)), section(klp));
  else elf.writeBigUInt64LE(BigInt(others), section(rela) + 32);
}
writeFileSync(to, elf);
JS
show() {
  local sections symbol
  sections=$(tool readelf -SW "$2" | sed 's/\[ /[/' | awk '$2 ~ /rela.*text.patched/ { f = $8 ~ /o/ ? " (livepatch)" : ""; print $2 f }' | paste -sd, | sed 's/,/, /g')
  symbol=$(tool readelf -sW "$2" | grep klp.sym | sed 's/.*DEFAULT *\(.*\) \.klp.*/\1/')
  echo "$1: $sections; symbol in $symbol"
}
seen=
for others in 0 1; do
  { echo '.section .text.patched, "ax", @progbits'
    echo '.globl patched'
    echo 'patched:'
    [ $others = 0 ] || echo 'call printk'
    echo 'call ".klp.sym.vmlinux.private_function,0"'
    echo 'ret'
    echo '.section .klp.new, "", @progbits'
    echo '.section .klp.rela.vmlinux..text.patched, "", @progbits'
  } > module.s
  tool as module.s -o plain.o
  node convert.mjs plain.o module.o
  cp module.o stripped.o
  tool strip --strip-debug stripped.o
  tool objcopy module.o copied.o
  tool ld -r module.o -o linked.o
  seen+="other relocations: $others
$(show '  module ' module.o)
$(show '  strip  ' stripped.o)
$(show '  objcopy' copied.o)
$(show '  ld -r  ' linked.o)
  gold   : $({ tool ld.gold -r module.o -o gold.o || true; } 2>&1 | grep -om1 'unsupported symbol section 0xff20')
"
done
echo "$seen"
expected='other relocations: 0
  module : .klp.rela.vmlinux..text.patched (livepatch); symbol in OS [0xff20]
  strip  : .rela.text.patched; symbol in OS [0xff20]
  objcopy: .rela.text.patched; symbol in OS [0xff20]
  ld -r  : .rela.text.patched; symbol in ABS
  gold   : unsupported symbol section 0xff20
other relocations: 1
  module : .rela.text.patched, .klp.rela.vmlinux..text.patched (livepatch); symbol in OS [0xff20]
  strip  : .rela.text.patched, .klp.rela.vmlinux..text.patched (livepatch); symbol in OS [0xff20]
  objcopy: .rela.text.patched, .klp.rela.vmlinux..text.patched (livepatch); symbol in OS [0xff20]
  ld -r  : .rela.text.patched, .klp.rela.vmlinux..text.patched (livepatch); symbol in ABS
  gold   : unsupported symbol section 0xff20
'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
