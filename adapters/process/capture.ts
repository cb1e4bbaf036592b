/** Takes what a caged process prints: masks it, keeps it bounded, counts it, and says when it is too much or fits nowhere. */
import { closeSync, openSync } from 'node:fs';
import type { CageRequest } from '../../domain/runner-ports.js';
import { Masker } from './masker.js';
import { BoundedOutput, writeAll } from './output.js';
import type { OutputPipe } from './pipes.js';

const MIB = 1024 * 1024;

interface Stream {
  readonly masker: Masker;
  /** Descriptor of the file that gets the whole stream, where one is wanted. */
  readonly fd: number | null;
}

export class Capture {
  readonly #bounded: BoundedOutput;
  readonly #streams: { out: Stream; err: Stream };
  readonly #maxBytes: number;
  readonly #onLimit: (reason: 'output' | 'disk') => void;
  readonly #onSign: () => void;
  #bytes = 0;
  #stopped = false;

  /** Throws when a file cannot be opened. */
  constructor(request: CageRequest, onLimit: (reason: 'output' | 'disk') => void, onSign: () => void) {
    const stream = (path: string | undefined): Stream => ({
      masker: new Masker(request.secrets ?? []),
      fd: path === undefined ? null : openSync(path, 'a', 0o600),
    });
    this.#bounded = new BoundedOutput(request.outputFile);
    this.#streams = { out: stream(request.stdoutFile), err: stream(request.stderrFile) };
    this.#maxBytes = request.limits.outputMb * MIB;
    this.#onLimit = onLimit;
    this.#onSign = onSign;
  }

  /** Bytes printed, before masking. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reads a pipe until every process has closed it. */
  read(name: 'out' | 'err', pipe: OutputPipe): Promise<void> {
    return new Promise((resolve) => {
      pipe.read.on('data', (chunk: Buffer) => this.#take(name, chunk));
      pipe.read.once('close', () => resolve());
      pipe.read.once('error', () => resolve()); // a pipe cannot fail in a way that says more than its end
    });
  }

  /** Writes what was held back and closes the files. */
  end(): void {
    for (const stream of [this.#streams.out, this.#streams.err]) {
      this.#store(stream, stream.masker.end());
      if (stream.fd !== null) closeSync(stream.fd);
    }
    this.#bounded.end();
  }

  #take(name: 'out' | 'err', chunk: Buffer): void {
    this.#onSign();
    const room = this.#maxBytes - this.#bytes;
    this.#bytes += chunk.length;
    // After a limit the rest is read and dropped, so that a process never hangs on a full pipe while it is ended.
    if (this.#stopped) return;
    this.#store(this.#streams[name], this.#streams[name].masker.push(chunk.subarray(0, Math.max(0, room))));
    if (chunk.length > room) this.#stop('output');
  }

  #store(stream: Stream, bytes: Buffer): void {
    if (bytes.length === 0) return;
    const kept = this.#bounded.write(bytes);
    const whole = stream.fd === null || writeAll(stream.fd, bytes);
    if (!kept || !whole) this.#stop('disk');
  }

  #stop(reason: 'output' | 'disk'): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#onLimit(reason);
  }
}
