/** Shows a run while it goes: a bar that is redrawn on a terminal, a line every few seconds elsewhere, failures at once. */
import type { BatonEvent } from '../domain/events.js';
import { Progress } from './progress.js';
import { duration, oneLine, type Out, palette, type Palette } from './terminal.js';

const DRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;
const SAME_LINE_EVERY_MS = 60_000;
const QUIET_MS = 60_000;
const WIDE_CELLS = 24;
const NARROW_CELLS = 10;
const ROOMY_COLUMNS = 100;
/** A terminal that does not know its width says 0. */
const USUAL_COLUMNS = 80;
const MAX_MESSAGE_CHARS = 200;

export class Display {
  readonly progress = new Progress();
  private readonly paint: Palette;
  private readonly tty: boolean;
  private timer: NodeJS.Timeout | null = null;
  private barShown = false;
  private lastLine = '';
  private lastLineAt = 0;
  private lastEventAt: number;

  constructor(
    private readonly out: Out,
    colours: boolean,
    private readonly now: () => number = Date.now,
  ) {
    this.paint = palette(colours);
    this.tty = out.isTTY === true;
    this.lastEventAt = now();
  }

  start(): void {
    this.timer = setInterval(() => (this.tty ? this.draw() : this.line()), this.tty ? DRAW_EVERY_MS : LINE_EVERY_MS);
  }

  take(event: BatonEvent): void {
    this.lastEventAt = this.now();
    const failure = this.progress.take(event);
    if (event.type === 'run_planned') {
      const { files, batches, lanes, notes, suites } = event.payload;
      this.say(
        `${count(files, 'file')} in ${count(batches, 'batch', 'batches')} on ${count(lanes, 'lane')} (${suites.join(', ')})`,
      );
      for (const note of notes) this.say(this.paint.dim(`  ${oneLine(note, 300)}`));
    }
    if (event.type === 'stage_planned')
      this.say(
        this.paint.dim(`Rerunning ${count(event.payload.files, 'file')}: ${oneLine(event.payload.reason, 200)}`),
      );
    if (failure) {
      this.say(`${this.paint.red('✗')} ${oneLine(failure.file, 200)} › ${oneLine(failure.name, 300)}`);
      const first = oneLine(failure.message.trim().split('\n')[0] ?? '', MAX_MESSAGE_CHARS);
      if (first) this.say(this.paint.dim(`    ${first}`));
    }
  }

  /** A line that stays, above the bar. */
  say(text: string): void {
    this.clear();
    this.out.write(`${text}\n`);
    if (this.timer && this.tty) this.draw();
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.clear();
  }

  private draw(): void {
    const text = this.bar();
    this.out.write(`\r\u001b[2K${text}`);
    this.barShown = true;
  }

  private clear(): void {
    if (this.barShown) this.out.write('\r\u001b[2K');
    this.barShown = false;
  }

  /** A log gets a line when something has changed, and a sign of life now and then. */
  private line(): void {
    const text = this.counts().join(', ');
    if (text === this.lastLine && this.now() - this.lastLineAt < SAME_LINE_EVERY_MS) return;
    this.lastLine = text;
    this.lastLineAt = this.now();
    this.out.write(`${[...this.counts(), ...this.pace()].join(', ')}${this.quiet()}\n`);
  }

  /** A run that has stopped moving looks like one that is slow; say which it may be. */
  private quiet(): string {
    const ms = this.now() - this.lastEventAt;
    return ms > QUIET_MS ? `, nothing new for ${duration(ms)}` : '';
  }

  private bar(): string {
    const width = this.out.columns || USUAL_COLUMNS;
    const cells = width < ROOMY_COLUMNS ? NARROW_CELLS : WIDE_CELLS;
    const filled = Math.round(this.progress.fraction * cells);
    const bar = '█'.repeat(filled) + '░'.repeat(cells - filled);
    const rest = [...this.counts(), ...this.pace()];
    const room = width - cells - 3;
    // What does not fit is left out from the end: a wrapped bar cannot be redrawn.
    while (rest.length > 1 && rest.join('  ').length > room) rest.pop();
    const paint = this.progress.counts.failed > 0 ? this.paint.red : this.paint.green;
    return `${paint(bar)}  ${rest.join('  ').slice(0, Math.max(10, room))}`;
  }

  private counts(): string[] {
    const { progress } = this;
    if (progress.startedAt === null) return [progress.status];
    const { passed, failed, skipped, filesEnded } = progress.counts;
    const rerun = progress.rerun ? [`rerun ${progress.rerun.ended}/${progress.rerun.files}`] : [];
    return [
      `${passed} passed`,
      `${failed} failed`,
      `${skipped} skipped`,
      `${filesEnded}/${progress.files} files`,
      ...rerun,
    ];
  }

  private pace(): string[] {
    const { progress } = this;
    const now = this.now();
    if (progress.startedAt === null) return [];
    const left = progress.leftMs(now);
    const time = left !== null && progress.fraction < 1 ? [`${duration(left)} left`] : [];
    return [`${progress.testsPerSecond(now).toFixed(1)} tests/s`, ...time];
  }
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
