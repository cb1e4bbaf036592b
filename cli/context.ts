/** What every command gets: settings, places and the way to the API. Tests pass their own. */
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

/** A key for the API: given for this command, or one of those the stack itself was configured with. */
export function apiKey(settings: Settings): string | undefined {
  return settings.environment['BATON_API_KEY'] || settings.apiKeys.find((each) => each.role !== 'viewer')?.key;
}
