/** Which commands make a fresh checkout ready, told by the lockfiles it has. Pure: names in, steps out. */
import { posix } from 'node:path';

/** One tool's preparation of one folder of the project. */
export interface SetupStep {
  /** For people, such as `npm ci in web`. */
  readonly name: string;
  /** Relative to the root. */
  readonly dir: string;
  /** Programs with arguments, one after another. */
  readonly commands: readonly (readonly string[])[];
  readonly env: Readonly<Record<string, string>>;
  /** Files whose content decides whether it must run again. */
  readonly inputs: readonly string[];
  /** Commands whose output (versions) decides, too. */
  readonly versions: readonly (readonly string[])[];
  /** Where the outcome lies: a folder in `dir`; a cache of the machine, so that one run serves every checkout; or, for a command of the project's own, anywhere in the checkout. */
  readonly outcome: { readonly folder: string } | 'machine' | 'checkout';
  /** What of it `git clean` leaves between commits, as patterns of .gitignore. */
  readonly keep: readonly string[];
}

type StepBody = Omit<SetupStep, 'dir' | 'name'>;

/** A detector sees the names in one folder and answers with its step, or undefined. */
interface Ecosystem {
  readonly name: string;
  /** Files by which a folder is recognised, in order of preference. */
  readonly files: (name: string) => boolean;
  readonly step: (names: readonly string[], text: (name: string) => string | undefined) => StepBody | undefined;
}

const NODE_LOCKS = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock'];
const REQUIREMENTS =
  /^(?:requirements(?:[-_.](?:dev|develop|test|tests|testing|ci))?|(?:dev|test)[-_]requirements)\.txt$/;
const PYTHON_FILES = ['uv.lock', 'poetry.lock', 'pyproject.toml', 'setup.py'];
const isWindows = process.platform === 'win32';

const node: Ecosystem = {
  name: 'node',
  files: (name) => NODE_LOCKS.includes(name),
  step: (names, text) => {
    const lock = NODE_LOCKS.find((name) => names.includes(name));
    if (lock === undefined) return undefined;
    const [tool, ...args] = nodeCommand(lock, text(lock) ?? '');
    return {
      commands: [[tool, ...args]],
      env: {},
      inputs: [lock, 'package.json', '.npmrc', '.yarnrc.yml', 'pnpm-workspace.yaml'],
      versions: [
        [tool, '--version'],
        ['node', '--version'],
      ],
      outcome: { folder: 'node_modules' },
      // Packages of a workspace have their own, at any depth. Yarn's Plug'n'Play keeps everything elsewhere.
      keep: args.includes('--immutable') ? ['node_modules', '.yarn', '.pnp.*'] : ['node_modules'],
    };
  },
};

function nodeCommand(lock: string, content: string): [string, ...string[]] {
  if (lock === 'pnpm-lock.yaml') return ['pnpm', 'install', '--frozen-lockfile'];
  if (lock !== 'yarn.lock') return ['npm', 'ci', '--no-audit', '--no-fund'];
  return ['yarn', 'install', content.includes('# yarn lockfile v1') ? '--frozen-lockfile' : '--immutable'];
}

const python: Ecosystem = {
  name: 'python',
  files: (name) => PYTHON_FILES.includes(name) || REQUIREMENTS.test(name),
  step: (names, text) => {
    if (names.includes('uv.lock'))
      return venvStep(
        [['uv', 'sync', '--frozen']],
        ['uv.lock', 'pyproject.toml', '.python-version'],
        [['uv', '--version']],
      );
    if (names.includes('poetry.lock')) {
      const step = venvStep(
        [['poetry', 'install', '--no-interaction']],
        ['poetry.lock', 'pyproject.toml'],
        [['poetry', '--version']],
      );
      return { ...step, env: { POETRY_VIRTUALENVS_IN_PROJECT: 'true' } };
    }
    return pipStep(names, text);
  },
};

function venvStep(commands: string[][], inputs: string[], versions: string[][]): StepBody {
  return { commands, env: {}, inputs, versions, outcome: { folder: '.venv' }, keep: ['.venv', '*.egg-info'] };
}

/** A virtual environment with what the requirement files list, and the project itself with its extras for testing. */
function pipStep(names: readonly string[], text: (name: string) => string | undefined): StepBody | undefined {
  const requirements = names.filter((name) => REQUIREMENTS.test(name)).sort();
  const project = text('pyproject.toml') ?? '';
  const installable = /^\[(?:build-system|project)\]/m.test(project) || names.includes('setup.py');
  if (requirements.length === 0 && !installable) return undefined;
  const interpreter = isWindows ? 'python' : 'python3';
  const inside = isWindows ? '.venv\\Scripts\\python.exe' : '.venv/bin/python';
  const extras = testExtras(project);
  const wanted = [
    ...requirements.flatMap((name) => ['-r', name]),
    ...(installable ? ['-e', extras.length > 0 ? `.[${extras.join(',')}]` : '.'] : []),
  ];
  return venvStep(
    [
      [interpreter, '-m', 'venv', '.venv'],
      [inside, '-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', ...wanted],
    ],
    [...requirements, 'pyproject.toml', 'setup.py', 'setup.cfg'],
    [[interpreter, '--version']],
  );
}

/** Extras of `[project.optional-dependencies]` that are named after testing. */
function testExtras(pyproject: string): string[] {
  const section = /^\[project\.optional-dependencies\]\s*\n([\s\S]*?)(?=^\[|$(?![\s\S]))/m.exec(pyproject)?.[1] ?? '';
  return [...section.matchAll(/^(test|tests|testing|dev)\s*=/gm)].map((match) => match[1] ?? '');
}

const go: Ecosystem = {
  name: 'go',
  files: (name) => name === 'go.mod',
  step: () => ({
    commands: [['go', 'mod', 'download']],
    env: {},
    inputs: ['go.mod', 'go.sum'],
    versions: [['go', 'version']],
    outcome: 'machine',
    keep: [],
  }),
};

const rust: Ecosystem = {
  name: 'rust',
  files: (name) => name === 'Cargo.lock' || name === 'Cargo.toml',
  step: (names) => ({
    commands: [['cargo', 'fetch', ...(names.includes('Cargo.lock') ? ['--locked'] : [])]],
    env: {},
    inputs: ['Cargo.lock', 'Cargo.toml'],
    versions: [['cargo', '--version']],
    outcome: 'machine',
    keep: [],
  }),
};

const ECOSYSTEMS = [node, python, go, rust];
/** Deeper lockfiles are somebody's fixtures. */
const MAX_DEPTH = 2;
/** Most folders that one ecosystem is prepared in. */
const MAX_FOLDERS = 10;
const ASIDE =
  /(?:^|\/)(?:node_modules|vendor|fixtures?|__fixtures__|testdata|tests?|__tests__|spec|examples?|samples?|templates?|docs?|benchmarks?|\.[^/]+)(?:\/|$)/;

/**
 * Steps for a checkout. What lies in the root counts for all (workspaces); without it, folders up to two levels deep are
 * prepared one by one, except those that hold fixtures, examples and the like.
 *
 * @param files all tracked paths, relative to the root
 * @param text content of one of them
 */
export function setupSteps(files: readonly string[], text: (path: string) => string | undefined): SetupStep[] {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const dir = posix.dirname(file);
    if (dir !== '.' && (dir.split('/').length > MAX_DEPTH || ASIDE.test(dir))) continue;
    const names = folders.get(dir);
    if (names) names.push(posix.basename(file));
    else folders.set(dir, [posix.basename(file)]);
  }
  return ECOSYSTEMS.flatMap((ecosystem) => {
    const dirs = [...folders].filter(([, names]) => names.some(ecosystem.files)).map(([dir]) => dir);
    const chosen = dirs.includes('.') ? ['.'] : dirs.sort().slice(0, MAX_FOLDERS);
    return chosen.flatMap((dir) => stepIn(dir, folders.get(dir) ?? [], ecosystem, text));
  });
}

function stepIn(
  dir: string,
  names: readonly string[],
  ecosystem: Ecosystem,
  text: (path: string) => string | undefined,
): SetupStep[] {
  const found = ecosystem.step(names, (name) => text(posix.join(dir, name)));
  if (!found) return [];
  const words = found.commands.at(-1) ?? [];
  const command = words.slice(0, 3).join(' ');
  return [
    {
      ...found,
      dir,
      name: dir === '.' ? command : `${command} in ${dir}`,
      inputs: found.inputs.filter((name) => names.includes(name)),
    },
  ];
}

/** A command the project names itself may read and write anything in the checkout: it must run again for every other tree. */
export function configuredStep(command: readonly string[], tree: string): SetupStep {
  return {
    name: command.join(' ').slice(0, 100),
    dir: '.',
    commands: [command],
    env: { BATON_TREE: tree },
    inputs: [],
    versions: [],
    outcome: 'checkout',
    keep: ['node_modules', '.venv'],
  };
}
