import { ApiProblem } from '../common/problem.js';
import type { ApiDeps, MonitoringDeps } from '../deps.js';

export function monitoringOf({ monitoring }: ApiDeps): MonitoringDeps {
  if (monitoring) return monitoring;
  throw new ApiProblem(503, 'unavailable', 'This API was started without monitoring.');
}
