import { describe, expect, it } from 'vitest';
import { parseProjectConfig, readProjectConfig } from '../../../adapters/project/config-file.js';

const complaint = (text: string, name = 'baton.config.yaml'): string => {
  try {
    parseProjectConfig(text, name);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('baton.config.yaml', () => {
  it('fills in every default', () => {
    const config = parseProjectConfig(
      'project: shop\nsuites:\n  - name: unit\n    framework: vitest\n',
      'baton.config.yaml',
    );
    expect(config.suites).toEqual([
      {
        name: 'unit',
        framework: 'vitest',
        dir: '.',
        args: [],
        env: { set: {}, pass: [] },
        limits: { timeoutMs: 1_800_000, graceMs: 10_000, outputMb: 1024 },
        retries: 1,
        leases: { ports: 0, resources: [] },
        needs: { labels: [], memoryMb: 0, cpus: 0 },
      },
    ]);
  });

  it.each([
    ['suites:\n  - name: unit\n    framework: vitesst\n', 'baton.config.yaml:3:16 suites.0.framework: Invalid option'],
    [
      'suites:\n  - name: unit\n    framework: vitest\n    colour: red\n',
      'baton.config.yaml:4:13 suites.0: Unrecognized key: "colour"',
    ],
    ['suites: [unit\n', 'baton.config.yaml:2:1 '],
    ['lanes: 0\n', 'baton.config.yaml:1:8 lanes: Too small'],
    ['a: 1\na: 2\n', 'baton.config.yaml:2:1 Map keys must be unique'],
    ['suites:\n  - {name: a, framework: jest}\n  - {name: a, framework: jest}\n', 'the name "a" is used twice'],
    ['suites:\n  - {name: a, framework: command}\n', 'framework "command" needs `command` and `report`'],
    ['suites:\n  - {name: a, framework: jest, dir: ../other}\n', 'leads out of the project'],
    ['- 1\n', 'baton.config.yaml document: Invalid input'],
  ])('%j is refused with file, line and column', (text, expected) => {
    expect(complaint(text)).toContain(expected);
  });

  it('survives a bomb of aliases', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
      .split('')
      .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(',')}]`)
      .join('\n')}\n`;
    expect(complaint(bomb)).toMatch(/alias/i);
  });

  it('reads JSON with the same positions', () => {
    expect(complaint('{"lanes": "two"}', 'baton.config.json')).toMatch(/^baton\.config\.json:1:11 lanes:/);
  });

  it('refuses two files, because one of them would be ignored', async () => {
    const both = { readText: async (path: string) => (path.endsWith('.yml') ? undefined : 'lanes: 2') };
    await expect(readProjectConfig(both)).rejects.toThrow('There is a baton.config.yaml and a baton.config.json');
    expect(await readProjectConfig({ readText: async () => undefined })).toBeUndefined();
  });
});
