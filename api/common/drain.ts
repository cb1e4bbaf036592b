import type { Req } from './http.js';

const MOST_BYTES = 8 * 1024 * 1024;
const MOST_MS = 2000;

/**
 * Reads and drops what a refused request still sends, up to a limit. A connection that is closed while its client
 * writes is reset, and the client sees a lost connection where it should see the refusal.
 */
export function unread(req: Req): Promise<void> {
  if (req.complete || req.readableEnded || req.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const done = (): void => {
      clearTimeout(timer);
      req.off('data', count).off('end', done).off('close', done).off('error', done);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) done();
    };
    const timer = setTimeout(done, MOST_MS);
    req.on('data', count).once('end', done).once('close', done).once('error', done);
    req.resume();
  });
}
