/** The control process behind the storm's links. */
import { throughLinks } from './linked.js';

throughLinks('CHAOS_CONTROL');
await import('../../../workers/control.js');
