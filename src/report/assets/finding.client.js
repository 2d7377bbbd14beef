/* Steps through a recorded execution. Rows are made for what is in view only. */
(() => {
  'use strict';
  const ROW = 22;
  const recording = globalThis.readRecording();
  const { steps, tasks, stacks, bands, sources, cpus, count } = recording;
  const { nameOf, kindOf, wordName, isDecisive, histories, lanes } = recording;
  const { before, valueAt, bandValue, bandText } = recording;
  const $ = (id) => document.getElementById(id);
  const [scroll, rows, arrows, map] = ['scroll', 'rows', 'arrows', 'map'].map($);
  const QUIET = new Set(['get', 'set', 'peek']);

  /* Which steps are shown. */
  let view = [];
  let placeOf = new Int32Array(count).fill(-1);
  let selected = 0;
  let found = null;
  const textOf = (i) =>
    `${nameOf(i)} ${steps.addr[i] ? wordName(steps.addr[i]) : ''} ${stacks[steps.stack[i]]?.[0] ?? ''} ${tasks[steps.task[i]]?.name ?? ''} ${steps.notes[i] ?? ''} ${steps.details[i] ?? ''}`.toLowerCase();
  const choose = () => {
    const [decisive, substrate] = [$('decisive').checked, $('substrate').checked];
    view = [];
    placeOf = new Int32Array(count).fill(-1);
    for (let i = 0; i < count; i++) {
      if (decisive ? !isDecisive[i] : !substrate && QUIET.has(nameOf(i))) continue;
      placeOf[i] = view.push(i) - 1;
    }
    rows.style.height = `${view.length * ROW}px`;
    const place = Math.max(0, before(view, selected));
    selected = view[place] ?? 0;
  };
  const search = () => {
    const wanted = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    found = wanted.length
      ? new Set(view.filter((i) => wanted.every((word) => textOf(i).includes(word))))
      : null;
    $('shown').textContent = found
      ? `${found.size} of ${view.length} steps match`
      : `${view.length} of ${count} steps`;
  };

  /* Drawing. */
  const element = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const hue = (value) => (((value % 997) + 997) * 137.5) % 360;
  const describe = (i) => {
    const addr = steps.addr[i];
    if (addr === 0) return steps.details[i] ?? '';
    const kind = kindOf(i);
    if (kind === 'lock' || kind === 'unlock') return wordName(addr);
    return `${wordName(addr)} ${kind === 'write' ? '=' : '→'} ${steps.value[i]}`;
  };
  const drawCell = (cell, i) => {
    cell.classList.add('cell');
    const before_ = lanes[steps.cpu[i]];
    const k = before(before_.at, i);
    if (k === 0 || before_.task[k - 1] !== steps.task[i]) {
      cell.append(element('span', 'task', `${tasks[steps.task[i]]?.name ?? ''} `));
    }
    cell.append(element('span', 'op', nameOf(i)), ` ${describe(i)} `);
    if (steps.notes[i]) cell.append(element('span', 'note', steps.notes[i]), ' ');
    cell.append(element('span', 'where', stacks[steps.stack[i]]?.[0] ?? ''));
  };
  const drawRow = (i) => {
    const row = element('div', 'row');
    row.style.top = `${placeOf[i] * ROW}px`;
    row.dataset.step = i;
    row.id = `step-${i}`;
    row.role = 'option';
    row.ariaSelected = String(i === selected);
    row.classList.toggle('selected', i === selected);
    row.classList.toggle('decisive', isDecisive[i] === 1);
    row.classList.toggle('stale', steps.missed[i] >= 0);
    row.classList.toggle('event', kindOf(i) === 'event');
    row.classList.toggle('found', found !== null && found.has(i));
    row.append(element('span', 'number', String(i + 1)));
    for (const band of bands) {
      const value = bandValue(band, i);
      const cell = element('span', 'bandcell');
      cell.title = `${band.title}: ${bandText(band, value)}`;
      cell.style.background = `light-dark(hsl(${hue(value)} 65% 75%), hsl(${hue(value)} 45% 35%))`;
      cell.textContent = band.marks[value] ?? '';
      row.append(cell);
    }
    for (let cpu = 0; cpu < cpus; cpu++) {
      const lane = element('span', 'lane');
      const k = before(lanes[cpu].at, i);
      if (k >= 0) {
        lane.classList.toggle('lock', lanes[cpu].lock[k] > 0);
        lane.classList.toggle('off', lanes[cpu].lock[k] === 0 && lanes[cpu].off[k] > 0);
        lane.classList.toggle('waits', cpu !== steps.cpu[i] && lanes[cpu].waits[k] === 1);
      }
      if (cpu === steps.cpu[i]) drawCell(lane, i);
      row.append(lane);
    }
    return row;
  };
  const SVG = 'http://www.w3.org/2000/svg';
  /* The left edge of a lane, in front of what is written there. */
  const laneX = (cpu, width) => {
    const left = 58 + bands.length * 18;
    return left + (cpu * (width - left)) / cpus + 7;
  };
  const arrow = (from, to, color, dash) => {
    const width = rows.clientWidth;
    const y = (i) =>
      Math.max(-ROW, (placeOf[i] >= 0 ? placeOf[i] : before(view, i)) * ROW + ROW / 2);
    const [x1, y1, x2, y2] = [
      laneX(steps.cpu[from], width),
      /* Between two rows, so that it strikes nothing out. */
      y(from) + (placeOf[from] > placeOf[to] ? -0.45 : 0.45) * ROW,
      laneX(steps.cpu[to], width),
      y(to),
    ];
    const path = document.createElementNS(SVG, 'path');
    /* It comes from the left, so that its head does not cover what it points to. */
    const half = (x2 - x1) / 2;
    const [out, into] = half > 0 ? [half, Math.max(24, half)] : [-24, 24];
    path.setAttribute('d', `M${x1},${y1} C${x1 + out},${y1} ${x2 - into},${y2} ${x2},${y2}`);
    for (const [key, value] of Object.entries({
      fill: 'none',
      stroke: color,
      'stroke-width': 1.5,
      'stroke-opacity': 0.75,
      'marker-end': 'url(#head)',
      'stroke-dasharray': dash ?? '',
    }))
      path.setAttribute(key, value);
    return path;
  };
  const HEAD =
    '<defs><marker id="head" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" orient="auto"><path d="M0,0 L6,3 L0,6 z" fill="context-stroke"/></marker></defs>';
  const drawArrows = (shown) => {
    arrows.setAttribute('width', rows.clientWidth);
    arrows.setAttribute('height', rows.clientHeight);
    arrows.innerHTML = HEAD;
    for (const i of shown) {
      const [from, missed] = [steps.from[i], steps.missed[i]];
      if (from >= 0 && (steps.cpu[from] !== steps.cpu[i] || i === selected))
        arrows.append(arrow(from, i, missed >= 0 ? 'var(--stale)' : 'var(--flow)'));
      if (missed >= 0) arrows.append(arrow(missed, i, 'var(--stale)', '4 3'));
    }
  };
  const drawRows = (everything) => {
    const first = everything ? 0 : Math.max(0, Math.floor(scroll.scrollTop / ROW) - 5);
    const last = everything
      ? view.length
      : Math.min(view.length, first + Math.ceil(scroll.clientHeight / ROW) + 10);
    const shown = view.slice(first, last);
    rows.replaceChildren(...shown.map(drawRow));
    drawArrows(shown);
    scroll.setAttribute('aria-activedescendant', `step-${selected}`);
  };
  const GRADE = ['#8886', '#15803d', '#b45309', '#b91c1c'];
  /* The picture of the whole execution is drawn once for each view; scrolling moves only the frame. */
  const whole = document.createElement('canvas');
  const drawWhole = () => {
    whole.width = 64;
    whole.height = map.height = map.clientHeight || 600;
    const context = whole.getContext('2d');
    const width = 60 / cpus;
    for (const pass of [0, 1, 2, 3]) {
      context.fillStyle = GRADE[pass];
      view.forEach((i, place) => {
        const rank = isDecisive[i]
          ? 3
          : steps.missed[i] >= 0
            ? 2
            : steps.from[i] >= 0 && steps.cpu[steps.from[i]] !== steps.cpu[i]
              ? 1
              : 0;
        if (rank === pass)
          context.fillRect(
            2 + steps.cpu[i] * width,
            (place / view.length) * map.height,
            width - 1,
            Math.max(1, map.height / view.length),
          );
      });
    }
  };
  const drawMap = () => {
    if (whole.height !== (map.clientHeight || 600)) drawWhole();
    const context = map.getContext('2d');
    context.clearRect(0, 0, 64, map.height);
    context.drawImage(whole, 0, 0);
    context.strokeStyle = '#888';
    context.strokeRect(
      0.5,
      (scroll.scrollTop / Math.max(1, view.length * ROW)) * map.height,
      63,
      Math.max(4, (scroll.clientHeight / Math.max(1, view.length * ROW)) * map.height),
    );
  };

  /* The panels beside. */
  const go = (text, step) => {
    const button = element('button', '', text);
    button.type = 'button';
    button.addEventListener('click', () => select(step));
    return button;
  };
  const drawSource = (frames) => {
    $('source').replaceChildren(
      ...frames.slice(0, 6).map((frame, n) => {
        const [, file, line] = /^(?:\S+ )?(.+):(\d+)$/.exec(frame) ?? [];
        const lines = (sources[file] ?? []).filter(
          ([at]) => Math.abs(at - line) <= (n === 0 ? 6 : 1),
        );
        const block = element('details');
        block.open = n === 0;
        block.append(element('summary', '', frame));
        const pre = element('pre');
        for (const [at, text] of lines)
          pre.append(
            element(
              'span',
              at === Number(line) ? 'here' : '',
              `${String(at).padStart(5)} ${text}\n`,
            ),
          );
        block.append(pre);
        return block;
      }),
    );
  };
  const drawStep = () => {
    const i = selected;
    const list = element('dl');
    const line = (title, ...content) => {
      const dd = element('dd');
      dd.append(...content);
      list.append(element('dt', '', title), dd);
    };
    line('step', `${i + 1} of ${count}`);
    line('CPU', `${steps.cpu[i]} ${tasks[steps.task[i]]?.name ?? ''}`);
    line('operation', `${nameOf(i)} ${describe(i)}`);
    if (steps.from[i] >= 0)
      line(
        'reads from',
        go(`step ${steps.from[i] + 1}, CPU ${steps.cpu[steps.from[i]]}`, steps.from[i]),
      );
    if (steps.from[i] === -1) line('reads from', 'the initial value');
    if (steps.missed[i] >= 0)
      line(
        'did not see',
        go(
          `step ${steps.missed[i] + 1}, CPU ${steps.cpu[steps.missed[i]]}: ${steps.value[steps.missed[i]]}`,
          steps.missed[i],
        ),
      );
    if (steps.notes[i]) line('note', element('span', 'note', steps.notes[i]));
    $('step').replaceChildren(element('h2', '', 'Step'), list);
    drawSource(stacks[steps.stack[i]] ?? []);
  };
  const drawMemory = () => {
    const wanted = $('word').value.toLowerCase();
    const last = [];
    for (const [addr, history] of histories) {
      const name = wordName(addr);
      if (wanted && !name.toLowerCase().includes(wanted)) continue;
      last.push([history.at[before(history.at, selected)] ?? -1, addr, name]);
    }
    last.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
    $('memory').tBodies[0].replaceChildren(
      ...last.slice(0, 60).map(([at, addr, name]) => {
        const row = element('tr', at === selected ? 'now' : '');
        row.append(
          element('td', '', name),
          element('td', '', String(valueAt(addr, selected))),
          element('td', '', at < 0 ? 'initial' : `step ${at + 1}`),
        );
        return row;
      }),
    );
  };
  const reveal = () => {
    const top = Math.max(0, placeOf[selected]) * ROW;
    if (top < scroll.scrollTop + ROW || top > scroll.scrollTop + scroll.clientHeight - 2 * ROW)
      scroll.scrollTop = top - scroll.clientHeight / 2;
  };
  const refresh = () => {
    drawRows();
    drawMap();
  };
  const select = (step) => {
    selected = placeOf[step] >= 0 ? step : (view[Math.max(0, before(view, step))] ?? 0);
    reveal();
    drawRows();
    drawStep();
    drawMemory();
  };
  const move = (by) =>
    select(view[Math.min(view.length - 1, Math.max(0, placeOf[selected] + by))] ?? 0);
  const decisive = (by) => {
    const list = steps.decisive;
    const k = by > 0 ? before(list, selected) + 1 : before(list, selected - 1);
    if (list[k] !== undefined) select(list[k]);
  };
  const actions = {
    first: () => select(view[0] ?? 0),
    last: () => select(view.at(-1) ?? 0),
    back: () => move(-1),
    forward: () => move(1),
    nextDecisive: () => decisive(1),
    previousDecisive: () => decisive(-1),
    source: () => steps.from[selected] >= 0 && select(steps.from[selected]),
    missed: () => steps.missed[selected] >= 0 && select(steps.missed[selected]),
    nextMatch: () => {
      const next = found && (view.find((i) => i > selected && found.has(i)) ?? [...found][0]);
      if (next !== undefined && next !== null) select(next);
    },
  };
  const toggle = (id) => {
    $(id).checked = !$(id).checked;
    changed();
  };
  const changed = () => {
    choose();
    search();
    drawWhole();
    refresh();
    select(selected);
  };
  const KEYS = {
    j: 'forward',
    ArrowDown: 'forward',
    k: 'back',
    ArrowUp: 'back',
    n: 'nextDecisive',
    p: 'previousDecisive',
    f: 'source',
    m: 'missed',
    Home: 'first',
    End: 'last',
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target instanceof HTMLInputElement && event.target.type === 'search';
    if (typing) {
      if (event.key === 'Enter' && event.target.id === 'search') actions.nextMatch();
      if (event.key === 'Escape') scroll.focus();
      return;
    }
    if (event.key === '/') {
      event.preventDefault();
      $('search').focus();
    } else if (event.key === 'd') toggle('decisive');
    else if (event.key === 's') toggle('substrate');
    else if (KEYS[event.key]) {
      event.preventDefault();
      actions[KEYS[event.key]]();
    }
  });
  document
    .querySelector('nav')
    .addEventListener('click', (event) => actions[event.target.dataset?.do]?.());
  rows.addEventListener('click', (event) => {
    const row = event.target.closest('.row');
    if (row) select(Number(row.dataset.step));
  });
  scroll.addEventListener('scroll', refresh, { passive: true });
  map.addEventListener('click', (event) =>
    select(view[Math.floor((event.offsetY / map.clientHeight) * view.length)] ?? 0),
  );
  $('search').addEventListener('input', () => {
    search();
    refresh();
  });
  $('word').addEventListener('input', drawMemory);
  for (const id of ['decisive', 'substrate']) $(id).addEventListener('change', changed);
  addEventListener('resize', refresh);
  addEventListener('beforeprint', () => {
    if (view.length > 3000) {
      $('decisive').checked = true;
      choose();
    }
    drawRows(true);
  });
  addEventListener('afterprint', changed);

  const heads = [element('span', 'number', '#')];
  for (const band of bands)
    heads.push(Object.assign(element('span', 'band', band.title), { title: band.title }));
  for (let cpu = 0; cpu < cpus; cpu++)
    heads.push(Object.assign(element('span', '', `CPU ${cpu}`), { style: 'flex:1 1 0' }));
  $('heads').replaceChildren(...heads);
  choose();
  search();
  drawWhole();
  refresh();
  /* The first weak answer or removed order says more than the beginning. */
  const notable = Number(
    Object.keys(steps.notes).find((i) => steps.missed[i] >= 0) ??
      Object.keys(steps.notes)[0] ??
      steps.decisive[0] ??
      0,
  );
  select(notable);
})();
