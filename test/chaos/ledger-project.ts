/**
 * Projects whose tests keep their own record: `random` → files of node:test, pytest and go test. As each test ends it
 * appends one line to a file outside Baton's reach and syncs it. What a test does is decided here, from the seed, so
 * the oracle needs none of Baton's code to know what should come out.
 */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Random } from './random.js';

/** `flaky` fails in the first batch that runs it, whatever the fence, and passes in every other batch. */
export type Behaviour = 'pass' | 'slow' | 'fail' | 'flaky';
export type ChaosSuite = 'node' | 'pytest' | 'go';

export interface ChaosTest {
  readonly suite: ChaosSuite;
  readonly file: string;
  /** Unique in the project. */
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly ms: number;
}

export interface LedgerProject {
  readonly name: string;
  readonly dir: string;
  readonly tests: readonly ChaosTest[];
  /** What the tests themselves wrote, one JSON object a line. */
  readonly truth: string;
}

export interface ProjectShape {
  readonly name: string;
  readonly files: Readonly<Partial<Record<ChaosSuite, number>>>;
  readonly testsPerFile: number;
  /** Share of tests that fail, and that are flaky. */
  readonly failing: number;
  readonly flaky: number;
  /** Shortest and longest test. */
  readonly ms: readonly [number, number];
}

export async function ledgerProject(shape: ProjectShape, random: Random): Promise<LedgerProject> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-chaos-project-'));
  const record = await mkdtemp(join(tmpdir(), 'baton-chaos-truth-'));
  const truth = join(record, 'truth.ndjson');
  const tests = inventTests(shape, random);
  const files: Record<string, string> = { ...configuration(shape) };
  for (const [file, own] of byFile(tests)) files[file] = SOURCES[own[0]!.suite](own, record);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  await mkdir(join(record, 'seen'));
  await writeFile(truth, '');
  return { name: shape.name, dir, tests, truth };
}

function inventTests(shape: ProjectShape, random: Random): ChaosTest[] {
  const tests: ChaosTest[] = [];
  for (const [suite, count] of Object.entries(shape.files) as [ChaosSuite, number][])
    for (let f = 0; f < count; f++)
      for (let t = 0; t < shape.testsPerFile; t++) tests.push(inventTest(shape, suite, f, t, random));
  return tests;
}

function inventTest(shape: ProjectShape, suite: ChaosSuite, f: number, t: number, random: Random): ChaosTest {
  const number = String(f).padStart(3, '0');
  const chance = random.next();
  const behaviour: Behaviour =
    chance < shape.failing ? 'fail' : chance < shape.failing + shape.flaky ? 'flaky' : chance > 0.97 ? 'slow' : 'pass';
  const ms = behaviour === 'slow' ? 1_000 : random.whole(...shape.ms);
  switch (suite) {
    case 'node':
      return { suite, file: `test/f${number}.test.js`, name: `n${number}t${t}`, behaviour, ms };
    case 'pytest':
      return { suite, file: `py/test_f${number}.py`, name: `test_p${number}t${t}`, behaviour, ms };
    case 'go':
      return { suite, file: `go/p${number}/x_test.go`, name: `TestG${number}t${t}`, behaviour, ms };
  }
}

function byFile(tests: readonly ChaosTest[]): Map<string, ChaosTest[]> {
  const files = new Map<string, ChaosTest[]>();
  for (const test of tests) files.set(test.file, [...(files.get(test.file) ?? []), test]);
  return files;
}

function configuration({ name, files }: ProjectShape): Record<string, string> {
  const suites: Record<ChaosSuite, string> = {
    node: '  - { name: node, framework: node-test, dir: . }',
    pytest: '  - { name: pytest, framework: pytest, dir: py }',
    go: '  - { name: go, framework: go-test, dir: go }',
  };
  const wanted = (Object.keys(files) as ChaosSuite[]).filter((suite) => (files[suite] ?? 0) > 0);
  return {
    'package.json': JSON.stringify({ name, type: 'module', scripts: { test: 'node --test' } }),
    'baton.config.yaml': `project: ${name}\nsuites:\n${wanted.map((suite) => suites[suite]).join('\n')}\n`,
    ...(wanted.includes('pytest') ? { 'py/pytest.ini': '[pytest]\naddopts = -p no:cacheprovider\n' } : {}),
    ...(wanted.includes('go') ? { 'go/go.mod': 'module chaos\n\ngo 1.20\n' } : {}),
  };
}

/**
 * Each test: wait, decide, append, sync, and only then pass or fail. The token (execution, batch and fence) is the name
 * of the attempt's own folder. A flaky test leaves a file that names the first batch it ran in.
 */
const SOURCES: Readonly<Record<ChaosSuite, (tests: readonly ChaosTest[], record: string) => string>> = {
  node: (tests, record) => `import test from 'node:test';
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
const record = ${JSON.stringify(record)};
const token = basename(dirname(process.env.BATON_EVENTS ?? 'none/none'));
const batch = token.slice(0, token.lastIndexOf('.'));
function fails(name, behaviour) {
  if (behaviour !== 'flaky') return behaviour === 'fail';
  const seen = record + '/seen/' + token.split('.')[0] + '.' + name;
  try { writeFileSync(seen, batch, { flag: 'wx' }); return true; } catch { return readFileSync(seen, 'utf8') === batch; }
}
function append(line) {
  const fd = openSync(record + '/truth.ndjson', 'a');
  writeSync(fd, JSON.stringify(line) + '\\n');
  fsyncSync(fd);
  closeSync(fd);
}
for (const { name, behaviour, ms } of ${JSON.stringify(tests.map(({ name, behaviour, ms }) => ({ name, behaviour, ms })))}) {
  test(name, async () => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    const failed = fails(name, behaviour);
    append({ test: name, token, pid: process.pid, at: Number(process.hrtime.bigint() / 1000n), outcome: failed ? 'failed' : 'passed' });
    if (failed) throw new Error(name + ' fails as it should');
  });
}
`,
  pytest: (tests, record) => `import json, os, time
RECORD = ${JSON.stringify(record)}
TOKEN = os.path.basename(os.path.dirname(os.environ.get("BATON_EVENTS", "none/none")))
BATCH = TOKEN[:TOKEN.rfind(".")]
def fails(name, behaviour):
    if behaviour != "flaky":
        return behaviour == "fail"
    seen = RECORD + "/seen/" + TOKEN.split(".")[0] + "." + name
    try:
        with open(seen, "x") as file:
            file.write(BATCH)
        return True
    except FileExistsError:
        with open(seen) as file:
            return file.read() == BATCH
def act(name, behaviour, ms):
    time.sleep(ms / 1000)
    failed = fails(name, behaviour)
    line = {"test": name, "token": TOKEN, "pid": os.getpid(), "at": time.monotonic_ns() // 1000, "outcome": "failed" if failed else "passed"}
    fd = os.open(RECORD + "/truth.ndjson", os.O_WRONLY | os.O_APPEND)
    os.write(fd, (json.dumps(line) + "\\n").encode())
    os.fsync(fd)
    os.close(fd)
    assert not failed, name + " fails as it should"
${tests.map(({ name, behaviour, ms }) => `def ${name}():\n    act("${name}", "${behaviour}", ${ms})\n`).join('')}`,
  go: (tests, record) => `package p
import ("encoding/json"; "os"; "path/filepath"; "strings"; "testing"; "time")
const record = ${JSON.stringify(record)}
var token = filepath.Base(filepath.Dir(os.Getenv("BATON_EVENTS")))
func fails(name string, behaviour string) bool {
	if behaviour != "flaky" { return behaviour == "fail" }
	batch := token[:strings.LastIndex(token, ".")]
	seen := record + "/seen/" + strings.Split(token, ".")[0] + "." + name
	file, err := os.OpenFile(seen, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err == nil { file.WriteString(batch); file.Close(); return true }
	first, _ := os.ReadFile(seen)
	return string(first) == batch
}
func act(t *testing.T, name string, behaviour string, ms int) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	outcome := "passed"
	if fails(name, behaviour) { outcome = "failed" }
	line, _ := json.Marshal(map[string]any{"test": name, "token": token, "pid": os.Getpid(), "at": 0, "outcome": outcome})
	file, err := os.OpenFile(record + "/truth.ndjson", os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil { t.Fatal(err) }
	file.Write(append(line, '\\n')); file.Sync(); file.Close()
	if outcome == "failed" { t.Fatal(name + " fails as it should") }
}
${tests.map(({ name, behaviour, ms }) => `func ${name}(t *testing.T) { act(t, "${name}", "${behaviour}", ${ms}) }\n`).join('')}`,
};
