/** Fixes: the control side of the workflow `autoFix`. */
import { createFixControlActivities } from '../../activities/fix/control.js';
import { fixBranches } from '../../adapters/vcs/fix-branch.js';
import { FixSettings } from '../../domain/fix/settings.schema.js';
import type { Base, Feature } from './feature.js';

export function fixFeature({ ledger, artifacts, installation, settings, pages, hosts, model }: Base): Feature {
  return {
    api: { fixes: ledger.fixes },
    activities: createFixControlActivities({
      ledger,
      artifacts,
      branches: fixBranches({ environment: settings.environment }),
      hosts,
      model,
      settings: FixSettings.parse(installation.fix ?? {}),
      pages,
    }),
  };
}
