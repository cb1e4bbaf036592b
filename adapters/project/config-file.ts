/** Reads `baton.config.yaml|yml|json` of a project; every complaint names file, line and column. */
import { ProjectConfig } from '../../domain/config.schema.js';
import type { ProjectAccess } from '../../domain/framework.js';
import { invalid, parseYaml } from './yaml-file.js';

export const CONFIG_FILES = ['baton.config.yaml', 'baton.config.yml', 'baton.config.json'] as const;

export async function readProjectConfig(project: Pick<ProjectAccess, 'readText'>): Promise<ProjectConfig | undefined> {
  const found: { name: string; text: string }[] = [];
  for (const name of CONFIG_FILES) {
    const text = await project.readText(name);
    if (text !== undefined) found.push({ name, text });
  }
  const [first, second] = found;
  if (!first) return undefined;
  if (second) throw invalid(`There is a ${first.name} and a ${second.name}. Keep one of them.`);
  return parseProjectConfig(first.text, first.name);
}

export const parseProjectConfig = (text: string, name: string): ProjectConfig =>
  checked(parseYaml(text, name, ProjectConfig), name);

function checked(config: ProjectConfig, name: string): ProjectConfig {
  const seen = new Set<string>();
  for (const suite of config.suites ?? []) {
    if (seen.has(suite.name)) throw invalid(`${name} suites: the name "${suite.name}" is used twice.`);
    seen.add(suite.name);
    if (suite.framework === 'command' && (!suite.command || !suite.report)) {
      throw invalid(`${name} suites.${suite.name}: framework "command" needs \`command\` and \`report\`.`);
    }
    for (const path of [suite.dir, suite.configFile]) {
      if (path !== undefined && (path.startsWith('/') || path.split('/').includes('..'))) {
        throw invalid(`${name} suites.${suite.name}: ${path} leads out of the project.`);
      }
    }
  }
  return config;
}
