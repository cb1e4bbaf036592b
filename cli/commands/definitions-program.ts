import { type Command, Option } from 'commander';
import { wholeNumber } from '../check.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import {
  backfill,
  createDefinition,
  diffDefinition,
  exportDefinition,
  printSchema,
  removeDefinition,
  rerunExecution,
  rerunFailed,
  sendSignal,
  showDefinition,
  showSteps,
  validateDefinition,
} from './definitions.js';

const version = (flag: string) => wholeNumber(flag, 1, 1_000_000);
const PARALLEL = wholeNumber('--parallel', 1, 50);

/** Sub-commands of `baton workflow` about workflows that a team has written itself. */
export function definitionCommands(workflow: Command, context: Context, end: (code: ExitCode) => void): void {
  workflow
    .command('create')
    .argument('[name]', 'name of the workflow (default: that of the file)')
    .description('store a workflow or a template; a new version where there is one of this name')
    .option('--name <name>', 'the same as the argument')
    .option('--config <file>', 'the definition, JSON or YAML; without it an empty draft is made')
    .option('--template <name>', 'make it from a template')
    .option('--params <json>', 'parameters of the template as one JSON object')
    .option('--json', 'print one JSON object')
    .action(async (name: string | undefined, flags) => end(await createDefinition(context, name, flags)));
  workflow
    .command('validate')
    .argument('<files...>', 'definitions, JSON or YAML')
    .description('check definitions without a server: every mistake with file, line and column (exit code 1)')
    .option('--json', 'print one JSON object')
    .action((files: string[], flags) => end(validateDefinition(context, files, flags)));
  workflow
    .command('show')
    .argument('<name>', 'name or id')
    .description('versions, parameters and steps of a stored workflow')
    .addOption(new Option('--version <n>', 'default: the newest').argParser(version('--version')))
    .option('--json', 'print one JSON object')
    .action(async (name: string, flags) => end(await showDefinition(context, name, flags)));
  workflow
    .command('export')
    .argument('<name>', 'name or id')
    .description('print a stored workflow as a document')
    .addOption(new Option('--format <format>', 'how').choices(['yaml', 'json']).default('yaml'))
    .addOption(new Option('--version <n>', 'default: the newest').argParser(version('--version')))
    .option('--original', 'as its author wrote it')
    .action(async (name: string, flags) => end(await exportDefinition(context, name, flags)));
  workflow
    .command('diff')
    .argument('<name>', 'name or id')
    .argument('[file]', 'compare the newest version with this file')
    .description('what changed between two versions (exit code 1 when something did)')
    .addOption(new Option('--from <n>', 'default: the one before the newest').argParser(version('--from')))
    .addOption(new Option('--to <n>', 'default: the newest').argParser(version('--to')))
    .action(async (name: string, file: string | undefined, flags) =>
      end(await diffDefinition(context, name, file, flags)),
    );
  workflow
    .command('delete')
    .argument('<name>', 'name or id')
    .description('delete a stored workflow; executions that run go on')
    .action(async (name: string) => end(await removeDefinition(context, name)));
  workflow
    .command('schema')
    .description('print the JSON Schema of definitions, for editors')
    .action(() => end(printSchema(context)));
  workflow
    .command('backfill')
    .argument('<name>', 'name or id')
    .description('start a workflow once for each day of a range')
    .requiredOption('--from <day>', 'first day, such as 2026-11-01')
    .requiredOption('--to <day>', 'last day')
    .addOption(
      new Option('--every <n>', 'days from one to the next').argParser(wholeNumber('--every', 1, 366)).default(1),
    )
    .option('--param <name>', 'parameter that gets the day')
    .option('--params <json>', 'other parameters as one JSON object')
    .addOption(new Option('--parallel <n>', 'executions at one time').argParser(PARALLEL).default(1))
    .action(async (name: string, flags) => end(await backfill(context, name, flags)));
  workflow
    .command('rerun-failed')
    .argument('<name>', 'name or id')
    .description('start again what has failed since a time, the first one as a canary')
    .requiredOption('--since <time>', 'a time, or how long ago, such as 2h')
    .addOption(new Option('--parallel <n>', 'executions at one time').argParser(PARALLEL).default(2))
    .option('--no-canary', 'start all of them at once')
    .action(async (name: string, flags) => end(await rerunFailed(context, name, flags)));
}

/** Sub-commands of `baton executions` about steps. */
export function stepCommands(executions: Command, context: Context, end: (code: ExitCode) => void): void {
  executions
    .command('steps')
    .argument('<id>', 'execution id')
    .description('what its steps came to, round by round')
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags) => end(await showSteps(context, id, flags)));
  executions
    .command('signal')
    .argument('<id>', 'execution id')
    .argument('<name>', 'name of the signal')
    .description('send a signal that a step waits for')
    .option('--payload <json>', 'what comes with it, as one JSON object')
    .action(async (id: string, name: string, flags) => end(await sendSignal(context, id, name, flags)));
  executions
    .command('rerun')
    .argument('<id>', 'execution id')
    .description('run it again as a new execution')
    .option('--from <step>', 'begin with this step; what lies before it is taken over')
    .option('--params <json>', 'parameters to replace, as one JSON object')
    .action(async (id: string, flags) => end(await rerunExecution(context, id, flags)));
}
