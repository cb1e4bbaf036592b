import { type Command, Option } from 'commander';
import { wholeNumber } from '../check.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { listChannels, listNotifications, retryNotification, testChannel } from './notify.js';

/** `baton notify …` and `baton notifications …` */
export function notifyCommands(program: Command, context: Context, end: (code: ExitCode) => void): void {
  const notify = program.command('notify').description('channels of notifications: list, test');
  notify
    .command('channels', { isDefault: true })
    .description('channels of the settings: where they go, and whether messages arrive')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listChannels(context, flags)));
  notify
    .command('test')
    .argument('<channel>', 'name of a channel')
    .description('send a message to a channel: 0 arrived, 1 refused, 3 not known yet')
    .option('--json', 'print one JSON object')
    .action(async (channel: string, flags) => end(await testChannel(context, channel, flags)));
  const notifications = program.command('notifications').description('what became of messages: list, retry');
  notifications
    .command('list', { isDefault: true })
    .description('newest first')
    .option('--state <state>', 'planned, waiting, sending, delivered, gathered or failed')
    .option('--channel <name>', 'only of this channel')
    .option('--key <key>', 'only of the notice with this key')
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber('--limit', 1, 200)).default(20))
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listNotifications(context, flags)));
  notifications
    .command('retry')
    .argument('<id>', 'id of a notification')
    .description('send it now, whatever it waits for; one that failed begins anew')
    .action(async (id: string) => end(await retryNotification(context, id)));
}
