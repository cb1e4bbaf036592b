/** Rules tried on recorded series, without anything being up. */
import { parse } from 'yaml';
import { compileCel } from '../domain/alerts/cel.js';
import { ConditionProblem } from '../domain/alerts/condition.js';
import { readyRule, rulesOfFile } from '../domain/alerts/rules.js';
import { type Fired, recordingOf, simulate } from '../domain/alerts/simulate.js';
import { ProjectProblem } from '../domain/failures.js';
import { catalogueOf } from '../domain/monitoring/settings.js';
import { readInstallation } from './installation.js';
import { Monitoring } from '../domain/monitoring/monitoring.schema.js';
import type { Settings } from './config.js';

/** Texts of a file of rules and of a recording. Throws `ConfigInvalid` with what is wrong in which of them. */
export function testAlerts(settings: Pick<Settings, 'home' | 'configFile'>, rules: string, series: string): Fired[] {
  const monitoring = readInstallation(settings).monitoring ?? Monitoring.parse({});
  const catalogue = catalogueOf(monitoring, []);
  try {
    const ready = rulesOfFile(parsed(rules, 'rules')).map((input) =>
      readyRule(input, 'settings', catalogue, compileCel),
    );
    return simulate(ready, recordingOf(columnsOf(series), catalogue));
  } catch (error) {
    throw error instanceof ConditionProblem ? new ProjectProblem('ConfigInvalid', error.message) : error;
  }
}

function parsed(text: string, what: string): unknown {
  try {
    return parse(text, { maxAliasCount: 50 });
  } catch (error) {
    throw new ConditionProblem(
      `The file of ${what} is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`,
    );
  }
}

type Columns = Map<string, { at: number; value: number }[]>;

/** CSV with a header `time,NAME,…`, or JSON `{ "NAME": [[time, value], …] }`. Times are ISO or milliseconds since 1970. */
function columnsOf(text: string): Columns {
  return text.trimStart().startsWith('{') ? fromJson(text) : fromCsv(text);
}

function fromCsv(text: string): Columns {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const names = head
    .split(',')
    .slice(1)
    .map((name) => name.trim());
  if (names.length === 0 || lines.length === 0)
    throw new ConditionProblem(
      'The recording is empty: its first line is `time,NAME,…`, each further one a time and values.',
    );
  const columns: Columns = new Map(names.map((name) => [name, []]));
  lines.forEach((line, i) => {
    const [time = '', ...values] = line.split(',');
    const at = timeOf(time, `line ${i + 2}`);
    names.forEach((name, column) => {
      const given = values[column]?.trim() ?? '';
      if (given !== '') columns.get(name)!.push({ at, value: numberOf(given, `line ${i + 2}`) });
    });
  });
  return columns;
}

function fromJson(text: string): Columns {
  const value = parsed(text, 'series') as Record<string, unknown>;
  return new Map(
    Object.entries(value).map(([name, points]) => {
      if (!Array.isArray(points)) throw new ConditionProblem(`The recording: "${name}" is a list of [time, value].`);
      return [
        name,
        points.map((point: unknown, i) => {
          const [time, number] = Array.isArray(point) ? (point as unknown[]) : [];
          return { at: timeOf(String(time), `${name} ${i + 1}`), value: numberOf(String(number), `${name} ${i + 1}`) };
        }),
      ];
    }),
  );
}

function timeOf(text: string, where: string): number {
  const at = /^\d+$/.test(text.trim()) ? Number(text) : Date.parse(text.trim());
  if (Number.isFinite(at)) return at;
  throw new ConditionProblem(
    `The recording, ${where}: "${text.slice(0, 40)}" is no time such as 2026-01-31T12:00:00Z.`,
  );
}

function numberOf(text: string, where: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value)) return value;
  throw new ConditionProblem(`The recording, ${where}: "${text.slice(0, 40)}" is no number.`);
}
