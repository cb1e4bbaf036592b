/** The official download of the Temporal CLI: a small JSON document names the archive and the file to take out of it. */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommand } from './run-command.mjs';

/** An offline machine must move on quickly to the next way of getting the server. */
const ANSWER_TIMEOUT_MS = 5_000;
/** A connection that has stopped giving bytes. */
const STALL_TIMEOUT_MS = 20_000;
const EXTRACT_TIMEOUT_MS = 120_000;
const MAX_ARCHIVE_BYTES = 1024 * 1024 * 1024;

const PLATFORMS = /** @type {Record<string, string>} */ ({ linux: 'linux', darwin: 'darwin', win32: 'windows' });
const ARCHITECTURES = /** @type {Record<string, string>} */ ({ x64: 'amd64', arm64: 'arm64' });

/**
 * Downloads and unpacks the program to `target`. Nothing is at `target` before it is complete and `accept` has agreed.
 * @param {{ baseUrl: string, version: string, target: string, accept: (file: string) => Promise<void>, onProgress: (text: string) => void }} request
 * @returns {Promise<void>} rejects with one phrase that says what failed
 */
export async function downloadTemporal(request) {
  const info = await askForArchive(request.baseUrl, request.version);
  await mkdir(dirname(request.target), { recursive: true });
  const work = await mkdtemp(join(dirname(request.target), '.download-'));
  try {
    const archive = join(work, info.archiveUrl.pathname.endsWith('.zip') ? 'archive.zip' : 'archive.tar.gz');
    await fetchTo(info.archiveUrl, archive, request.onProgress);
    request.onProgress('unpacking');
    const file = await extract(archive, info.fileToExtract, work);
    await chmod(file, 0o755);
    await request.accept(file);
    await rename(file, request.target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {string} baseUrl @param {string} version */
async function askForArchive(baseUrl, version) {
  const platform = PLATFORMS[process.platform];
  const arch = ARCHITECTURES[process.arch];
  if (!platform || !arch) throw new Error(`there is no official build for ${process.platform} ${process.arch}`);
  const url = new URL(`cli/v${version}`, baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
  url.search = new URLSearchParams({ platform, arch, format: platform === 'windows' ? 'zip' : 'tar.gz' }).toString();
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch((error) => {
    throw new Error(unreachable(url.host, error));
  });
  if (!response.ok) throw new Error(`${url.host} answered ${response.status} for version ${version}`);
  /** @type {unknown} */
  const body = await response.json().catch(() => null);
  const info = /** @type {{ archiveUrl?: unknown, fileToExtract?: unknown } | null} */ (body);
  if (
    typeof info?.archiveUrl !== 'string' ||
    typeof info.fileToExtract !== 'string' ||
    !URL.canParse(info.archiveUrl)
  ) {
    throw new Error(`${url.host} did not answer with archiveUrl and fileToExtract`);
  }
  return { archiveUrl: new URL(info.archiveUrl), fileToExtract: info.fileToExtract };
}

/** @param {URL} url @param {string} file @param {(text: string) => void} onProgress */
async function fetchTo(url, file, onProgress) {
  const stop = new AbortController();
  let stall = setTimeout(() => stop.abort(new Error('stalled')), ANSWER_TIMEOUT_MS);
  let bytes = 0;
  let answered = false;
  try {
    const response = await fetch(url, { signal: stop.signal });
    answered = true;
    if (!response.ok || !response.body) throw new Error(`its server answered ${response.status}`);
    const total = Number(response.headers.get('content-length')) || 0;
    const meter = new Transform({
      transform(chunk, _encoding, done) {
        clearTimeout(stall);
        stall = setTimeout(() => stop.abort(new Error('stalled')), STALL_TIMEOUT_MS);
        bytes += chunk.length;
        if (bytes > MAX_ARCHIVE_BYTES) return done(new Error('the archive is larger than 1 GiB'));
        onProgress(`downloading ${megabytes(bytes)}${total ? ` of ${megabytes(total)}` : ''}`);
        done(null, chunk);
      },
    });
    await pipeline(
      Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (response.body)),
      meter,
      createWriteStream(file),
    );
    if (total && bytes !== total) throw new Error(`the archive is cut: ${bytes} of ${total} bytes`);
  } catch (error) {
    throw new Error(
      answered ? `the archive broke off after ${megabytes(bytes)} (${reason(error)})` : unreachable(url.host, error),
    );
  } finally {
    clearTimeout(stall);
  }
}

/** @param {string} archive @param {string} member @param {string} work */
async function extract(archive, member, work) {
  const to = join(work, 'unpacked');
  await mkdir(to);
  // The system's tar reads both forms where it is bsdtar (macOS, Windows 10 and later); elsewhere archives are tar.gz.
  const result = await runCommand('tar', ['-xf', archive, '-C', to], { timeoutMs: EXTRACT_TIMEOUT_MS });
  if (result.code !== 0) {
    const said = result.stderr.trim().split('\n')[0];
    throw new Error(`the archive could not be unpacked: ${result.problem ?? said ?? `tar ended with ${result.code}`}`);
  }
  const file = resolve(to, member);
  if (!file.startsWith(to + sep)) throw new Error(`the archive names a file outside of itself: ${member}`);
  return file;
}

/** @param {string} host @param {unknown} error */
function unreachable(host, error) {
  return `${host} could not be reached (${reason(error)})`;
}

/** @param {unknown} error */
function reason(error) {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError' || error.message === 'stalled') return 'no answer in time';
  const cause = /** @type {NodeJS.ErrnoException | undefined} */ (error.cause);
  return cause?.code ?? cause?.message ?? error.message;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
