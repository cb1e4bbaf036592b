/**
 * The arguments of bubblewrap for code that is not trusted. The new root is empty, and only what is named here appears in
 * it: a list of what is allowed cannot forget a secret, a list of what is hidden can.
 *
 * The program keeps the runner's user, so that it may write the workspace. Files of that user (also root's) are kept
 * from it by not being there, and the kernel's switches below /proc/sys by being read-only: a mapped root owns them and
 * would need no capability to write them.
 */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import type { Seal } from '../../domain/seal.js';

const SYSTEM = ['/usr', '/nix/store', '/run/current-system'];
/** Symbolic links into /usr on most systems, directories on some. */
const MERGED = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** Of /etc only what programs need to start; /etc/ssl/private, shadow, ssh and the like are not among them. */
const ETC =
  'alternatives ca-certificates ssl/certs ssl/openssl.cnf pki/tls/certs pki/tls/cert.pem pki/ca-trust/extracted passwd group hosts host.conf hostname nsswitch.conf protocols services localtime timezone ld.so.cache ld.so.conf ld.so.conf.d mime.types os-release fonts maven/m2.conf maven/logging java-11-openjdk java-17-openjdk java-21-openjdk java-25-openjdk'.split(
    ' ',
  );
const KERNEL_SWITCHES = ['/proc/sys', '/proc/irq', '/proc/bus', '/proc/fs', '/proc/acpi', '/proc/scsi'];
const KERNEL_FILES = ['/proc/sysrq-trigger', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/mtrr'];

type Way = 'ro-bind' | 'bind' | 'tmpfs';

/** Parents before what lies in them, and of one path what hides before what shows. */
function mounts({ writable, readable, hidden }: Seal): string[] {
  const all: [Way, string][] = [
    ...hidden.map((path): [Way, string] => ['tmpfs', path]),
    ...readable.map((path): [Way, string] => ['ro-bind', path]),
    ...writable.map((path): [Way, string] => ['bind', path]),
  ];
  const present = all.filter(([, path]) => existsSync(path));
  const depth = (path: string): number => path.split('/').filter(Boolean).length;
  return present
    .sort(([, a], [, b]) => depth(a) - depth(b))
    .flatMap(([way, path]) => (way === 'tmpfs' ? ['--tmpfs', path] : [`--${way}`, path, path]));
}

function merged(path: string): string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

const seen = (option: string, paths: readonly string[]): string[] =>
  paths.flatMap((path) => [`--${option}`, path, path]);

/** For ordinary users `--dev` would take a second user namespace inside the first, and then none could be entered. */
function devices(): string[] {
  if (process.getuid?.() === 0) return ['--dev', '/dev'];
  const plain = ['null', 'zero', 'full', 'random', 'urandom'].map((name) => `/dev/${name}`);
  return [
    '--tmpfs',
    '/dev',
    ...seen('dev-bind', plain),
    '--symlink',
    '/proc/self/fd',
    '/dev/fd',
    '--tmpfs',
    '/dev/shm',
  ];
}

/** `nested`: this bubblewrap can forbid user namespaces inside, through which more of the kernel could be reached. */
export function sealedArguments(seal: Seal, nested: boolean): string[] {
  const etc = [...ETC, ...(seal.network ? ['resolv.conf', 'gai.conf'] : [])].map((name) => `/etc/${name}`);
  return [
    ...'--unshare-user --unshare-pid --unshare-ipc --unshare-uts --die-with-parent'.split(' '),
    ...(seal.network ? [] : ['--unshare-net']),
    ...(nested ? ['--disable-userns'] : []),
    ...['--hostname', 'baton-sealed'],
    ...seen('ro-bind-try', SYSTEM),
    ...MERGED.flatMap(merged),
    ...seen('ro-bind-try', etc),
    ...['--proc', '/proc', ...devices(), '--tmpfs', '/tmp', '--perms', '0700', '--tmpfs', '/root'],
    ...seen('ro-bind-try', KERNEL_SWITCHES),
    ...KERNEL_FILES.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...mounts(seal),
    // What was needed to hang all this up may not be written either.
    ...['--remount-ro', '/'],
  ];
}
