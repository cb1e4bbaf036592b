/** The `monitoring` section, read again when its file changes: a change needs no restart. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { invalid } from '../adapters/project/yaml-file.js';
import { Monitoring } from '../domain/monitoring/monitoring.schema.js';
import { complaintsOf } from '../domain/monitoring/settings.js';
import type { Settings } from './config.js';
import { readInstallation } from './installation.js';
import type { Log } from './log.js';

export interface MonitoringSettings {
  readonly settings: Monitoring;
  /** Whether somebody has written the section: without it values are collected, and nobody is told or tested. */
  readonly written: boolean;
}

export interface MonitoringFile {
  readonly now: MonitoringSettings;
  /** Looks whether the file has changed. True when something is different; a file that is wrong is told, and the old settings stay. */
  look(): boolean;
}

/** Throws `ConfigInvalid` at the first reading. `check` throws when settings cannot be used. */
export function monitoringFile(
  settings: Pick<Settings, 'home' | 'configFile'>,
  first: Monitoring | undefined,
  check: (given: MonitoringSettings) => void,
  log: Log,
): MonitoringFile {
  const path = settings.configFile ?? join(settings.home, 'config.yaml');
  let now = usable(first, check);
  let mark = markOf(path);
  return {
    get now() {
      return now;
    },
    look() {
      const seen = markOf(path);
      if (seen === mark) return false;
      mark = seen;
      try {
        const next = usable(readInstallation(settings).monitoring, check);
        if (JSON.stringify(next) === JSON.stringify(now)) return false;
        now = next;
        log.info({ path }, 'settings of monitoring were read again');
        return true;
      } catch (error) {
        log.warn({ err: error, path }, 'the settings cannot be used; monitoring goes on with those before');
        return false;
      }
    },
  };
}

function usable(section: Monitoring | undefined, check: (given: MonitoringSettings) => void): MonitoringSettings {
  const given = { settings: section ?? Monitoring.parse({}), written: section !== undefined };
  const complaints = complaintsOf(given.settings);
  if (complaints.length > 0) throw invalid(complaints.join('\n'));
  check(given);
  return given;
}

function markOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : '';
}
