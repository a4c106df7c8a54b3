import { reserveRate, warmUp } from './claims.mjs';
import { median, round, withBerth, yardstick } from './support.mjs';

const ROUNDS = 3;

/**
 * Single-address reservations over HTTP, 64 connections, one /16, auth and outbox on, against the bare statement at its
 * best concurrency. Both in turns, medians: the machine is shared.
 */
export default () =>
  withBerth(async (berth) => {
    await warmUp(berth);
    const rounds = [];
    for (let n = 0; n < ROUNDS; n++) {
      const { rate, p50, p99 } = await reserveRate(berth);
      rounds.push({ rate, p50, p99, yard: await yardstick(berth.databaseUrl) });
    }
    const of = (key) => median(rounds.map((one) => one[key]));
    const value = round(median(rounds.map(({ rate, yard }) => rate / yard)));
    const spread = round(of('p99') / of('p50'), 2);
    return {
      value,
      unit: 'x yardstick',
      goal: '>= 1.0, p99 < 5 x p50',
      ok: value >= 1 && spread < 5,
      perSecond: Math.round(of('rate')),
      yardstick: Math.round(of('yard')),
      p50Ms: round(of('p50'), 1),
      p99Ms: round(of('p99'), 1),
    };
  });
