/** `baton notify` and `baton notifications`: which channels there are, try one, and what became of messages. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNotifications } from '../../config/client.js';
import { type Notification, NotificationId } from '../../domain/notify/notifications.schema.js';
import { NOTIFICATION_STATES, type NotificationState } from '../../domain/notify/ports.js';
import { runningStack } from '../../workers/stack/manifest.js';
import { apiKey, type Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { oneLine, table } from '../terminal.js';

const LOOK_EVERY_MS = 300;
/** Longer than one try of any channel takes. */
const WAIT_MS = 30_000;

export async function listChannels(context: Context, flags: { json?: boolean }): Promise<ExitCode> {
  const list = await clientOf(context).channels();
  if (flags.json) context.stdout.write(`${JSON.stringify(list)}\n`);
  else if (list.items.length === 0)
    context.stdout.write('The settings have no channels; docs/notifications.md says how to make one.\n');
  else
    context.stdout.write(
      table(
        list.items.map(({ name, kind, where, state, waiting, problem }) => [
          name,
          state,
          kind,
          where,
          waiting > 0 ? `${waiting} waiting` : '',
          problem ? oneLine(problem, 200) : '',
        ]),
      ),
    );
  return EXIT.green;
}

/** 0 when it has arrived, 1 when the channel refused it, 3 when that is not known yet. */
export async function testChannel(context: Context, channel: string, flags: { json?: boolean }): Promise<ExitCode> {
  const client = clientOf(context);
  let now = await client.test(channel);
  const deadline = Date.now() + WAIT_MS;
  while (isOpen(now) && now.tries === 0 && Date.now() < deadline) {
    await sleep(LOOK_EVERY_MS);
    now = await client.get(now.id);
  }
  if (flags.json) context.stdout.write(`${JSON.stringify(now)}\n`);
  else if (now.state === 'delivered')
    context.stdout.write(`${channel}: delivered${now.why ? ` (${oneLine(now.why, 200)})` : ''}.\n`);
  else context.stderr.write(`${channel}: ${now.state}${now.why ? `, ${oneLine(now.why, 300)}` : ''}.\n`);
  if (now.state === 'delivered') return EXIT.green;
  return now.state === 'failed' ? EXIT.red : EXIT.unknown;
}

const isOpen = ({ state }: Notification): boolean => state === 'planned' || state === 'waiting' || state === 'sending';

export async function listNotifications(
  context: Context,
  flags: { state?: string; channel?: string; key?: string; limit: number; json?: boolean },
): Promise<ExitCode> {
  const { channel, key, limit } = flags;
  const page = await clientOf(context).list({ state: stateOf(flags.state), channel, key, limit });
  if (flags.json) context.stdout.write(`${JSON.stringify(page)}\n`);
  else if (page.items.length === 0) context.stdout.write('There are no such notifications.\n');
  else context.stdout.write(table(page.items.map(row)));
  return EXIT.green;
}

function stateOf(given: string | undefined): NotificationState | undefined {
  const found = NOTIFICATION_STATES.find((state) => state === given);
  if (given !== undefined && found === undefined)
    throw new CommandEnd(`--state is one of ${NOTIFICATION_STATES.join(', ')}, not "${given}".`, EXIT.usage);
  return found;
}

const row = (each: Notification): string[] => [
  each.id,
  each.state,
  each.createdAt.slice(0, 19).replace('T', ' '),
  each.channel,
  oneLine(each.title, 60),
  [each.why ? oneLine(each.why, 120) : '', each.nextAt ? `next at ${each.nextAt.slice(0, 19).replace('T', ' ')}` : '']
    .filter(Boolean)
    .join(', '),
];

export async function retryNotification(context: Context, given: string): Promise<ExitCode> {
  const id = NotificationId.safeParse(given);
  if (!id.success)
    throw new CommandEnd(`"${given}" is no id of a notification; \`baton notifications\` lists them.`, EXIT.usage);
  const now = await clientOf(context).retry(id.data);
  context.stdout.write(
    now.state === 'delivered'
      ? `${now.id} has been delivered already.\n`
      : `${now.id} is sent to ${now.channel} now.\n`,
  );
  return EXIT.green;
}

function clientOf(context: Context): ReturnType<typeof connectNotifications> {
  const { settings } = context;
  const url = settings.apiUrl || runningStack(settings.home)?.api;
  if (!url) throw new CommandEnd('Nothing is up; `baton up --detach` starts it.', EXIT.unknown);
  return connectNotifications(url, apiKey(settings));
}
