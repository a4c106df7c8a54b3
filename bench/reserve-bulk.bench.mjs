import { subnetOf, warmUp } from './claims.mjs';
import { load } from './load.mjs';
import { median, round, withBerth, yardstick } from './support.mjs';

const COUNT = 1000;
const ROUNDS = 3;

/** Addresses a second by reservations of 1,000 each, against the yardstick's addresses a second. */
export default () =>
  withBerth(async (berth) => {
    await warmUp(berth, 5);
    const { call, url, headers } = berth;
    const subnet = await subnetOf(call, '10.0.0.0', '10.255.255.255');
    const next = () => ({
      method: 'POST',
      path: `/subnets/${subnet.id}/reservations`,
      body: JSON.stringify({ count: COUNT }),
    });
    await load({ url, headers, connections: 8, seconds: 3, next });
    const rounds = [];
    for (let n = 0; n < ROUNDS; n++) {
      const { rate } = await load({ url, headers, connections: 8, seconds: 5, next });
      rounds.push({ rate: rate * COUNT, yard: await yardstick(berth.databaseUrl, 1_000) });
    }
    const value = round(median(rounds.map(({ rate, yard }) => rate / yard)), 2);
    return {
      value,
      unit: 'x yardstick',
      goal: '>= 8',
      ok: value >= 8,
      addressesPerSecond: Math.round(median(rounds.map(({ rate }) => rate))),
      yardstick: Math.round(median(rounds.map(({ yard }) => yard))),
    };
  });
