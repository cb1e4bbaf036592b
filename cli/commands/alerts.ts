/** `baton alerts`: what fires, what is known about it, and trying rules on recorded values. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { testAlerts } from '../../config/alert-test.js';
import { connectAlerts } from '../../config/client.js';
import { runningStack } from '../../workers/stack/manifest.js';
import { apiKey, type Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { oneLine, table } from '../terminal.js';

interface Json {
  readonly json?: boolean;
}

function clientOf(context: Context): ReturnType<typeof connectAlerts> {
  const api = context.settings.environment['BATON_API_URL'] || runningStack(context.settings.home)?.api;
  if (!api)
    throw new CommandEnd('Nothing is up; `baton up` starts it, or BATON_API_URL names another server.', EXIT.unknown);
  return connectAlerts(api, apiKey(context.settings));
}

/** One JSON object, or rows; or a sentence when there are none. */
function print(
  context: Context,
  { json }: Json,
  list: { readonly items: readonly object[] },
  rows: readonly string[][],
  none: string,
): ExitCode {
  if (json) context.stdout.write(`${JSON.stringify(list)}\n`);
  else context.stdout.write(rows.length === 0 ? `${none}\n` : table(rows));
  return EXIT.green;
}

const at = (time: string | null): string => time?.slice(0, 19).replace('T', ' ') ?? '';

export async function listAlerts(
  context: Context,
  flags: Json & { state?: string; severity?: string; limit: number },
): Promise<ExitCode> {
  const { state, severity, limit } = flags;
  const list = await clientOf(context).alerts({
    limit,
    ...(state ? { state } : {}),
    ...(severity ? { severity } : {}),
  });
  const rows = list.items.map((a) => [
    a.id,
    a.state,
    a.severity,
    at(a.firedAt ?? a.since),
    a.acknowledgedBy
      ? `acknowledged by ${a.acknowledgedBy}`
      : a.state === 'firing' && a.toldAt === null
        ? 'silenced'
        : '',
    `${a.rule}: ${oneLine(a.condition, 200)}`,
  ]);
  return print(context, flags, list, rows, 'There are no alerts.');
}

export async function listRules(context: Context, flags: Json): Promise<ExitCode> {
  const list = await clientOf(context).rules();
  const rows = list.items.map((r) => [
    r.name,
    r.source,
    r.severity,
    r.forMs === 0 ? 'at once' : `for ${r.forMs / 1000} s`,
    r.enabled ? '' : 'off',
    r.normal,
  ]);
  return print(context, flags, list, rows, 'There are no rules.');
}

export async function listSilences(context: Context, flags: Json): Promise<ExitCode> {
  const list = await clientOf(context).silences();
  const rows = list.items.map((s) => [
    s.id,
    `until ${at(s.until)}`,
    s.rule ?? s.group ?? s.severity ?? 'every alert',
    `by ${s.by}`,
    oneLine(s.reason, 200),
  ]);
  return print(context, flags, list, rows, 'Nothing is silenced.');
}

export async function listAnomalies(context: Context, flags: Json): Promise<ExitCode> {
  const list = await clientOf(context).anomalies();
  const rows = list.items.map((a) => [
    at(a.at),
    a.kind,
    a.series,
    `${a.value} where ${a.expected} was expected`,
    a.endedAt ? `over ${at(a.endedAt)}` : 'goes on',
    a.run ?? '',
  ]);
  return print(context, flags, list, rows, 'No series has been odd.');
}

export async function listSeries(context: Context, flags: Json): Promise<ExitCode> {
  const list = await clientOf(context).series();
  const rows = list.items.map((s) => [
    s.name,
    s.unit,
    s.lastValue === null ? '–' : String(Number(s.lastValue.toPrecision(6))),
    at(s.lastAt),
    oneLine(s.help, 200),
  ]);
  return print(context, flags, list, rows, 'No value has been collected yet.');
}

export async function acknowledge(context: Context, id: string, flags: { note?: string }): Promise<ExitCode> {
  const alert = await clientOf(context).acknowledge(id, flags.note ?? '');
  context.stdout.write(`${alert.rule}: acknowledged by ${alert.acknowledgedBy} at ${at(alert.acknowledgedAt)}.\n`);
  return EXIT.green;
}

export async function silence(
  context: Context,
  rule: string | undefined,
  flags: { group?: string; severity?: 'info' | 'warning' | 'critical'; for: string; reason?: string },
): Promise<ExitCode> {
  const made = await clientOf(context).silence({
    for: flags.for,
    ...(rule === undefined ? {} : { rule }),
    ...(flags.group === undefined ? {} : { group: flags.group }),
    ...(flags.severity === undefined ? {} : { severity: flags.severity }),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
  });
  context.stdout.write(
    `${made.id}: nobody is told of ${rule ?? flags.group ?? flags.severity ?? 'any alert'} until ${at(made.until)}.\n`,
  );
  return EXIT.green;
}

/** Needs nothing that is up. */
export function testRules(context: Context, rules: string, flags: Json & { series: string }): ExitCode {
  const read = (file: string): string => {
    try {
      return readFileSync(resolve(context.cwd, file), 'utf8');
    } catch (error) {
      throw new CommandEnd(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, EXIT.usage);
    }
  };
  const fired = testAlerts(context.settings, read(rules), read(flags.series));
  if (flags.json) context.stdout.write(`${JSON.stringify(fired)}\n`);
  else if (fired.length === 0) context.stdout.write('No rule would have fired.\n');
  else
    context.stdout.write(
      table(
        fired.map((f) => [
          f.rule,
          f.severity,
          `fired ${at(f.firedAt)}`,
          f.resolvedAt ? `over ${at(f.resolvedAt)}` : 'still firing at the end',
        ]),
      ),
    );
  return fired.length === 0 ? EXIT.green : EXIT.red;
}
