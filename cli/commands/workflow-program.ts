import { type Command, Option } from 'commander';
import { wholeNumber } from '../check.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { definitionCommands, stepCommands } from './definitions-program.js';
import { cancelExecution, decide, execute, listExecutions, listWorkflows, showExecution } from './workflow.js';

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `baton workflow …` and `baton executions …` */
export function workflowCommands(program: Command, context: Context, end: (code: ExitCode) => void): void {
  const workflow = program
    .command('workflow')
    .description('workflows: list, execute, create, show, validate, export, diff …');
  workflow
    .command('list', { isDefault: true })
    .description('what can be started, with its stages')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listWorkflows(context, flags)));
  workflow
    .command('execute')
    .alias('run')
    .argument('[name]', 'name or id of a workflow')
    .option('--name <name>', 'the same as the argument')
    .option('--environment <name>', 'environment under test; a parameter of this name goes before it')
    .option('--source <dir>', 'directory of the project that the steps test')
    .option('--wait', 'wait for its end (that is what happens anyway)')
    .addOption(new Option('--output-format <format>', 'text, or json: the same as --json').choices(['text', 'json']))
    .description('start a workflow; waits for its end unless told not to')
    .option(
      '--param <name=value>',
      'a parameter; `a.b=value` reaches inside, values are read as JSON where they are (repeatable)',
      collect,
    )
    .option('--params <json>', 'all parameters as one JSON object')
    .option('--detach', 'print the id and do not wait')
    .option('--json', 'print one JSON object')
    .action(async (name: string | undefined, flags) => end(await execute(context, name ?? flags.name, flags)));
  definitionCommands(workflow, context, end);
  const executions = program
    .command('executions')
    .description('executions of workflows: list, show, cancel, approve, reject');
  executions
    .command('list', { isDefault: true })
    .description('newest first')
    .option('--workflow <name>', 'only of this workflow')
    .option('--status <status>', 'accepted, running, completed, failed or cancelled')
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber('--limit', 1, 200)).default(20))
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listExecutions(context, flags)));
  executions
    .command('show')
    .argument('<id>', 'execution id')
    .description('its stages')
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags) => end(await showExecution(context, id, flags)));
  executions
    .command('cancel')
    .argument('<id>', 'execution id')
    .description('cancel an execution and its test runs')
    .action(async (id: string) => end(await cancelExecution(context, id)));
  stepCommands(executions, context, end);
  for (const [word, approve] of [
    ['approve', true],
    ['reject', false],
  ] as const)
    executions
      .command(word)
      .argument('<id>', 'execution id')
      .description(`${word} what it waits for`)
      .option('--stage <name>', 'which stage, where several wait')
      .option('--reason <text>', 'why; it is kept with the execution')
      .option('--inputs <json>', 'typed answers as one JSON object, where the stage asks for some')
      .action(async (id: string, flags) => end(await decide(context, id, { ...flags, approve })));
}
