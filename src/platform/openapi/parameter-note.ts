import type { Parameter } from './document.js';

/** What stands in a path, besides ids. */
const NOTES: Readonly<Record<string, { description: string; example: unknown }>> = {
  owner: { description: 'Name of the owner; `*` is everybody without a quota of his own.', example: 'team-a' },
  address: { description: 'An IPv4 or IPv6 address.', example: '10.20.0.7' },
  protocol: { description: '`tcp` or `udp`.', example: 'tcp' },
  event: { description: 'Id of the event.', example: '0192f0c1-7a3e-4c11-9d0a-3b5f6c7d8e9f' },
  schema: { description: 'Name of a schema: a type of event and `.json`.', example: 'ipam.lease.created.v1.json' },
  port: { description: 'A port, 1 to 65535.', example: '50000' },
};

/** Collections whose resources are found by name too. */
const NAMED = new Set(['gateways', 'components']);

/** Description and example of a parameter in a path. */
export function parameterNote(path: string, name: string): Pick<Parameter, 'description' | 'example'> {
  if (name !== 'id') return NOTES[name] ?? {};
  const collection = path.split('/')[1] ?? '';
  const noun = collection.replace(/s$/, '').replace('-', ' ');
  return {
    description: `Id${NAMED.has(collection) ? ' or name' : ''} of the ${noun}.`,
    example: '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f',
  };
}
