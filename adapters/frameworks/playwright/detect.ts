/** Finds Playwright suites: by what the scripts call, by configuration files, and by configuration files that no package has to itself. */
import { posix } from 'node:path';
import type { ProjectAccess, SuiteDraft } from '../../../domain/framework.js';
import { detectSuites, firstFile, type JsFramework, withExtensions } from '../js-detect.js';
import { dependsOn, jsPackages, type JsPackage } from '../js-shared.js';

export const CONFIG_EXTENSIONS = ['ts', 'js', 'mts', 'mjs', 'cts', 'cjs'];
const PACKAGES = ['@playwright/test'];

const framework: JsFramework = {
  name: 'playwright',
  tools: ['playwright'],
  dependencies: PACKAGES,
  fromCall(call, words) {
    const [sub, ...args] = words;
    return sub === 'test' ? { args, env: call.env } : undefined;
  },
  async ownSign(pkg, project) {
    const path = await firstFile(pkg, project, withExtensions('playwright.config', CONFIG_EXTENSIONS));
    return path && `${path} configures it`;
  },
};

export async function detectPlaywright(project: ProjectAccess): Promise<SuiteDraft[]> {
  const drafts = await detectSuites(framework, project);
  const packages = await jsPackages(project);
  const found = await project.glob('.', withExtensions('**/playwright.config', CONFIG_EXTENSIONS));
  for (const { path } of found) {
    const dir = posix.dirname(path);
    if (drafts.some(({ config }) => config.dir === dir || names(config.args, path)) || !hasPlaywright(dir, packages))
      continue;
    const name = `${dir.replace(/[^\w.@/-]/g, '-').replace(/^[^A-Za-z0-9]+/, '')}/playwright`.slice(-100);
    drafts.push({ config: { name, framework: 'playwright', dir }, because: `${path} configures it` });
  }
  return drafts;
}

/** A script that names the configuration has been understood already. */
const names = (args: readonly string[] | undefined, path: string): boolean =>
  (args ?? []).some(
    (arg) => arg.endsWith(posix.basename(path)) && path.endsWith(posix.normalize(arg.slice(arg.indexOf('=') + 1))),
  );

function hasPlaywright(dir: string, packages: readonly JsPackage[]): boolean {
  return packages.some(
    ({ dir: at, json }) => (at === '.' || dir === at || dir.startsWith(`${at}/`)) && dependsOn(json, PACKAGES[0]!),
  );
}
