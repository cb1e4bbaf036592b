/** What every command gets: settings, places and the way to the API. Tests pass their own. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../config/config.js';
import type { Client } from './client.js';
import type { Examination } from './doctor/project.js';
import type { Out } from './terminal.js';

export interface Context {
  readonly settings: Settings;
  /** Where relative paths begin. */
  readonly cwd: string;
  readonly stdout: Out;
  readonly stderr: Out;
  /** The installation: where `examples/` is. */
  readonly root: string;
  connect(url: string, key: string | undefined): Client;
  /** Detects the suites of a project and runs each framework once. */
  examine(dir: string): Promise<Examination>;
}

/** The nearest directory above that has Baton's package.json: the same from `cli/` and from `dist/cli/`. */
export function installationRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json')) && dirname(dir) !== dir) dir = dirname(dir);
  return dir;
}

/** A key for the API: given for this command, or one of those the stack itself was configured with. */
export function apiKey(settings: Settings): string | undefined {
  return settings.environment['BATON_API_KEY'] || settings.apiKeys.find((each) => each.role !== 'viewer')?.key;
}
