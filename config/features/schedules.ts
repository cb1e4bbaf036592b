/** Schedules: Temporal's own, kept as the settings file says. */
import { createScheduleActivities } from '../../activities/schedules/index.js';
import { correctSchedules, owned, reconcileSchedules } from '../../activities/schedules/reconcile.js';
import { temporalSchedules } from '../../adapters/temporal/schedules.js';
import { ProjectProblem } from '../../domain/failures.js';
import { SchedulerSettings } from '../../domain/schedules/settings.schema.js';
import { readInstallation } from '../installation.js';
import { ensureCleanup } from '../temporal.js';
import type { Feature, OpenFeature } from './feature.js';

/** An edit of the file is effective within this time. */
const LOOK_AT_FILE_MS = 5_000;
/** The server's list follows the truth by a moment, and another process may have been half way: what was missed is seen again. */
const RECONCILE_MS = 300_000;
const CORRECT_MS = 24 * 3_600_000;

export const schedules: OpenFeature = ({
  settings,
  installation,
  client,
  ledger,
  workflows,
  catalog,
  log,
}): Feature => {
  const server = temporalSchedules(client, settings.namespace);
  const deps = { server, ledger: ledger.schedules, catalog, log };
  let now = sectionOf(installation);
  // What is wrong in the file is said before anything is started.
  owned(now, Date.now());
  let text = JSON.stringify(now);
  let said = '';
  /** When the server has to be as the file says: at once after an edit, and again from time to time. */
  let dueMs = 0;

  /** What fails here is due still, so the next look tries it again. */
  const apply = async (): Promise<void> => {
    await reconcileSchedules(deps, now, Date.now());
    await ensureCleanup(client, now.cleanup_interval);
    dueMs = Date.now() + RECONCILE_MS;
  };

  /** A wrong edit keeps what was there before, and is said once. */
  const followFile = async (): Promise<void> => {
    try {
      const read = sectionOf(readInstallation(settings));
      if (JSON.stringify(read) !== text) {
        owned(read, Date.now());
        now = read;
        text = JSON.stringify(read);
        dueMs = 0;
        log.info({}, 'the schedules of the settings file have changed');
      }
      if (Date.now() >= dueMs) await apply();
      said = '';
    } catch (error) {
      if (!(error instanceof ProjectProblem) || error.problem !== 'ConfigInvalid') throw error;
      if (said !== error.message)
        log.warn({}, `the settings file is wrong, so the former schedules stay: ${error.message}`);
      said = error.message;
    }
  };

  return {
    activities: createScheduleActivities({ ledger, server, engine: workflows }),
    api: { schedules: { server, ledger: ledger.schedules, settings: () => now } },
    async started() {
      await apply();
      await correctSchedules(deps, Date.now());
    },
    watches: [
      { ms: LOOK_AT_FILE_MS, what: 'bringing schedules to what the settings file says', work: followFile },
      { ms: CORRECT_MS, what: 'correcting schedules', work: () => correctSchedules(deps, Date.now()) },
    ],
  };
};

const sectionOf = ({ scheduler }: { scheduler?: SchedulerSettings | undefined }): SchedulerSettings =>
  scheduler ?? SchedulerSettings.parse({});
