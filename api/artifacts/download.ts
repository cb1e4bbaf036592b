/**
 * Files that test runs left behind are strangers' files: they leave as attachments, with a media type that is only a
 * hint, and are never shown as a page of ours. The one exception is our own HTML report, in a sandbox without origin.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SCRIPT_SHA256 } from '../../domain/report/html-assets.js';
import type { ArtifactRef, ArtifactStore } from '../../domain/ports.js';
import { header, type Req, type Res } from '../common/http.js';
import { ApiProblem, notFound } from '../common/problem.js';
import { type ByteRange, parseRange } from './range.js';

const MEDIA_TYPE = /^[a-z]+\/[\w.+-]+(; ?charset=[\w-]+)?$/i;
/** No origin of ours, no network, and of all scripts only the report's own (an older report shows itself without). */
const SANDBOX = `sandbox allow-scripts; default-src 'none'; script-src '${SCRIPT_SHA256}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export interface Download {
  readonly artifact: ArtifactRef;
  readonly inline: boolean;
}

export async function sendArtifact(
  store: ArtifactStore,
  { artifact, inline }: Download,
  req: Req,
  res: Res,
): Promise<void> {
  const size = await store.size(artifact.digest);
  if (size === undefined) throw notFound(`The content of ${artifact.name} is no longer kept.`);
  const etag = `"${artifact.digest}"`;
  describe(res, artifact, etag, inline);
  if (matches(header(req, 'if-none-match'), etag)) {
    res.statusCode = 304;
    res.end();
    return;
  }
  const range = wantedRange(req, size, etag);
  res.statusCode = range ? 206 : 200;
  if (range) res.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
  res.setHeader('Content-Length', range ? range.end - range.start + 1 : size);
  await sendBody(store, artifact.digest, range, req, res);
}

function describe(res: Res, artifact: ArtifactRef, etag: string, inline: boolean): void {
  res.setHeader('Content-Type', MEDIA_TYPE.test(artifact.mediaType) ? artifact.mediaType : 'application/octet-stream');
  res.setHeader('Content-Disposition', `${inline ? 'inline' : 'attachment'}; ${fileNames(artifact.name)}`);
  res.setHeader('Content-Security-Policy', inline ? SANDBOX : "sandbox; default-src 'none'");
  res.setHeader('ETag', etag);
  res.setHeader('Accept-Ranges', 'bytes');
  // The name may get other content, the digest says whether it did.
  res.setHeader('Cache-Control', 'private, no-cache');
}

/** RFC 6266: a plain name for all, the exact one in UTF-8 for who understands it. */
function fileNames(name: string): string {
  const last = name.split('/').at(-1) ?? 'artifact';
  const ascii = last.replace(/[^\w.@+=,~ -]/g, '_');
  const utf8 = encodeURIComponent(last.toWellFormed()).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `filename="${ascii}"; filename*=UTF-8''${utf8}`;
}

function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return condition.trim() === '*' || condition.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}

function wantedRange(req: Req, size: number, etag: string): ByteRange | undefined {
  const ifRange = header(req, 'if-range');
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  const range = parseRange(header(req, 'range'), size);
  if (range !== 'unsatisfiable') return range;
  throw new ApiProblem(416, 'range-not-satisfiable', `The artifact has ${size} bytes.`, {
    headers: { 'Content-Range': `bytes */${size}` },
  });
}

async function sendBody(
  store: ArtifactStore,
  digest: string,
  range: ByteRange | undefined,
  req: Req,
  res: Res,
): Promise<void> {
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  const bytes = Readable.from(await store.stream(digest, range), { objectMode: false });
  try {
    await pipeline(bytes, res);
  } catch (error) {
    // Somebody who closes the page in the middle of a download is no failure of ours.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
  }
}
