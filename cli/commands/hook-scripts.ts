/**
 * The hooks as git runs them. They are short shell scripts, because a commit must not wait for Node to start: the snapshot
 * is made by git itself, the rest goes on in the background. A hook that was there before runs first.
 */
export const HOOKS = ['pre-commit', 'pre-push'] as const;
export type HookName = (typeof HOOKS)[number];

/** By this line a hook is known as ours. */
export const MARK = '# baton: installed by `baton hooks install`';
/** What a hook that was there before is called. */
export const BEFORE = '.before-baton';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export interface Program {
  /** Node. */
  readonly node: string;
  /** `scripts/baton.mjs`. */
  readonly script: string;
  /** Home of the installation that was used for installing. */
  readonly home: string;
}

export function hookScript(name: HookName, program: Program): string {
  const baton = `BATON_HOME=${quoted(program.home)} ${quoted(program.node)} ${quoted(program.script)}`;
  return `${name === 'pre-commit' ? preCommit(baton) : prePush(baton)}\n`;
}

/** Tests what is about to be committed, not what lies beside it; never holds the commit up. */
const preCommit = (baton: string): string => `#!/bin/sh
${MARK}
before="$0${BEFORE}"
if [ -x "$before" ]; then "$before" "$@" || exit $?; fi
tree=$(git write-tree 2>/dev/null) || exit 0
if head=$(git rev-parse --verify --quiet HEAD); then parent="-p $head"; else parent=""; fi
commit=$(git commit-tree "$tree" $parent -m "what is about to be committed" 2>/dev/null) || exit 0
git update-ref refs/baton/queued "$commit" 2>/dev/null || exit 0
( unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE; ${baton} hooks queue "$commit" >/dev/null 2>&1 </dev/null & )
exit 0`;

/** Without Baton the mirrored gate still counts. */
const prePush = (baton: string): string => `#!/bin/sh
${MARK}
before="$0${BEFORE}"
lines=$(cat)
if [ -x "$before" ]; then printf '%s\\n' "$lines" | "$before" "$@" || exit $?; fi
gate="$(git rev-parse --git-dir)/MERGE_BLOCKED"
tab=$(printf '\\t')
if [ -f "$gate" ]; then
  printf '%s\\n' "$lines" | while read -r _ commit ref _; do
    [ -n "$ref" ] || continue
    blocked=$(grep -F "\${ref#refs/heads/}$tab$commit$tab" "$gate" | head -n 1)
    if [ -n "$blocked" ]; then
      printf 'Baton blocks this push: %s\\n' "$blocked" >&2
      printf 'It is lifted by the next green commit; --no-verify goes past it.\\n' >&2
      exit 1
    fi
  done || exit 1
fi
printf '%s\\n' "$lines" | ( unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE; ${baton} hooks pre-push )`;
