import { describe, expect, it } from '@jest/globals';
import type { ComponentKind, PortMap } from '../client/client.js';
import { choose } from './choose.js';
import { consoleOf } from './console.js';
import { pageOf } from './kinds.js';

const map = (targetPort: number, address = '10.0.0.1', protocol: 'tcp' | 'udp' = 'tcp'): PortMap =>
  ({ targetPort, address, protocol, connectionPort: 50000 }) as PortMap;

const kind = (ports: Record<string, number>, defaultPort: string | null): ComponentKind => ({
  name: 'kind',
  component: 'Kind',
  connect: [],
  ports: Object.entries(ports).map(([name, targetPort]) => ({
    ...{ name, targetPort, protocol: 'tcp', create: true, path: null },
  })),
  defaultPort,
  user: 'root',
});

const ONEFS = kind({ https: 8080, ssh: 22 }, 'https');

describe('choose', () => {
  it('takes the usual protocol of the kind, at the port of the kind', () => {
    expect(choose('a', ONEFS, [map(22), map(8080)], {})).toMatchObject({
      protocol: 'https',
      map: { targetPort: 8080 },
    });
  });

  it('takes the protocol asked for; scp goes where ssh does', () => {
    expect(choose('a', ONEFS, [map(22), map(8080)], { protocol: 'scp' }).map.targetPort).toBe(22);
    expect(choose('a', ONEFS, [map(22), map(3389)], { protocol: 'rdp' }).map.targetPort).toBe(3389);
  });

  it('takes what there is when the usual port is not mapped, or the kind is not known', () => {
    expect(choose('a', ONEFS, [map(22)], {}).protocol).toBe('ssh');
    expect(choose('a', undefined, [map(53, '10.0.0.1', 'udp'), map(443)], {}).protocol).toBe('https');
  });

  it('takes the first address, or the one asked for', () => {
    const maps = [map(22, '10.0.0.1'), map(22, '10.0.0.2')];
    expect(choose('a', undefined, maps, {}).map.address).toBe('10.0.0.1');
    expect(choose('a', undefined, maps, { address: '10.0.0.2' }).map.address).toBe('10.0.0.2');
    expect(() => choose('a', undefined, maps, { address: '10.0.0.3' })).toThrow(
      '"a" has no TCP port map to 10.0.0.3; it has',
    );
  });

  it('asks when the kind has no usual protocol and there are several', () => {
    const ana = kind({ ssh: 22, mgmt: 7543 }, null);
    expect(() => choose('a', ana, [map(22), map(7543)], {})).toThrow('Say --protocol ssh or --protocol mgmt.');
    expect(choose('a', ana, [map(7543)], {}).protocol).toBe('mgmt');
  });

  it('says what there is instead', () => {
    expect(() => choose('a', ONEFS, [map(22)], { protocol: 'https' })).toThrow(
      '"a" has no port map for https (tcp 8080); it has tcp 22 of 10.0.0.1.',
    );
    expect(() => choose('a', ONEFS, [map(9999)], {})).toThrow('No program is known for the ports of "a"');
    expect(() => choose('a', ONEFS, [], {})).toThrow('"a" has no port maps.');
  });
});

it('takes for https of an unknown kind what is neither ssh nor rdp, the usual port first', () => {
  const https = (...ports: number[]): number =>
    choose(
      'a',
      undefined,
      ports.map((port) => map(port)),
      { protocol: 'https' },
    ).map.targetPort;
  expect([https(22, 3389, 8443), https(8443, 443), https(443)]).toEqual([8443, 443, 443]);
  expect(() => https(22, 3389)).toThrow('no port map for https (tcp 443)');
  expect(() => choose('a', ONEFS, [map(443)], { protocol: 'https' })).toThrow('(tcp 8080)');
});

it('pageOf() knows where the page of a kind begins', () => {
  const plain = kind({ ssh: 22, https: 443, mgmt: 7543 }, 'https');
  const ports = plain.ports.map((port) => (port.name === 'https' ? { ...port, path: '/dtlt/home.html' } : port));
  const pages = ['https', 'mgmt', 'rdp'].map((protocol) => pageOf({ ...plain, ports }, protocol));
  expect([...pages, pageOf(undefined, 'https')]).toEqual(['/dtlt/home.html', undefined, undefined, undefined]);
});

it('consoleOf() takes URLs of consoles and pages only', () => {
  const of = (console: unknown): string | undefined => consoleOf({ name: 'a', metadata: { console } });
  expect(of('vmrc://ro@vcenter.example/?moid=vm-20')).toBe('vmrc://ro@vcenter.example/?moid=vm-20');
  expect([of(undefined), of(null)]).toEqual([undefined, undefined]);
  for (const bad of ['file:///etc/passwd', 'javascript:alert(1)', '-x', 'https://a b', 7, {}]) {
    expect(() => of(bad)).toThrow('has a console that is no vmrc: or https: URL');
  }
});
