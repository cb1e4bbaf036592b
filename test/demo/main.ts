/** `npm run demo`: tells the stories one after the other on a stack of its own, with the places to look at. */
import { createInterface } from 'node:readline/promises';
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { STORIES } from './stories.js';
import { openWorld } from './world.js';

const say = (line = ''): void => void process.stdout.write(`${line}\n`);

function show({ id, outcome, sentence, stages, links }: ExecutionAnswer): void {
  for (const { title, status, sentence: said } of stages)
    say(`    ${title.padEnd(30)} ${status.padEnd(8)} ${said ?? ''}`.slice(0, 160));
  say(`  ${outcome}: ${sentence}`);
  say(`  look: ${links.webUi ?? id}`);
  say(`        ${links.self}`);
  say();
}

const stay = process.argv.includes('--stay');
say('Starting Temporal, Baton, a code host, a mail server and a chat on free ports …');
const world = await openWorld();
process.once('SIGINT', () => void world.stop().then(() => process.exit(130)));
try {
  say(`API: ${world.baton.stack.manifest.api}`);
  say();
  for (const { title, tell } of Object.values(STORIES)) {
    say(`▸ ${title}`);
    show(await tell(world));
  }
  say(
    `Mails: ${world.mail.once().length}, messages in the chat: ${world.chat.once().length}, in Slack: ${world.vendors.slack.posts.length}, rollbacks: ${world.deploys.accepted.length}`,
  );
  if (stay) {
    const input = createInterface({ input: process.stdin, output: process.stdout });
    await input.question('Everything stays up to be looked at. Press Enter to end it. ');
    input.close();
  } else say('Everything is ended now; `npm run demo -- --stay` keeps it up to be looked at.');
} finally {
  await world.stop();
}
