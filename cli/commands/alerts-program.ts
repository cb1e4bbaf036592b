import { type Command, Option } from 'commander';
import { wholeNumber } from '../check.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import {
  acknowledge,
  listAlerts,
  listAnomalies,
  listRules,
  listSeries,
  listSilences,
  silence,
  testRules,
} from './alerts.js';

/** `baton alerts …` */
export function alertsCommand(program: Command, context: Context, end: (code: ExitCode) => void): void {
  const alerts = program.command('alerts').description('alerts: list, rules, test, ack, silence, anomalies, series');
  alerts
    .command('list', { isDefault: true })
    .description('alerts, newest first')
    .addOption(new Option('--state <state>', 'only these').choices(['pending', 'firing', 'resolved']))
    .addOption(new Option('--severity <severity>', 'only these').choices(['info', 'warning', 'critical']))
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber('--limit', 1, 500)).default(50))
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listAlerts(context, flags)));
  alerts
    .command('rules')
    .description('every rule, with its condition in one form')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listRules(context, flags)));
  alerts
    .command('test')
    .argument('<rules>', 'file of rules, YAML or JSON')
    .requiredOption('--series <file>', 'recorded values: CSV `time,NAME,…`, or JSON `{ NAME: [[time, value], …] }`')
    .description('when each rule would have fired on recorded values: 0 none did, 1 at least one did')
    .option('--json', 'print one JSON list')
    .action((rules: string, flags) => end(testRules(context, rules, flags)));
  alerts
    .command('ack')
    .argument('<id>', 'alert id')
    .option('--note <text>', 'what is being done')
    .description('say that somebody looks after an alert: it is not escalated')
    .action(async (id: string, flags) => end(await acknowledge(context, id, flags)));
  alerts
    .command('silence')
    .argument('[rule]', 'name of a rule; without it, and without the options, every alert')
    .option('--group <name>', 'only this group')
    .addOption(new Option('--severity <severity>', 'only these').choices(['info', 'warning', 'critical']))
    .requiredOption('--for <time>', 'how long, such as 2h')
    .option('--reason <text>', 'why')
    .description('tell nobody for a while; it ends by itself')
    .action(async (rule: string | undefined, flags) => end(await silence(context, rule, flags)));
  alerts
    .command('silences')
    .description('silences that hold now')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listSilences(context, flags)));
  alerts
    .command('anomalies')
    .description('series that are, or were, away from what their past explains')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listAnomalies(context, flags)));
  alerts
    .command('series')
    .description('names that conditions may use, with unit and newest value')
    .option('--json', 'print one JSON object')
    .action(async (flags) => end(await listSeries(context, flags)));
}
