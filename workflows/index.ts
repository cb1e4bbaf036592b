/** Every Workflow Type, by the name the engine knows it by. */
export { bulkStart } from './bulk-start.js';
export { answer } from './answer.js';
export { autoFix } from './auto-fix.js';
export { commitCheck } from './commit-check.js';
export { delivery } from './delivery.js';
export { debugExecution } from './debug-execution.js';
export { housekeeping } from './housekeeping.js';
export { postDeploy } from './post-deploy.js';
export { preRelease } from './pre-release.js';
export { layeredRun } from './layered-run.js';
export { scheduledStart } from './scheduled-start.js';
export { monitoring } from './monitoring.js';
export { suiteRun } from './suite-run.js';
export { notification } from './notification.js';
export { testRun } from './test-run.js';
export { storedWorkflow } from './stored.js';
