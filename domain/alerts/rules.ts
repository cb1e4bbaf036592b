/** From what is written to rules that can be evaluated. */
import type { Catalogue } from '../monitoring/catalogue.js';
import { durationMs } from '../monitoring/duration.js';
import { type CompileCel, ConditionProblem, readCondition } from './condition.js';
import { type AlertRule, AlertRuleFile, type AlertRuleInput } from './rule.schema.js';

/** A rule whose condition has been compiled. `holds` takes values in the order of `rule.series`. */
export interface ReadyRule {
  readonly rule: AlertRule;
  holds(values: readonly number[]): boolean;
}

/** Throws `ConditionProblem` that begins with the name of the rule. */
export function readyRule(
  input: AlertRuleInput,
  source: AlertRule['source'],
  catalogue: Catalogue,
  compile: CompileCel,
): ReadyRule {
  try {
    const condition = readCondition(input.condition, catalogue);
    const holds = compile(condition.cel, condition.series.length);
    const { escalate } = input;
    const rule: AlertRule = {
      name: input.name,
      condition: input.condition,
      normal: condition.text,
      series: [...condition.series],
      forMs: durationMs(input.for ?? input.duration ?? 0) ?? 0,
      severity: input.severity,
      channels: input.channels ?? input.actions ?? null,
      group: input.group ?? input.name,
      description: input.description ?? '',
      escalate: escalate
        ? { afterMs: durationMs(escalate.after) ?? 0, channels: escalate.channels, severity: escalate.severity }
        : null,
      enabled: input.enabled,
      source,
    };
    return { rule, holds };
  } catch (error) {
    if (error instanceof ConditionProblem) throw new ConditionProblem(`Rule "${input.name}": ${error.message}`);
    throw error;
  }
}

/** Every rule of a file, in its order. Throws a zod error for the form and `ConditionProblem` for the rest. */
export function rulesOfFile(value: unknown): AlertRuleInput[] {
  const parsed = AlertRuleFile.safeParse(value);
  if (!parsed.success) throw new ConditionProblem(sayIssues(value, parsed.error.issues));
  const rules = Array.isArray(parsed.data)
    ? parsed.data
    : [...(parsed.data.alert_rules ?? []), ...(parsed.data.alerts ?? [])];
  const seen = new Set<string>();
  for (const { name } of rules) {
    if (seen.has(name)) throw new ConditionProblem(`Two rules are named "${name}": give one of them another name.`);
    seen.add(name);
  }
  return rules;
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly errors?: readonly (readonly Issue[])[];
}

/** Of a union only the member that was meant is told: a list or an object. */
function sayIssues(value: unknown, issues: readonly unknown[]): string {
  const [first] = issues as readonly Issue[];
  const inner = first?.errors?.[Array.isArray(value) ? 1 : 0] ?? (issues as readonly Issue[]);
  return inner.map(({ path, message }) => `${path.join('.') || 'rules'}: ${message}`).join('\n');
}

/** Percent, as they were always written. Absent ones have no rule. */
export interface Thresholds {
  readonly cpu_usage?: number | undefined;
  readonly memory_usage?: number | undefined;
  readonly disk_usage?: number | undefined;
}

/** CPU 80, memory 85, disk 90 unless told otherwise, and one rule for lost runners, for each probe and for anomalies. */
export function builtInRules(thresholds: Thresholds, probes: readonly string[], anomalies: boolean): AlertRuleInput[] {
  const built = (name: string, condition: string, rest: Partial<AlertRuleInput>): AlertRuleInput => ({
    name,
    condition,
    severity: 'warning',
    enabled: true,
    ...rest,
  });
  const usage = (what: string, percent: number | undefined, lasts: string, todo: string): AlertRuleInput[] =>
    percent === undefined
      ? []
      : [built(`${what} usage`, `system.${what}_percent > ${percent}`, { description: todo, for: lasts })];
  return [
    // Tests keep processors busy: only what lasts is worth a message.
    ...usage(
      'cpu',
      thresholds.cpu_usage,
      '5m',
      'See which process works: `top`. Fewer runners or lanes leave more for the rest.',
    ),
    ...usage(
      'memory',
      thresholds.memory_usage,
      '1m',
      'See which process holds it: `top -o %MEM`. `limits.memoryMb` of a suite bounds its tests.',
    ),
    ...usage(
      'disk',
      thresholds.disk_usage,
      '0s',
      'Make room: shorter retention, or `BATON_WORKSPACE_MB` for checkouts.',
    ),
    built('runner lost', 'runners.lost > 0', {
      description: '`baton runners` shows which one, and `baton runners logs NAME` its last words.',
    }),
    ...probes.map((name) =>
      built(`probe ${name}`, `probe.${name}.up < 1`, {
        // A part that is started again is back within seconds.
        for: '1m',
        severity: 'critical',
        description: `\`baton status\` says what is wrong with "${name}" and what to do.`,
      }),
    ),
    ...(anomalies
      ? [
          built('anomaly', 'anomalies.open > 0', {
            description: 'A series is away from what its past explains: `baton alerts anomalies` lists it.',
          }),
        ]
      : []),
  ];
}
