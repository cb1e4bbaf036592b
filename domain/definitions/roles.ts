/**
 * What a step can call, as `role.action`: one entry each, with typed inputs and outputs. `by` says who does it: the
 * interpreter itself, a child execution, the control process, or a runner inside the cage.
 */
import { NOTICE_KINDS } from '../notice.js';
import type { Fields } from './field.js';

export interface Action {
  readonly by: 'interpreter' | 'child' | 'control' | 'runner';
  readonly description: string;
  readonly inputs: Fields;
  readonly outputs: Fields;
  /** Inputs beside these may be given and are handed on. */
  readonly open?: boolean;
  /** Longest time of one attempt when the step says nothing, in milliseconds. */
  readonly timeoutMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const text = (description: string) => ({ type: 'string', description }) as const;
const whole = (description: string, min = 0, max = 1_000_000) => ({ type: 'integer', description, min, max }) as const;
const flag = (description: string) => ({ type: 'boolean', description }) as const;
const list = (description: string, max = 200) => ({ type: 'array', description, max }) as const;
const object = (description: string) => ({ type: 'object', description }) as const;

const TEST_RUNNER: Readonly<Record<string, Action>> = {
  setup_environment: {
    by: 'control',
    description: 'Writes down where the tests run, and fixes the commit for the steps that follow.',
    inputs: {
      browser: text('Browser that the tests use, as BATON_BROWSER.'),
      headless: flag('Whether the browser shows no window, as BATON_HEADLESS.'),
      environment: text('Environment under test, such as `staging`; as BATON_ENVIRONMENT.'),
      base_url: text('Address under test, as BATON_BASE_URL.'),
    },
    outputs: {
      environment: text('Environment under test.'),
      browser: text('Browser.'),
      headless: flag('Whether the browser shows no window.'),
      base_url: text('Address under test.'),
      commit: text('Commit that the steps test; empty for a directory.'),
    },
    timeoutMs: 5 * MINUTE,
  },
  run_tests: {
    by: 'child',
    description: 'Runs tests as an execution of its own and waits for the verdict. Red tests fail the step.',
    inputs: {
      test_suite: text('Name of the suite, or several separated by commas. Default: all.'),
      suites: list('Names of the suites.'),
      filter: text('Only test files whose path contains this, or matches it where it holds `*`.'),
      parallel: flag('Whether batches run side by side. Default: true.'),
      max_workers: whole('Most batches at one time.', 1, 256),
      timeout: whole('Longest time in seconds; then everything it started is ended.', 1, 86_400),
      retries: whole('Overrides the retries of every suite.', 0, 10),
      bail: flag('Stop after the first failure.'),
      allow_failures: flag('Whether red tests are a result like any other, and the step succeeds.'),
      environment: text('Environment under test. Default: that of the execution.'),
      browser: text('Browser that the tests use.'),
      headless: flag('Whether the browser shows no window.'),
      test_tags: list('Tags, handed to the tests as BATON_TEST_TAGS.'),
    },
    outputs: {
      run: text('Id of the execution of the tests.'),
      verdict: text('passed, failed, blocked, incomplete or cancelled.'),
      sentence: text('The verdict in one sentence.'),
      passed: whole('Tests that passed.'),
      failed: whole('Tests that failed.'),
      skipped: whole('Tests that were skipped.'),
      flaky: whole('Tests that both passed and failed.'),
      not_run: whole('Tests that were expected and not run.'),
    },
    timeoutMs: 24 * HOUR,
  },
};

const REPORTS: Action = {
  by: 'control',
  description: 'Writes one HTML page about everything that the execution has run so far.',
  inputs: {
    template: {
      type: 'string',
      values: ['summary', 'detailed'],
      description: '`detailed` adds a section for each test.',
    },
    include_screenshots: flag('Whether pictures are part of the page. Default: true.'),
    include_videos: flag('Whether videos are linked from the page. Default: true.'),
    title: text('Title of the page. Default: the name of the workflow.'),
  },
  outputs: {
    artifact: text('Name of the artifact.'),
    digest: text('Digest of the page.'),
    tests: whole('Tests on the page.'),
  },
  timeoutMs: 10 * MINUTE,
};

const NOTIFICATION: Action = {
  by: 'child',
  description: 'Tells people, through the channels of the installation.',
  inputs: {
    channels: list('Names of channels. Default: what the routes of the installation say.', 50),
    template: { type: 'string', values: NOTICE_KINDS, description: 'What kind of message. Default: test_completion.' },
    title: text('One line. Default: what became of the execution.'),
    message: text('A few sentences of Markdown.'),
    severity: { type: 'string', values: ['info', 'warning', 'critical'], description: 'How urgent. Default: info.' },
    to: list('Addresses beside those of the channels.', 50),
    data: object('Values for the template.'),
  },
  outputs: { key: text('Key of the message: the same one is never sent twice.') },
  timeoutMs: 10 * MINUTE,
};

const AI: Readonly<Record<string, Action>> = {
  ask: {
    by: 'control',
    description: 'Asks the language model of the installation. Without one the step fails, or gives `fallback`.',
    inputs: {
      question: { ...text('What it is to find out.'), required: true },
      material: object('Texts that it is to look at, by name; they are fenced and redacted.'),
      fallback: text('Answer when no model is configured or its budget is used up.'),
      max_tokens: whole('Longest answer.', 16, 8192),
    },
    outputs: {
      answer: text('The answer.'),
      model: text('Name of the model; empty for the fallback.'),
      record: text('Where the exchange is kept.'),
    },
    timeoutMs: 10 * MINUTE,
  },
};

const HTTP: Readonly<Record<string, Action>> = {
  request: {
    by: 'control',
    description: 'One HTTP request to a host that the installation allows. An answer of 400 or more fails the step.',
    inputs: {
      url: { ...text('Address, https or http.'), required: true },
      method: {
        type: 'string',
        values: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        description: 'Default: GET.',
      },
      headers: object('Headers. `secret://NAME` as a value names a secret that the installation allows.'),
      body: { type: 'any', description: 'Text, or anything else as JSON.' },
      expect_status: list('Answers that are right. Default: below 400.', 20),
    },
    outputs: {
      status: whole('Status of the answer.'),
      body: { type: 'any', description: 'The answer: parsed where it is JSON, else text.' },
      headers: object('Headers of the answer, in lower case.'),
    },
    timeoutMs: MINUTE,
  },
};

const SHELL: Readonly<Record<string, Action>> = {
  run: {
    by: 'runner',
    description: 'One program with arguments, on a runner inside the cage, in the project. There is no shell.',
    inputs: {
      command: { ...list('Program and arguments. The installation must allow the program.', 500), required: true },
      env: object('Variables to set.'),
      dir: text('Directory, relative to the project. Default: its root.'),
      allow_exit_codes: list('Exit codes that are right. Default: 0.', 20),
    },
    outputs: {
      exit_code: whole('Exit code.'),
      stdout: text('End of what it printed, at most 8 KiB.'),
      stderr: text('End of what it printed to standard error, at most 8 KiB.'),
      artifact: text('Where all of it is kept.'),
    },
    timeoutMs: 30 * MINUTE,
  },
};

const GATE: Readonly<Record<string, Action>> = {
  approve: {
    by: 'interpreter',
    description: 'Waits until a person says yes or no. No, or nobody in time, fails the step.',
    inputs: {
      message: text('What the person is asked.'),
      inputs: object('What the person fills in: a type for each name, as in `params`.'),
      expires: { type: 'any', description: 'How long it waits, such as `24h`. Default: 24 hours.' },
      channels: list('Who is told of it. Default: what the routes of the installation say.', 50),
    },
    outputs: {
      approved: flag('Always true where the step succeeds.'),
      by: text('Who decided.'),
      comment: text('What they added.'),
      inputs: object('What they filled in.'),
    },
    timeoutMs: 30 * 24 * HOUR,
  },
  wait_for_signal: {
    by: 'interpreter',
    description: 'Waits until a signal of this name arrives. Signals that came before it are kept.',
    inputs: {
      signal: { ...text('Name of the signal.'), required: true },
      expires: { type: 'any', description: 'How long it waits, such as `2h`. Default: 24 hours.' },
    },
    outputs: { payload: object('What came with the signal.') },
    timeoutMs: 30 * 24 * HOUR,
  },
  sleep: {
    by: 'interpreter',
    description: 'Waits for a while.',
    inputs: { duration: { type: 'any', required: true, description: 'How long, such as `5m`; a number is seconds.' } },
    outputs: {},
    timeoutMs: 30 * 24 * HOUR,
  },
  check: {
    by: 'interpreter',
    description: 'Fails when a condition does not hold.',
    inputs: {
      condition: { type: 'any', required: true, description: 'A condition, or a value that must be true.' },
      message: text('What is said when it does not hold.'),
    },
    outputs: {},
    timeoutMs: MINUTE,
  },
  set: {
    by: 'interpreter',
    description: 'Computes values for the steps that follow.',
    inputs: { values: { ...object('Values by name.'), required: true } },
    outputs: { values: object('The values.') },
    timeoutMs: MINUTE,
  },
};

const VCS: Readonly<Record<string, Action>> = {
  set_status: {
    by: 'control',
    description: 'Sets the status of a commit on the code host.',
    inputs: {
      repository: text('Address of the repository. Default: that of the execution.'),
      commit: text('Commit. Default: that of the execution.'),
      context: text('Name of the status. Default: `baton/` and the name of the workflow.'),
      state: {
        type: 'string',
        values: ['pending', 'success', 'failure', 'error'],
        required: true,
        description: 'State.',
      },
      description: text('One line.'),
      url: text('Where more is to be read.'),
    },
    outputs: { url: text('Address of the status.') },
    timeoutMs: 5 * MINUTE,
  },
  comment: {
    by: 'control',
    description: 'Writes a comment on a pull request: one for each step, kept up to date.',
    inputs: {
      repository: text('Address of the repository. Default: that of the execution.'),
      pull_request: { ...whole('Number of the pull request.', 1), required: true },
      body: { ...text('Markdown.'), required: true },
    },
    outputs: { url: text('Address of the comment.') },
    timeoutMs: 5 * MINUTE,
  },
};

const WORKFLOW: Readonly<Record<string, Action>> = {
  run: {
    by: 'child',
    description: 'Runs another workflow, stored or built in, and waits for its end.',
    inputs: {
      name: { ...text('Name of the workflow.'), required: true },
      params: object('Its parameters.'),
      wait: flag('false: goes on at once. Default: true.'),
    },
    outputs: {
      execution: text('Id of its execution.'),
      status: text('What became of it.'),
      outputs: object('Its outputs.'),
    },
    timeoutMs: 7 * 24 * HOUR,
  },
};

export const ROLES: Readonly<Record<string, Readonly<Record<string, Action>>>> = {
  test_runner: TEST_RUNNER,
  report_generator: { generate_html_report: REPORTS },
  notifier: { send_notification: NOTIFICATION },
  ai: AI,
  http: HTTP,
  shell: SHELL,
  gate: GATE,
  vcs: VCS,
  workflow: WORKFLOW,
};

/** An action of a role that the definition itself declares: a program of the project, or an activity of somebody's worker. */
export const customAction = (
  inputs: Fields | undefined,
  outputs: Fields | undefined,
  own: 'runner' | 'child',
): Action => ({
  by: own,
  description: 'A role of the definition.',
  inputs: inputs ?? {},
  outputs: outputs ?? {},
  open: inputs === undefined,
  timeoutMs: 30 * MINUTE,
});

export const builtInAction = (role: string, action: string): Action | undefined =>
  Object.hasOwn(ROLES, role) && Object.hasOwn(ROLES[role]!, action) ? ROLES[role]![action] : undefined;

/** Whether the activity that does it writes the row of the step as well. */
export const writesItself = (call: { readonly role: string; readonly action: string }): boolean =>
  builtInAction(call.role, call.action)?.by === 'control';
