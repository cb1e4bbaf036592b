import type { Command } from 'commander';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { command, list, log, showRunner } from './runners.js';

const COMMANDS = {
  pause: 'take nothing new until `resume`; what runs goes on',
  resume: 'take batches again',
  drain: 'finish what runs, then end; the pool starts a fresh process in its place',
  stop: 'finish what runs, then leave the pool until `start`',
  start: 'bring a stopped runner back',
} as const;

/** `baton runners …` */
export function runnersCommand(program: Command, context: Context, end: (code: ExitCode) => void): void {
  const runners = program.command('runners').description('the runners of the stack that is up: what they are and do');
  runners
    .command('list', { isDefault: true })
    .description('every runner with its status and what it runs, and what waits')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await list(context, flags)));
  runners
    .command('show')
    .argument('<name>', 'name of a runner')
    .description('one runner, with the batches it has begun')
    .option('--json', 'print one JSON object')
    .action(async (name: string, flags) => end(await showRunner(context, name, flags)));
  runners
    .command('logs')
    .argument('<name>', 'name of a runner')
    .description('the end of its log')
    .action(async (name: string) => end(await log(context, name)));
  for (const [word, description] of Object.entries(COMMANDS))
    runners
      .command(word)
      .argument('<name>', 'name of a runner')
      .description(description)
      .action(async (name: string) => end(await command(context, name, word as keyof typeof COMMANDS)));
}
