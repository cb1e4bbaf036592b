/** Every fault point there is: the methods of each port, as the objects themselves list them, and the routes of the API. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { diskArtifacts } from '../../adapters/artifacts/disk.js';
import { httpRunnerApi } from '../../adapters/http/runner-api.js';
import { temporalEngine } from '../../api/engine/temporal-engine.js';
import { PACKAGE_ROOT } from '../../config/package.js';
import { openTestLedger } from '../support/ledger.js';

export async function allPoints(): Promise<string[]> {
  const { ledger, dataDir, close } = await openTestLedger();
  try {
    return [
      ...methods('ledger', ledger),
      ...methods('artifacts', diskArtifacts(join(dataDir, 'artifacts'))),
      ...methods('engine', temporalEngine({ client: {} as Client, namespace: '', webUi: undefined, host: '' })),
      ...methods('runner', httpRunnerApi({ baseUrl: 'http://127.0.0.1:1', token: '' })),
      ...routes(),
    ];
  } finally {
    await close();
  }
}

function methods(name: string, port: object): string[] {
  return Object.entries(port).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'function'
      ? [`${name}.${key}`]
      : typeof value === 'object' && value !== null
        ? methods(`${name}.${key}`, value)
        : [],
  );
}

/** The table that a test compares with the router: a new route is in it or turns that test red. */
function routes(): string[] {
  const table = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'test/api/route-roles.json'), 'utf8')) as object;
  return Object.keys(table)
    .filter((route) => !route.startsWith('WS '))
    .map((route) => `http.${route}`);
}
