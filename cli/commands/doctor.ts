import { DEFAULT_PORTS } from '../../workers/stack/stack.js';
import { projectDir } from '../check.js';
import type { Context } from '../context.js';
import type { Check } from '../doctor/check.js';
import { gitCheck, homeCheck, isolationCheck, nodeCheck, portCheck } from '../doctor/machine.js';
import { projectChecks } from '../doctor/project.js';
import { temporalCheck } from '../doctor/temporal.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { palette, table, wantsColours } from '../terminal.js';

export interface DoctorFlags {
  readonly json?: boolean;
  readonly deep?: boolean;
  readonly color: boolean;
}

/** `baton doctor [DIR]`: says what is missing, and proves what is there by running it. */
export async function doctor(context: Context, given: string | undefined, flags: DoctorFlags): Promise<ExitCode> {
  const dir = given === undefined ? null : projectDir(given, context.cwd);
  const { settings } = context;
  const ports = [
    { port: settings.port || DEFAULT_PORTS.api, what: 'the API', flag: '--port' },
    { port: DEFAULT_PORTS.temporal, what: 'the Temporal server', flag: '--temporal-port' },
    { port: DEFAULT_PORTS.ui, what: 'the Temporal Web UI', flag: '--ui-port' },
  ];
  const checks = (
    await Promise.all([
      nodeCheck(process.versions.node),
      gitCheck(),
      temporalCheck(settings.environment, flags.deep ?? false),
      homeCheck(settings.home),
      ...ports.map((each) => portCheck(each, settings.home)),
      dir === null ? isolationCheck() : projectChecks(dir, context.examine),
    ])
  ).flat();
  const well = checks.every((check) => check.status !== 'missing');
  context.stdout.write(flags.json ? `${JSON.stringify({ ok: well, checks })}\n` : text(context, checks, flags.color));
  return well ? EXIT.green : EXIT.unknown;
}

function text(context: Context, checks: readonly Check[], color: boolean): string {
  const paint = palette(wantsColours(context.stdout, color, context.settings.environment));
  const marks = { ok: paint.green('ok'), weak: paint.yellow('weak'), missing: paint.red('missing') };
  const rows = checks.map((check) => [
    marks[check.status],
    check.name,
    check.fix ? `${check.detail} → ${check.fix}` : check.detail,
  ]);
  return table(rows);
}
