import type { BulkActivities } from '../../domain/definitions/bulk.js';
import { givenAgain } from '../../domain/definitions/given-again.js';
import type { ExecutionLedger } from '../../domain/executions.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Catalog } from '../../domain/workflows.js';
import { namedFailures } from '../to-failure.js';

export interface BulkDeps {
  readonly executions: ExecutionLedger;
  readonly catalog: Catalog;
  readonly newId: (principal: string, key: string | undefined) => string;
}

export function createBulkActivities({ executions, catalog, newId }: BulkDeps): BulkActivities {
  return namedFailures<BulkActivities>({
    async requestOne({ parent: by, key, workflow, params, like }) {
      const parent = await executions.find(by);
      if (!parent) throw new ProjectProblem('Internal', `There is no execution ${by}.`);
      const old = like === undefined ? undefined : await executions.find(like);
      if (like !== undefined && !old) throw new ProjectProblem('ConfigInvalid', `There is no execution ${like}.`);
      const startable = await catalog(old?.workflow ?? workflow);
      if (!startable) throw new ProjectProblem('ConfigInvalid', `There is no workflow "${old?.workflow ?? workflow}".`);
      const checked = startable.check(old ? { ...givenAgain(old.params), ...params } : params);
      const {
        id,
        project,
        principal,
        trust,
        params: given,
      } = await executions.create({
        id: newId(parent.principal, `bulk:${key}`),
        workflow: startable.name,
        params: checked.params,
        subject: checked.subject,
        project: old?.project ?? checked.project ?? parent.project,
        principal: parent.principal,
        trust: old?.trust ?? parent.trust,
        parent: parent.id,
      });
      return { type: startable.workflowType, input: { execution: id, project, principal, trust, params: given } };
    },
  });
}
