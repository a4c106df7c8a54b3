import type { ComponentKind } from '../client/client.js';
import { usage } from '../failure.js';
import type { Protocol, WantedPort } from '../options/parsers.js';

/** A port to map when a component is created. */
export interface MappedPort {
  readonly targetPort: number;
  readonly protocol: Protocol;
  readonly connectionPort?: number;
}

/** A wanted port with its number, which the kind knows for its name. */
export function withNumber(kind: ComponentKind | undefined, word: string, wanted: WantedPort): MappedPort {
  const { targetPort, ...rest } = wanted;
  if (typeof targetPort === 'number') return { protocol: 'tcp', ...rest, targetPort };
  if (kind === undefined)
    throw usage(`${JSON.stringify(word)} is not a kind with known ports: give ${targetPort} as a number.`);
  const known = kind.ports.find(({ name }) => name === targetPort);
  if (known === undefined) {
    const names = kind.ports.map(({ name }) => name).join(', ');
    throw usage(`${kind.name} has no port named ${targetPort}${names === '' ? '.' : `; it has ${names}.`}`);
  }
  return { protocol: known.protocol, ...rest, targetPort: known.targetPort };
}
