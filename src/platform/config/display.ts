import { Config, Environment, isGiven } from './config.js';
import { Setting, variablesOf } from './setting.js';
import { GROUPS, SETTINGS } from './settings.js';

/** A URL, or URLs with commas between them, without passwords and tokens: `nats://***@host:4222`. */
export function maskUserInfo(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s/?#,@]*)@/gi, (_, scheme: string, userInfo: string) => {
    const [user, password] = userInfo.split(':');
    return password === undefined ? `${scheme}***@` : `${scheme}${user ?? ''}:***@`;
  });
}

/** The effective configuration, one line a setting: name, value, and where it came from. No secret is in it. */
export function describeConfig(config: Config, environment: Environment): string[] {
  const rows = entries().map(([group, key, setting]) => {
    const value = (config[group] as Readonly<Record<string, unknown>>)[key];
    return [setting.name, shown(setting, value), origin(setting, environment, value)] as const;
  });
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map(([name, value, from]) =>
    `${name.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${from}`.trimEnd(),
  );
}

function shown(setting: Setting<unknown>, value: unknown): string {
  if (value === undefined) return '-';
  if (setting.secret === true) return '(set)';
  const text = maskUserInfo(typeof value === 'string' ? value : JSON.stringify(value));
  return text.includes('\n') ? `${text.slice(0, text.indexOf('\n'))} ...` : text;
}

function origin(setting: Setting<unknown>, environment: Environment, value: unknown): string {
  const given = variablesOf(setting).find((variable) => isGiven(environment, variable));
  if (given !== undefined) return given === setting.name ? 'environment' : given;
  return value === undefined ? '' : 'default';
}

/** docs/configuration.md: written by `berth config --markdown`. */
export function configurationMarkdown(): string {
  const sections = Object.entries(GROUPS).map(([group, heading]) => {
    const rows = entries()
      .filter(([owner]) => owner === group)
      .map(
        ([, , setting]) =>
          `| ${nameCell(setting)} | ${defaultCell(setting)} | ${setting.description} Expected: ${setting.expects}. |`,
      );
    return [`## ${heading}`, '', '| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
  });
  return `${INTRODUCTION}\n\n${sections.join('\n\n')}\n`;
}

const INTRODUCTION = `# Configuration

<!-- Written by \`berth config --markdown\` from src/platform/config/settings.ts; \`make docs\` renews it. -->

Every setting is an environment variable. An empty one counts as absent; a wrong one stops the start, and the message
names every wrong variable at once. Where \`NAME_FILE\` is offered, it names a file that holds the value (surrounding white
space does not count), so that a secret need not be in the environment; only its owner may write that file.

\`berth config\` prints the configuration in effect, without secrets, and where each value came from.`;

function nameCell(setting: Setting<unknown>): string {
  return variablesOf(setting)
    .map((variable) => `\`${variable}\``)
    .join(', ');
}

function defaultCell(setting: Setting<unknown>): string {
  if (setting.defaultNote !== undefined) return setting.defaultNote;
  return typeof setting.default === 'string' ? `\`${setting.default}\`` : '';
}

function entries(): [keyof Config, string, Setting<unknown>][] {
  return (Object.keys(SETTINGS) as (keyof Config)[]).flatMap((group) =>
    Object.entries<Setting<unknown>>(SETTINGS[group]).map(
      ([key, setting]): [keyof Config, string, Setting<unknown>] => [group, key, setting],
    ),
  );
}
