/* A recorded execution as its page looks at it: what the page holds, and what is true after each step. */
globalThis.readRecording = () => {
  'use strict';
  const data = JSON.parse(document.getElementById('recording').textContent);
  const { steps, names, words, cpus, count } = data;
  const nameOf = (i) => names[steps.name[i]];
  const kindOf = (i) => names[steps.kind[i]];
  const wordName = (addr) => words[addr]?.name ?? `0x${addr.toString(16)}`;
  const isDecisive = new Uint8Array(count);
  for (const i of steps.decisive) isDecisive[i] = 1;

  /* What is true of each CPU and each word after each step: lists of changes, searched by bisection. */
  const histories = new Map();
  const lanes = Array.from({ length: cpus }, () => ({
    at: [],
    lock: [],
    off: [],
    waits: [],
    task: [],
  }));
  (() => {
    const now = lanes.map(() => ({ lock: 0, off: 0, waits: 0, task: -1 }));
    for (let i = 0; i < count; i++) {
      const state = now[steps.cpu[i]];
      const [kind, name, addr] = [kindOf(i), nameOf(i), steps.addr[i]];
      if (addr !== 0) {
        let history = histories.get(addr);
        if (!history) histories.set(addr, (history = { at: [], value: [] }));
        const last = history.value.length ? history.value.at(-1) : words[addr].initial;
        if (last !== steps.newest[i]) (history.at.push(i), history.value.push(steps.newest[i]));
      }
      state.waits =
        kind === 'wait' && (name.endsWith('(held)') || steps.newest[i] === steps.value[i]) ? 1 : 0;
      if (kind === 'lock' && (name !== 'spinTrylock' || steps.value[i] === 1)) state.lock++;
      if (kind === 'unlock' && state.lock > 0) state.lock--;
      if (name === 'preemptDisable' || name === 'preemptEnable') state.off = steps.value[i];
      state.task = steps.task[i];
      const lane = lanes[steps.cpu[i]];
      lane.at.push(i);
      for (const key of ['lock', 'off', 'waits', 'task']) lane[key].push(state[key]);
    }
  })();
  /** Index of the last element of a sorted list that is at most `limit`, or -1. */
  const before = (list, limit) => {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] <= limit) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  const valueAt = (addr, step) => {
    const history = histories.get(addr);
    const k = history ? before(history.at, step) : -1;
    return k < 0 ? words[addr]?.initial : history.value[k];
  };
  const bandValue = (band, step) => {
    const raw = valueAt(band.addr, step);
    return band.bit === undefined || raw === undefined ? raw : (raw >> band.bit) & 1;
  };
  const bandText = (band, value) =>
    band.meanings[value] ?? (value > 1024 && words[value] ? wordName(value) : String(value));
  const told = { nameOf, kindOf, wordName, bandText };
  return { ...data, ...told, isDecisive, histories, lanes, before, valueAt, bandValue };
};
