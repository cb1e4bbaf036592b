/**
 * Progress of several things at one time: one line each, redrawn in place on a terminal; elsewhere a plain line when
 * something begins, every ten seconds, and when it ends. What took no noticeable time is not mentioned.
 */
const PLAIN_EVERY_MS = 10_000;
const DRAW_EVERY_MS = 100;
/** Steps shorter than this leave no trace. */
const QUIET_MS = 300;

/**
 * @typedef {object} Line
 * @property {(text: string) => void} update
 * @property {(text?: string) => void} done
 * @property {(text: string) => void} fail
 */

/** @param {{ write(text: string): unknown, isTTY?: boolean, columns?: number }} stream @param {() => number} [now] milliseconds */
export function createBoard(stream, now = Date.now) {
  /** @type {{ name: string, text: string, startedAt: number, shownAt: number, state: 'running' | 'done' | 'failed', endedAt: number }[]} */
  const rows = [];
  const tty = stream.isTTY === true;
  let drawn = 0;

  const draw = () => {
    const shown = rows.filter(
      (row) => row.state === 'running' || row.endedAt - row.startedAt >= QUIET_MS || row.state === 'failed',
    );
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    const width = Math.max(20, (stream.columns || 80) - 1);
    const lines = shown.map((row) => `\u001b[2K${render(row, now()).slice(0, width)}\n`).join('');
    stream.write(`${up}${lines}\u001b[J`);
    drawn = shown.length;
  };
  const plain = (/** @type {typeof rows[number]} */ row) => {
    row.shownAt = now();
    stream.write(`${render(row, now())}\n`);
  };
  const tick = () => {
    if (tty) return draw();
    for (const row of rows) if (row.state === 'running' && now() - row.shownAt >= PLAIN_EVERY_MS) plain(row);
  };
  let timer = /** @type {NodeJS.Timeout | undefined} */ (undefined);

  return {
    /** @param {string} name @returns {Line} */
    line(name) {
      // A plain log gets its first line only after a moment: a quick check is not worth one.
      const row = {
        name,
        text: '',
        startedAt: now(),
        shownAt: now() - PLAIN_EVERY_MS + QUIET_MS,
        state: /** @type {'running' | 'done' | 'failed'} */ ('running'),
        endedAt: 0,
      };
      rows.push(row);
      timer ??= setInterval(tick, tty ? DRAW_EVERY_MS : QUIET_MS);
      const end = (/** @type {'done' | 'failed'} */ state, /** @type {string | undefined} */ text) => {
        Object.assign(row, { state, text: text ?? '', endedAt: now() });
        if (!tty && (state === 'failed' || row.endedAt - row.startedAt >= QUIET_MS)) plain(row);
        if (rows.every((each) => each.state !== 'running')) {
          clearInterval(timer);
          timer = undefined;
          if (tty) draw();
        }
      };
      return {
        update: (text) => {
          row.text = text;
        },
        done: (text) => end('done', text),
        fail: (text) => end('failed', text),
      };
    },
    /** Ends the redrawing; what was shown stays. */
    close() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** @param {{ name: string, text: string, startedAt: number, state: string, endedAt: number }} row @param {number} now */
function render(row, now) {
  const running = row.state === 'running';
  const seconds = (((running ? now : row.endedAt) - row.startedAt) / 1000).toFixed(running ? 0 : 1);
  const mark = { running: '…', done: '✓', failed: '✗' }[row.state];
  return `${mark} ${row.name.padEnd(16)} ${`${seconds} s`.padStart(7)}${row.text ? `  ${row.text}` : ''}`;
}
