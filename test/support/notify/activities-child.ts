/** The notifier's activities in a process of their own, which can die at a point of the store: `--die ledger.…`. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { createNotifyActivities } from '../../../activities/notify.js';
import { openLedger } from '../../../adapters/store/index.js';
import { openChannels } from '../../../config/features/notify-channels.js';
import { CONTROL_QUEUE } from '../../../domain/names.js';
import { NotifySettings } from '../../../domain/notify/settings.schema.js';
import { quietRuntime } from '../worker.js';

const [address = '', dataDir = '', settings = '{}', dieAt = ''] = process.argv.slice(2);
const channel = process.env['DIE_FOR'] ?? '';
let sending = '';
quietRuntime();

const {
  notices: store,
  effects,
  ...ledger
} = await openLedger({ kind: 'pglite', dataDir }, (point) => {
  if (dieAt !== '' && point === dieAt && (channel === '' || channel === sending)) process.kill(process.pid, 'SIGKILL');
});
const notifiers = openChannels(NotifySettings.parse(JSON.parse(settings)), {
  secrets: ({ env }) => process.env[env] ?? '',
  hosts: undefined,
});
const activities = createNotifyActivities({
  store: {
    ...store,
    outgoing: async (id) => {
      const out = await store.outgoing(id);
      sending = out.channel;
      return out;
    },
  },
  effects,
  notifiers,
  log: { warn() {} },
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: CONTROL_QUEUE,
  activities,
  maxConcurrentActivityTaskExecutions: 1,
});
process.on('SIGTERM', () => worker.shutdown());
process.stdout.write('polls\n');
await worker.run();
await connection.close();
await ledger.close();
