/** The Temporal server: where it is, and with `--deep` whether it really starts and serves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateTemporal, describe, type TemporalSource } from '../../scripts/lib/temporal-server.mjs';
import { temporalHealth } from '../../workers/stack/grpc-health.js';
import { LogFile } from '../../workers/stack/log-file.js';
import { RunningPart } from '../../workers/stack/part.js';
import { freePort } from '../../workers/stack/ports.js';
import { temporalPart } from '../../workers/stack/temporal-part.js';
import { type Check, missing, ok } from './check.js';

const NAME = 'Temporal server';
const ANSWER_TIMEOUT_MS = 5_000;
const START_TIMEOUT_MS = 60_000;
type Env = Readonly<Record<string, string | undefined>>;

export async function temporalCheck(env: Env, deep: boolean): Promise<Check> {
  try {
    // The doctor looks; it does not fetch 200 MB.
    const found = await locateTemporal({ env, cachedOnly: true });
    if (found.kind === 'address') return await addressCheck(found.address);
    return deep ? await startCheck(found, env) : ok(NAME, describe(found));
  } catch (error) {
    const tried = (error as { tried?: readonly string[] }).tried?.join('; ') ?? String(error);
    return missing(
      NAME,
      tried,
      '`npm start` gets it: by download, or with Go 1.23 or later by building it once (about 3 minutes)',
    );
  }
}

async function addressCheck(address: string): Promise<Check> {
  const problem = await temporalHealth(address, ANSWER_TIMEOUT_MS);
  if (problem === null) return ok(NAME, `${address} serves (TEMPORAL_ADDRESS)`);
  return missing(
    NAME,
    `${address} ${problem} (TEMPORAL_ADDRESS)`,
    'start that server, or unset TEMPORAL_ADDRESS to use the embedded one',
  );
}

async function startCheck(found: Extract<TemporalSource, { kind: 'binary' }>, env: Env): Promise<Check> {
  const dir = mkdtempSync(join(tmpdir(), 'baton-doctor-'));
  const host = '127.0.0.1';
  const log = new LogFile(join(dir, 'temporal.log'));
  const ports = { port: await freePort(host), uiPort: await freePort(host) };
  const plan = temporalPart({
    path: found.path,
    host,
    ...ports,
    namespace: 'default',
    dbFile: join(dir, 'temporal.db'),
    log,
    env,
    startTimeoutMs: START_TIMEOUT_MS,
  });
  const part = new RunningPart(
    plan,
    () => {},
    () => {},
  );
  try {
    await part.start();
    return ok(NAME, `${describe(found)}; started and served after ${part.readyMs} ms`);
  } catch (error) {
    return missing(
      NAME,
      error instanceof Error ? error.message : String(error),
      `remove ${found.path} and run \`npm start\`, or set TEMPORAL_CLI_PATH`,
    );
  } finally {
    await part.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
