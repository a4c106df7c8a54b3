import { describe, expect, it } from '@jest/globals';
import { ComponentKinds } from './component-kinds.js';

/** Name, component, ports at creation, other ports, how to connect, default, user: contracts/vlab.md section 8.3. */
const TABLE = [
  'windows Windows 3389 - rdp,console rdp administrator',
  'winserver WinServer 3389 - rdp,console rdp administrator',
  'centos CentOS 22 3389 ssh,scp,rdp,console ssh root',
  'cee CEE 3389 - rdp,console rdp administrator',
  'icap ICAP 3389 - rdp,console rdp administrator',
  'claritynow ClarityNow 22,3389,443 - ssh,scp,https,rdp,console rdp root',
  'ecs Ecs 22,443 - ssh,scp,https,console https admin',
  'esrs ESRS 22,9443 - ssh,scp,https,console https root',
  'esxi ESXi 22,443 - ssh,scp,https,console https root',
  'insightiq InsightIQ 443,22 - ssh,scp,https,console https administrator',
  'kemp Kemp 443,22 - ssh,scp,https,console https administrator',
  'dd DataDomain 443,22 - ssh,https,console https sysadmin',
  'onefs OneFS 8080,22 - ssh,scp,https,console https root',
  'dataiq DataIQ 22,443,3389 - ssh,scp,https,rdp,console rdp administrator',
  'dns Dns 22 3389 ssh,rdp,console ssh root',
  'avamar Avamar 22,443,7543 - ssh,scp,https,mgmt,console https root',
  'ana AvamarNDMP 22,7543 - ssh,scp,mgmt,console null root',
  'superna Superna 22 443 ssh,https,console ssh sysadmin',
  'router Router - 22 console null administrator',
  'deployment Deployment - 22,3389,443 ssh,scp,rdp,https,console null root',
];

const SITE = { name: 'jenkins', user: 'admin', ports: [{ name: 'https', targetPort: 8443, path: '/login' }] };
const of = (...kinds: object[]): ComponentKinds => ComponentKinds.of(JSON.stringify({ kinds }));

describe('ComponentKinds', () => {
  it('has every row of the contract', () => {
    const rows = ComponentKinds.of(undefined).all.map(({ name, component, ports, connect, defaultPort, user }) => {
      const numbers = (create: boolean): string =>
        ports.flatMap((port) => (port.create === create ? port.targetPort : [])).join() || '-';
      return [name, component, numbers(true), numbers(false), connect.join(), String(defaultPort), user].join(' ');
    });
    expect(rows).toEqual(TABLE);
    expect(ComponentKinds.of(undefined).find('avamar')?.ports[1]?.path).toBe('/dtlt/home.html');
  });

  it('finds by name and by the spelling of vLab, in any case', () => {
    const kinds = ComponentKinds.of(undefined);
    expect(['DD', 'datadomain', 'DataDomain'].map((name) => kinds.find(name)?.name)).toEqual(['dd', 'dd', 'dd']);
    expect(kinds.find('jenkins')).toBeUndefined();
  });

  it("adds a site's kinds and fills in what they leave out", () => {
    const kinds = of(SITE);
    expect(kinds.all).toHaveLength(TABLE.length + 1);
    expect(kinds.find('Jenkins')).toEqual({
      name: 'jenkins',
      component: 'jenkins',
      ports: [{ name: 'https', targetPort: 8443, protocol: 'tcp', create: true, path: '/login' }],
      connect: ['https'],
      defaultPort: 'https',
      user: 'admin',
    });
  });

  it('takes its own answer back, and lets a site replace a kind in its place', () => {
    const kinds = ComponentKinds.of(undefined).all;
    expect(of(...kinds).all).toEqual(kinds);
    const changed = of({ ...SITE, name: 'cee' }).all;
    expect(changed.map(({ name }) => name)).toEqual(kinds.map(({ name }) => name));
    expect(changed[3]?.ports[0]?.targetPort).toBe(8443);
  });

  it.each<[object, string]>([
    [{ ...SITE, name: 'Two words' }, 'kinds.0.name must be a word'],
    [{ ...SITE, ports: [{ name: 'ssh', targetPort: 70_000 }] }, 'kinds.0.ports.0.targetPort must be a whole number'],
    [{ ...SITE, ports: [{ name: 'ssh', targetPort: '22' }] }, 'kinds.0.ports.0.targetPort must be a whole number'],
    [{ ...SITE, ports: [{ name: 'ssh', targetPort: 22, protocol: 'sctp' }] }, 'protocol must be one of tcp, udp'],
    [{ ...SITE, ports: [{ name: 'ssh', targetPort: 22, path: 'x y' }] }, 'kinds.0.ports.0.path must be null or'],
    [{ ...SITE, ports: [...SITE.ports, ...SITE.ports] }, 'kinds.0.ports.1.name is https a second time'],
    [{ ...SITE, ports: {} }, 'kinds.0.ports must be a list of at most 32'],
    [{ ...SITE, connect: ['telnet'] }, 'kinds.0.connect.0 must be one of ssh, scp, rdp, https, mgmt, console'],
    [{ ...SITE, defaultPort: 'ssh' }, 'kinds.0.defaultPort must be null or the name of one of its ports (https)'],
    [{ ...SITE, user: 'a\nb' }, 'kinds.0.user must be a text'],
    [{ ...SITE, port: 1 }, 'kinds.0.port is not known; there are name, component, ports'],
  ])('refuses %j', (kind, why) => {
    expect(() => of(kind)).toThrow(`COMPONENT_KINDS: ${why}`.replace('COMPONENT_KINDS: protocol', 'protocol'));
  });

  it('refuses what is no document, and a name that comes twice', () => {
    expect(() => ComponentKinds.of('{')).toThrow('COMPONENT_KINDS: it must be JSON (');
    expect(() => ComponentKinds.of('[]')).toThrow('COMPONENT_KINDS: it must be an object.');
    expect(() => of(SITE, SITE)).toThrow('COMPONENT_KINDS: kinds.1.name is jenkins a second time.');
  });
});
