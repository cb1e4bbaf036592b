/** Looks a program up as `execvp` would, so that "cannot be started" is known exactly, whatever wraps the program later. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/** Path of the program, or why it cannot be started. */
export type Lookup = { readonly path: string } | { readonly error: string };

function isExecutable(path: string): 'yes' | 'no' | 'missing' {
  try {
    if (!statSync(path).isFile()) return 'no';
    accessSync(path, constants.X_OK);
    return 'yes';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'EACCES' ? 'no' : 'missing';
  }
}

/** The interpreter of a `#!` line, or null. */
function interpreter(path: string): string | null {
  const start = Buffer.alloc(256);
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null; // executable but not readable: a binary that the kernel may still run
  }
  const length = readSync(fd, start, 0, start.length, 0);
  closeSync(fd);
  const line = start.subarray(0, length).toString('latin1').split('\n', 1)[0] ?? '';
  if (!line.startsWith('#!')) return null;
  return line.slice(2).trim().split(/\s/, 1)[0] || null;
}

function withInterpreter(path: string): Lookup {
  const needed = interpreter(path);
  if (needed === null || isExecutable(needed) === 'yes') return { path };
  return { error: `ENOENT: ${path} asks for the interpreter ${needed}, which does not exist or is not executable` };
}

/** Path of one of the system's own tools, or null. */
export function findTool(name: string, toolPath: string): string | null {
  const found = toolPath.split(delimiter).map((dir) => join(dir, name));
  return found.find((path) => isExecutable(path) === 'yes') ?? null;
}

/** `searchPath` is the PATH of the program's own environment; relative entries count from `cwd`. */
export function findProgram(command: string, cwd: string, searchPath: string): Lookup {
  try {
    if (!statSync(cwd).isDirectory()) return { error: `ENOTDIR: the working directory ${cwd} is not a directory` };
  } catch {
    return { error: `ENOENT: the working directory ${cwd} does not exist` };
  }
  const candidates = command.includes('/')
    ? [isAbsolute(command) ? command : resolve(cwd, command)]
    : searchPath.split(delimiter).map((dir) => resolve(cwd, dir, command));
  const states = candidates.map((path) => ({ path, state: isExecutable(path) }));
  const found = states.find(({ state }) => state === 'yes');
  if (found) return withInterpreter(found.path);
  const refused = states.find(({ state }) => state === 'no');
  if (refused) return { error: `EACCES: ${refused.path} is not an executable file` };
  return { error: `ENOENT: ${command} was not found${command.includes('/') ? '' : ` in PATH (${searchPath})`}` };
}
