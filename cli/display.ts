/** Shows a run while it goes: a bar that is redrawn on a terminal, a line every few seconds elsewhere, failures at once. */
import type { BatonEvent } from '../domain/events.js';
import { Progress } from './progress.js';
import { duration, oneLine, type Out, palette, type Palette } from './terminal.js';

const DRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;
const BAR_CELLS = 24;
/** A terminal that does not know its width says 0. */
const USUAL_COLUMNS = 80;
const MAX_MESSAGE_CHARS = 200;

export class Display {
  readonly progress = new Progress();
  private readonly paint: Palette;
  private readonly tty: boolean;
  private timer: NodeJS.Timeout | null = null;
  private barShown = false;

  constructor(
    private readonly out: Out,
    colours: boolean,
    private readonly now: () => number = Date.now,
  ) {
    this.paint = palette(colours);
    this.tty = out.isTTY === true;
  }

  start(): void {
    this.timer = setInterval(() => (this.tty ? this.draw() : this.line()), this.tty ? DRAW_EVERY_MS : LINE_EVERY_MS);
  }

  take(event: BatonEvent): void {
    const failure = this.progress.take(event);
    if (event.type === 'run_planned') {
      const { files, batches, lanes, notes, suites } = event.payload;
      this.say(`${count(files, 'file')} in ${count(batches, 'batch', 'batches')} on ${count(lanes, 'lane')} (${suites.join(', ')})`);
      for (const note of notes) this.say(this.paint.dim(`  ${oneLine(note, 300)}`));
    }
    if (event.type === 'stage_planned') this.say(this.paint.dim(`Rerunning ${count(event.payload.files, 'file')}: ${oneLine(event.payload.reason, 200)}`));
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

  private line(): void {
    this.out.write(`${this.summary().join(', ')}\n`);
  }

  private bar(): string {
    const width = this.out.columns || USUAL_COLUMNS;
    const filled = Math.round(this.progress.fraction * BAR_CELLS);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
    const rest = this.summary();
    // What does not fit is left out from the end: a wrapped bar cannot be redrawn.
    while (rest.length > 1 && BAR_CELLS + 3 + rest.join('  ').length > width - 1) rest.pop();
    const [first = '', ...others] = rest;
    const failed = this.progress.counts.failed > 0;
    return `${failed ? this.paint.red(bar) : this.paint.green(bar)}  ${[first, ...others].join('  ').slice(0, Math.max(10, width - BAR_CELLS - 4))}`;
  }

  private summary(): string[] {
    const { progress } = this;
    if (progress.startedAt === null) return [progress.status];
    const { passed, failed, skipped, filesEnded } = progress.counts;
    const parts = [`${passed} passed`, `${failed} failed`, `${skipped} skipped`, `${filesEnded}/${progress.files} files`];
    if (progress.rerun) parts.push(`rerun ${progress.rerun.ended}/${progress.rerun.files}`);
    parts.push(`${progress.testsPerSecond(this.now()).toFixed(1)} tests/s`);
    const left = progress.leftMs(this.now());
    if (left !== null && progress.fraction < 1) parts.push(`${duration(left)} left`);
    return parts;
  }
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
