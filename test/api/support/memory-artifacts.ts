import { createHash } from 'node:crypto';
import type { ArtifactStore } from '../../../domain/ports.js';

export class MemoryArtifacts implements ArtifactStore {
  readonly kept = new Map<string, Buffer>();

  async put(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ digest: string; bytes: number }> {
    const chunks: Uint8Array[] = [];
    if (bytes instanceof Uint8Array) chunks.push(bytes);
    else for await (const chunk of bytes) chunks.push(chunk);
    const all = Buffer.concat(chunks);
    const digest = `sha256:${createHash('sha256').update(all).digest('hex')}`;
    this.kept.set(digest, all);
    return { digest, bytes: all.length };
  }

  async get(digest: string): Promise<Uint8Array> {
    const bytes = this.kept.get(digest);
    if (!bytes) throw new Error(`no ${digest}`);
    return bytes;
  }

  async stream(digest: string, range?: { start: number; end: number }): Promise<AsyncIterable<Uint8Array>> {
    const bytes = Buffer.from(await this.get(digest));
    return (async function* () {
      yield range ? bytes.subarray(range.start, range.end + 1) : bytes;
    })();
  }

  async size(digest: string): Promise<number | undefined> {
    return this.kept.get(digest)?.length;
  }

  async sweep(): Promise<number> {
    return 0;
  }
}
