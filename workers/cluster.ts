/** `npm run cluster`: the server shape as processes, until Ctrl-C. `--json` prints the manifest on one line when all is ready. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSettings } from '../config/config.js';
import { createBoard } from '../scripts/lib/board.mjs';
import { CLUSTER_PROGRAMS, goProgram } from '../scripts/lib/go-program.mjs';
import { startCluster } from './stack/cluster/cluster.js';
import { clusterManifestFile } from './stack/cluster/manifest.js';
import { StackProblem } from './stack/problem.js';

const USAGE = `Usage: npm run cluster -- [options]
  --home DIR       data of all parts (default: /var/tmp/baton-cluster as root, else $BATON_HOME/cluster)
  --runners N      runner processes (default: as in docker-compose.temporal.yml)
  --controls N     control workers (default: as in docker-compose.temporal.yml)
  --no-restart     leave dead parts down, for tools that start them again themselves
  --build          only build the programs it needs, then end
  --json           print the manifest when everything is ready
`;

const say = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);

async function main(): Promise<number> {
  const flags = options();
  if (flags.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { environment: env, home } = readSettings();
  const board = createBoard(process.stderr);
  const built = async (name: keyof typeof CLUSTER_PROGRAMS): Promise<string> => {
    const line = board.line(name);
    try {
      const file = await goProgram(CLUSTER_PROGRAMS[name], { env, onProgress: line.update });
      line.done();
      return file;
    } catch (error) {
      line.fail('could not be had');
      throw error;
    }
  };
  // One after the other: each build uses all cores, and the tool's packages are the server's.
  const programs = { server: await built('server'), sql: await built('sql'), versitygw: await built('versitygw') };
  if (flags.build) return 0;
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
  const cluster = await startCluster({
    home: flags.home ?? (process.getuid?.() === 0 ? '/var/tmp/baton-cluster' : join(home, 'cluster')),
    env,
    programs,
    runners: flags.runners,
    controls: flags.controls,
    restarts: !flags['no-restart'],
    say,
  });
  const manifest = cluster.manifest();
  say(`ready after ${(manifest.readyMs / 1000).toFixed(1)} s: ${manifest.parts.map((part) => part.name).join(', ')}`);
  if (flags.json) process.stdout.write(`${JSON.stringify(manifest)}\n`);
  else
    process.stdout.write(
      `Manifest: ${clusterManifestFile(manifest.data.home)}\nTry:      BATON_API_URL=${manifest.apis.join(',')} BATON_API_KEY=${manifest.apiKey} node scripts/baton.mjs run examples/checkout\nCtrl-C ends everything.\n`,
    );
  const alive = setInterval(() => {}, 60_000);
  await asked;
  clearInterval(alive);
  say('stopping');
  await cluster.stop();
  return 0;
}

function options() {
  const number = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    if (!/^\d{1,2}$/.test(text) || text === '0') throw new StackProblem(`${text} is no number from 1 to 99.`, true);
    return Number(text);
  };
  try {
    const { values } = parseArgs({
      options: {
        home: { type: 'string' },
        runners: { type: 'string' },
        controls: { type: 'string' },
        'no-restart': { type: 'boolean' },
        build: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return { ...values, runners: number(values.runners), controls: number(values.controls) };
  } catch (error) {
    throw new StackProblem(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`, true);
  }
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof StackProblem && error.usage ? 2 : 3;
});
process.exit();
