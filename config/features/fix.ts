/** Fixes: the control side of the workflow `autoFix`. */
import { createFixControlActivities } from '../../activities/fix/control.js';
import { fixBranches } from '../../adapters/vcs/fix-branch.js';
import { FixSettings } from '../../domain/fix/settings.schema.js';
import { openCodeHosts } from './code-hosts.js';
import { openModel } from '../model.js';
import type { Base, Feature } from './feature.js';

export function fixFeature({ ledger, artifacts, installation, secrets, settings, workflows }: Base): Feature {
  return {
    activities: createFixControlActivities({
      ledger,
      artifacts,
      branches: fixBranches({ environment: settings.environment }),
      hosts: openCodeHosts(settings, installation, secrets),
      model: openModel({ ledger, artifacts, installation, settings }),
      settings: FixSettings.parse(installation.fix ?? {}),
      urlOf: (kind, id) => (kind === 'execution' ? workflows.webUrl(id, null) : null),
    }),
  };
}
