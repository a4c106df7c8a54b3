import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'node_modules/.bin');
/** Plain Node: the options of the test runner are none of the tools'. */
const env = { ...process.env, NODE_OPTIONS: '' };

/** The main job, written against what the generator made: a claim, its port maps by pages, its end. */
const STORY = `
import { createClient } from './client/client/index.js';
import * as sdk from './client/sdk.gen.js';
import type { ComponentDocument, PortMapDocument } from './client/types.gen.js';

const client = createClient({ baseUrl: process.argv[2] ?? '', auth: () => process.argv[3] ?? '' });
const asked = { client, throwOnError: true } as const;

const { data: pool } = await sdk.createPool({ ...asked, body: { name: 'lab', policy: 'first' } });
const { data: subnet } = await sdk.createSubnet({ ...asked, path: { id: pool.id }, body: { cidr: '10.20.0.0/24' } });
const { data: gateway } = await sdk.createGateway({
  ...asked,
  body: { name: 'gw1', externalAddress: '192.0.2.10', networks: ['10.20.0.0/16'], pool: pool.id },
});
const { data: component, response } = await sdk.createComponent({
  ...asked,
  headers: { 'Idempotency-Key': 'one' },
  body: { name: 'win1', kind: 'windows', gateway: gateway.name, count: 3, ports: [{ targetPort: 3389 }] },
});
const shown: ComponentDocument = (await sdk.getComponent({ ...asked, path: { id: component.id } })).data;

const maps: PortMapDocument[] = [];
for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
  const { data } = await sdk.listPortMaps({ ...asked, query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) } });
  maps.push(...data.portMaps);
  cursor = data.next;
}
const taken = await sdk.createComponent({ client, body: { name: 'win1', kind: 'linux', gateway: gateway.name, ports: [] } });
const code: string | undefined = taken.error?.code;
await sdk.deleteComponent({ ...asked, path: { id: component.id }, headers: { 'If-Match': response.headers.get('etag') ?? '' } });
const gone = await sdk.getComponent({ client, path: { id: component.id } });

console.log(
  JSON.stringify({
    subnet: subnet.cidr,
    leases: shown.leases.map(({ address }) => address),
    maps: maps.map(({ connectionPort, address, targetPort }) => [connectionPort, address, targetPort]),
    refused: [taken.response?.status, code],
    gone: [gone.response?.status, gone.error?.code],
  }),
);
`;

/** That the OpenAPI document is good enough for others' generators is shown by one: made, compiled, and put to work. */
describe('a client made by another generator', () => {
  let api: Api;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-second-client-'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    api = await Api.start();
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('compiles strictly and does the main job', async () => {
    const make = [
      "import { createClient } from '@hey-api/openapi-ts';",
      `await createClient({ input: ${JSON.stringify(join(ROOT, 'openapi/openapi.json'))}, output: { path: './client', module: { extension: '.js' } },`,
      "  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'], logs: { level: 'silent' } });",
    ].join('\n');
    await writeFile(join(folder, 'make.mjs'), make);
    await writeFile(join(folder, 'story.ts'), STORY);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const compilerOptions = {
      ...{ strict: true, target: 'es2023', module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: true },
      ...{ types: ['node'], outDir: 'out', rootDir: '.' },
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['story.ts'] }));
    const done = { cwd: folder, env };
    await run(process.execPath, ['make.mjs'], done);
    const compiled = await run(process.execPath, [join(BIN, 'tsc'), '-p', '.'], done).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(compiled.stdout).toBe('');
    const { stdout } = await run(process.execPath, ['out/story.js', api.url, api.admin], done);
    const addresses = ['10.20.0.1', '10.20.0.2', '10.20.0.3'];
    expect(JSON.parse(stdout)).toEqual({
      subnet: '10.20.0.0/24',
      leases: addresses,
      maps: addresses.map((address, n) => [50_000 + n, address, 3389]),
      refused: [409, 'component-exists'],
      gone: [404, 'not-found'],
    });
  });
});
