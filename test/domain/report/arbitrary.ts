/** Random executions, with texts that try to leave their place. */
import fc from 'fast-check';
import type { ReportInput } from '../../../domain/report/model.js';
import { testId } from '../../../domain/identity.js';
import type { TestStatus } from '../../../domain/outcome.schema.js';
import type { Attempt } from '../../../domain/result.schema.js';
import { attempt, input, run } from './sample.js';

export const POLYGLOTS = [
  '<script>document.title="owned"</script>',
  '"><img src=x onerror=document.title="owned">',
  "'><svg/onload=document.title='owned'>",
  '</pre></details></main><iframe srcdoc="<script>parent.document.title=1</script>">',
  '</style><script>document.title="owned"</script>',
  '</script><script>document.title="owned"</script>',
  'javascript:/*--></title></style></textarea></script></xmp><svg/onload=\'+/"/+/onmouseover=1/+/[*/[]/+document.title="owned"//\'>',
  '<!--<script>-->]]><![CDATA[<x/>]]>',
  '&lt;script&gt; &#60;script&#62; &amp;',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it must stay as it is
  '${document.title="owned"} {{constructor.constructor("1")()}}',
  '\u202Egnp.exe\u202C \u200Bzero \uFEFF \u2028',
  '\u0000\u0001\u0008\u000b\u001b[31mred\u001b[0m \u009bC1 \ufffe\uffff',
  '\ud800 lone \udc00 surrogates',
  'a\r\nb\rc\td',
];

const text = fc.oneof(
  fc.constantFrom(...POLYGLOTS),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", '\n', ' ', ']', '\u0000', 'é', '😀'), maxLength: 20 }),
);
const maybe = fc.option(text, { nil: null, freq: 2 });

const status = fc.constantFrom<TestStatus>('passed', 'failed', 'skipped', 'flaky', 'not_run');

interface Shape {
  status: TestStatus;
  kind: 'test' | 'file';
  tries: number;
  texts: Pick<Attempt, 'note' | 'message' | 'stack' | 'expected' | 'actual' | 'stdout' | 'stderr'>;
  path: string[];
  file: string;
  suite: string;
  ms: number | null;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  status,
  kind: fc.constantFrom('test', 'file'),
  tries: fc.integer({ min: 1, max: 3 }),
  texts: fc.record({
    note: maybe,
    message: maybe,
    stack: maybe,
    expected: maybe,
    actual: maybe,
    stdout: maybe,
    stderr: maybe,
  }),
  path: fc.array(text, { minLength: 1, maxLength: 3 }),
  file: fc.oneof(fc.constantFrom('a.test.js', 'b/c.test.js'), text),
  suite: fc.oneof(fc.constantFrom('unit', 'web'), text),
  ms: fc.option(fc.double({ min: 0, max: 1e7, noNaN: true }), { nil: null }),
});

function attemptsOf(s: Shape, occurrence: number): Attempt[] {
  const id = testId({ suite: s.suite, file: s.file, path: s.path });
  const one = (n: number, status: Attempt['status']): Attempt =>
    attempt({
      ...s.texts,
      testId: id,
      occurrence,
      kind: s.kind,
      suite: s.suite,
      file: s.file,
      path: s.path,
      durationMs: s.ms,
      attempt: n,
      status,
    });
  const failures = Array.from({ length: s.tries }, (_, i) => one(i + 1, 'failed'));
  switch (s.status) {
    case 'not_run':
      return [];
    case 'failed':
      return failures;
    case 'flaky':
      return [...failures, one(s.tries + 1, 'passed')];
    default:
      return [one(1, s.status)];
  }
}

export const anyInput: fc.Arbitrary<ReportInput> = fc
  .record({
    shapes: fc.array(shape, { maxLength: 25 }),
    text,
    verdict: fc.constantFrom('passed', 'cancelled', 'blocked', undefined),
  })
  .map(({ shapes, text, verdict }) => {
    const tests = shapes.map((s, i) => ({
      attempts: attemptsOf(s, i + 1),
      status: s.status,
      result: {
        testId: testId(s),
        occurrence: i + 1,
        name: s.path.join(' › '),
        kind: s.kind,
        file: s.file,
        suite: s.suite,
        message: s.texts.message,
        path: s.path,
        durationMs: s.ms,
      },
    }));
    const given = input(tests, {
      run: run({ project: text, branch: text, notes: [text] }),
      ...(verdict && { verdict_: verdict }),
    });
    return { ...given, verdict: { ...given.verdict, sentence: text } };
  });
