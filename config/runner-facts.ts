/** What a runner says of itself when it registers. */
import { randomUUID } from 'node:crypto';
import { availableParallelism, totalmem } from 'node:os';
import type { RunnerFacts } from '../activities/pool/membership.js';
import type { Settings } from './config.js';
import { VERSION } from './package.js';
import type { ProjectTools } from './project.js';

const MIB = 1024 * 1024;

export const runnerFacts = (settings: Settings, tools: ProjectTools): RunnerFacts => ({
  name: settings.runnerName,
  instance: randomUUID(),
  host: settings.machine,
  pid: process.pid,
  version: VERSION,
  labels: [...settings.runner.labels],
  memoryMb: settings.runner.memoryMb || Math.floor(totalmem() / MIB),
  cpus: settings.runner.cpus || availableParallelism(),
  slots: settings.runner.slots,
  capabilities: tools.adapters.map((adapter) => adapter.name),
});
