/**
 * Artifacts in an S3-compatible store, by content: `prefix/<first two digits>/<digest>`. What is stored is spooled to a
 * local file first, because its name is known only at its end; so a sender that breaks off leaves nothing behind. The
 * store checks each upload against a checksum, and everything that is read whole is checked against its name here.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { ProjectProblem } from '../../domain/failures.js';
import { type ArtifactStore, NotFound } from '../../domain/ports.js';
import { uploadInParts } from './s3-multipart.js';

export interface S3Options {
  readonly bucket: string;
  readonly prefix: string;
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Larger files go up in parts of this size. S3 wants at least 5 MiB. */
  readonly partBytes?: number;
  /** Nothing younger is swept: the ledger may not have named it yet. */
  readonly freshMs?: number;
}

const DIGEST = /^sha256:([0-9a-f]{64})$/;
const PART_BYTES = 8 * 1024 * 1024;
const FRESH_MS = 3_600_000;
const MOST_TRIES = 6;
const DELETE_AT_ONCE = 1000;

export interface Place {
  readonly client: S3Client;
  readonly bucket: string;
}

/** Makes the bucket when there is none and the key may. Throws `ProjectProblem('StoreUnavailable')` when the store cannot be used. */
export async function s3Artifacts(options: S3Options): Promise<ArtifactStore> {
  const client = new S3Client({
    region: options.region,
    credentials: { accessKeyId: options.accessKey, secretAccessKey: options.secretKey },
    // Stores other than Amazon's are reached by one host name for all buckets.
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
    maxAttempts: MOST_TRIES,
    // What is read whole is checked against its name here, also where the store kept no checksum.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const store = new S3Store({ client, bucket: options.bucket }, options);
  await store.prepare();
  return store;
}

class S3Store implements ArtifactStore {
  constructor(
    private readonly place: Place,
    private readonly options: S3Options,
  ) {}

  async prepare(): Promise<void> {
    const Bucket = this.place.bucket;
    await this.named(async () => {
      if ((await this.known(() => this.place.client.send(new HeadBucketCommand({ Bucket })))) !== undefined) return;
      await this.place.client.send(new CreateBucketCommand({ Bucket })).catch((error: unknown) => {
        // Another process that starts at the same time was faster.
        if (!(error instanceof S3ServiceException) || !/^BucketAlready/.test(error.name)) throw error;
      });
    });
  }

  async put(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ digest: string; bytes: number }> {
    const dir = await mkdtemp(join(tmpdir(), 'baton-upload-'));
    const path = join(dir, randomUUID());
    try {
      const { hash, size } = await spool(path, bytes);
      const digest = `sha256:${hash.toString('hex')}`;
      // The same name means the same bytes: a second delivery has nothing to add.
      if ((await this.size(digest)) === size) return { digest, bytes: size };
      await this.named(() => this.upload(path, this.keyOf(digest), size, hash));
      return { digest, bytes: size };
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  private async upload(path: string, key: string, size: number, hash: Buffer): Promise<void> {
    const file = await open(path, 'r');
    try {
      const partBytes = this.options.partBytes ?? PART_BYTES;
      if (size > partBytes) return await uploadInParts(this.place, key, file, size, partBytes);
      await this.place.client.send(
        new PutObjectCommand({
          Bucket: this.place.bucket,
          Key: key,
          Body: await readPart(file, 0, size),
          ChecksumSHA256: hash.toString('base64'),
        }),
      );
    } finally {
      await file.close();
    }
  }

  async get(digest: string): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.stream(digest)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async stream(digest: string, range?: { start: number; end: number }): Promise<AsyncIterable<Uint8Array>> {
    const Key = this.keyOf(digest);
    const answer = await this.named(() =>
      this.known(() =>
        this.place.client.send(
          new GetObjectCommand({
            Bucket: this.place.bucket,
            Key,
            ...(range && { Range: `bytes=${range.start}-${range.end}` }),
          }),
        ),
      ),
    );
    if (!answer?.Body) throw missing(digest);
    const body = answer.Body as unknown as AsyncIterable<Uint8Array>;
    return range ? body : verified(body, digest);
  }

  async size(digest: string): Promise<number | undefined> {
    const Key = this.keyOf(digest);
    const head = await this.named(() =>
      this.known(() => this.place.client.send(new HeadObjectCommand({ Bucket: this.place.bucket, Key }))),
    );
    return head?.ContentLength;
  }

  async sweep(keep: ReadonlySet<string>): Promise<number> {
    let freed = 0;
    let after: string | undefined;
    do {
      const page = await this.named(() =>
        this.place.client.send(
          new ListObjectsV2Command({
            Bucket: this.place.bucket,
            Prefix: this.root,
            MaxKeys: DELETE_AT_ONCE,
            ...(after === undefined ? {} : { ContinuationToken: after }),
          }),
        ),
      );
      const old = (page.Contents ?? []).filter((each) => this.mayGo(each.Key ?? '', each.LastModified, keep));
      await this.remove(old.map((each) => each.Key ?? ''));
      freed += old.reduce((sum, each) => sum + (each.Size ?? 0), 0);
      after = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (after !== undefined);
    return freed;
  }

  /** What was stored a moment ago may not have been named in the ledger yet: it is left for the next sweep. */
  private mayGo(key: string, changed: Date | undefined, keep: ReadonlySet<string>): boolean {
    const digest = `sha256:${key.slice(key.lastIndexOf('/') + 1)}`;
    const ours = DIGEST.test(digest) && key === this.keyOf(digest);
    if (!ours || keep.has(digest) || !changed) return false;
    return Date.now() - changed.getTime() > (this.options.freshMs ?? FRESH_MS);
  }

  private async remove(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
    const { Errors } = await this.named(() =>
      this.place.client.send(new DeleteObjectsCommand({ Bucket: this.place.bucket, Delete })),
    );
    const [first] = Errors ?? [];
    if (first) throw new ProjectProblem('StoreUnavailable', `${first.Key} could not be deleted: ${first.Message}.`);
  }

  private keyOf(digest: string): string {
    const hex = DIGEST.exec(digest)?.[1];
    if (hex === undefined)
      throw new NotFound(
        `${JSON.stringify(digest.slice(0, 100))} is no digest: expected "sha256:" and 64 hexadecimal digits`,
      );
    return `${this.root}${hex.slice(0, 2)}/${hex}`;
  }

  private get root(): string {
    return this.options.prefix === '' ? '' : `${this.options.prefix}/`;
  }

  /** Undefined for what is not there. */
  private async known<T>(look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
      throw error;
    }
  }

  private async named<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new ProjectProblem(
        'StoreUnavailable',
        `The artifact store at ${this.options.endpoint ?? `S3 in ${this.options.region}`}, bucket ${this.place.bucket}, refuses or does not answer (${why}). Check BATON_ARTIFACTS and its keys.`,
      );
    }
  }
}

const missing = (digest: string): NotFound =>
  new NotFound(`no artifact has the digest ${digest}: it was removed by retention or never stored here`);

async function spool(
  path: string,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<{ hash: Buffer; size: number }> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  let size = 0;
  try {
    for await (const part of bytes instanceof Uint8Array ? [bytes] : bytes) {
      hash.update(part);
      size += part.byteLength;
      await file.appendFile(part);
    }
  } finally {
    await file.close();
  }
  return { hash: hash.digest(), size };
}

export async function readPart(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const part = Buffer.alloc(bytes);
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await file.read(part, done, bytes - done, at + done);
    if (bytesRead === 0) throw new Error('the spooled file is shorter than it was');
    done += bytesRead;
  }
  return part;
}

/** The last chunk is held back until the whole is known to be right: a reader never ends well with wrong bytes. */
async function* verified(body: AsyncIterable<Uint8Array>, digest: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let held: Uint8Array | undefined;
  for await (const chunk of body) {
    hash.update(chunk);
    if (held) yield held;
    held = chunk;
  }
  if (`sha256:${hash.digest('hex')}` !== digest)
    throw new ProjectProblem(
      'StoreUnavailable',
      `The artifact ${digest} was changed in the store: its bytes have another digest.`,
    );
  if (held) yield held;
}
