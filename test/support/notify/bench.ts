/** The notifier on a real Temporal server and a real store, with channels at real servers, in one process. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { createNotifyActivities, type Notifiers } from '../../../activities/notify.js';
import type { FaultPoint } from '../../../adapters/store/index.js';
import { noticeService } from '../../../api/notifications/notices.js';
import { type ChannelSources, openChannels } from '../../../config/features/notify-channels.js';
import { CONTROL_QUEUE } from '../../../domain/names.js';
import type { Notice } from '../../../domain/notice.js';
import type { Notification } from '../../../domain/notify/notifications.schema.js';
import type { NoticeService } from '../../../domain/notify/service.js';
import { NotifySettings } from '../../../domain/notify/settings.schema.js';
import { openTestLedger, type TestLedger } from '../ledger.js';
import { startTemporal, type TestTemporal } from '../temporal.js';
import { quietRuntime } from '../worker.js';

const SECRETS: Record<string, string> = {};

/** A secret of the environment, for a channel's settings. */
export function secret(name: string, value: string): { env: string } {
  SECRETS[name] = value;
  return { env: name };
}

export const sources: ChannelSources = {
  secrets: ({ env }, where) => {
    const value = SECRETS[env];
    if (value === undefined) throw new Error(`${where}: the environment has no ${env}.`);
    return value;
  },
  hosts: undefined,
};

export const channelsOf = (settings: object, from = sources): Notifiers =>
  openChannels(NotifySettings.parse({ allowPrivate: ['127.0.0.0/8'], ...settings }), from);

export interface NotifyBench {
  readonly client: Client;
  readonly ledger: TestLedger;
  /** Waits between tries in milliseconds. */
  readonly schedule: number[];
  /** Runs a worker with these channels until it is stopped. */
  work(notifiers: Notifiers, schedule?: readonly number[]): Promise<RunningWorker>;
  close(): Promise<void>;
}

export interface RunningWorker {
  readonly service: NoticeService;
  /** Announces by a workflow; resolves when that workflow has ended, the messages may be under way. */
  announce(id: string, ...notices: Notice[]): Promise<void>;
  /** Waits until every notification of this key is in one of these states. */
  settled(key: string, ...states: Notification['state'][]): Promise<Notification[]>;
  stop(): Promise<void>;
}

let bundle: Promise<WorkflowBundle> | undefined;
function testBundle(): Promise<WorkflowBundle> {
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
    logger: quiet,
  });
  return bundle;
}

export async function openNotifyBench(faults?: FaultPoint): Promise<NotifyBench> {
  quietRuntime();
  const [server, ledger]: [TestTemporal, TestLedger] = await Promise.all([startTemporal(), openTestLedger(faults)]);
  const client = new Client({ connection: await Connection.connect({ address: server.address }) });
  const connection = await NativeConnection.connect({ address: server.address });
  const { notices: store, effects } = ledger.ledger;
  const log = { warn() {} };
  return {
    client,
    ledger,
    schedule: [],
    async work(notifiers, schedule = [50, 50, 50, 50, 50, 50]) {
      const worker = await Worker.create({
        connection,
        taskQueue: CONTROL_QUEUE,
        workflowBundle: await testBundle(),
        activities: createNotifyActivities({ store, effects, notifiers, log, schedule }),
        stickyQueueScheduleToStartTimeout: '1 second',
      });
      const running = worker.run();
      const service = noticeService({ store, client, notifiers, log, webUi: undefined, namespace: 'default' });
      return {
        service,
        async announce(id, ...notices) {
          await client.workflow.execute('announcing', { workflowId: id, taskQueue: CONTROL_QUEUE, args: [notices] });
        },
        async settled(key, ...states) {
          const deadline = Date.now() + 60_000;
          for (;;) {
            const { items } = await service.notifications({ key, limit: 100 });
            if (items.length > 0 && items.every(({ state }) => states.includes(state))) return items;
            if (Date.now() > deadline) throw new Error(`still not ${states.join(' or ')}: ${JSON.stringify(items)}`);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        },
        async stop() {
          worker.shutdown();
          await running;
        },
      };
    },
    async close() {
      await connection.close();
      await client.connection.close();
      await ledger.close();
      await server.stop();
    },
  };
}
