/** Connections to Temporal that wait for the server, because parts of the stack start in any order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy, type ScheduleSpec } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { connectClient } from '../adapters/temporal/connection.js';
import { ProjectProblem } from '../domain/failures.js';
import { CONTROL_QUEUE, HOUSEKEEPING_SCHEDULE, HOUSEKEEPING_WORKFLOW, SEARCH_ATTRIBUTES } from '../domain/names.js';
import type { Settings } from './config.js';

const RETRY_MS = 150;
const PATIENCE_MS = 60_000;

/** Repeats until the server answers; after a minute it says what to look at. */
async function patiently<T>(address: string, connect: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (Date.now() > deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new ProjectProblem(
          'EngineUnavailable',
          `No Temporal server answers at ${address} (${reason}). Start one, or set TEMPORAL_ADDRESS.`,
        );
      }
      await sleep(RETRY_MS);
    }
  }
}

export const openClient = (settings: Settings): Promise<Client> =>
  patiently(settings.temporalAddress, async () => {
    const client = await connectClient({
      address: settings.temporalAddress,
      namespace: settings.namespace,
      codecKeys: settings.codecKeys,
    });
    try {
      await client.workflowService.describeNamespace({ namespace: settings.namespace });
      return client;
    } catch (error) {
      await client.connection.close();
      throw error;
    }
  });

export const openNative = (settings: Settings): Promise<NativeConnection> =>
  patiently(settings.temporalAddress, () => NativeConnection.connect({ address: settings.temporalAddress }));

const { IndexedValueType } = proto.temporal.api.enums.v1;
const ALREADY_EXISTS = 6;

/** The embedded server gets its Search Attributes on the command line; any other server gets them here. */
export async function ensureSearchAttributes(client: Client, namespace: string): Promise<void> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(SEARCH_ATTRIBUTES).filter((name) => !(customAttributes && name in customAttributes));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(
    missing.map((name) => [name, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD]),
  );
  await client.connection.operatorService
    .addSearchAttributes({ namespace, searchAttributes })
    .catch((error: { code?: number }) => {
      if (error.code !== ALREADY_EXISTS) throw error;
    });
}

const DAILY: ScheduleSpec = { calendars: [{ hour: 3, minute: 17 }], timezone: 'UTC', jitter: '10 minutes' };

/** Once a day at an hour of little work; a day that was missed is not made up for. */
export async function ensureHousekeeping(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: HOUSEKEEPING_SCHEDULE,
      spec: DAILY,
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
      action: { type: 'startWorkflow', workflowType: HOUSEKEEPING_WORKFLOW, taskQueue: CONTROL_QUEUE, args: [] },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

/** How often retention cleans up. A day, the default, stays at its hour of little work. */
export async function ensureCleanup(client: Client, intervalSeconds: number): Promise<void> {
  const handle = client.schedule.getHandle(HOUSEKEEPING_SCHEDULE);
  const every = intervalSeconds * 1000;
  const daily = intervalSeconds === 86_400;
  const { spec } = await handle.describe();
  const now = spec.intervals?.[0]?.every;
  if (daily ? now === undefined : now === every) return;
  await handle.update((previous) => ({
    ...previous,
    spec: daily ? DAILY : { intervals: [{ every }] },
    policies: { ...previous.policies, catchupWindow: Math.max(10_000, Math.min(every / 2, 3_600_000)) },
  }));
}

/** The server's version for receipts, where it tells. */
export async function temporalVersion(client: Client): Promise<{ temporal?: string }> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  return serverVersion ? { temporal: serverVersion } : {};
}
