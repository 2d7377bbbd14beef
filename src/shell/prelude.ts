/** Functions that are put in front of every script: rewritten scripts call them. */

import { PREFIX } from './syntax.js';
import { TOGETHER_PRELUDE } from './together.js';

const FUNCTIONS = `
${PREFIX}trap_EXIT=
${PREFIX}code=0
${PREFIX}trap_at=0
${PREFIX}bg=0
${PREFIX}trap() {
  ${PREFIX}set_trap "\${BASH_SUBSHELL:-0}" "$@"
}
${PREFIX}failed() {
  if [ -n "\${${PREFIX}trap_ERR:-}" ] && { [ "\${#FUNCNAME[@]}" -le 1 ] || [ "$3" = 1 ]; }; then
    local handler="$${PREFIX}trap_ERR"
    ${PREFIX}trap_ERR=
    ${PREFIX}at_line "$2" "$handler"
    ${PREFIX}give "$1" && :
    eval "$${PREFIX}text"
    ${PREFIX}trap_ERR="$handler"
  fi
  return "$1"
}
${PREFIX}leave() {
  ${PREFIX}text="$${PREFIX}trap_EXIT"
  ${PREFIX}trap_EXIT=
  if ${PREFIX}same "" "$${PREFIX}text"; then
    return 0
  fi
  if ${PREFIX}give "$${PREFIX}code"; then
    eval "$${PREFIX}text"
  else
    eval "$${PREFIX}text"
  fi
  return 0
}
${PREFIX}resolve() {
  set +u
  ${PREFIX}n="$1"
  while builtin eval "[[ \\\${$${PREFIX}n@a} == *n* ]]"; do
    builtin eval "${PREFIX}n=\\\${!$${PREFIX}n}"
  done
  echo "$${PREFIX}n"
}
${PREFIX}call() {
  eval "$(${PREFIX}quote "$@")"
}
`;

/** A script's own lines keep their numbers: the text added in front of it is on its first line. */
const onOneLine = (source: string): string =>
  source
    .trim()
    .split('\n')
    .map((line) => line.trim() + (/(?:\bdo|\bthen|\belse|\{)$/.test(line) ? ' ' : '; '))
    .join('');

/** Text put in front of every script; `isTogether`: errors appear within the output where they happen. */
export const preludeOf = (isTogether: boolean): string =>
  onOneLine(isTogether ? FUNCTIONS.trimEnd() + TOGETHER_PRELUDE : FUNCTIONS);
