import { clip } from '../../domain/clip.js';

/** Characters of captured output kept for one test: enough to see what happened, too little to fill a database. */
export const MAX_OUTPUT_CHARS = 16 * 1024;

/**
 * Text that grows without growing in memory: the beginning and the end are kept, what was dropped between them is said
 * in one line. Tools may print gigabytes; a reader must survive that.
 */
export class BoundedText {
  private head = '';
  private tail = '';
  private dropped = 0;

  constructor(private readonly maxChars = MAX_OUTPUT_CHARS) {}

  add(text: string): void {
    const half = this.maxChars / 2;
    const room = half - this.head.length;
    if (room > 0) this.head += text.slice(0, room);
    if (text.length <= room) return;
    this.tail += text.slice(Math.max(0, room));
    if (this.tail.length <= 2 * half) return;
    this.dropped += this.tail.length - half;
    this.tail = this.tail.slice(-half);
  }

  get empty(): boolean {
    return this.head === '';
  }

  toString(): string {
    if (this.dropped > 0) return `${this.head}\n… ${this.dropped} characters cut …\n${this.tail}`;
    return clip(this.head + this.tail, this.maxChars);
  }
}
