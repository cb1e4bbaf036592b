/** Every Workflow Type, by the name the engine knows it by. */
export { testRun } from './test-run.js';
