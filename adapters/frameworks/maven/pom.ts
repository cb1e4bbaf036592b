/** What a POM says about where tests are, which classes Surefire takes, and where it leaves its reports. */
import { posix } from 'node:path';
import { childrenAt, parseXmlTree, textAt, type XmlElement } from './xml-tree.js';

export interface MavenModule {
  /** Relative to the suite's directory; `.` for the root. */
  readonly dir: string;
  readonly artifactId: string;
  /** Directories of the modules that this one lists, relative to the suite's directory. */
  readonly modules: readonly string[];
  /** Relative to the suite's directory. */
  readonly testDir: string;
  readonly reportsDir: string;
  readonly classesDir: string;
  readonly includes: readonly string[] | undefined;
  readonly excludes: readonly string[];
  /** Tests are switched off for this module. */
  readonly skip: boolean;
  readonly surefireVersion: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  /** Surefire's plugin elements, nearest first: what a child module inherits. */
  readonly surefire: readonly XmlElement[];
}

export function readModule(xml: string, dir: string, parent: MavenModule | undefined): MavenModule | undefined {
  const root = parseXmlTree(xml);
  if (root?.name !== 'project') return undefined;
  const properties: Record<string, string> = { ...parent?.properties };
  for (const property of childrenAt(root, 'properties')[0]?.children ?? [])
    properties[property.name] = property.text.trim();
  const build = childrenAt(root, 'build')[0];
  const value = (text: string | undefined): string | undefined => text && interpolate(text, properties);
  const surefire = [
    ...surefireOf(childrenAt(build, 'plugins', 'plugin')),
    ...surefireOf(childrenAt(build, 'pluginManagement', 'plugins', 'plugin')),
    ...(parent?.surefire ?? []),
  ];
  const configurations = surefire.flatMap((plugin) => [
    ...childrenAt(plugin, 'configuration'),
    ...childrenAt(plugin, 'executions', 'execution')
      .filter((execution) => textAt(execution, 'id') === 'default-test')
      .flatMap((execution) => childrenAt(execution, 'configuration')),
  ]);
  const setting = (name: string): string | undefined =>
    value(configurations.map((one) => textAt(one, name)).find(Boolean));
  const at = (path: string): string => posix.join(dir, relativeTo(path));
  const target = value(textAt(build, 'directory')) ?? 'target';
  const ownTests = value(textAt(build, 'testSourceDirectory'));
  return {
    dir,
    artifactId: value(textAt(root, 'artifactId')) ?? '',
    modules: childrenAt(root, 'modules', 'module').map((module) => at(module.text.trim())),
    testDir: at(ownTests ?? 'src/test/java'),
    reportsDir: at(setting('reportsDirectory') ?? `${target}/surefire-reports`),
    classesDir: at(value(textAt(build, 'testOutputDirectory')) ?? `${target}/test-classes`),
    includes: patterns(configurations, 'includes', 'include', value),
    excludes: patterns(configurations, 'excludes', 'exclude', value) ?? [],
    skip: [setting('skip'), setting('skipTests'), properties['skipTests'], properties['maven.test.skip']].includes(
      'true',
    ),
    surefireVersion: value(surefire.map((plugin) => textAt(plugin, 'version')).find(Boolean)),
    properties,
    surefire,
  };
}

function surefireOf(plugins: readonly XmlElement[]): XmlElement[] {
  return plugins.filter((plugin) => textAt(plugin, 'artifactId') === 'maven-surefire-plugin');
}

type Resolve = (text: string | undefined) => string | undefined;

function patterns(
  configurations: readonly XmlElement[],
  list: string,
  item: string,
  value: Resolve,
): string[] | undefined {
  const nearest = configurations.map((one) => childrenAt(one, list, item)).find((items) => items.length > 0);
  return nearest
    ?.flatMap((one) => (value(one.text.trim()) ?? '').split(','))
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');
}

/** Directories are resolved against the module's own; an absolute one cannot be honoured by a relative plan. */
function relativeTo(path: string): string {
  return path.replace(/^\$\{(?:project\.)?basedir\}\/?/, '').replace(/^\$\{project\.build\.directory\}/, 'target');
}

const MAX_ROUNDS = 5;

function interpolate(text: string, properties: Readonly<Record<string, string>>): string {
  let result = text;
  for (let round = 0; round < MAX_ROUNDS && result.includes('${'); round++) {
    result = result
      .replace(/\$\{([\w.-]{1,200})\}/g, (whole, name: string) => properties[name] ?? whole)
      .slice(0, 4096);
  }
  return result;
}
