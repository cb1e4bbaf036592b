import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req as Request } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ConditionProblem } from '../../domain/alerts/condition.js';
import { AlertRule, AlertRuleInput, RuleList } from '../../domain/alerts/alert.schema.js';
import { RuleName } from '../../domain/alerts/rule.schema.js';
import { readyRule } from '../../domain/alerts/rules.js';
import { catalogueOf, rulesOf, seriesOf } from '../../domain/monitoring/settings.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { principalOf, type Req } from '../common/http.js';
import { ApiProblem, badRequest, notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps, type MonitoringDeps } from '../deps.js';
import { monitoringOf } from '../monitoring/deps.js';

@ApiTags('alerts')
@Controller('api/alerts/rules')
export class RulesController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Every alert rule: built in, of the settings, and made here' })
  @Answers(200, RuleList, 'The rules.', 503)
  async rules(): Promise<RuleList> {
    return { items: (await monitoringOf(this.deps).rules()).map(({ rule }) => rule) };
  }

  @Post()
  @HttpCode(201)
  @Access('operator')
  @ApiOperation({ summary: 'Make a rule; names and units of its condition are checked' })
  @Answers(201, AlertRule, 'The rule.', 409, 413, 415, 503)
  async makeRule(@Body({ schema: AlertRuleInput }) input: AlertRuleInput, @Request() req: Req): Promise<AlertRule> {
    const monitoring = monitoringOf(this.deps);
    if ((await monitoring.alerts.rules()).some(({ name }) => name === input.name))
      throw new ApiProblem(409, 'conflict', `There is a rule "${input.name}" already: PUT changes it.`);
    return store(monitoring, input, principalOf(req).name);
  }

  @Put(':name')
  @Access('operator')
  @ApiOperation({ summary: 'Put a rule in the place of the one with this name' })
  @Answers(200, AlertRule, 'The rule.', 404, 409, 413, 415, 503)
  async changeRule(
    @Param('name', { schema: RuleName }) name: string,
    @Body({ schema: AlertRuleInput }) input: AlertRuleInput,
    @Request() req: Req,
  ): Promise<AlertRule> {
    const monitoring = monitoringOf(this.deps);
    if (input.name !== name)
      throw badRequest(`The rule is named "${input.name}", the address says "${name}": a rule keeps its name.`);
    if (!(await monitoring.alerts.rules()).some((rule) => rule.name === name)) {
      refuseWritten(monitoring, name);
      throw notFound(`There is no rule "${name}" that was made here.`);
    }
    return store(monitoring, input, principalOf(req).name);
  }

  @Delete(':name')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Take a rule away; its alert is over' })
  async removeRule(@Param('name', { schema: RuleName }) name: string): Promise<void> {
    const monitoring = monitoringOf(this.deps);
    if (await monitoring.alerts.removeRule(name)) return;
    refuseWritten(monitoring, name);
    throw notFound(`There is no rule "${name}".`);
  }
}

function refuseWritten({ settings }: MonitoringDeps, name: string): void {
  const written = rulesOf(settings()).find(({ input }) => input.name === name);
  if (!written) return;
  const where =
    written.source === 'settings'
      ? 'written in the settings'
      : 'built in; a rule of the settings with its name takes its place';
  throw new ApiProblem(409, 'conflict', `The rule "${name}" is ${where}: change it there.`);
}

async function store(monitoring: MonitoringDeps, input: AlertRuleInput, by: string): Promise<AlertRule> {
  refuseWritten(monitoring, input.name);
  const declared = new Set(seriesOf(monitoring.settings()).map(({ name }) => name));
  const users = (await monitoring.store.series()).filter(
    ({ source, name }) => source === 'user' && !declared.has(name),
  );
  try {
    const { rule } = readyRule(input, 'api', catalogueOf(monitoring.settings(), users), monitoring.compile);
    await monitoring.alerts.putRule(input, by);
    return rule;
  } catch (error) {
    if (error instanceof ConditionProblem) throw badRequest(error.message);
    throw error;
  }
}
