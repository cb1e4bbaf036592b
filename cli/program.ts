/** Every command with its flags: what `--help` says. Each command does one call. */
import { Command, CommanderError, Option } from 'commander';
import { runnerRange, wholeNumber } from './check.js';
import { alertsCommand } from './commands/alerts-program.js';
import { doctor } from './commands/doctor.js';
import { down } from './commands/down.js';
import { cancel, logs, open, runs, show } from './commands/executions.js';
import { notifyCommands } from './commands/notify-program.js';
import { init } from './commands/init.js';
import { showReceipt, showReceiptKey, verifyReceipt } from './commands/receipt.js';
import { layeredInstead, listLayers } from './commands/layered.js';
import { failures, metrics } from './commands/metrics.js';
import { replay } from './commands/replay.js';
import { run } from './commands/run.js';
import { runnersCommand } from './commands/runners-program.js';
import { scheduleCommands } from './commands/schedule-program.js';
import { start } from './commands/start.js';
import { status } from './commands/status.js';
import { rerun, reset } from './commands/travel.js';
import { triggerCommands } from './commands/trigger-program.js';
import { analysisCommands } from './commands/analysis-program.js';
import { workflowCommands } from './commands/workflow-program.js';
import { up } from './commands/up.js';
import type { Context } from './context.js';
import { EXIT, EXIT_HELP, type ExitCode } from './exit-codes.js';

const port = (flag: string) => wholeNumber(flag, 0, 65_535);
const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** Parses the arguments and does what they say. Rejects with what `endOf` understands. */
export async function runProgram(context: Context, args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.green;
  const program = buildProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    // Commander has printed its one sentence, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.green : EXIT.usage;
    throw error;
  }
  return exitCode;
}

function buildProgram(context: Context, end: (code: ExitCode) => void): Command {
  const program = new Command('baton')
    .description('Runs test suites as durable Temporal workflows.')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text.replace(/^error: /, '')),
    })
    .showSuggestionAfterError(true)
    .addHelpText('after', EXIT_HELP);
  const color = (): { color: boolean } => ({ color: program.opts<{ color: boolean }>().color });
  // Sub-commands inherit the settings above only when they are made by `command`, after them.
  stackCommands(program, context, color, end);
  runCommand(program, context, color, end);
  executionCommands(program, context, color, end);
  receiptCommands(program, context, end);
  runnersCommand(program, context, end);
  travelCommands(program, context, color, end);
  workflowCommands(program, context, end);
  triggerCommands(program, context, end);
  notifyCommands(program, context, end);
  analysisCommands(program, context, end);
  scheduleCommands(program, context, end);
  alertsCommand(program, context, end);
  program
    .command('init')
    .description(
      'store the sample workflows regression, full-regression, api-tests and ci-pipeline, those not there yet',
    )
    .action(async () => end(await init(context)));
  program
    .command('doctor')
    .argument('[dir]', 'project whose frameworks are tried as well')
    .description('say what is missing, and prove what is there by running it')
    .option('--json', 'print one JSON object')
    .option('--deep', 'start and stop the Temporal server')
    .action(async (dir: string | undefined, flags) => end(await doctor(context, dir, { ...flags, ...color() })));
  return program;
}

type Color = () => { color: boolean };
type End = (code: ExitCode) => void;

const stackOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--port <n>', 'port of the API; 0 takes any free one (default: 8080)').argParser(port('--port')),
    )
    .addOption(
      new Option('--temporal-port <n>', 'port of the Temporal server (default: 7233)').argParser(
        port('--temporal-port'),
      ),
    )
    .addOption(new Option('--ui-port <n>', 'port of the Temporal Web UI (default: 8233)').argParser(port('--ui-port')))
    .option(
      '--host <address>',
      'address the API listens on; beyond loopback it needs BATON_API_KEYS (default: 127.0.0.1)',
    )
    .addOption(
      new Option('--runners <n>', 'runner processes: a number, or a range such as 2..5 (default)').argParser(
        runnerRange,
      ),
    );

function stackCommands(program: Command, context: Context, color: Color, end: End): void {
  stackOptions(program.command('start'))
    .description('bring everything up, run the example project or one of yours, stay up until Ctrl-C')
    .option('--project <dir>', 'project to run (default: the example)')
    .option('--no-run', 'only bring everything up')
    .action(async (flags) => end(await start(context, { ...flags, ...color() })));
  stackOptions(program.command('up'))
    .description('bring Temporal, control process and runners up; stay until Ctrl-C')
    .option('--json', 'print the manifest: parts, pids, ports, addresses, data directories')
    .option('--detach', 'leave everything running in the background')
    .action(async (flags) => end(await up(context, flags)));
  program
    .command('down')
    .description('end what `up` or `start` has brought up')
    .action(async () => end(await down(context)));
  program
    .command('status')
    .description('what is up, each part asked (exit code 3 when nothing is up or something is ill)')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await status(context, flags)));
}

function runCommand(program: Command, context: Context, color: Color, end: End): void {
  program
    .command('run')
    .argument('[dir]', 'project directory', '.')
    .description('run the tests of a project, on the stack that is up or on one of its own')
    .option('--json', 'print one JSON object on standard output, and nothing else')
    .option('--api <urls>', 'run on this server instead, with BATON_API_KEY; several addresses of one server by commas')
    .option('--junit <file>', 'write the report as JUnit XML')
    .option('--ctrf <file>', 'write the report as CTRF')
    .option('--html <file>', 'write the report as one HTML page')
    .option('--suite <name>', 'run only this suite (repeatable)', collect)
    .option('--filter <text>', 'run only test files whose path contains this, or matches it where it holds *')
    .addOption(new Option('--workers <n>', 'most batches at one time').argParser(wholeNumber('--workers', 1, 256)))
    .option('--bail', 'stop after the first failure')
    .option('--commit <rev>', 'run a commit, branch or tag in a checkout of its own')
    .option(
      '--untrusted',
      'run it as code of a stranger: no network, no secrets, nothing of the machine but the project',
    )
    .option(
      '--base <ref>',
      'commit, branch or tag that failures are compared with (default: HEAD for uncommitted changes, else where the branch left the default branch)',
    )
    .option('--no-blame', 'do not ask whose fault a failure is: every red test gates')
    .option('--repo <url>', 'repository of --commit: URL or directory (default: the project directory)')
    .option(
      '--layers <file-or-names>',
      'run in layers: a document of layers, or names of them by commas (repeatable)',
      collect,
    )
    .option('--mode <mode>', 'fast_feedback, layered_execution, background_e2e, hybrid_execution or custom_mode')
    .option('--plan', 'print what the layers would do, and start nothing')
    .option('--env <environment>', 'environment whose overlay is taken: development, testing, staging, production, ci')
    .addOption(
      new Option('--max-minutes <n>', 'cut the run after so many minutes').argParser(
        wholeNumber('--max-minutes', 1, 10_080),
      ),
    )
    .option('--no-background', 'nothing goes on behind the verdict')
    .option('--use-layers', 'run in the standard layers')
    .option('--websocket-thread-id <id>', 'carried by every event of its progress')
    .option('--master-orchestration', 'the same as --use-layers; wins over every other of these flags')
    .option('--orchestration-status', 'print what is up, and start nothing')
    .action(async (dir: string, flags) =>
      end(
        (await layeredInstead(context, dir, { ...flags, ...color() })) ??
          (await run(context, dir, { ...flags, ...color() })),
      ),
    );
  program
    .command('layers')
    .description('layers of a run: list')
    .command('list', { isDefault: true })
    .description('the standard layers in order')
    .action(() => end(listLayers(context)));
}

function executionCommands(program: Command, context: Context, color: Color, end: End): void {
  program
    .command('runs')
    .alias('history')
    .description('list executions, newest first')
    .option('--json', 'print one JSON object')
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber('--limit', 1, 200)).default(20))
    .option('--project <name>', 'only of this project')
    .option('--status <word>', 'only those that stand there, or came to that: running, failed, incomplete …')
    .option('--suite <name>', 'only those that ran this suite')
    .action(async (flags) => end(await runs(context, flags)));
  program
    .command('show')
    .argument('<id>', 'execution id')
    .description('verdict, failures and addresses of an execution')
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags) => end(await show(context, id, { ...flags, ...color() })));
  program
    .command('logs')
    .argument('<id>', 'execution id')
    .description('what the test processes printed')
    .option('--batch <id>', 'only of this batch, such as b3')
    .action(async (id: string, flags) => end(await logs(context, id, flags)));
  program
    .command('cancel')
    .argument('<id>', 'execution id')
    .description('cancel an execution; what had finished stays counted')
    .action(async (id: string) => end(await cancel(context, id)));
  program
    .command('metrics')
    .description('figures of the last hours: batches, runners, waiting, tests, retries')
    .option('--json', 'print one JSON object')
    .addOption(new Option('--hours <n>', 'length of the window').argParser(wholeNumber('--hours', 1, 8760)).default(24))
    .action(async (flags) => end(await metrics(context, flags)));
  program
    .command('failures')
    .description('failures that occur again and again, those of most executions first')
    .option('--json', 'print one JSON object')
    .option('--project <name>', 'only of this project')
    .addOption(
      new Option('--min-runs <n>', 'only those of so many executions')
        .argParser(wholeNumber('--min-runs', 1, 100_000))
        .default(1),
    )
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber('--limit', 1, 200)).default(50))
    .action(async (flags) => end(await failures(context, flags)));
  program
    .command('open')
    .argument('<id>', 'execution id')
    .description('open an execution in the Temporal Web UI, or print its address')
    .action(async (id: string) => end(await open(context, id)));
}

function receiptCommands(program: Command, context: Context, end: End): void {
  const receipt = program.command('receipt').description('signed receipts of verdicts: show, verify, key');
  receipt
    .command('show')
    .argument('<id>', 'execution id')
    .description('print the signed receipt of an execution')
    .action(async (id: string) => end(await showReceipt(context, id)));
  receipt
    .command('verify')
    .argument('<file>', 'receipt.json')
    .description('check a receipt offline: 0 valid, 1 changed or contradictory, 3 cannot be checked')
    .option('--key <file>', 'public key: PEM, or JSON of GET /api/receipt-keys (default: this installation’s own)')
    .option('--execution <id>', 'it must be of this execution')
    .option('--commit <id>', 'it must be of this commit (or a beginning of its id)')
    .option('--json', 'print one JSON object')
    .action((file: string, flags) => end(verifyReceipt(context, file, flags)));
  receipt
    .command('key')
    .description('print the public key of this installation')
    .option('--json', 'print one JSON object')
    .action((flags) => end(showReceiptKey(context, flags)));
}

function travelCommands(program: Command, context: Context, color: Color, end: End): void {
  program
    .command('rerun')
    .argument('<id>', 'finished execution')
    .description('run the same plan and commit again, as a new execution')
    .option('--failed', 'only what failed or was not run; its green covers no more than that')
    .option('--detach', 'do not wait for the verdict')
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags) => end(await rerun(context, id, { ...flags, ...color() })));
  program
    .command('reset')
    .argument('<id>', 'execution id')
    .description('go back to an earlier point: what lies before it stays, what lies after it is superseded')
    .option('--to <step>', 'planning, running, settling, judging, a batch such as b3, or an event id')
    .option('--list', 'show the possible points')
    .option('--detach', 'do not wait for the verdict')
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags) => end(await reset(context, id, { ...flags, ...color() })));
  program
    .command('replay')
    .argument('[id]', 'execution id')
    .description('replay a recorded history against the workflow code of this installation')
    .option('--history <file>', 'a history file in place of the one on the server')
    .option('--inspect', 'wait for a debugger, and stop in the workflow code')
    .option('--all', 'every open execution and the newest closed ones')
    .addOption(
      new Option('--closed <n>', 'how many closed ones').argParser(wholeNumber('--closed', 0, 10_000)).default(50),
    )
    .option('--json', 'print one JSON list')
    .action(async (id: string | undefined, flags) => end(await replay(context, id, flags)));
}
