#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { Config, ConfigError, requireAuthKey } from './platform/config/config.js';
import { environment, loadConfig } from './platform/config/environment.js';
import { configurationMarkdown, describeConfig } from './platform/config/display.js';
import { readSecretFile } from './platform/config/secret-file.js';
import type { GatewaySettings } from './gateway/settings.js';
import { Logger } from './platform/logging/logger.js';
import { runUntilStopped, serviceOf } from './up/lifetime.js';
import { parseDuration, TOKEN_ROLES, TokenRole } from './up/token.js';

/** The door: `berth <command>`. Each command loads only what it needs. */
const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

const berth = new Command('berth')
  .description('Hands out addresses and ports, tells everyone who asked to be told, and makes the gateway obey.')
  .version(version, '-V, --version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .helpCommand(false)
  // What follows a subcommand is the subcommand's: `gateway apply --plan HASH` is not `gateway --plan`.
  .enablePositionalOptions()
  .showHelpAfterError('Try --help.')
  .addHelpText('after', '\nEverything else is set by environment variables: docs/configuration.md, or "berth config".')
  .exitOverride();

berth
  .command('up')
  .description('run a whole Berth on this machine, for labs: PostgreSQL, API and a gateway that plans')
  .addOption(new Option('--watch', 'restart API and gateway when the compiled program changes').hideHelp())
  .addHelpText(
    'after',
    '\nData, key and tokens are kept in .berth (BERTH_HOME). DATABASE_URL brings your own PostgreSQL.',
  )
  .action(async ({ watch }: { watch?: boolean }) => {
    const { Up } = await import('./up/up.js');
    const config = loadConfig({ terminal: true }); // its lines are for people, in a file too
    const up = new Up(config, environment(), { version, watch: watch === true, print: (text) => console.log(text) });
    await runUntilStopped(up);
  });

berth
  .command('serve')
  .description('run the API; start as many as you like on one PostgreSQL')
  .option('--migrate', 'bring the database to this version first')
  .action(async ({ migrate: first }: { migrate?: boolean }) => {
    const config = loadConfig();
    requireAuthKey(config);
    const start = async () => {
      if (first === true) await (await import('./control-plane/migrate.js')).migrate(config);
      return (await import('./control-plane/serve.js')).serve(config);
    };
    await runUntilStopped(serviceOf(start));
  });

interface GatewayOptions {
  controlPlane?: string;
  gateway?: string;
  tokenFile?: string;
  mode?: 'apply' | 'plan';
  plan?: boolean;
  json?: boolean;
  force?: boolean;
}

const gateway = berth
  .command('gateway')
  .enablePositionalOptions()
  .description(
    "make this machine's rules what the control plane wants (FIREWALL=iptables or nft), or only say what would change",
  )
  .option('--plan', 'print the difference once and exit: status 0 for none, 2 for some')
  .option('--json', 'with --plan: as JSON')
  .addOption(
    new Option('--mode <mode>', 'change rules, or say what would change; overrides FIREWALL').choices([
      'apply',
      'plan',
    ]),
  )
  .action(async (options: GatewayOptions) => {
    const config = loadConfig();
    const settings = gatewaySettings(config, options);
    const { planOnce, runGateway } = await import('./gateway/run.js');
    if (options.plan === true) process.exitCode = await planOnce(settings, (line) => console.log(line));
    else {
      const { dnsUpdateSettings } = await import('./gateway/dns-update/settings.js');
      const { probeSettings } = await import('./gateway/probe/settings.js');
      const probe = probeSettings(config.probe, settings.mode);
      const dnsUpdate = dnsUpdateSettings(config.dnsUpdate, settings.gateway, settings.mode);
      await runUntilStopped(serviceOf(() => runGateway({ ...settings, dnsUpdate, probe })));
    }
  });

const plan = gateway
  .command('plan')
  .description('print what would be changed, and the exact commands: status 0 for nothing, 2 for something')
  .option('--json', 'as JSON')
  .action(async (_: unknown, command: Command) => {
    const { planOnce } = await import('./gateway/run.js');
    const settings = gatewaySettings(loadConfig(), command.optsWithGlobals<GatewayOptions>());
    process.exitCode = await planOnce(settings, (line) => console.log(line));
  });

const apply = gateway
  .command('apply')
  .description('carry out a plan that "plan" has shown: status 2, and nothing changed, when it is another by now')
  .requiredOption('--plan <hash>', 'the plan, by its hash')
  .option('--json', 'print what was done as JSON')
  .action(async (options: { plan: string }, command: Command) => {
    const { applyPlanned } = await import('./gateway/run.js');
    const settings = gatewaySettings(loadConfig(), command.optsWithGlobals<GatewayOptions>());
    process.exitCode = await applyPlanned(settings, options.plan, (line) => console.log(line));
  });

const remove = gateway
  .command('remove')
  .description("take all of Berth's rules out of this machine; those of others stay")
  .action(async (_: unknown, command: Command) => {
    const { removeEverything } = await import('./gateway/run.js');
    await removeEverything(gatewaySettings(loadConfig(), command.optsWithGlobals<GatewayOptions>()));
  });

const restore = gateway
  .command('restore')
  .description('at boot: write the rules that were applied last into an empty kernel, without the control plane')
  .action(async (_: unknown, command: Command) => {
    const { restore: restoreRules } = await import('./gateway/restore.js');
    await restoreRules(gatewaySettings(loadConfig(), command.optsWithGlobals<GatewayOptions>()));
  });

for (const command of [gateway, plan, apply, remove, restore]) {
  command
    .option('--control-plane <url>', 'where the API is; overrides BERTH_CONTROL_PLANE_URL')
    .option('--gateway <name>', 'which gateway this machine is; overrides BERTH_GATEWAY')
    .option('--token-file <file>', 'file with the token; overrides BERTH_GATEWAY_TOKEN')
    .option('--force', 'also make a change that takes away so many rules at once that it looks like a mistake');
}

function gatewaySettings({ gateway: defaults, nats, log, flowLog }: Config, options: GatewayOptions): GatewaySettings {
  const { controlPlane = defaults.controlPlaneUrl, tokenFile } = options;
  if (!URL.canParse(controlPlane)) throw new Error('--control-plane must be an http or https URL.');
  return {
    controlPlaneUrl: controlPlane,
    gateway: options.gateway ?? defaults.name,
    token: tokenFile === undefined ? defaults.token : readSecretFile(tokenFile),
    mode: options.mode ?? (defaults.firewall === 'plan' ? 'plan' : 'apply'),
    backend: defaults.firewall === 'nft' ? 'nft' : 'iptables',
    recheckSeconds: defaults.recheckSeconds,
    natsUrl: nats.url,
    ...(flowLog.source !== 'off' && { flowLog: { ...flowLog, clients: flowLog.clients === 'yes' } }),
    json: options.json === true,
    force: options.force === true,
    stateFile: defaults.stateFile,
    metricsPort: defaults.metricsPort,
    log: new Logger(log).asLog(),
  };
}

berth
  .command('migrate')
  .description('bring the database to this version and say what was done')
  .action(async () => {
    const { applied } = await (await import('./control-plane/migrate.js')).migrate(loadConfig());
    console.log(
      applied.length === 0 ? 'The database is current.' : applied.map((name) => `applied ${name}`).join('\n'),
    );
  });

berth
  .command('openapi')
  .description("print the API's OpenAPI document")
  .action(async () => {
    const document = await (await import('./control-plane/openapi.js')).openapiDocument();
    process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  });

berth
  .command('asyncapi')
  .description('print the AsyncAPI document of what is told over NATS and as server-sent events, as YAML')
  .action(async () => {
    process.stdout.write(await (await import('./control-plane/asyncapi.js')).asyncapiYaml());
  });

berth
  .command('config')
  .description('print the effective configuration, without secrets, and where each value comes from')
  .addOption(new Option('--markdown', 'print docs/configuration.md').hideHelp())
  .action(({ markdown }: { markdown?: boolean }) => {
    if (markdown === true) process.stdout.write(configurationMarkdown());
    else console.log(describeConfig(loadConfig(), environment()).join('\n'));
  });

interface TokenOptions {
  role: TokenRole;
  sub?: string;
  gateway?: string;
  project?: string;
  ttl: number;
}

berth
  .command('token')
  .description('print a token signed with AUTH_SECRET (or AUTH_SECRET_FILE), or with the key of berth up here')
  .addOption(new Option('--role <role>', 'what it may do').choices(TOKEN_ROLES).makeOptionMandatory())
  .option('--sub <name>', 'whose it is (default: the name of the user, or of the gateway)')
  .option('--gateway <name>', 'for the role gateway: name or id of its machine')
  .option('--project <name>', 'for the role member: its project')
  .addOption(
    new Option('--ttl <duration>', 'how long it is good: 90s, 30m, 12h, 7d')
      .argParser(duration)
      .default(duration('12h'), '12h'),
  )
  .action(async ({ role, sub, ttl, ...where }: TokenOptions) => {
    if ((role === 'gateway') !== (where.gateway !== undefined)) {
      berth.error('error: --role gateway and --gateway go together.');
    }
    const { localToken } = await import('./up/local-token.js');
    console.log(await localToken(loadConfig(), { role, sub, ...where }, ttl));
  });

function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError('It must be like 90s, 30m, 12h or 7d, at most ten years.');
  return seconds;
}

berth
  .command('demo')
  .description('build a small lab of network namespaces and show a claim become a TCP connection (root, Linux)')
  .action(async () => {
    process.exitCode = await (await import('./demo/demo.js')).demo();
  });

try {
  await berth.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

/** One plain sentence; usage is 2, everything else 1. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has said it
  const message = error instanceof Error ? error.message : String(error);
  const debug = environment().LOG_LEVEL === 'debug' && error instanceof Error && !(error instanceof ConfigError);
  // A part of `berth up` has told it what went wrong, and `up` says it.
  if (process.connected) process.disconnect();
  else console.error(debug ? error.stack : `berth: ${message}`);
  return 1;
}
