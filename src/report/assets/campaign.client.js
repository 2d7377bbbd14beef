/* Shows the counts of a campaign as they come. Everything is written as text, never as markup. */
(() => {
  'use strict';
  const $ = (id) => document.getElementById(id);
  const token = location.hash.slice(1);
  const rates = [];
  let last;

  const element = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const count = (n) => n.toLocaleString('en-US');

  const jobRow = (job) => {
    const row = element('tr');
    const outcomes = element('td');
    for (const { key, grade, count: seen } of job.outcomes) {
      outcomes.append(element('div', grade, `${key} × ${count(seen)}`));
    }
    row.append(
      element('td', '', job.scenario),
      element('td', '', job.memory),
      element('td', '', job.strategy),
      element(
        'td',
        '',
        [...job.ablated, ...(job.with ? [`with ${job.with}`] : [])].join(', ') || 'nothing',
      ),
      element('td', 'number', `${count(job.done)} of ${count(job.executions)}`),
      outcomes,
      element('td', '', job.digest),
    );
    return row;
  };

  const findingItem = ({ scenario, outcome, detail, replay, isNew }) => {
    const item = element('li');
    item.append(element('span', 'forbidden', `${outcome} in ${scenario}`));
    item.append(`${isNew === false ? ' (known)' : ''}: ${detail} `, element('code', '', replay));
    return item;
  };

  const drawRates = () => {
    const canvas = $('rate');
    const context = canvas.getContext('2d');
    context.clearRect(0, 0, canvas.width, canvas.height);
    const most = Math.max(1, ...rates);
    context.strokeStyle = '#2563eb';
    context.beginPath();
    rates.forEach((rate, i) => {
      const x = (i / Math.max(1, rates.length - 1)) * canvas.width;
      const y = canvas.height - 4 - (rate / most) * (canvas.height - 20);
      if (i === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    });
    context.stroke();
    context.fillStyle = '#888';
    context.fillText(`${count(Math.round(most))}/s`, 4, 12);
  };

  const show = (snapshot) => {
    const { name, done, total, seconds, jobs, findings, notes } = snapshot;
    if (last && seconds > last.seconds) {
      rates.push((done - last.done) / (seconds - last.seconds));
      if (rates.length > 600) rates.shift();
    }
    last = snapshot;
    document.title = `${name}: ${Math.floor((100 * done) / Math.max(1, total))} %`;
    $('name').textContent = name;
    const rate = done / Math.max(seconds, 0.001);
    const left = rate > 0 ? `, ${count(Math.ceil((total - done) / rate))} s left` : '';
    $('status').textContent =
      `${count(done)} of ${count(total)} executions, ${count(Math.round(rate))}/s${left}`;
    $('progress').max = Math.max(1, total);
    $('progress').value = done;
    $('none').hidden = findings.length > 0;
    $('findings').replaceChildren(...findings.map(findingItem));
    $('jobs').replaceChildren(...jobs.map(jobRow));
    $('workers').replaceChildren(...notes.map((note) => element('li', '', note)));
    drawRates();
  };

  if (token !== '') {
    $('controls').hidden = false;
    $('controls').addEventListener('click', async (event) => {
      const what = event.target.dataset?.control;
      if (!what) return;
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`/${what}`, { method: 'POST', headers });
      if (!answer.ok) $('status').textContent = await answer.text();
    });
  }
  const source = new EventSource('events');
  source.onmessage = ({ data }) => show(JSON.parse(data));
  source.onerror = () => {
    if (source.readyState === 2 || last === undefined)
      $('status').textContent = 'the campaign is over, or out of reach';
  };
})();
