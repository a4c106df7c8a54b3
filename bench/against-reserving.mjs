import { each, reserveRate, warmUp } from './claims.mjs';
import { median, round, withBerth } from './support.mjs';

const ROUNDS = 3;

/**
 * The rate of another operation, against that of single-address reservations in the same run. `prepare` gives a round's
 * items from the reservations just made; `request` is the request for one of them.
 */
export const againstReserving = ({ prepare, request }) =>
  withBerth(async (berth) => {
    await warmUp(berth);
    const rounds = [];
    for (let n = 0; n <= ROUNDS; n++) {
      const made = await reserveRate(berth, { seconds: 4, keep: true });
      const items = await prepare(made.bodies, berth);
      const { rate } = await each(berth, items, request);
      if (n > 0) rounds.push({ ratio: rate / made.rate, rate, reserving: made.rate }); // the first warms up
    }
    const of = (key) => median(rounds.map((one) => one[key]));
    const value = round(of('ratio'));
    return {
      value,
      unit: 'x reserve-http',
      goal: '>= 0.7',
      ok: value >= 0.7,
      perSecond: Math.round(of('rate')),
      reserving: Math.round(of('reserving')),
    };
  });
