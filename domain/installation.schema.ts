/** Settings of an installation: what belongs to a team and its server, not to one project. One section per capability. */
import { z } from 'zod';
import { DefinitionSettings } from './definitions/settings.schema.js';
import { FixSettings } from './fix/settings.schema.js';
import { CodeHostList } from './code-hosts/code-hosts.schema.js';
import { ModelSettings } from './model/settings.schema.js';
import { Monitoring } from './monitoring/monitoring.schema.js';
import { NotifySettings } from './notify/settings.schema.js';
import { TriggerSection } from './triggers/trigger.schema.js';
import { RollbackSection } from './post-deploy/settings.schema.js';
import { SchedulerSettings } from './schedules/settings.schema.js';

export const Installation = z
  .strictObject({
    definitions: DefinitionSettings.optional().describe('What stored workflows may do: see `docs/workflows.md`.'),
    fix: FixSettings.optional().describe('How far Baton goes in mending failures: see `docs/auto-fix.md`.'),
    codeHosts: CodeHostList,
    triggers: TriggerSection,
    model: ModelSettings.optional().describe('Language model and embedding server: see `docs/knowledge.md`.'),
    monitoring: Monitoring.optional().describe(
      'What is watched, when people hear of it, and what is tested then: see `docs/monitoring.md`.',
    ),
    notify: NotifySettings.optional().describe('Channels, and who hears what when: see `docs/notifications.md`.'),
    rollbacks: RollbackSection,
    scheduler: SchedulerSettings.optional().describe('Schedules: docs/schedules.md.'),
  })
  .meta({ id: 'Installation', description: 'The file that `BATON_CONFIG` names; YAML or JSON.' });
export type Installation = z.infer<typeof Installation>;
