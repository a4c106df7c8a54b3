import { PROTOCOLS } from '../../contract/desired-state.js';
import { CONNECT_PROTOCOLS, type ComponentKind, type KindPort } from './component-kind.dto.js';

/** Enough for any site, few enough to be listed whole. */
const MAX_KINDS = 200;
const MAX_PORTS = 32;

type Fields = Readonly<Record<string, unknown>>;

function refuse(place: string, must: string): never {
  throw new Error(`COMPONENT_KINDS: ${place} ${must}.`);
}

/**
 * The kinds of a site, in the form that GET /component-kinds answers with: `{"kinds": [...]}`. What can be left out of a
 * kind: component (its name), connect (what its ports are named), defaultPort (its first port), and of a port protocol
 * (tcp), create (true) and path. Throws one sentence that names the place and what must be there.
 */
export function parseKinds(text: string): ComponentKind[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    refuse('it', `must be JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const { kinds } = fieldsOf(document, 'it', ['kinds']);
  const parsed = listOf(kinds, 'kinds', MAX_KINDS).map((value, n) => kindOf(value, `kinds.${n}`));
  for (const [n, { name }] of parsed.entries()) {
    if (parsed.findIndex((other) => other.name === name) !== n) refuse(`kinds.${n}.name`, `is ${name} a second time`);
  }
  return parsed;
}

function kindOf(value: unknown, place: string): ComponentKind {
  const fields = fieldsOf(value, place, ['name', 'component', 'ports', 'connect', 'defaultPort', 'user']);
  const name = wordOf(fields['name'], `${place}.name`);
  const ports = listOf(fields['ports'], `${place}.ports`, MAX_PORTS).map((port, n) =>
    portOf(port, `${place}.ports.${n}`),
  );
  const names = ports.map((port) => port.name);
  for (const [n, port] of names.entries()) {
    if (names.indexOf(port) !== n) refuse(`${place}.ports.${n}.name`, `is ${port} a second time`);
  }
  const { component = name, connect = CONNECT_PROTOCOLS.filter((protocol) => names.includes(protocol)) } = fields;
  const { defaultPort = names[0] ?? null } = fields;
  const usual = names.find((port) => port === defaultPort);
  if (defaultPort !== null && usual === undefined) {
    refuse(`${place}.defaultPort`, `must be null or the name of one of its ports (${names.join(', ')})`);
  }
  return {
    name,
    component: lineOf(component, `${place}.component`),
    ports,
    connect: listOf(connect, `${place}.connect`, CONNECT_PROTOCOLS.length).map((protocol, n) =>
      oneOf(CONNECT_PROTOCOLS, protocol, `${place}.connect.${n}`),
    ),
    defaultPort: usual ?? null,
    user: lineOf(fields['user'], `${place}.user`),
  };
}

function portOf(value: unknown, place: string): KindPort {
  const fields = fieldsOf(value, place, ['name', 'targetPort', 'protocol', 'create', 'path']);
  const { targetPort, protocol = 'tcp', create = true, path = null } = fields;
  if (typeof targetPort !== 'number' || !Number.isInteger(targetPort) || targetPort < 1 || targetPort > 65_535) {
    refuse(`${place}.targetPort`, 'must be a whole number from 1 to 65535');
  }
  if (typeof create !== 'boolean') refuse(`${place}.create`, 'must be true or false');
  if (path !== null && (typeof path !== 'string' || !/^\/[\w./~%?&=-]{0,200}$/.test(path))) {
    refuse(`${place}.path`, 'must be null or the path of a URL, such as /login');
  }
  const name = wordOf(fields['name'], `${place}.name`);
  return { name, targetPort, protocol: oneOf(PROTOCOLS, protocol, `${place}.protocol`), create, path };
}

function fieldsOf(value: unknown, place: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(place, 'must be an object');
  const strange = Object.keys(value).find((name) => !known.includes(name));
  if (strange !== undefined) refuse(`${place}.${strange}`, `is not known; there are ${known.join(', ')}`);
  return value as Fields;
}

function listOf(value: unknown, place: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) refuse(place, `must be a list of at most ${most}`);
  return value as unknown[];
}

function wordOf(value: unknown, place: string): string {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(value)) {
    refuse(place, 'must be a word of at most 32 small letters, digits and dashes');
  }
  return value;
}

function lineOf(value: unknown, place: string): string {
  if (typeof value !== 'string' || !/^[^\p{Cc}\p{Cs}]{1,255}$/u.test(value)) {
    refuse(place, 'must be a text of 1 to 255 characters on one line');
  }
  return value;
}

function oneOf<const T extends string>(choices: readonly T[], value: unknown, place: string): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) refuse(place, `must be one of ${choices.join(', ')}`);
  return choice;
}
