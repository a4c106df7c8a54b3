import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';

/** What can be checked of docker/ without a container engine. */
const ROOT = join(import.meta.dirname, '../..');
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PINNED = /^[a-z0-9./-]+:\d+\.\d+\.?\d*[a-z0-9.-]*$/;

interface Stage {
  name: string;
  image: string;
  lines: string[];
}

/** Instructions, continued lines joined, grouped by stage. */
function stages(): Stage[] {
  const lines = text('docker/Dockerfile')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const found: Stage[] = [];
  for (const line of lines) {
    const from = /^FROM (\S+) AS (\S+)$/.exec(line);
    if (from) found.push({ image: from[1]!, name: from[2]!, lines: [] });
    else found.at(-1)!.lines.push(line);
  }
  return found;
}
const stage = (name: string): Stage => stages().find((candidate) => candidate.name === name)!;
const instructions = ({ lines }: Stage, keyword: string): string[] =>
  lines.filter((line) => line.startsWith(`${keyword} `)).map((line) => line.slice(keyword.length + 1));

describe('docker/Dockerfile', () => {
  it('starts every stage from a pinned image or from an earlier stage', () => {
    const earlier: string[] = [];
    for (const { image, name } of stages()) {
      expect([image, earlier.includes(image) || PINNED.test(image)]).toEqual([image, true]);
      earlier.push(name);
    }
    expect(earlier).toEqual(['sources', 'build', 'packages', 'api', 'gateway']);
  });

  it('copies only what exists, and what the build context lets through', () => {
    const allowed = text('docker/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = stages()
      .flatMap((each) => instructions(each, 'COPY'))
      .filter((line) => !line.startsWith('--from='))
      .flatMap((line) => line.split(/\s+/).slice(0, -1));
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) {
      expect([source, existsSync(join(ROOT, source)), allowed.includes(source)]).toEqual([source, true, true]);
    }
  });

  it('copies from earlier stages what they make', () => {
    for (const line of [stage('api'), stage('gateway')].flatMap((each) => instructions(each, 'COPY'))) {
      const from = /^--from=(\S+) \/berth\/(\S+)/.exec(line);
      if (from)
        expect([
          ['packages', 'node_modules'],
          ['build', 'dist'],
        ]).toContainEqual([from[1], from[2]]);
    }
  });

  it('sets the user of each image: nobody special for the API', () => {
    expect(instructions(stage('api'), 'USER')).toEqual(['1000:1000']);
    expect(instructions(stage('gateway'), 'USER')).toEqual(['0:0']);
  });

  it('puts neither compilers nor development packages into what runs', () => {
    expect(stage('packages').lines.join()).toContain('npm ci --omit=dev --omit=optional');
    expect(stage('api').lines.join()).not.toMatch(/apt-get|npm /);
    expect(stage('gateway').lines.join()).not.toMatch(/g\+\+|npm /);
    const installed = /apt-get install -y --no-install-recommends ([^&]+)/.exec(stage('gateway').lines.join());
    expect(installed?.[1]?.trim().split(/\s+/)).toEqual(['conntrack', 'iptables', 'nftables']);
  });

  it('uses the Node that package.json asks for, or a newer one', () => {
    const [major, minor] = /^node:(\d+)\.(\d+)/.exec(stage('api').image)!.slice(1).map(Number);
    expect(major! > 20 || (major === 20 && minor! >= 19)).toBe(true);
  });
});

interface Service {
  image: string;
  build?: { context: string; dockerfile: string; target: string };
  user?: string;
  privileged?: boolean;
  network_mode?: string;
  read_only?: boolean;
  cap_add?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  environment?: Record<string, string>;
  secrets?: string[];
  volumes?: string[];
  ports?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
}

describe('docker/compose.yaml', () => {
  const compose = load(text('docker/compose.yaml'), { schema: CORE_SCHEMA.withTags(mergeTag) }) as {
    services: Record<string, Service>;
    secrets: Record<string, { file: string }>;
    volumes: Record<string, null>;
  };
  const services = Object.entries(compose.services);
  const ours = services.filter(([, { build }]) => build);

  it('has every part', () => {
    expect(Object.keys(compose.services)).toEqual(['postgres', 'nats', 'migrate', 'api', 'gateway']);
  });

  it('pins every image', () => {
    const { version } = JSON.parse(text('package.json')) as { version: string };
    for (const [name, { image, build }] of services) {
      expect([name, image, PINNED.test(image)]).toEqual([name, image, true]);
      if (build) expect(image.split(':')[1]).toBe(version);
    }
  });

  it('builds from files and stages that exist', () => {
    const targets = stages().map(({ name }) => name);
    for (const [, { build }] of ours) {
      const context = normalize(join('docker', build!.context));
      expect(existsSync(join(ROOT, context, build!.dockerfile))).toBe(true);
      expect(targets).toContain(build!.target);
    }
  });

  it('gives the gateway the two capabilities that it needs, and nobody else any', () => {
    for (const [name, service] of services) {
      expect([name, service.cap_add ?? []]).toEqual([name, name === 'gateway' ? ['NET_ADMIN', 'NET_RAW'] : []]);
      expect([name, service.security_opt]).toEqual([name, ['no-new-privileges:true']]);
      expect(service.privileged).toBeUndefined();
      if (name !== 'postgres') expect([name, service.cap_drop, service.read_only]).toEqual([name, ['ALL'], true]);
    }
    expect(compose.services.gateway!.network_mode).toBe('host');
    expect(services.filter(([, { network_mode }]) => network_mode === 'host')).toHaveLength(1);
  });

  it('publishes the API on loopback only, and nothing else', () => {
    for (const [name, { ports }] of services)
      expect([name, ports ?? []]).toEqual([name, name === 'api' ? ['127.0.0.1:8000:8000'] : []]);
  });

  it('passes secrets by file, and only those a service needs', () => {
    const used = Object.fromEntries(services.map(([name, { secrets }]) => [name, secrets ?? []]));
    expect(used).toEqual({
      postgres: ['postgres-password'],
      nats: [],
      migrate: ['database-url'],
      api: ['database-url', 'auth-secret'],
      gateway: ['gateway-token'],
    });
    for (const [name, { environment = {}, secrets = [] }] of services) {
      const files = Object.entries(environment).filter(([key]) => key.endsWith('_FILE'));
      expect([name, files.map(([, file]) => file)]).toEqual([name, secrets.map((secret) => `/run/secrets/${secret}`)]);
      expect(Object.keys(environment).filter((key) => /PASSWORD$|SECRET$|TOKEN$|DATABASE_URL$/.test(key))).toEqual([]);
    }
    const makes = text('docker/make-secrets');
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./secrets/${name}`);
      expect(makes).toContain(`keep ${name}\n`);
    }
  });

  it('checks health, waits for what it needs, and names volumes that it declares', () => {
    for (const [name, { healthcheck, depends_on = {}, volumes = [], build }] of services) {
      const inImage = build?.target === 'api';
      expect([name, healthcheck?.test !== undefined || healthcheck?.disable === true || inImage]).toEqual([name, true]);
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(Object.keys(compose.services)).toContain(other);
        const wanted = other === 'migrate' ? 'service_completed_successfully' : 'service_healthy';
        expect([name, other, condition]).toEqual([name, other, wanted]);
      }
      for (const volume of volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
    }
  });

  it('sets only variables that Berth knows', () => {
    const known = text('docs/configuration.md');
    for (const [, { environment = {} }] of ours) {
      for (const variable of Object.keys(environment)) expect(known).toContain(`\`${variable}\``);
    }
  });

  it('keeps its secrets out of the repository and of the build', () => {
    expect(text('docker/.gitignore').split('\n')).toContain('secrets/');
    expect(text('docker/Dockerfile.dockerignore').split('\n')[0]).toBe('*');
    expect(statSync(join(ROOT, 'docker/make-secrets')).mode & 0o111).not.toBe(0);
    expect(dirname(compose.secrets['auth-secret']!.file)).toBe('./secrets');
  });
});
