/** Something that people should hear of. Which channels hear it, when and in which words is the notifier's matter. */
export const NOTICE_KINDS = [
  'test_completion',
  'test_failure',
  'merge_blocked',
  'fix_proposed',
  'fix_failed',
  'alert_firing',
  'alert_resolved',
  'deployment_verified',
  'deployment_failed',
  'approval_needed',
  'workflow_failed',
  // The notifier's own: a channel refuses what it is sent; a message that somebody asked for to try a channel.
  'channel_failed',
  'channel_test',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export interface Notice {
  /** The same key twice is one message per channel, whatever dies in between. */
  readonly key: string;
  readonly kind: NoticeKind;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly project: string;
  /** One line. */
  readonly title: string;
  /** A few sentences of Markdown. What strangers wrote goes in through `literal` of `notify/markdown.ts`. */
  readonly text: string;
  /** What it is about: messages of one group follow each other in one thread, incident or issue. */
  readonly group: string;
  /** The trouble of this group is over: incidents and issues are closed. */
  readonly resolves?: boolean;
  readonly links: readonly { readonly label: string; readonly url: string }[];
  /** Values for templates; strings and numbers only. */
  readonly data: Readonly<Record<string, string | number>>;
  /** Addresses that belong to the matter, such as the author of a commit. */
  readonly to?: readonly string[];
  /** Names or kinds of channels; absent: what the routes of the installation say. */
  readonly channels?: readonly string[];
  /** Name of a template of the settings, in place of the one of the kind. */
  readonly template?: string;
}
