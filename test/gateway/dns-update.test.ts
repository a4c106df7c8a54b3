import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Namespace } from '../../src/demo/namespace.js';
import { Bind, keyClause, newKey } from '../dns/bind.js';
import { describeInNamespaces } from '../support/namespace-suite.js';
import { ControlPlane, eventually, GatewayProcess } from './lab.js';

const REVERSE = '2.0.192.in-addr.arpa';

describeInNamespaces('a gateway whose address changes', () => {
  const key = newKey('DDNS_UPDATE');
  const keyFile = join(tmpdir(), `berth-dns-${process.pid}.key`);
  let gateway: Namespace;
  let bind: Bind;
  let controlPlane: ControlPlane;

  /** BIND, dig and the gateway live in one namespace: where the name leads is asked there. */
  const dig = async (name: string, type: string): Promise<string> =>
    (await gateway.exec(['dig', '@127.0.0.1', '-p', '53', '+short', '+tries=1', '+time=2', name, type])).trim();
  const tells = (address: string, name = 'john.doe.vlab.local', type = 'A'): Promise<true> =>
    eventually(
      `${name} ${type} is ${address}`,
      async () => ((await dig(name, type)) === address ? true : undefined),
      8_000,
    );

  beforeAll(async () => {
    await writeFile(keyFile, keyClause(key), { mode: 0o600 });
    gateway = await Namespace.create('dns');
    await gateway.exec(['ip', 'link', 'add', 'outside', 'type', 'veth', 'peer', 'name', 'wire']);
    for (const end of ['outside', 'wire']) await gateway.exec(['ip', 'link', 'set', end, 'up']);
    await gateway.exec(['ip', 'addr', 'add', '192.0.2.5/24', 'dev', 'outside']);
    await gateway.exec(['ip', 'addr', 'add', '2001:db8::5/64', 'dev', 'outside', 'nodad']);
    await gateway.exec(['ip', 'route', 'add', 'default', 'via', '192.0.2.254']);
    bind = await Bind.start(
      { zones: { 'vlab.local': key.name, [REVERSE]: key.name }, keys: [key] },
      { port: 53, start: (command) => gateway.start(command) },
    );
    controlPlane = await ControlPlane.start(gateway);
  });
  afterAll(async () => {
    await bind.remove();
    await gateway.remove();
    await rm(keyFile, { force: true });
  });

  /** As when the other side gives another address: the old one goes with its routes. */
  const move = async (from: string, to: string): Promise<void> => {
    await gateway.exec(['ip', 'addr', 'del', `${from}/24`, 'dev', 'outside']);
    await gateway.exec(['ip', 'addr', 'add', `${to}/24`, 'dev', 'outside']);
    await gateway.exec(['ip', 'route', 'replace', 'default', 'via', '192.0.2.254']);
  };

  const start = (env: NodeJS.ProcessEnv): GatewayProcess =>
    GatewayProcess.start(gateway, controlPlane, {
      ...{ VLAB_URL: 'https://vlab.local:8443/login', DNS_UPDATE_NAME: 'john.doe', DNS_UPDATE_SERVER: '127.0.0.1' },
      ...{ DNS_UPDATE_REVERSE_ZONES: REVERSE, DNS_UPDATE_RECORDS: 'both', DNS_UPDATE_LOOK_SECONDS: '3600' },
      ...{ VLAB_DDNS_KEY_FILE: keyFile, ...env },
    });

  it('is told by BIND, as are its removal and its PTR records, without a word of the key', async () => {
    const process = start({});
    await tells('192.0.2.5');
    await tells('2001:db8::5', undefined, 'AAAA');
    await tells('john.doe.vlab.local.', `5.${REVERSE}`, 'PTR');

    // Nobody looks for an hour: the kernel has to tell.
    await move('192.0.2.5', '192.0.2.6');
    await tells('192.0.2.6');
    await tells('john.doe.vlab.local.', `6.${REVERSE}`, 'PTR');
    await tells('', `5.${REVERSE}`, 'PTR');

    await bind.kill();
    await move('192.0.2.6', '192.0.2.7');
    await eventually('the gateway complains', () => /cannot be reached|did not answer/.test(process.log) || undefined);
    await bind.restart();
    await tells('192.0.2.7');
    await process.end('SIGTERM');

    await gateway.exec(['ip', 'addr', 'del', '2001:db8::5/64', 'dev', 'outside']);
    await move('192.0.2.7', '192.0.2.8');
    const next = start({ DNS_UPDATE_INTERFACE: 'outside' });
    await tells('192.0.2.8');
    await tells('', undefined, 'AAAA');
    // Told by the process before.
    await tells('', `7.${REVERSE}`, 'PTR');
    await next.end('SIGTERM');
    expect(process.log + next.log).not.toContain(Buffer.from(key.secret).toString('base64'));
  });

  it('sends again what the server has lost', async () => {
    const process = start({ DNS_UPDATE_INTERFACE: 'outside', DNS_UPDATE_REPEAT_SECONDS: '1' });
    await tells('192.0.2.8');
    await bind.edit(key, 'update delete john.doe.vlab.local. A');
    await tells('192.0.2.8');
    await process.end('SIGTERM');
  });

  it('does not start with half of the settings, and says which are missing', async () => {
    const process = start({ VLAB_URL: '' });
    await eventually('it says why', () => /DNS_UPDATE_ZONE/.test(process.log) || undefined);
    await process.end('SIGKILL');
  });
});
