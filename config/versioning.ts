/**
 * Worker versioning: an execution stays with the workflow code it began on. Every build of the workflows is a version of
 * the Worker Deployment `baton`; new executions go to the current version, older ones drain on theirs. It needs somebody
 * who keeps the old version's control process running until then, so it is off where there is only one (docs/decisions).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { VERSION } from './package.js';
import type { Log } from './log.js';

export const DEPLOYMENT = 'baton';
const RETRY_MS = 1_000;
const RETRY_AFTER_REFUSAL_MS = 10_000;
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

/** Two builds with the same workflows and package version are the same version. */
export function buildIdOf(bundlePath: string): string {
  const digest = createHash('sha256').update(readFileSync(bundlePath)).digest('hex').slice(0, 12);
  return `${VERSION}-${digest}`;
}

/** Executions are short and stay where they began. */
export const deploymentOptions = (buildId: string): WorkerDeploymentOptions => ({
  version: { deploymentName: DEPLOYMENT, buildId },
  useWorkerVersioning: true,
  defaultVersioningBehavior: 'PINNED',
});

export interface Versioning {
  /** Resolves when new executions go to this build. */
  readonly current: Promise<void>;
  stop(): void;
}

/**
 * Makes this build current, and repeats until it is: the server knows a version only after its first poll, and without
 * a current version nobody would serve new executions. A refusal is logged with what an operator can do.
 */
export function becomeCurrent(client: Client, namespace: string, buildId: string, log: Log): Versioning {
  let stopped = false;
  const set = async (): Promise<void> => {
    while (!stopped) {
      try {
        await setCurrent(client, namespace, buildId);
        return;
      } catch (error) {
        const { code, message } = error as { code?: number; message: string };
        if (code !== NOT_FOUND) log.warn({ buildId, reason: message }, refusal(buildId));
        await pause(code === NOT_FOUND ? RETRY_MS : RETRY_AFTER_REFUSAL_MS);
      }
    }
  };
  return {
    current: set(),
    stop() {
      stopped = true;
    },
  };
}

const refusal = (buildId: string): string =>
  'Temporal refused to make this build the current version, so new executions do not come here. Allow it, or do it by hand: ' +
  `temporal worker deployment set-current-version --deployment-name ${DEPLOYMENT} --build-id ${buildId}`;

/** `buildId` empty: workers without a version. */
export async function setCurrent(client: Client, namespace: string, buildId: string): Promise<void> {
  await client.workflowService.setWorkerDeploymentCurrentVersion({
    namespace,
    deploymentName: DEPLOYMENT,
    buildId,
    identity: 'baton-control',
    // A build that no longer serves some queue must not be kept from starting.
    ignoreMissingTaskQueues: true,
  });
}

/** Switched off after having been on: executions that are not pinned come back to workers without a version. */
export async function leaveVersions(client: Client, namespace: string, log: Log): Promise<void> {
  try {
    const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
      namespace,
      deploymentName: DEPLOYMENT,
    });
    const current = workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId;
    if (!current) return;
    await setCurrent(client, namespace, '');
    log.warn({ before: current }, 'worker versioning is off now; executions pinned to a version wait for its workers');
  } catch (error) {
    const { code, message } = error as { code?: number; message: string };
    // Never been on, or a server without deployments.
    if (code === NOT_FOUND || code === UNIMPLEMENTED) return;
    log.warn({ reason: message }, 'cannot tell whether worker versioning was on before');
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
