/** Settings of channels: other spellings are accepted, and what is wrong is told where it is wrong. */
import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../adapters/project/yaml-file.js';
import { Installation } from '../../../domain/installation.schema.js';
import { NotifySettings } from '../../../domain/notify/settings.schema.js';

const read = (text: string) => parseYaml(text, 'config.yaml', Installation).notify;

describe('spellings', () => {
  it('a list of channels, kinds under `type`, keys with underscores and a name in `$` braces mean the same', () => {
    const ours = NotifySettings.parse({
      channels: {
        email: {
          kind: 'email',
          host: 'smtp.example.org',
          port: 25,
          security: 'none',
          user: { env: 'U' },
          password: { env: 'P' },
          from: 'a@b.org',
          to: ['c@d.org'],
        },
        slack: { kind: 'slack', webhook: { env: 'SLACK_WEBHOOK_URL' } },
      },
      quietHours: { from: '22:00', to: '07:00', timeZone: 'UTC' },
    });
    const mail = {
      smtp_host: 'smtp.example.org',
      smtp_port: 25,
      security: 'none',
      username: '$U',
      smtp_password: '$P',
      sender: 'a@b.org',
      recipients: 'c@d.org',
    };
    const slack = { webhook_url: `$${'{SLACK_WEBHOOK_URL}'}` };
    const quiet_hours = { start: '22:00', end: '07:00', timezone: 'UTC' };
    expect(NotifySettings.parse({ email: mail, slack, quiet_hours })).toEqual(ours);
    expect(
      NotifySettings.parse({
        channels: [
          { type: 'email', ...mail },
          { name: 'slack', type: 'slack', ...slack },
        ],
        quiet_hours,
      }),
    ).toEqual(ours);
    expect(NotifySettings.parse({ channels: { email: { type: 'smtp', ...mail }, slack }, quiet_hours })).toEqual(ours);
  });

  it('a secret that is written down is refused', () => {
    expect(() => read('notify:\n  slack:\n    webhook: https://hooks.slack.com/services/T/B/x\n')).toThrow(
      /^config\.yaml:\d+:\d+ notify\.channels\.slack\.webhook: /,
    );
  });
});

describe('mistakes', () => {
  const wrong: Record<string, [string, string]> = {
    'a variable that a template has not': [
      'notify:\n  templates:\n    test_failure:\n      title: "{{branch}} {{colour}}"\n',
      'config.yaml:4:14 notify.templates.test_failure.title: {{colour}}: no such variable here; there are: title,',
    ],
    'a template that is not closed': [
      'notify:\n  templates:\n    test_completion:\n      text: "{{#branch}}on {{branch}}"\n',
      'notify.templates.test_completion.text: “{{#branch}}” is not closed by “{{/branch}}”',
    ],
    'a variable with a path': [
      'notify:\n  templates:\n    test_completion:\n      text: "{{constructor.name}}"\n',
      '“{{constructor.name}}” is no variable',
    ],
    'a route to nobody': [
      'notify:\n  channels:\n    chat: { kind: discord, webhook: { env: D } }\n  routes:\n    - channels: [slack]\n',
      'config.yaml:5:18 notify.routes.0.channels.0: no channel is called slack; there are: chat, discord',
    ],
    'a time zone that is none': [
      'notify:\n  quietHours: { from: "22:00", to: "07:00", timeZone: Mars/Olympus }\n',
      'notify.quietHours.timeZone: a time zone such as Europe/Berlin or UTC',
    ],
    'quiet hours without length': [
      'notify:\n  quietHours: { from: "07:00", to: "07:00", timeZone: UTC }\n',
      'notify.quietHours.to: from and to are the same time',
    ],
    'a duration without a unit': [
      'notify:\n  digest: { every: "15" }\n',
      'notify.digest.every: a whole number with s, m, h or d',
    ],
    'Slack with both ways': [
      'notify:\n  slack: { webhook: "$A", token: "$B", channel: C1 }\n',
      'notify.channels.slack: needs `webhook` or `token`, not both',
    ],
    'a key that there is not': [
      'notify:\n  channels:\n    m: { kind: teams, webhook: { env: A }, colour: red }\n',
      'config.yaml:3:52 notify.channels.m: Unrecognized key: "colour"',
    ],
  };
  it.each(Object.entries(wrong))('%s', (_name, [text, complaint]) => {
    let message = '';
    try {
      read(text);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(complaint);
  });
});
