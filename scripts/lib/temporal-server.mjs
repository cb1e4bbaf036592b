/**
 * Where the Temporal server comes from, in this order: an address that is given, a program that is given or on PATH,
 * Baton's own cache, the official download, `go install`. A program is run once before it is trusted, and remembered by
 * size and time, so that a later start costs one look at the file.
 */
import { accessSync, constants, existsSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir } from './places.mjs';
import { buildTemporal } from './temporal-build.mjs';
import { downloadTemporal } from './temporal-download.mjs';
import { isFile, mustRun, trustedVersion } from './temporal-program.mjs';

export const TEMPORAL_CLI_VERSION = '1.5.1';
const DOWNLOAD_URL = 'https://temporal.download';
/** Longer than the longest build. */
const LOCK_TIMEOUT_MS = 50 * 60_000;

/**
 * @typedef {{ kind: 'address', address: string }
 *   | { kind: 'binary', path: string, version: string, from: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'go' }} TemporalSource
 * @typedef {object} LocateOptions
 * @property {import('./places.mjs').Env} env
 * @property {string} [cacheDir] default: from `env`
 * @property {(line: string) => void} [log] gets the one line about the choice
 * @property {(text: string) => void} [onProgress] what is going on, many times a second
 * @property {string} [version] of the CLI, for the cache, the download and the build
 * @property {boolean} [cachedOnly] never download or build
 */

/** Every way was tried and none gave a server. `message` lists them and says what to do. */
export class TemporalNotFound extends Error {
  /** @param {readonly string[]} tried */
  constructor(tried) {
    super(
      [
        'No Temporal server was found. Tried, in this order:',
        ...tried.map((line) => `  - ${line}`),
        'Do one of these and start again:',
        '  - connect this machine to the network, or install Go 1.23 or later (https://go.dev/dl)',
        '  - put the `temporal` program (https://temporal.io/setup/install-temporal-cli) on PATH, or its path in TEMPORAL_CLI_PATH',
        '  - set TEMPORAL_ADDRESS=host:port to use a server that runs already',
      ].join('\n'),
    );
    this.name = 'TemporalNotFound';
    this.tried = tried;
  }
}

/**
 * @param {LocateOptions} options
 * @returns {Promise<TemporalSource>} rejects with TemporalNotFound
 */
export async function locateTemporal(options) {
  const { env, log = () => {}, onProgress = () => {} } = options;
  const search = {
    env,
    onProgress,
    cache: options.cacheDir ?? cacheDir(env),
    version: options.version ?? TEMPORAL_CLI_VERSION,
  };
  const address = env['TEMPORAL_ADDRESS'];
  if (address) {
    log(`Temporal server: ${address} (TEMPORAL_ADDRESS)`);
    return { kind: 'address', address };
  }
  /** @type {string[]} */
  const tried = ['TEMPORAL_ADDRESS: not set'];
  const found = (await onThisMachine(search, tried)) ?? (options.cachedOnly ? null : await fromAfar(search, tried));
  if (!found) throw new TemporalNotFound(tried);
  log(`Temporal server: ${describe(found)}`);
  return found;
}

/** @param {Extract<TemporalSource, { kind: 'binary' }>} source */
export function describe(source) {
  const from = {
    TEMPORAL_CLI_PATH: 'TEMPORAL_CLI_PATH',
    PATH: 'found on PATH',
    cache: "from Baton's cache",
    download: 'downloaded now',
    go: 'built now with go install',
  }[source.from];
  return `${source.path}, ${source.version} (${from})`;
}

/**
 * @typedef {{ env: import('./places.mjs').Env, cache: string, version: string, onProgress: (text: string) => void }} Search
 * @typedef {Extract<TemporalSource, { kind: 'binary' }> | null} Found
 */

/** @param {Search} search @param {string[]} tried @returns {Promise<Found>} */
async function onThisMachine(search, tried) {
  const { env, cache } = search;
  const given = env['TEMPORAL_CLI_PATH'];
  if (given) {
    const found = await accept(resolve(given), 'TEMPORAL_CLI_PATH', cache, tried);
    if (found) return found;
  } else tried.push('TEMPORAL_CLI_PATH: not set');

  const onPath = lookUp('temporal', env['PATH'] ?? '');
  if (onPath) {
    const found = await accept(onPath, 'PATH', cache, tried);
    if (found) return found;
  } else tried.push('`temporal` on PATH: not there');

  const cached = cachedProgram(search);
  if (!isFile(cached)) {
    tried.push(`Baton's cache: ${cached} does not exist`);
    return null;
  }
  return accept(cached, 'cache', cache, tried);
}

/** Download, else build; one process at a time, the others wait and take what it made. @param {Search} search @param {string[]} tried @returns {Promise<Found>} */
async function fromAfar(search, tried) {
  const { env, cache, version, onProgress } = search;
  const target = cachedProgram(search);
  const lock = {
    timeoutMs: LOCK_TIMEOUT_MS,
    onWait: () => onProgress('waiting for another process that is getting it'),
  };
  return withLock(join(cache, 'temporal', `${version}.lock`), lock, async () => {
    if (isFile(target)) {
      const found = await accept(target, 'cache', cache, tried);
      if (found) return found;
    }
    sweep(dirname(target));
    const request = { version, target, env, onProgress, accept: mustRun };
    try {
      onProgress('asking for the official download');
      await downloadTemporal({ ...request, baseUrl: env['BATON_TEMPORAL_DOWNLOAD'] || DOWNLOAD_URL });
      return await accept(target, 'download', cache, tried);
    } catch (error) {
      tried.push(`official download: ${message(error)}`);
    }
    try {
      await buildTemporal(request);
      return await accept(target, 'go', cache, tried);
    } catch (error) {
      tried.push(`go install: ${message(error)}`);
    }
    return null;
  });
}

/** What a killed download or build has left; the lock says that none is under way. @param {string} dir */
function sweep(dir) {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) {
    if (name.startsWith('.build-') || name.startsWith('.download-'))
      rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** @param {Search} search */
function cachedProgram(search) {
  return join(search.cache, 'temporal', search.version, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
}

/** @param {string} path @param {'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'go'} from @param {string} cache @param {string[]} tried @returns {Promise<Found>} */
async function accept(path, from, cache, tried) {
  const label = from === 'cache' ? "Baton's cache" : from === 'PATH' ? '`temporal` on PATH' : from;
  try {
    return { kind: 'binary', path, version: await trustedVersion(path, cache), from };
  } catch (error) {
    tried.push(`${label}: ${path} ${message(error)}`);
    return null;
  }
}

/** The first executable file of that name on PATH. @param {string} name @param {string} path */
export function lookUp(name, path) {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  for (const dir of path.split(delimiter)) {
    for (const each of names) {
      const file = dir && join(dir, each);
      if (file && isFile(file) && isExecutable(file)) return file;
    }
  }
  return null;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {unknown} error */
function message(error) {
  return error instanceof Error ? error.message : String(error);
}
