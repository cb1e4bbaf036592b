/** What every artifact store must do, whatever it keeps artifacts in. */
import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { type ArtifactStore, NotFound } from '../../../domain/ports.js';

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export async function* parts(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** `age` makes everything stored so far old enough to be swept. */
export function artifactBehaviour(store: () => ArtifactStore, age: () => Promise<void> | void): void {
  it('gives bytes back by their digest, whole and in part', async () => {
    const bytes = randomBytes(300_000);
    const stored = await store().put(parts(bytes.subarray(0, 1), bytes.subarray(1, 200_000), bytes.subarray(200_000)));
    expect(stored).toEqual({ digest: digestOf(bytes), bytes: bytes.length });
    expect(Buffer.from(await store().get(stored.digest)).equals(bytes)).toBe(true);
    expect((await collect(await store().stream(stored.digest))).equals(bytes)).toBe(true);
    const part = await collect(await store().stream(stored.digest, { start: 5, end: 9 }));
    expect(part.equals(bytes.subarray(5, 10))).toBe(true);
    expect(await store().size(stored.digest)).toBe(bytes.length);
  });

  it('takes the same bytes again and at the same time; nothing at all is a file, too', async () => {
    const bytes = Buffer.from('same');
    const all = await Promise.all([1, 2, 3, 4].map(() => store().put(bytes)));
    expect(new Set(all.map((each) => each.digest))).toEqual(new Set([digestOf(bytes)]));
    expect(Buffer.from(await store().get(digestOf(bytes))).toString()).toBe('same');
    expect(await store().put(new Uint8Array())).toEqual({ digest: digestOf(new Uint8Array()), bytes: 0 });
    expect(await collect(await store().stream(digestOf(new Uint8Array())))).toEqual(Buffer.alloc(0));
  });

  it('keeps nothing of an upload that breaks off', async () => {
    const half = Buffer.from('half of it');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield half;
      throw new Error('the sender went away');
    }
    await expect(store().put(broken())).rejects.toThrow('the sender went away');
    expect(await store().size(digestOf(half))).toBeUndefined();
  });

  it('does not find what is unknown or no digest, whatever path it spells', async () => {
    const unknown = digestOf(Buffer.from('unknown'));
    await expect(store().get(unknown)).rejects.toThrow(NotFound);
    await expect(store().stream(unknown)).rejects.toThrow(NotFound);
    expect(await store().size(unknown)).toBeUndefined();
    for (const odd of ['', 'sha256:../../etc/passwd', `sha256:${'A'.repeat(64)}`, `${unknown}/..`, unknown.slice(7)])
      await expect((async () => store().get(odd))()).rejects.toThrow(NotFound);
  });

  it('sweeps what nobody names, but nothing that is fresh', async () => {
    const [kept, old] = await Promise.all(['kept one', 'an old one'].map((text) => store().put(Buffer.from(text))));
    await age();
    const fresh = await store().put(Buffer.from('fresh one'));
    expect(await store().sweep(new Set([kept!.digest]))).toBeGreaterThanOrEqual('an old one'.length);
    const sizes = await Promise.all([kept!, old!, fresh].map(({ digest }) => store().size(digest)));
    expect(sizes).toEqual(['kept one'.length, undefined, 'fresh one'.length]);
  });
}
