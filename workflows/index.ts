/** Every Workflow Type, by the name the engine knows it by. */
export { housekeeping } from './housekeeping.js';
export { testRun } from './test-run.js';
