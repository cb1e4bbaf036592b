/** Pre-release testing and post-deployment validation. */
import { createPostDeployActivities } from '../../activities/post-deploy/index.js';
import { createPreReleaseActivities } from '../../activities/pre-release/index.js';
import { ADAPTERS } from '../../adapters/frameworks/registry.js';
import { globMatcher } from '../../adapters/process/glob.js';
import { readProjectConfig } from '../../adapters/project/config-file.js';
import { webhookDoor } from '../../adapters/rollback/webhook.js';
import { changeReader } from '../../adapters/vcs/change.js';
import type { RollbackDoor, RollbackDoors } from '../../domain/post-deploy/ports.js';
import type { Rollback } from '../../domain/post-deploy/settings.schema.js';
import type { Secrets } from '../installation.js';
import type { OpenFeature } from './feature.js';

export const pipelinesFeature: OpenFeature = ({ settings, installation, secrets, ledger, artifacts }) => {
  const changes = changeReader({ home: settings.home, environment: settings.environment });
  const project = { changes, adapters: ADAPTERS, projectConfig: readProjectConfig };
  const { pipelines } = ledger;
  return {
    activities: {
      ...createPreReleaseActivities({ ...project, ledger, artifacts, outcomes: pipelines, matcher: globMatcher }),
      ...createPostDeployActivities({
        ...project,
        doors: rollbackDoors(installation.rollbacks, secrets),
        effects: ledger.effects,
        retraining: pipelines,
      }),
    },
  };
};

/** Every secret is read at the start, so that a missing one is told then and not in the middle of an incident. */
function rollbackDoors(rollbacks: readonly Rollback[], secrets: Secrets): RollbackDoors {
  const opened = rollbacks.map((rollback) => {
    const { project, environment, automatic, approval, approvalWithinMs } = rollback;
    return { project, environment, automatic, approval, approvalWithinMs, ...doorOf(rollback, secrets) };
  });
  return (project, environment) => opened.find((door) => door.project === project && door.environment === environment);
}

function doorOf({ by, project }: Rollback, secrets: Secrets): RollbackDoor {
  const secret = by.secret && secrets(by.secret, `rollbacks of ${project}`);
  return webhookDoor({ url: by.url, secret, check: by.check, idempotent: by.idempotent, timeoutMs: by.timeoutMs });
}
