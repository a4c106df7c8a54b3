import { Namespace } from './namespace.js';

/** Addresses of the lab; all of them exist only inside its namespaces (RFC 5737 and RFC 1918 ranges). */
export const LAB = {
  control: '192.0.2.1',
  gatewayControl: '192.0.2.2',
  gatewayExternal: '203.0.113.1',
  client: '203.0.113.2',
  gatewayInternal: '10.20.0.1',
  network: '10.20.0.0/24',
  poolFirst: '10.20.0.10',
  poolLast: '10.20.0.99',
} as const;

/** The four machines of the lab. */
export interface Lab {
  control: Namespace;
  gateway: Namespace;
  client: Namespace;
  machine: Namespace;
}

/**
 * ```
 * control (PostgreSQL, NATS, API) --- gateway --- machine
 *                                        |
 *                                      client
 * ```
 */
export async function buildLab(made: Namespace[]): Promise<Lab> {
  const create = async (role: string): Promise<Namespace> => {
    const namespace = await Namespace.create(role);
    made.push(namespace);
    return namespace;
  };
  const lab = {
    control: await create('control'),
    gateway: await create('gateway'),
    client: await create('client'),
    machine: await create('machine'),
  };
  const { control, gateway, client, machine } = lab;
  await control.link(
    gateway,
    { name: 'gw', addresses: [`${LAB.control}/24`] },
    { name: 'ctl', addresses: [`${LAB.gatewayControl}/24`] },
  );
  await gateway.link(
    client,
    { name: 'wan', addresses: [`${LAB.gatewayExternal}/24`] },
    { name: 'net', addresses: [`${LAB.client}/24`] },
  );
  await gateway.link(
    machine,
    { name: 'lan', addresses: [`${LAB.gatewayInternal}/24`] },
    { name: 'lan', addresses: [] },
  );
  await gateway.exec(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  return lab;
}
