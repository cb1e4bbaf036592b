/**
 * Which targets `cargo test` would run, from `cargo metadata --no-deps`.
 *
 * A target is { file, pkg, spec, kind, name, select, harness, doc }: `file` is its source relative to the suite's
 * directory, or `doc:<package>` for the doc tests of a library; `select` are the arguments that choose it.
 */
import { join, relative, sep } from 'node:path';

const LIBRARY = new Set(['lib', 'rlib', 'dylib', 'cdylib', 'staticlib', 'proc-macro']);

/** Arguments of `cargo test` that choose targets, and what they let through. With none of them cargo takes `test = true` and doc tests. */
const FILTERS = {
  '--lib': (t) => t.kind === 'lib',
  '--bins': (t) => t.kind === 'bin' && t.test,
  '--examples': (t) => t.kind === 'example',
  '--tests': (t) => t.test,
  '--benches': (t) => t.kind === 'bench',
  '--all-targets': (t) => !t.doc,
  '--doc': (t) => t.doc,
};
const NAMED_FILTERS = { '--bin': 'bin', '--example': 'example', '--test': 'test', '--bench': 'bench' };
/** Said by the driver itself, and cargo refuses them twice. */
const OURS = /^--(no-fail-fast|no-run|message-format)(=|$)/;
const PACKAGE_FLAGS = new Set(['-p', '--package', '--exclude']);

/**
 * The suite's arguments, sorted: `cargo` go to every call, `choice` decides about packages, `filters` about targets,
 * `program` (after `--`) to the test programs.
 */
export function sortArgs(args) {
  const split = args.indexOf('--');
  const own = split < 0 ? args : args.slice(0, split);
  const sorted = { cargo: [], choice: [], filters: [], program: split < 0 ? [] : args.slice(split + 1) };
  for (let i = 0; i < own.length; i++) {
    const [flag, inline] = own[i].startsWith('--') && own[i].includes('=') ? splitOnce(own[i]) : [own[i], undefined];
    const value = () => inline ?? own[++i] ?? '';
    if (PACKAGE_FLAGS.has(flag)) sorted.choice.push(flag, value());
    else if (flag === '--workspace' || flag === '--all') sorted.choice.push('--workspace');
    else if (flag in NAMED_FILTERS) sorted.filters.push([flag, value()]);
    else if (flag in FILTERS) sorted.filters.push([flag]);
    else if (OURS.test(own[i])) i += own[i] === '--message-format' ? 1 : 0;
    else sorted.cargo.push(own[i]);
  }
  return sorted;
}

const splitOnce = (text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];

/** `manifests`: text of each package's Cargo.toml by path, because metadata does not tell `harness = false`. */
export function testTargets(metadata, suiteDir, sorted, manifests) {
  return chosenPackages(metadata, suiteDir, sorted.choice).flatMap((pkg) => {
    const features = enabledFeatures(pkg.features ?? {}, sorted.cargo);
    return pkg.targets
      .filter((target) => (target['required-features'] ?? []).every((f) => features.has(f)))
      .flatMap((target) => unitsOf(target, pkg, metadata, suiteDir, manifests))
      .filter((unit) => passes(unit, sorted.filters));
  });
}

function chosenPackages(metadata, suiteDir, choice) {
  const members = metadata.packages.filter((p) => (metadata.workspace_members ?? []).includes(p.id));
  const values = (flags) => choice.flatMap((arg, i) => (flags.includes(arg) ? [choice[i + 1]] : []));
  const named = values(['-p', '--package']);
  const excluded = values(['--exclude']);
  if (named.length > 0) return members.filter((p) => named.some((spec) => matches(p, spec)));
  if (choice.includes('--workspace')) return members.filter((p) => !excluded.some((spec) => matches(p, spec)));
  // Inside a member's directory cargo takes that member; at the root the default members.
  const here = members.filter((p) => p.manifest_path === join(suiteDir, 'Cargo.toml'));
  if (here.length > 0 && metadata.workspace_root !== suiteDir) return here;
  const defaults = metadata.workspace_default_members;
  if (defaults) return members.filter((p) => defaults.includes(p.id));
  return here.length > 0 ? here : members;
}

/** `name`, `name@1.2.3` or a glob of names. */
function matches(pkg, spec) {
  const name = spec.split('@')[0];
  if (!name.includes('*')) return pkg.name === name;
  const [first, ...rest] = name.split('*');
  return pkg.name.startsWith(first) && pkg.name.endsWith(rest.at(-1));
}

function enabledFeatures(table, cargoArgs) {
  const wanted = cargoArgs.includes('--no-default-features') ? [] : ['default'];
  cargoArgs.forEach((arg, i) => {
    if (arg === '--all-features') wanted.push(...Object.keys(table));
    else if (arg === '--features' || arg === '-F') wanted.push(...(cargoArgs[i + 1] ?? '').split(/[ ,]+/));
    else if (arg.startsWith('--features=')) wanted.push(...arg.slice('--features='.length).split(/[ ,]+/));
  });
  const enabled = new Set();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (enabled.has(name)) continue;
    enabled.add(name);
    wanted.push(...(table[name] ?? []));
  }
  return enabled;
}

function unitsOf(target, pkg, metadata, suiteDir, manifests) {
  const kind = target.kind.some((k) => LIBRARY.has(k)) ? 'lib' : target.kind[0];
  if (!['lib', 'bin', 'example', 'test', 'bench'].includes(kind)) return [];
  // Names can repeat among dependencies; the version tells them apart (understood since the cargo that lists default members).
  const spec = metadata.workspace_default_members ? `${pkg.name}@${pkg.version}` : pkg.name;
  const base = { pkg: pkg.name, spec, name: target.name, src: target.src_path };
  const unit = {
    ...base,
    file: relative(suiteDir, target.src_path).split(sep).join('/'),
    kind,
    test: target.test ?? true,
    doc: false,
    select: kind === 'lib' ? ['--lib'] : [`--${kind}`, target.name],
    harness: !withoutHarness(manifests[pkg.manifest_path] ?? '', kind, target.name),
  };
  const doc = {
    ...base,
    file: `doc:${pkg.name}`,
    kind: 'doc',
    test: false,
    doc: true,
    select: ['--doc'],
    harness: true,
  };
  return kind === 'lib' && target.doctest ? [unit, doc] : [unit];
}

function passes(unit, filters) {
  if (filters.length === 0) return unit.test || unit.doc;
  return filters.some(([flag, name]) =>
    name === undefined ? FILTERS[flag](unit) : NAMED_FILTERS[flag] === unit.kind && unit.name === name,
  );
}

/** Looks for `harness = false` in `[lib]` or in the `[[test]]`, `[[bin]]` … of that name. */
export function withoutHarness(manifest, kind, name) {
  let table = '';
  let found = {};
  const tables = [];
  for (const line of manifest.split(/\r?\n/)) {
    const header = /^\s*\[\[?\s*([\w.-]+)\s*\]\]?/.exec(line);
    if (header) {
      table = header[1];
      found = { table };
      tables.push(found);
    }
    const value = /^\s*(name|harness)\s*=\s*(?:"([^"]*)"|'([^']*)'|(\w+))/.exec(line);
    if (value && table !== '') found[value[1]] = value[2] ?? value[3] ?? value[4];
  }
  return tables.some((t) => t.table === kind && t.harness === 'false' && (kind === 'lib' || t.name === name));
}
