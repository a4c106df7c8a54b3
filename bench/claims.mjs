import { load } from './load.mjs';

export const CONNECTIONS = 64;
/** Until the compiler has seen the hot code: rates before are those of a process that was just started. */
const WARM_UP_SECONDS = 15;

/** A pool with one subnet. */
export async function subnetOf(call, start, end, name = 'bench') {
  const pool = await call('POST', '/pools', { name });
  return call('POST', `/pools/${pool.id}/subnets`, { start, end });
}

/** Requests for one address each, whatever is free. */
export const reserving = (subnet) => () => ({ method: 'POST', path: `/subnets/${subnet.id}/reservations`, body: '{}' });

/** Puts an API under the load of reservations, in a subnet of its own, until it runs as it will. */
export async function warmUp({ call, url, headers }, seconds = WARM_UP_SECONDS) {
  const subnet = await subnetOf(call, '10.64.0.0', '10.127.255.255', 'warm-up');
  await load({ url, headers, connections: CONNECTIONS, seconds, next: reserving(subnet) });
}

/** Single-address reservations a second in a fresh /16 (or the range given). */
export async function reserveRate({ call, url, headers }, { seconds = 6, keep = false, subnet } = {}) {
  const from = subnet ?? (await subnetOf(call, '10.1.0.0', '10.1.255.255'));
  return load({ url, headers, connections: CONNECTIONS, seconds, next: reserving(from), keep });
}

/** One request for each item of a list; the rate of answering them. */
export function each({ url, headers }, items, request) {
  let n = 0;
  const next = () => (n < items.length ? request(items[n++]) : undefined);
  return load({ url, headers, connections: CONNECTIONS, next });
}

/** The last octets of an IPv4 address by its number in 10.0.0.0/8. */
export const address = (n) => `10.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;

/** Numbers 0...size-1 in random order. */
export function shuffled(size) {
  const numbers = Array.from({ length: size }, (_, n) => n);
  for (let n = size - 1; n > 0; n--) {
    const other = Math.floor(Math.random() * (n + 1));
    [numbers[n], numbers[other]] = [numbers[other], numbers[n]];
  }
  return numbers;
}

/** Reserves exactly these addresses, as many a request as one may hold. */
export async function hold(call, subnet, addresses) {
  for (let n = 0; n < addresses.length; n += 4096) {
    await call('POST', `/subnets/${subnet.id}/reservations`, { addresses: addresses.slice(n, n + 4096) });
  }
}
