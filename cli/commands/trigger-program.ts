import { type Command, Option } from 'commander';
import { wholeNumber } from '../check.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { hooksInstall, hooksPrePush, hooksQueue, hooksStatus, hooksUninstall } from './hooks.js';
import { createTrigger, deleteTrigger, listDeliveries, listTriggers, showTrigger, testTrigger } from './trigger.js';

/** `baton trigger …` and `baton hooks …` */
export function triggerCommands(program: Command, context: Context, end: (code: ExitCode) => void): void {
  const trigger = program
    .command('trigger')
    .description('rules that start workflows: create, list, show, delete, test');
  trigger
    .command('create')
    .argument('<type>', 'webhook, git, files, event or api')
    .description('make a trigger')
    .option('--name <name>', 'its name; default: the last part of --url, or the type')
    .option('--url <path>', 'where a webhook is delivered, such as /hooks/github')
    .option('--workflow <name>', 'what it starts; default: pre-release')
    .option('--events <list>', 'push, pull_request, merge, tag, deployment, release')
    .option('--branches <list>', 'patterns of branches')
    .option('--paths <list>', 'patterns of files')
    .option('--repositories <list>', 'patterns of owner/name')
    .option('--host <host>', 'github or gitlab')
    .option('--secret <variables>', 'variables of the environment that hold what deliveries are signed with')
    .option('--token <variable>', 'variable of the environment that holds the token of an api trigger')
    .option('--dir <dir>', 'clone or directory that is watched')
    .option('--types <list>', 'patterns of types of CloudEvents')
    .option('--supersede <how>', 'cancel or keep the execution of an older commit')
    .option('--params <json>', 'given to the workflow')
    .option('--file <file>', 'the whole trigger as JSON')
    .option('--json', 'print one JSON object')
    .action(async (type: string, flags) => end(await createTrigger(context, type, flags)));
  trigger
    .command('list', { isDefault: true })
    .description('all of them')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listTriggers(context, flags)));
  trigger
    .command('show')
    .argument('<name>')
    .description('one trigger as JSON')
    .action(async (name: string) => end(await showTrigger(context, name)));
  trigger
    .command('delete')
    .argument('<name>')
    .description('delete a trigger')
    .action(async (name: string) => end(await deleteTrigger(context, name)));
  trigger
    .command('test')
    .argument('<name>')
    .description('would it fire for this? Starts nothing')
    .requiredOption('--event <event>', 'push, pull_request, merge, tag, deployment, release, files, event or api')
    .option('--branch <branch>')
    .option('--commit <id>')
    .option('--repository <address>')
    .option('--path <list>', 'changed files')
    .option('--json', 'print one JSON object')
    .action(async (name: string, flags) => end(await testTrigger(context, name, flags)));
  trigger
    .command('deliveries')
    .description('what was delivered, and what came of it')
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber('--limit', 1, 200)).default(20))
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listDeliveries(context, flags)));
  hookCommands(program, context, end);
}

function hookCommands(program: Command, context: Context, end: (code: ExitCode) => void): void {
  const hooks = program.command('hooks').description('git hooks of a clone: install, uninstall, status');
  hooks
    .command('install')
    .description('pre-commit queues a test of what is committed, pre-push asks for the verdict')
    .action(async () => end(await hooksInstall(context)));
  hooks
    .command('uninstall')
    .description('take them out again; hooks that were there before come back')
    .action(async () => end(await hooksUninstall(context)));
  hooks
    .command('status', { isDefault: true })
    .description('which hooks are installed, and what is blocked')
    .action(async () => end(await hooksStatus(context)));
  hooks
    .command('queue', { hidden: true })
    .argument('<commit>')
    .action(async (commit: string) => end(await hooksQueue(context, commit)));
  hooks.command('pre-push', { hidden: true }).action(async () => end(await hooksPrePush(context)));
}
