import type { ComponentKind, ConnectProtocol, KindPort } from './component-kind.dto.js';
import { parseKinds } from './kinds-file.js';

const WELL_KNOWN: Record<string, number> = { ssh: 22, rdp: 3389, https: 443, mgmt: 7543 };

/** `https:9443` is https at another port than its own, `https/x` has a page to start at; `!`: known, but not mapped at creation. */
function port(text: string): KindPort {
  const [, not, name = '', number, path] = /^(!?)(\w+)(?::(\d+))?(\/.*)?$/.exec(text) ?? [];
  const targetPort = number === undefined ? (WELL_KNOWN[name] ?? 0) : Number(number);
  return { name, targetPort, protocol: 'tcp', create: not !== '!', path: path ?? null };
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

function kind(
  component: string,
  ports: string,
  connect: string,
  defaultPort: string | null,
  user: string,
  name = component.toLowerCase(),
): ComponentKind {
  return {
    name,
    component,
    ports: words(ports).map(port),
    connect: [...(words(connect) as ConnectProtocol[]), 'console'],
    defaultPort,
    user,
  };
}

/**
 * The kinds of the vLab command line (contracts/vlab.md section 8.3): name, ports (those mapped at creation in order; the
 * others are known), how they are reached besides the console, which way by default, and as whom.
 */
const BUILT_IN: readonly ComponentKind[] = [
  kind('Windows', 'rdp', 'rdp', 'rdp', 'administrator'),
  kind('WinServer', 'rdp', 'rdp', 'rdp', 'administrator'),
  kind('CentOS', 'ssh !rdp', 'ssh scp rdp', 'ssh', 'root'),
  kind('CEE', 'rdp', 'rdp', 'rdp', 'administrator'),
  kind('ICAP', 'rdp', 'rdp', 'rdp', 'administrator'),
  kind('ClarityNow', 'ssh rdp https', 'ssh scp https rdp', 'rdp', 'root'),
  kind('Ecs', 'ssh https', 'ssh scp https', 'https', 'admin'),
  kind('ESRS', 'ssh https:9443', 'ssh scp https', 'https', 'root'),
  kind('ESXi', 'ssh https', 'ssh scp https', 'https', 'root'),
  kind('InsightIQ', 'https ssh', 'ssh scp https', 'https', 'administrator'),
  kind('Kemp', 'https ssh', 'ssh scp https', 'https', 'administrator'),
  kind('DataDomain', 'https ssh', 'ssh https', 'https', 'sysadmin', 'dd'),
  kind('OneFS', 'https:8080 ssh', 'ssh scp https', 'https', 'root'),
  kind('DataIQ', 'ssh https rdp', 'ssh scp https rdp', 'rdp', 'administrator'),
  kind('Dns', 'ssh !rdp', 'ssh rdp', 'ssh', 'root'),
  kind('Avamar', 'ssh https/dtlt/home.html mgmt', 'ssh scp https mgmt', 'https', 'root'),
  kind('AvamarNDMP', 'ssh mgmt', 'ssh scp mgmt', null, 'root', 'ana'),
  kind('Superna', 'ssh !https', 'ssh https', 'ssh', 'sysadmin'),
  kind('Router', '!ssh', '', null, 'administrator'),
  kind('Deployment', '!ssh !rdp !https', 'ssh scp rdp https', null, 'root'),
];

/** The kinds that are known here: those above, with those of the site, which replace them or come after. */
export class ComponentKinds {
  readonly all: readonly ComponentKind[];

  private constructor(site: readonly ComponentKind[]) {
    const own = new Map(site.map((kind) => [kind.name, kind]));
    const names = new Set(BUILT_IN.map(({ name }) => name));
    this.all = [
      ...BUILT_IN.map((kind) => own.get(kind.name) ?? kind),
      ...[...own.values()].filter(({ name }) => !names.has(name)),
    ];
  }

  /** With the text of COMPONENT_KINDS, if there is one; throws one sentence when it is not as it should be. */
  static of(text: string | undefined): ComponentKinds {
    return new ComponentKinds(text === undefined ? [] : parseKinds(text));
  }

  /** By its name, or as vLab's clients spell it, in any case. */
  find(name: string): ComponentKind | undefined {
    const lower = name.toLowerCase();
    return (
      this.all.find((known) => known.name === lower) ??
      this.all.find(({ component }) => component.toLowerCase() === lower)
    );
  }
}
