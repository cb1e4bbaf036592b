/** The runner process behind the storm's links. */
import { throughLinks } from './linked.js';

throughLinks('CHAOS_RUNNER');
await import('../../../workers/runner.js');
