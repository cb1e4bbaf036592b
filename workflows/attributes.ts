import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../domain/names.js';

const KEYS = Object.fromEntries(
  Object.entries(SEARCH_ATTRIBUTES).map(([word, name]) => [
    word,
    defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
  ]),
) as Record<
  keyof typeof SEARCH_ATTRIBUTES,
  ReturnType<typeof defineSearchAttributeKey<typeof SearchAttributeType.KEYWORD>>
>;

/** A Keyword holds little, so a long list of suites is cut. */
const MAX_CHARS = 200;

export interface RunAttributes {
  readonly project?: string;
  readonly suites?: readonly string[];
  readonly commit?: string | null;
  readonly branch?: string | null;
  readonly verdict?: string;
}

export function searchAttributes(values: RunAttributes): SearchAttributePair[] {
  const pairs: SearchAttributePair[] = [];
  const add = (word: keyof typeof SEARCH_ATTRIBUTES, value: string | null | undefined): void => {
    if (value) pairs.push({ key: KEYS[word], value: value.slice(0, MAX_CHARS) });
  };
  add('project', values.project);
  add('suite', values.suites?.join(' '));
  add('commit', values.commit);
  add('branch', values.branch);
  add('verdict', values.verdict);
  return pairs;
}
