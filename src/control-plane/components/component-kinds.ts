import type { ComponentKind, KindPort } from './component.dto.js';

const WELL_KNOWN: Record<string, number> = { ssh: 22, scp: 22, rdp: 3389, https: 443, mgmt: 7543 };

/** `https:9443` is https at another port than its own; `!` in front: known, but not mapped at creation. */
function port(text: string): KindPort {
  const create = !text.startsWith('!');
  const [name = '', number] = text.replace('!', '').split(':');
  return { name, targetPort: number === undefined ? (WELL_KNOWN[name] ?? 0) : Number(number), protocol: 'tcp', create };
}

const kind = (name: string, ports: string, defaultPort: string | null, user: string): ComponentKind => ({
  name,
  ports: ports === '' ? [] : ports.split(' ').map(port),
  defaultPort,
  user,
});

/**
 * The kinds of the vLab command line with the ports that are mapped at creation, in order (contracts/vlab.md section
 * 8.3; scp shares the ssh port).
 */
export const COMPONENT_KINDS: readonly ComponentKind[] = [
  kind('windows', 'rdp', 'rdp', 'administrator'),
  kind('winserver', 'rdp', 'rdp', 'administrator'),
  kind('centos', 'ssh !rdp', 'ssh', 'root'),
  kind('cee', 'rdp', 'rdp', 'administrator'),
  kind('icap', 'rdp', 'rdp', 'administrator'),
  kind('claritynow', 'ssh rdp https', 'rdp', 'root'),
  kind('ecs', 'ssh https', 'https', 'admin'),
  kind('esrs', 'ssh https:9443', 'https', 'root'),
  kind('esxi', 'ssh https', 'https', 'root'),
  kind('insightiq', 'https ssh', 'https', 'administrator'),
  kind('kemp', 'https ssh', 'https', 'administrator'),
  kind('dd', 'https ssh', 'https', 'sysadmin'),
  kind('onefs', 'https:8080 ssh', 'https', 'root'),
  kind('dataiq', 'ssh https rdp', 'rdp', 'administrator'),
  kind('dns', 'ssh !rdp', 'ssh', 'root'),
  kind('avamar', 'ssh https mgmt', 'https', 'root'),
  kind('ana', 'ssh mgmt', null, 'root'),
  kind('superna', 'ssh', 'ssh', 'sysadmin'),
  kind('router', '', null, 'administrator'),
];

export const findKind = (name: string): ComponentKind | undefined => {
  const lower = name.toLowerCase();
  return COMPONENT_KINDS.find((known) => known.name === lower);
};
