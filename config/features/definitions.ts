/** Stored definitions: their catalog, what their executions do on the control process, and their part of the API. */
import { createBulkActivities } from '../../activities/definitions/bulk.js';
import { storedCatalog, storedSummaries } from '../../activities/definitions/catalog.js';
import { actionHandlers } from '../../activities/definitions/handlers.js';
import { createStoredActivities } from '../../activities/definitions/stored.js';
import { definitionDigest } from '../../adapters/definitions/digest.js';
import { readDefinition, readDefinitionValue } from '../../adapters/definitions/document.js';
import { pinCommit } from '../../adapters/vcs/pin-commit.js';
import { allowedHosts } from '../../adapters/definitions/allowed-hosts.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import { builtIn, firstOf } from '../../domain/catalog.js';
import { DefinitionSettings } from '../../domain/definitions/settings.schema.js';
import type { Base, Feature } from './feature.js';

export function definitionsFeature({
  ledger,
  artifacts,
  settings,
  installation,
  secrets,
  hosts,
  model,
}: Base): Feature {
  const own = installation.definitions ?? DefinitionSettings.parse({});
  const catalog = storedCatalog(ledger.definitions, settings.machine);
  const all = firstOf(builtIn, catalog);
  const secret = (name: string): string | undefined => {
    const named = Object.hasOwn(own.secrets, name) ? own.secrets[name] : undefined;
    return named && secrets(named, `definitions.secrets.${name}`);
  };
  return {
    catalog,
    stored: () => storedSummaries(ledger.definitions),
    activities: {
      ...createStoredActivities({
        definitions: ledger.definitions,
        ledger,
        artifacts,
        catalog: all,
        newId: newExecutionId,
        onlyOne: !own.parallel,
        handlers: actionHandlers({
          definitions: ledger.definitions,
          ledger,
          artifacts,
          outbox: ledger.effects,
          http: { egress: allowedHosts(own), secret },
          hosts,
          model,
          pin: pinCommit({ home: settings.home, environment: settings.environment }),
        }),
      }),
      ...createBulkActivities({ executions: ledger.executions, catalog: all, newId: newExecutionId }),
    },
    api: {
      definitions: {
        store: ledger.definitions,
        read: readDefinition,
        readValue: readDefinitionValue,
        digest: definitionDigest,
        isBuiltIn: async (name) => (await builtIn(name)) !== undefined,
      },
    },
  };
}
