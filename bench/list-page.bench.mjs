import { subnetOf } from './claims.mjs';
import { median, round, timed, withBerth } from './support.mjs';

const LEASES = 1_000_000;
const COUNT = 4_000;
const ROUNDS = 41;

/** A page of 100 of 1,000,000 leases: the last against the first. */
export default () =>
  withBerth(async ({ call }) => {
    const subnet = await subnetOf(call, '10.0.0.0', '10.255.255.255');
    for (let n = 0; n < LEASES; n += COUNT) {
      await call('POST', `/subnets/${subnet.id}/reservations`, { count: COUNT });
    }
    let cursor;
    let last;
    for (let seen = 0; seen < LEASES - 100; seen += 1000) {
      const page = await call('GET', `/leases?limit=1000${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      last = cursor;
      cursor = page.next;
    }
    const times = { first: [], last: [] };
    for (let n = 0; n < ROUNDS; n++) {
      times.first.push(await timed(() => call('GET', '/leases?limit=100')));
      times.last.push(await timed(() => call('GET', `/leases?limit=100&cursor=${last}`)));
    }
    const value = round(median(times.last) / median(times.first));
    return {
      value,
      unit: 'x first page',
      goal: '<= 1.2',
      ok: value <= 1.2,
      firstMs: round(median(times.first), 1),
      lastMs: round(median(times.last), 1),
    };
  });
