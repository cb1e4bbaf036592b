import type { HousekeepingActivities } from '../domain/activities.js';
import type { ArtifactStore, Ledger } from '../domain/ports.js';
import { withHeartbeat } from './heartbeat.js';
import { namedFailures } from './to-failure.js';

export interface HousekeepingDeps {
  readonly ledger: Ledger & { keptDigests(): Promise<Set<string>> };
  readonly artifacts: ArtifactStore;
  readonly rawDays: number;
  readonly summaryDays: number;
}

export function createHousekeepingActivities({
  ledger,
  artifacts,
  rawDays,
  summaryDays,
}: HousekeepingDeps): HousekeepingActivities {
  return namedFailures<HousekeepingActivities>({
    retain: () =>
      withHeartbeat(async () => {
        const rows = await ledger.retain(rawDays, summaryDays);
        const bytes = await artifacts.sweep(await ledger.keptDigests());
        return { rows, bytes };
      }),
  });
}
